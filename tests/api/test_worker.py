"""What time makes due reaches phones; and the worker that does it: alone, with others, in trouble, and to its end."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api import worker as working
from api.app import create_app
from api.commands import doctor
from api.parts import Parts
from api.settings import Settings
from api.worker import Worker
from models import changes, schedule
from models.audit import AuditEvent
from models.branches import Branch
from models.database import Database
from models.duties import DUTIES
from models.keyring import Keyring
from models.memberships import EXPIRE_MEMBERSHIPS, Membership, MembershipKind, open_membership
from models.permissions import OPERATOR, Role
from models.schedule import Duty
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.serving import Desk, parts_in, phone_of, served, until
from tests.ticking import tick, worker_of

SYNC = "/v1/sync"
TEMPORARY = MembershipKind.TEMPORARY
PEOPLE = ("member", "fellow", "grouped", "clerk", "deputy", "secretary", "editor", "auditor", "leader", "neighbour")


async def visit(database: Database, organisation: Organisation, name: str, hours: float = 1) -> UUID:
    """Somebody is in a branch of the other organisation too, for so long. Gives who."""
    guest = organisation.person(name).id
    async with database.writing() as session:
        ends = database.clock() + timedelta(hours=hours)
        await open_membership(session, OPERATOR, guest, organisation.branch("kh_chibo"), TEMPORARY, until=ends)
        await changes.commit(session)
    return guest


async def expired(database: Database) -> list[UUID]:
    """Whose memberships ran out, as often as it was noted."""
    async with database.reading() as session:
        events = select(col(AuditEvent.target_id)).where(col(AuditEvent.action) == "membership.expire")
        return list(await session.scalars(events.order_by(col(AuditEvent.id))))


# --- what it does ---


async def test_whose_stay_ran_out_loses_what_they_saw_there(
    app: FastAPI, parts: Parts, organisation: Organisation, clock: StandingClock
) -> None:
    desk = Desk(app, organisation)
    await desk.publish("kh", "Của Hội khác")
    await tick(parts)  # counts whom that reaches
    await visit(parts.database, organisation, "member")
    async with phone_of(app, organisation.person("member")) as phone:
        first = (await phone.get(SYNC)).json()
        assert len(first["me"]["memberships"]) == 2
        assert len((await phone.get("/v1/me")).json()["memberships"]) == 2
        assert await tick(parts) == 0
        clock.advance(hours=1)
        assert await tick(parts) == 1
        after = (await phone.get(SYNC, params={"cursor": first["cursor"]})).json()
        assert sorted(after["dropped"]) == sorted(f"{organisation.branch(n).no}:0" for n in ("kh", "kh_chibo"))
        assert [each["kind"] for each in after["me"]["memberships"]] == ["primary"]
        assert (await phone.get("/v1/notices")).json()["items"] == []
        history = (await phone.get("/v1/me/memberships")).json()["items"]
    (stay,) = (each for each in history if each["kind"] == "temporary")
    assert (stay["ended_at"], stay["end_reason"]) == (stay["until"], "expired")


async def test_a_role_that_ran_out_is_gone_and_another_process_hears_of_it(
    app: FastAPI, parts: Parts, settings: Settings, organisation: Organisation, clock: StandingClock
) -> None:
    await Desk(app, organisation).grant("member", Role.CLERK, "chibo", until=clock() + timedelta(hours=1))
    async with served(settings, clock) as other, phone_of(other, organisation.person("member")) as phone:
        before = await phone.get("/v1/me")
        assert [each["role"] for each in before.json()["grants"]] == ["clerk"]
        clock.advance(hours=1)
        assert (await phone.get("/v1/me")).json() == before.json(), "a clock changes nothing that is read"
        assert await tick(parts) == 1
        await parts_in(other).cache.follower.follow()
        after = await phone.get("/v1/me", headers={"If-None-Match": before.headers["etag"]})
        assert (after.status_code, after.json()["grants"]) == (200, [])


async def test_what_it_did_is_counted(
    app: FastAPI, parts: Parts, organisation: Organisation, clock: StandingClock, database: Database
) -> None:
    await visit(database, organisation, "member")
    clock.advance(hours=1)
    await tick(parts)
    async with phone_of(app, organisation.person("member")) as phone:
        said = (await phone.get("/metrics")).text
    assert 'handbook_due_total{duty="membership.expire",how="done"}' in said


# --- with others ---


@pytest.fixture
async def three(database_url: str, keyring: Keyring, clock: StandingClock) -> AsyncIterator[list[Database]]:
    """The same database, as three processes have it."""
    processes = [Database(database_url, keyring=keyring, clock=clock) for _ in range(3)]
    yield processes
    for each in processes:
        await each.close()


async def test_three_who_tick_at_once_do_each_thing_once(
    three: list[Database], organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def two_at_a_time(session: AsyncSession, duty: Duty[Membership], most: int = 0) -> schedule.Ran:
        return await schedule.run_due(session, duty, 2)

    monkeypatch.setattr(working, "run_due", two_at_a_time)
    for again in range(3):
        guests = [await visit(three[0], organisation, name, hours) for hours, name in enumerate(PEOPLE, start=1)]
        clock.advance(days=30)
        ran = await asyncio.gather(*(Worker(each, DUTIES).tick() for each in three))
        assert sum(each.done for each in ran) == len(guests)
        assert sum(each.failed for each in ran) == 0
        assert Counter(await expired(three[0])) == Counter(dict.fromkeys(guests, again + 1))


@pytest.mark.parametrize("database_kind", ["postgresql"])  # on SQLite whoever changes anything keeps all waiting
async def test_who_is_just_being_changed_is_left_for_the_next_tick(
    three: list[Database], organisation: Organisation, clock: StandingClock
) -> None:
    desk, first, second = three
    guests = [await visit(desk, organisation, name) for name in PEOPLE[:3]]
    clock.advance(hours=1)
    async with desk.writing() as session:
        await session.execute(select(Membership).where(col(Membership.member_id) == guests[1]).with_for_update())
        assert (await Worker(first, DUTIES).tick()).done == 2
        assert await expired(first) == [guests[0], guests[2]]
        await session.rollback()
    assert (await Worker(second, DUTIES).tick()).done == 1


class Pile:
    """Things that are due until they are done."""

    def __init__(self, things: int, **said: Any) -> None:
        self.left = list(range(things))
        self.looked = 0
        self.duty = Duty("pile", self._find, self._do, key=str, **said)

    async def _find(self, _session: AsyncSession, _at: datetime, most: int) -> Sequence[int]:
        self.looked += 1
        return self.left[:most]

    async def _do(self, session: AsyncSession, thing: int) -> None:
        await session.execute(update(Branch).values(name_folded=col(Branch.name_folded)))
        self.left.remove(thing)


async def test_small_things_go_with_other_small_writes_on_sqlite(parts: Parts, organisation: Organisation) -> None:
    pile = Pile(10, is_small=True)
    worker = worker_of(parts, (pile.duty,))
    if not parts.database.is_sqlite:
        assert await worker.tick() == (10, 0, False)
        return
    assert [await worker.tick() for _ in range(3)] == [(4, 0, True), (4, 0, True), (2, 0, False)]
    pile.left = [1, 2, 3, 4, 5]
    assert await worker._go_round() > 0, "nobody waits for the rest"
    assert pile.left == [5]


# --- in trouble ---


async def test_a_duty_that_cannot_be_gone_through_leaves_the_others_be(
    parts: Parts, organisation: Organisation, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def find(_session: AsyncSession, _at: datetime, _most: int) -> Sequence[Membership]:
        raise ZeroDivisionError

    guest = await visit(parts.database, organisation, "member")
    clock.advance(hours=1)
    worker = worker_of(parts, (Duty("broken", find, EXPIRE_MEMBERSHIPS.do), *DUTIES))
    assert await worker.tick() == (1, 1, False)
    assert await expired(parts.database) == [guest]
    assert await worker.tick() == (0, 0, False), "it rests"
    assert [record.getMessage() for record in caplog.records] == ["broken cannot be gone through, and rests for 10 s"]


async def test_what_has_piled_up_does_not_keep_other_duties_waiting(
    app: FastAPI, parts: Parts, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def one_at_a_time(session: AsyncSession, duty: Duty[Membership], most: int = 0) -> schedule.Ran:
        return await schedule.run_due(session, duty, 1)

    monkeypatch.setattr(working, "run_due", one_at_a_time)
    monkeypatch.setattr(working, "BATCHES_MOST", 3)
    for name in PEOPLE:
        await visit(parts.database, organisation, name)
    await Desk(app, organisation).grant("member", Role.CLERK, "chibo", until=clock() + timedelta(hours=1))
    clock.advance(hours=1)
    assert await worker_of(parts).tick() == (4, 0, True)
    assert await tick(parts) == 7


async def test_a_database_that_is_gone_is_said_once_and_waited_for(
    parts: Parts,
    organisation: Organisation,
    clock: StandingClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(working, "TICK", 0.01)
    monkeypatch.setattr(working, "_LONGEST_PAUSE", 0.02)
    database = parts.database
    guest = await visit(database, organisation, "member")
    clock.advance(hours=1)
    worker = worker_of(parts)
    gone = 0

    def leave_unanswered() -> AsyncSession:
        nonlocal gone
        gone += 1
        raise OperationalError("SELECT", {}, OSError())

    with monkeypatch.context() as broken:
        broken.setattr(database, "writing", leave_unanswered)
        worker.start()
        await until(lambda: _holds(lambda: gone > 5))
    await until(lambda: _expired(database, [guest]))
    await until(lambda: _holds(lambda: len(caplog.records) > 1))
    await worker.stop()
    said = [record.getMessage() for record in caplog.records if record.name == "handbook"]
    assert said == ["what is due waits for the database: OperationalError", "what is due is done again"]


async def _expired(database: Database, guests: list[UUID]) -> bool:
    return await expired(database) == guests


async def _holds(condition: Callable[[], bool]) -> bool:
    return condition()


# --- to its end ---


class Slow:
    """The duty, but each thing takes until it is let go."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go = asyncio.Event()

    @property
    def duty(self) -> Duty[Membership]:
        return Duty(EXPIRE_MEMBERSHIPS.name, EXPIRE_MEMBERSHIPS.find, self._do)

    async def _do(self, session: AsyncSession, membership: Membership) -> None:
        self.begun.set()
        await self.go.wait()
        await EXPIRE_MEMBERSHIPS.do(session, membership)


async def test_a_worker_that_is_stopped_ends_its_batch_and_begins_no_other(
    parts: Parts, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def two_at_a_time(session: AsyncSession, duty: Duty[Membership], most: int = 0) -> schedule.Ran:
        return await schedule.run_due(session, duty, 2)

    monkeypatch.setattr(working, "run_due", two_at_a_time)
    guests = [await visit(parts.database, organisation, name, n) for n, name in enumerate(PEOPLE[:5], start=1)]
    clock.advance(days=1)
    slow = Slow()
    worker = worker_of(parts, (slow.duty,))
    worker.start()
    await slow.begun.wait()
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    slow.go.set()
    await stopping
    assert await expired(parts.database) == guests[:2]
    assert await tick(parts) == 3


async def test_what_a_killed_worker_had_begun_is_still_due(
    parts: Parts, organisation: Organisation, clock: StandingClock
) -> None:
    guest = await visit(parts.database, organisation, "member")
    clock.advance(hours=1)
    slow = Slow()
    ticking = asyncio.create_task(worker_of(parts, (slow.duty,)).tick())
    await slow.begun.wait()
    ticking.cancel()
    with suppress(asyncio.CancelledError):
        await ticking
    assert await expired(parts.database) == []
    assert await tick(parts) == 1
    assert await expired(parts.database) == [guest]


async def test_a_worker_that_is_woken_begins_at_once(
    parts: Parts, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "TICK", 3600.0)
    guest = await visit(parts.database, organisation, "member")
    worker = worker_of(parts)
    worker.start()
    await until(lambda: _said(parts.database))
    clock.advance(hours=1)
    worker.wake()
    await until(lambda: _expired(parts.database, [guest]))
    await worker.stop()


async def _said(database: Database) -> bool:
    async with database.reading() as session:
        return await schedule.last_round(session) is not None


# --- who runs it ---


@pytest.mark.parametrize(
    ("worker", "url", "inside"),
    [
        ("auto", None, True),
        ("auto", "sqlite+aiosqlite:////srv/handbook.db", True),
        ("auto", "postgresql+asyncpg://db/handbook", False),
        ("inside", "postgresql+asyncpg://db/handbook", True),
        ("apart", None, False),
    ],
)
def test_servers_of_an_embedded_database_work_themselves(worker: str, url: str | None, *, inside: bool) -> None:
    assert Settings.model_validate({"worker": worker, "database_url": url}).works_inside is inside


async def test_the_doctor_knows_whether_anybody_does_what_is_due(
    parts: Parts, settings: Settings, organisation: Organisation, monkeypatch: pytest.MonkeyPatch, clock: StandingClock
) -> None:
    async def refuse(_session: AsyncSession, _membership: Membership) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(doctor, "utc_now", clock)
    database = parts.database

    async def examined() -> list[tuple[str, str]]:
        return [(finding.verdict, finding.said) for finding in await doctor._due(database, settings)]

    ((verdict, said),) = await examined()
    assert (verdict, "nobody has ever done it" in said) == ("warning", True)
    await visit(database, organisation, "member")
    clock.advance(hours=1)
    await tick(parts, [Duty("membership.expire", EXPIRE_MEMBERSHIPS.find, refuse)], failing=1)
    assert await examined() == [
        ("ok", "was gone through 0 s ago"),
        ("warning", "membership.expire fails for 1: ZeroDivisionError"),
    ]
    clock.advance(minutes=3)
    who = "`handbook serve` does it" if database.is_sqlite else "run `handbook worker` beside `handbook serve`"
    assert (await examined())[0] == ("warning", f"nobody has done it for 180 s: {who}")


async def test_nothing_works_by_itself_in_tests(app: FastAPI) -> None:
    assert "do what is due" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_a_server_with_duties_works_and_ends_with_the_server(
    settings: Settings, organisation: Organisation, clock: StandingClock, database: Database
) -> None:
    guest = await visit(database, organisation, "member")
    clock.advance(hours=1)
    app = create_app(settings, clock=clock, duties=DUTIES)
    async with app.router.lifespan_context(app):
        await until(lambda: _expired(database, [guest]))
    assert "do what is due" not in {task.get_name() for task in asyncio.all_tasks()}
