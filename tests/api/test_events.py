"""What was done without a network: each event judged alone, applied once, by what could be seen when it happened."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Update, select, update
from sqlmodel import col

from api.parts import Parts
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
from tests.api.happenings import EVENTS, amend, days, event, outcomes, rows, send, state, told, transfer, written
from tests.api.problem_details import assert_problem, codes
from tests.clock import START, StandingClock
from tests.organisation import Organisation
from tests.queries import counting
from tests.serving import HERE, Desk, for_roles, phone_of


@pytest.fixture
def desk(app: FastAPI, organisation: Organisation) -> Desk:
    return Desk(app, organisation)


@pytest.fixture
async def notice(desk: Desk, database: Database, clock: StandingClock) -> NoticePublic:
    """Published ten days ago, to members of a hundred days."""
    async with database.writing() as session:
        await session.execute(update(Membership).values(started_at=clock.at - days(100)))
        await changes.commit(session)
    clock.advance(days=-10)
    published = await desk.publish("chibo", "Họp")
    clock.advance(days=10)
    return published


# --- what is applied ---


async def test_what_was_done_offline_counts_from_when_it_was_done(
    member: Client, notice: NoticePublic, clock: StandingClock
) -> None:
    read, acknowledged = clock.at - days(3), clock.at - days(2)
    events = event(notice, read), event(notice, acknowledged, "acknowledged")
    assert await told(member, *events) == ["applied", "applied"]
    receipt = (await member.get(f"/v1/notices/{notice.id}/receipt")).json()
    assert receipt == {
        "notice_id": str(notice.id),
        "revision": 1,
        "read_at": written(read),
        "acknowledged_at": written(acknowledged),
        "method": "self",
    }
    assert (await state(member))["receipts"] == [receipt]


async def test_earliest_times_are_kept_in_whatever_order_they_come(
    member: Client, notice: NoticePublic, clock: StandingClock
) -> None:
    await member.put(f"/v1/notices/{notice.id}/receipt", json={})
    for age in (2, 4, 3):
        assert await told(member, event(notice, clock.at - days(age))) == ["applied"]
    assert await told(member, event(notice, clock.at - days(1), "acknowledged")) == ["applied"]
    assert await told(member, event(notice, clock.at - days(5), "acknowledged")) == ["applied"]
    assert await told(member, event(notice, clock.at, "acknowledged")) == ["applied"]
    receipt = (await member.get(f"/v1/notices/{notice.id}/receipt")).json()
    assert receipt["read_at"] == receipt["acknowledged_at"] == written(clock.at - days(5))


async def test_what_says_nothing_new_is_applied_and_takes_no_number(
    member: Client, notice: NoticePublic, clock: StandingClock
) -> None:
    await told(member, event(notice, clock.at - days(3), "acknowledged"))
    before = await state(member)
    assert await told(member, event(notice, clock.at - days(2)), event(notice, clock.at - days(3))) == ["applied"] * 2
    assert await state(member) == before
    for body in ({}, {"acknowledged": True}):
        assert (await member.put(f"/v1/notices/{notice.id}/receipt", json=body)).status_code == 200
    assert await state(member) == before


async def test_an_older_revision_has_a_receipt_of_its_own(
    member: Client, notice: NoticePublic, database: Database, clock: StandingClock
) -> None:
    await amend(database, notice)
    assert await told(member, event(notice, clock.at), event(notice, clock.at, revision=2)) == ["applied"] * 2
    assert [receipt["revision"] for receipt in (await state(member))["receipts"]] == [1, 2]
    (result,) = await send(member, event(notice, clock.at, revision=3))
    assert [(e["pointer"], e["code"]) for e in result["problem"]["errors"]] == [("/revision", "revision.unknown")]


# --- once each ---


async def test_an_event_counts_once(member: Client, notice: NoticePublic, clock: StandingClock) -> None:
    one = event(notice, clock.at - days(1))
    assert await told(member, one, one) == ["applied", "duplicate"]
    before = await state(member)
    turned = dict(reversed(one.items()))
    assert await told(member, one, turned, {**one, "id": one["id"].upper()}) == [
        "duplicate",
        "duplicate",
        "event.id_reused",
    ]
    assert await state(member) == before


async def test_an_id_is_good_for_one_event(
    member: Client, notice: NoticePublic, desk: Desk, database: Database, clock: StandingClock
) -> None:
    other = await desk.publish("chibo", "Khác")
    one = event(notice, clock.at)
    second = {**event(other, clock.at), "id": one["id"]}
    assert await told(member, one, second) == ["applied", "event.id_reused"]
    assert await told(member, second, one) == ["event.id_reused", "duplicate"]
    assert await rows(database) == {"event": 1, "receipt": 1, "member_state": 1}


async def test_ids_are_each_members_own(acting_as: As, notice: NoticePublic, clock: StandingClock) -> None:
    one = event(notice, clock.at)
    assert await told(acting_as("member"), one) == ["applied"]
    assert await told(acting_as("fellow"), one) == ["applied"]


async def test_a_refused_event_may_be_sent_again(
    member: Client, desk: Desk, database: Database, clock: StandingClock
) -> None:
    notice = await desk.publish("chibo", "Họp")
    soon = event(notice, clock.at, revision=2)
    broken = {**soon, "kind": "unknown"}
    before = await rows(database)
    assert await told(member, soon, broken) == ["request.invalid", "event.kind_unknown"]
    assert await rows(database) == before
    await amend(database, notice)
    assert await told(member, broken, soon) == ["event.kind_unknown", "applied"]


async def test_the_same_batch_twice_at_once_is_applied_once(
    acting_as: As, notice: NoticePublic, database: Database, clock: StandingClock
) -> None:
    events = [event(notice, clock.at - timedelta(minutes=n)) for n in range(20)]
    phones = [acting_as("member") for _ in range(6)]
    answers = await asyncio.gather(*(told(phone, *events) for phone in phones))
    assert all(set(answer) <= {"applied", "duplicate"} for answer in answers)
    assert [[answer[n] for answer in answers].count("applied") for n in range(20)] == [1] * 20
    assert await rows(database) == {"event": 20, "receipt": 1, "member_state": 1}


async def test_an_id_with_two_bodies_at_once_goes_to_one(
    acting_as: As, notice: NoticePublic, database: Database, clock: StandingClock
) -> None:
    ids = [str(new_id()) for _ in range(20)]
    bodies = [[event(notice, clock.at - timedelta(minutes=turn), id=id_) for id_ in ids] for turn in range(4)]
    phones = [acting_as("member") for _ in bodies]
    answers = await asyncio.gather(*(told(phone, *body) for phone, body in zip(phones, bodies, strict=True)))
    for n in range(20):
        assert sorted(answer[n] for answer in answers) == ["applied", *["event.id_reused"] * 3]
    assert (await rows(database))["event"] == 20


async def test_batches_that_cross_do_not_wait_for_each_other(
    acting_as: As, desk: Desk, organisation: Organisation, database: Database, clock: StandingClock
) -> None:
    """The same notices in opposite orders, of two members with several phones each, and receipts between them."""
    notices = [await desk.publish("chibo", f"Họp {n}") for n in range(15)]

    async def phone(name: str, turn: int) -> list[str]:
        ordered = notices if turn % 2 else notices[::-1]
        return await told(acting_as(name), *(event(notice, clock.at, "acknowledged") for notice in ordered))

    async def online(name: str, notice: NoticePublic) -> list[str]:
        answer = await acting_as(name).put(f"/v1/notices/{notice.id}/receipt", json={"acknowledged": True})
        return ["applied"] if answer.status_code == 200 else [answer.text]

    answers = await asyncio.gather(
        *(phone(name, turn) for turn in range(4) for name in ("member", "fellow")),
        *(online(name, notice) for notice in notices[::4] for name in ("member", "fellow")),
    )
    assert {outcome for answer in answers for outcome in answer} == {"applied"}
    for name in ("member", "fellow"):
        found = await state(acting_as(name))
        assert (len(found["receipts"]), found["more"]) == (15, False)
    assert await rows(database) == {"event": 120, "receipt": 30, "member_state": 2}


# --- clocks ---


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


# --- what could be seen then ---


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


# --- who may still send anything ---


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


# --- what is malformed ---


def broken(sound: dict[str, Any]) -> list[tuple[object, str, str, bool]]:
    """Events with the pointer and the code of what is wrong, and whether their ids can be read."""
    without = {name: {key: value for key, value in sound.items() if key != name} for name in sound}
    return [
        (None, "", "model_attributes_type", False),
        (7, "", "model_attributes_type", False),
        ([sound], "", "model_attributes_type", False),
        ("read", "", "model_attributes_type", False),
        ({}, "/id", "missing", False),
        (without["id"], "/id", "missing", False),
        (without["kind"], "/kind", "missing", True),
        (without["at"], "/at", "missing", True),
        (without["notice_id"], "/notice_id", "missing", True),
        (without["revision"], "/revision", "missing", True),
        ({**sound, "id": 7}, "/id", "uuid_type", False),
        ({**sound, "id": "7"}, "/id", "uuid_parsing", False),
        ({**sound, "kind": 7}, "/kind", "string_type", True),
        ({**sound, "kind": ["read"]}, "/kind", "string_type", True),
        ({**sound, "kind": "slept"}, "/kind", "event.kind_unknown", True),
        ({**sound, "at": 0}, "/at", "string_type", True),
        ({**sound, "at": "2026-06-01"}, "/at", "instant.malformed", True),
        ({**sound, "at": "2026-02-30T00:00:00Z"}, "/at", "datetime_from_date_parsing", True),
        ({**sound, "notice_id": "x"}, "/notice_id", "uuid_parsing", True),
        ({**sound, "revision": 0}, "/revision", "greater_than_equal", True),
        ({**sound, "revision": "1"}, "/revision", "int_type", True),
        ({**sound, "revision": True}, "/revision", "int_type", True),
        ({**sound, "revision": 10**30}, "/revision", "revision.unknown", True),
        ({**sound, "member_id": str(new_id())}, "/member_id", "extra_forbidden", True),
    ]


async def test_a_malformed_event_is_refused_alone(
    member: Client, notice: NoticePublic, database: Database, clock: StandingClock
) -> None:
    bad = broken(event(notice, clock.at))
    good = event(notice, clock.at)
    results = await send(member, *(one for one, *_ in bad), good)
    assert results[-1] == {"id": good["id"], "result": "applied"}
    for (one, pointer, code, is_named), result in zip(bad, results, strict=False):
        assert result["result"] == "refused"
        assert result["problem"]["status"] == 422
        assert (result["id"] is not None) == is_named
        errors = result["problem"]["errors"]
        assert (pointer, code) in [(error["pointer"], error["code"]) for error in errors], one
    assert await rows(database) == {"event": 1, "receipt": 1, "member_state": 1}


async def test_refusals_speak_the_callers_language(member: Client, notice: NoticePublic, clock: StandingClock) -> None:
    body = {"events": [event(notice, clock.at, kind="slept"), event(notice, clock.at + days(9))]}
    spoken = {}
    for language in ("vi", "en"):
        answer = await member.post(EVENTS, json=body, headers={"Accept-Language": language})
        spoken[language] = [result["problem"] for result in answer.json()["results"]]
        assert all(problem["request_id"] == answer.headers["x-request-id"] for problem in spoken[language])
    assert [problem["title"] for problem in spoken["vi"]] == ["Loại sự kiện không rõ", "Thời điểm ở tương lai"]
    assert [problem["title"] for problem in spoken["en"]] == ["Unknown kind", "In the future"]
    assert [problem["errors"][0]["code"] for problem in spoken["en"]] == ["event.kind_unknown", "event.at_future"]
    explained = await member.get(spoken["en"][0]["type"])
    assert explained.status_code == 200


@pytest.mark.usefixtures("unchanged")
async def test_a_batch_that_is_none_is_refused_whole(member: Client) -> None:
    many = [{"kind": "read"}] * 501
    for body, expected in (
        ({}, {"/events": "missing"}),
        ({"events": None}, {"/events": "list_type"}),
        ({"events": {}}, {"/events": "list_type"}),
        ({"events": "[]"}, {"/events": "list_type"}),
        ({"events": many}, {"/events": "too_long"}),
        ({"events": [], "sent_at": 7}, {"/sent_at": "string_type"}),
        ({"events": [], "sent_at": "today"}, {"/sent_at": "instant.malformed"}),
        ({"events": [], "more": True}, {"/more": "extra_forbidden"}),
    ):
        assert codes(await member.post(EVENTS, json=body)) == expected
    million = b'{"events":[' + b",".join([b"0"] * 1_000_000) + b"]}"
    answer = await member.post(EVENTS, content=million, headers={"Content-Type": "application/json"})
    assert_problem(answer, 413, "body.too_large")
    nothing = {"results": [], "since": 0, "state": 0, "more": False, "receipts": []}
    assert (await member.post(EVENTS, json={"events": []})).json() == nothing


# --- how much it costs, and what is kept ---


async def test_a_batch_takes_as_many_statements_whatever_its_size(
    member: Client, notice: NoticePublic, desk: Desk, database: Database, parts: Parts, clock: StandingClock
) -> None:
    clock.advance(days=-10)
    notices = [await desk.publish("chibo", f"Họp {n}") for n in range(25)]
    clock.advance(days=10)
    taken = []
    for size, ago in ((50, days(1)), (500, days(2))):  # so that there is always something to improve
        events = [event(notices[n % 25], clock.at - ago, "acknowledged" if n % 2 else "read") for n in range(size)]
        events[0]["kind"] = "unknown"
        with counting(parts.database) as statements:
            results = await told(member, *events)
        assert results.count("applied") == size - 1
        taken.append(len(statements))
    assert taken[0] == taken[1] <= 12, taken
    with counting(parts.database) as statements:
        assert await told(member, *events) == ["event.kind_unknown", *["duplicate"] * 499]
    assert len(statements) < taken[0]


async def test_ids_are_forgotten_when_their_events_are_too_old_anyway(
    acting_as: As, notice: NoticePublic, database: Database, clock: StandingClock
) -> None:
    phone = acting_as("member")
    old = [event(notice, clock.at) for _ in range(40)]
    assert set(await told(phone, *old)) == {"applied"}
    clock.advance(days=199)
    phone = acting_as("member")
    assert await told(phone, old[0]) == ["duplicate"]
    clock.advance(days=2)
    latest = event(notice, clock.at)
    assert await told(acting_as("fellow"), latest) == ["applied"]
    async with database.reading() as session:
        assert [str(id_) for id_ in await session.scalars(select(col(Event.id)))] == [latest["id"]]
    assert await told(acting_as("member"), old[0]) == ["event.at_past"]


def _notices() -> Any:
    return Event.metadata.tables["notice"]
