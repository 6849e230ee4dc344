"""Whether an event stands: by the clocks, by what could be seen then, and by who may still send anything."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Update, update
from sqlmodel import col

from models import changes
from models.accounts import Account
from models.base import new_id
from models.database import Database
from models.events.table import Event
from models.members.table import Member, MemberStatus
from models.memberships import Membership, MembershipKind, open_membership
from models.notices.shapes import NoticePublic
from models.permissions import OPERATOR, Role
from models.roles import RoleGrant
from models.sessions import DeviceSession
from tests.api.conftest import As, Client
from tests.api.happenings import EVENTS, days, event, outcomes, rows, send, state, told, transfer, written
from tests.api.problem_details import assert_problem
from tests.clock import START, StandingClock
from tests.organisation import Organisation
from tests.serving import HERE, Desk, for_roles, phone_of


async def test_a_wrong_clock_is_corrected_by_what_it_says_now(
    member: Client, notice: NoticePublic, clock: StandingClock
) -> None:
    for phone_says in (
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2100, 1, 1, tzinfo=UTC),
        clock.at + timedelta(hours=7),
    ):
        (outcome,) = await told(member, event(notice, phone_says - days(2)), sent_at=phone_says)
        assert outcome == "applied", phone_says
    (receipt,) = (await state(member))["receipts"]
    assert receipt["read_at"] == written(clock.at - days(2))


async def test_a_little_ahead_is_now_and_much_is_refused(member: Client, desk: Desk, clock: StandingClock) -> None:
    notice = await desk.publish("chibo", "Họp")
    assert await told(member, event(notice, clock.at + days(1) + timedelta(seconds=1))) == ["event.at_future"]
    assert await told(member, event(notice, clock.at + days(1))) == ["applied"]
    (receipt,) = (await state(member))["receipts"]
    assert receipt["read_at"] == written(clock.at)


async def test_half_a_year_is_the_most(member: Client, notice: NoticePublic, clock: StandingClock) -> None:
    assert await told(member, event(notice, clock.at - days(180) - timedelta(seconds=1))) == ["event.at_past"]
    assert await told(member, event(notice, clock.at - days(180))) == ["applied"]


async def test_nothing_was_read_before_it_was_published(
    member: Client, notice: NoticePublic, clock: StandingClock
) -> None:
    assert await told(member, event(notice, clock.at - days(20))) == ["applied"]
    (receipt,) = (await state(member))["receipts"]
    assert receipt["read_at"] == written(clock.at - days(10))


@pytest.mark.parametrize(
    ("at", "sent_at", "slug"),
    [
        ("1970-01-01T00:00:00Z", None, "event.at_past"),
        ("2100-01-01T00:00:00Z", None, "event.at_future"),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "event.at_past"),
        ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "event.at_future"),
    ],
)
async def test_times_from_elsewhere_are_refused_one_by_one(
    member: Client, desk: Desk, clock: StandingClock, at: str, sent_at: str | None, slug: str
) -> None:
    notice = await desk.publish("chibo", "Họp")
    good = {"at": sent_at} if sent_at else {}
    events = [event(notice, clock.at) | good, event(notice, clock.at) | {"at": at}]
    answer = await member.post(EVENTS, json={"events": events} | ({"sent_at": sent_at} if sent_at else {}))
    assert outcomes(answer.json()["results"]) == ["applied", slug]


async def test_what_was_read_before_a_transfer_counts_after_it(
    acting_as: As,
    notice: NoticePublic,
    database: Database,
    organisation: Organisation,
    desk: Desk,
    clock: StandingClock,
) -> None:
    clock.advance(days=1)
    await transfer(database, organisation.person("member"), organisation.branch("chibo2"))
    there = await desk.publish("chibo2", "Đón thành viên mới")
    clock.advance(days=1)
    late = await desk.publish("chibo", "Sau khi chuyển")
    member = acting_as("member")
    before, after = clock.at - days(1.5), clock.at
    assert await told(member, event(notice, before), event(there, after)) == ["applied", "applied"]
    assert await told(member, event(notice, after), event(late, after)) == ["event.notice_unknown"] * 2
    assert (await member.get(f"/v1/notices/{notice.id}")).status_code == 404


async def test_guests_and_officers_hear_while_they_are(
    acting_as: As, database: Database, organisation: Organisation, desk: Desk, clock: StandingClock
) -> None:
    person, branch = organisation.person("neighbour"), organisation.branch("chibo")
    clock.advance(days=20)
    here = await desk.publish("chibo", "Nội bộ", HERE)
    clerks = await desk.publish("chibo", "Văn thư", for_roles([Role.CLERK]))
    start, end = clock.at - days(15), clock.at - days(5)
    async with database.writing() as session:
        stay = await open_membership(session, OPERATOR, person.id, branch, MembershipKind.TEMPORARY, until=end)
        stay.started_at = start
        grant = RoleGrant(member_id=person.id, branch_no=branch.no, role=Role.CLERK, started_at=start, until=end)
        session.add(grant)
        for one in (here, clerks):
            values = {"published_at": clock.at - days(19)}
            await session.execute(update(_notices()).where(_notices().c.id == one.id).values(values))
        await changes.commit(session)
    phone = acting_as("neighbour")
    for at, heard in (
        (start - timedelta(seconds=1), False),
        (start, True),
        (end - timedelta(seconds=1), True),
        (end, False),
        (clock.at, False),
    ):
        expected = ["applied" if heard else "event.notice_unknown"] * 2
        assert await told(phone, event(here, at), event(clerks, at)) == expected, at


async def test_what_was_withdrawn_was_read_before(
    member: Client, notice: NoticePublic, desk: Desk, clock: StandingClock
) -> None:
    await desk.withdraw(notice.id)
    clock.advance(hours=1)
    assert await told(member, event(notice, clock.at)) == ["event.notice_unknown"]
    assert await told(member, event(notice, clock.at - timedelta(hours=2))) == ["applied"]


async def test_what_was_never_for_me_is_as_if_it_were_not_there(
    acting_as: As, desk: Desk, clock: StandingClock, database: Database
) -> None:
    neighbours, draft = await desk.publish("chibo2", "Nghè"), await desk.publish("chibo", "Nháp", draft=True)
    nothing = event(draft, clock.at, notice_id=str(new_id()))
    before = await rows(database)
    results = await send(acting_as("member"), event(neighbours, clock.at), event(draft, clock.at), nothing)
    problems = [result["problem"] for result in results]
    assert problems[0] == problems[1] == problems[2]
    assert problems[0]["type"] == "/problems/event.notice_unknown"
    # one who reads it by right is not spoken to either
    assert await told(acting_as("parent_secretary"), event(draft, clock.at)) == ["event.notice_unknown"]
    assert await rows(database) == before


@pytest.mark.parametrize(
    ("ending", "slug"),
    [
        (update(DeviceSession).values(ended_at=START), "sign_in.required"),
        (update(Account).values(disabled_at=START), "account.closed"),
        (update(Member).values(status=MemberStatus.DECEASED), "account.closed"),
    ],
    ids=["signed out", "disabled", "deceased"],
)
async def test_an_ending_that_the_log_did_not_tell_of_yet_is_seen_all_the_same(
    app: FastAPI,
    organisation: Organisation,
    notice: NoticePublic,
    database: Database,
    clock: StandingClock,
    ending: Update,
    slug: str,
) -> None:
    async with phone_of(app, organisation.person("member"), **{"Accept-Language": "en"}) as phone:
        async with database.writing() as session:
            await session.execute(ending.execution_options(synchronize_session=False))
            await changes.commit(session)
        before = await rows(database)
        assert_problem(await phone.put(f"/v1/notices/{notice.id}/receipt", json={}), 401, slug)
        assert_problem(await phone.post(EVENTS, json={"events": [event(notice, clock.at)]}), 401, slug)
        assert await rows(database) == before


async def test_who_moved_a_moment_ago_is_not_refused_by_what_their_token_says(
    app: FastAPI, organisation: Organisation, desk: Desk, database: Database, clock: StandingClock
) -> None:
    there = await desk.publish("chibo2", "Nghè")
    person = organisation.person("member")
    async with phone_of(app, person) as phone:
        async with database.writing() as session:  # and the log has not told of it yet
            mine = col(Membership.member_id) == person.id
            values = {"branch_no": organisation.branch("chibo2").no}
            await session.execute(update(Membership).where(mine).values(values))
            await changes.commit(session)
        assert (await phone.put(f"/v1/notices/{there.id}/receipt", json={})).status_code == 200
        assert await told(phone, event(there, clock.at)) == ["applied"]


def _notices() -> Any:
    return Event.metadata.tables["notice"]
