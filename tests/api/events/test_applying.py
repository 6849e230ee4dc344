"""What was done without a network: each event applied once, whatever its order, at a cost that does not grow."""

import asyncio
from datetime import timedelta

from sqlalchemy import select
from sqlmodel import col

from api.parts import Parts
from models.base import new_id
from models.database import Database
from models.events.table import Event
from models.notices.shapes import NoticePublic
from tests.api.conftest import As, Client
from tests.api.happenings import amend, days, event, rows, send, state, told, written
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.queries import counting
from tests.serving import Desk


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
