"""The log: numbers in the order in which they become visible, never one twice, nothing missed."""

import ast
import asyncio
import random
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

import api
import models
from models import changes
from models.base import new_id
from models.changes import JUMP, Change, ChannelVersion, LogHead, LostRange, Topic, beyond, record, restored, savepoint
from models.database import Database
from models.errors import NotFound
from models.following import Moved, load_log, read_log
from models.keyring import Keyring
from tests.clock import StandingClock

WRITERS = 16
COMMITS = 12


async def test_a_follower_misses_nothing_of_many_writers(database: Database) -> None:
    """Things are never written twice here, so each must be seen, at its number, in order."""
    committed: dict[tuple[str, str], int] = {}
    seen: list[Moved] = []
    done = asyncio.Event()

    async def write(chance: random.Random) -> None:
        for _ in range(COMMITS):
            things = [(f"{chance.randint(1, 5)}:0", new_id()) for _ in range(chance.randint(1, 3))]
            async with database.writing() as session:
                for channel, thing in things:
                    record(session, channel, Topic.NOTICES, "notice", thing)
                if chance.random() < 0.2:
                    await session.rollback()
                    continue
                number = await changes.commit(session)
            assert number is not None
            for channel, thing in things:
                assert (channel, thing.hex) not in committed
                committed[channel, thing.hex] = number

    async def follow() -> None:
        at = 0
        while True:
            last = done.is_set()
            async with database.following() as session:
                head, moved = await read_log(session, at, 10_000)
            assert all(at < change.seq <= head for change in moved)
            seen.extend(moved)
            at = head
            if last:
                return
            await asyncio.sleep(0)

    follower = asyncio.create_task(follow())
    await asyncio.gather(*(write(random.Random(n)) for n in range(WRITERS)))
    done.set()
    await follower
    assert {(change.channel, change.thing_id.hex): change.seq for change in seen} == committed
    assert [change.seq for change in seen] == sorted(change.seq for change in seen)
    numbers = sorted(set(committed.values()))
    assert numbers == list(range(1, len(numbers) + 1))


async def test_what_is_rolled_back_leaves_no_record(database: Database) -> None:
    kept, dropped, inner = new_id(), new_id(), new_id()
    async with database.writing() as session:
        record(session, "1:0", Topic.NOTICES, "notice", kept)
        with suppress(NotFound):
            async with savepoint(session):
                record(session, "2:0", Topic.NOTICES, "notice", dropped)
                async with savepoint(session):
                    record(session, "3:0", Topic.NOTICES, "notice", inner)
                raise NotFound
        assert await changes.commit(session) == 1
    async with database.writing() as session:
        record(session, "4:0", Topic.NOTICES, "notice", dropped)
        await session.rollback()
    async with database.reading() as session:
        assert list(await session.scalars(select(col(Change.thing_id)))) == [kept]
        assert list(await session.scalars(select(col(ChannelVersion.channel)))) == ["1:0"]
        assert await session.scalar(select(col(LogHead.seq))) == 1


async def test_a_commit_that_nobody_hears_takes_no_number(database: Database) -> None:
    async with database.writing() as session:
        assert await changes.commit(session) is None
    async with database.reading() as session:
        assert await session.scalar(select(col(LogHead.seq))) == 0


async def test_a_thing_that_changes_again_moves_to_its_newest_number(database: Database) -> None:
    thing = new_id()
    for _ in range(3):
        number = await _commit(database, thing)
    async with database.reading() as session:
        assert await read_log(session, 0, 10) == (3, [Moved(3, "1:0", "notices", "notice", thing, None, None)])
    assert number == 3


async def test_a_restored_database_begins_beyond_the_hole(database: Database) -> None:
    assert await _commit(database) == 1
    async with database.writing() as session:
        await restored(session)
        await changes.commit(session)
    first = beyond(1, database.clock())
    assert await _commit(database) == first + 1
    assert await _lost(database) == [(2, first - 1)]


async def test_two_restores_in_a_row_are_one_hole(database: Database) -> None:
    await _commit(database)
    for _ in range(2):
        async with database.writing() as session:
            await restored(session)
            await changes.commit(session)
    first = beyond(1, database.clock()) + JUMP
    assert await _commit(database) == first + 1
    assert await _lost(database) == [(2, first - 1)]


async def test_two_copies_of_one_backup_give_out_different_numbers(database: Database, clock: StandingClock) -> None:
    """A phone that has heard from the first must not take the second's word for the same."""
    await _commit(database)
    numbers = []
    for _ in range(2):
        clock.advance(minutes=1)
        async with database.writing() as session:
            numbers.append(await restored(session))
            await session.rollback()
    assert numbers[1] - numbers[0] == JUMP
    assert numbers[1] < 2**53


@pytest.mark.parametrize("database_kind", ["postgresql"])
@pytest.mark.parametrize("by_hand", [False, True])
async def test_a_new_timeline_begins_beyond_the_hole(database: Database, *, by_hand: bool) -> None:
    """Also where the operator has said `restored` before the first write on the new timeline."""
    await _commit(database)
    async with database.writing() as session:
        ours = await session.scalar(select(col(LogHead.timeline)))
        await session.execute(update(LogHead).values(timeline="000000EE"))
        if by_hand:
            await restored(session)
        await changes.commit(session)
    try:
        numbers = [await _commit(database) for _ in range(3)]
    finally:
        async with database.writing() as session:
            await session.execute(update(LogHead).values(timeline=ours))
            await changes.commit(session)
    first = beyond(1, database.clock()) + (JUMP if by_hand else 0)
    assert numbers == [first, first + 1, first + 2]
    assert await _lost(database) == [(2, first - 1)]


async def test_a_correction_does_not_hide_that_access_changed(database: Database) -> None:
    """Both concern the same member on the same channel: the log keeps one row a kind."""
    member = new_id()
    async with database.writing() as session:
        record(session, f"m:{member.hex}", Topic.ACCESS, "access", member)
        await changes.commit(session)
        record(session, f"m:{member.hex}", Topic.PROFILE, "member", member)
        await changes.commit(session)
    async with database.reading() as session:
        _, moved = await read_log(session, 0, 10)
    async with database.reading() as session:
        snapshot = await load_log(session, database.clock())
    assert [(change.seq, change.topic) for change in moved] == [(1, "access"), (2, "profile")]
    assert snapshot.access == [(f"m:{member.hex}", 1)]


def test_every_kind_belongs_to_one_topic() -> None:
    """Read from the sources: what `record` is told wherever it is called."""
    topics: dict[str, set[str]] = {}
    roots = [Path(package.__path__[0]) for package in (api, models)]
    for path in (path for root in roots for path in root.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "record":
                topic, kind = call.args[2], call.args[3]
                assert isinstance(topic, ast.Attribute), path
                assert isinstance(kind, ast.Constant), path
                topics.setdefault(str(kind.value), set()).add(topic.attr)
    assert {"notice", "branch", "member", "access", "session", "material", "collection", "quiz"} <= topics.keys()
    assert all(len(of_kind) == 1 for of_kind in topics.values()), topics


async def test_concurrent_commits_to_one_thing_leave_the_newest_number(database: Database) -> None:
    thing = new_id()
    numbers = await asyncio.gather(*(_commit(database, thing) for _ in range(20)))
    assert sorted(numbers) == list(range(1, 21))
    async with database.reading() as session:
        assert await session.scalar(select(func.max(col(Change.seq)))) == 20
        assert await session.scalar(select(func.count()).select_from(Change)) == 1


async def test_two_databases_of_one_file_number_together(
    database: Database, database_url: str, keyring: Keyring
) -> None:
    """As two processes do."""
    second = Database(database_url, keyring=keyring, clock=database.clock)
    try:
        numbers = await asyncio.gather(*(_commit(each) for _ in range(10) for each in (database, second)))
    finally:
        await second.close()
    assert sorted(numbers) == list(range(1, 21))


async def _commit(database: Database, thing: UUID | None = None) -> int:
    async with database.writing() as session:
        record(session, "1:0", Topic.NOTICES, "notice", thing or new_id())
        number = await changes.commit(session)
    assert number is not None
    return number


async def _lost(database: Database) -> list[tuple[int, int]]:
    async with database.reading() as session:
        return [
            (first, last) for first, last in await session.execute(select(col(LostRange.first), col(LostRange.last)))
        ]
