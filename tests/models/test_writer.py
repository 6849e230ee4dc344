"""What is written together: all of it or nothing, in turn, and each job for itself."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models import changes, writer
from models.changes import LostRange
from models.database import Database, keyring, now, translating
from models.errors import Conflict, Unavailable
from models.keyring import Keyring
from models.turns import Connection, InTurn
from tests.clock import StandingClock

Job = Callable[[AsyncSession], Awaitable[int]]
ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])


def noting(number: int, order: list[int] | None = None) -> Job:
    """A job that writes one row of this number."""

    async def work(session: AsyncSession) -> int:
        if order is not None:
            order.append(number)
        session.add(LostRange(first=number, last=number))
        await changes.commit(session)
        return number

    return work


def failing(number: int, error: Exception) -> Job:
    async def work(session: AsyncSession) -> int:
        session.add(LostRange(first=number, last=number))
        await session.flush()
        raise error

    return work


async def numbers(database: Database) -> list[int]:
    async with database.reading() as session:
        return list(await session.scalars(select(col(LostRange.first)).order_by(col(LostRange.first))))


async def all_of(database: Database, jobs: Iterable[Job]) -> list[int | BaseException]:
    return await asyncio.gather(*(database.write(job) for job in jobs), return_exceptions=True)


@pytest.fixture
def commits(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One entry for each wait for the disk."""
    made: list[None] = []
    commit = Connection.commit_shared

    async def noted(connection: Connection, told: Callable[[], None]) -> None:
        made.append(None)
        await commit(connection, told)

    monkeypatch.setattr(Connection, "commit_shared", noted)
    return made


async def test_a_job_sees_the_clock_and_the_keyring(database: Database, clock: StandingClock) -> None:
    async def look(session: AsyncSession) -> tuple[object, Keyring]:
        return now(session), keyring(session)

    clock.advance(hours=3)
    assert await database.write(look) == (clock.at, database.keyring)


async def test_many_write_and_each_has_its_own_answer(database: Database) -> None:
    assert await all_of(database, [noting(n) for n in range(100)]) == list(range(100))
    assert await numbers(database) == list(range(100))


@ON_SQLITE
async def test_those_that_wait_are_committed_together(
    database: Database, commits: list[None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_LEAST_SECONDS", 60)
    monkeypatch.setattr(writer, "_MOST_SECONDS", 60)
    await all_of(database, [noting(n) for n in range(20)])
    assert len(commits) == 1
    monkeypatch.setattr(writer, "_MOST_SECONDS", 0.000_001)
    await all_of(database, [noting(n) for n in range(20, 23)])
    assert len(commits) > 1, "the loop is not kept from everything else for as long as somebody waits"
    assert await numbers(database) == list(range(23))


async def test_who_fails_leaves_nothing_and_the_others_stand(database: Database) -> None:
    refusal = Conflict("notice.already_published")
    outcomes = await all_of(database, [noting(1), failing(2, refusal), noting(3), failing(4, ValueError("four"))])
    assert outcomes[1] is refusal
    assert isinstance(outcomes[3], ValueError)
    assert (outcomes[0], outcomes[2]) == (1, 3)
    assert await numbers(database) == [1, 3]


async def test_a_violated_constraint_is_the_domains_word(database: Database) -> None:
    async def take(session: AsyncSession) -> int:
        async with translating(session, {"pk_lost_range": Conflict("taken")}):
            session.add(LostRange(first=1, last=1))
        await changes.commit(session)
        return 1

    outcomes = await all_of(database, [take, noting(2), take, noting(2), noting(3)])
    refusals = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert {type(refusal) for refusal in refusals} == {Conflict, IntegrityError}
    assert len(refusals) == 2
    assert await numbers(database) == [1, 2, 3]


async def test_what_a_job_does_not_commit_is_gone(database: Database) -> None:
    async def forget(session: AsyncSession) -> None:
        session.add(LostRange(first=1, last=1))
        await session.flush()

    await database.write(forget)
    assert await numbers(database) == []


async def test_a_part_of_a_job_may_fail_alone(database: Database) -> None:
    async def work(session: AsyncSession) -> None:
        session.add(LostRange(first=1, last=1))
        with suppress(Conflict):
            async with changes.savepoint(session):
                session.add(LostRange(first=2, last=2))
                raise Conflict("part")
        await changes.commit(session)

    await asyncio.gather(database.write(work), database.write(noting(3)))
    assert await numbers(database) == [1, 3]


@ON_SQLITE
async def test_all_writers_have_their_turn_as_they_came(database: Database) -> None:
    order: list[int] = []

    async def write(number: int) -> None:
        async with database.writing() as session:
            session.add(LostRange(first=number, last=number))
            await session.flush()
            order.append(number)
            await changes.commit(session)

    async with database.writing() as holder:
        await holder.execute(text("UPDATE log_head SET seq = seq"))
        waiting = []
        for step in (write(1), database.write(noting(2, order)), database.write(noting(3, order)), write(4), write(5)):
            waiting.append(asyncio.ensure_future(step))
            await asyncio.sleep(0.01)
        assert order == []
    await asyncio.gather(*waiting)
    assert order == [1, 2, 3, 4, 5]


@ON_SQLITE
async def test_jobs_without_end_keep_nobody_from_writing(database: Database) -> None:
    done = asyncio.Event()

    async def go_on(lane: int) -> None:
        number = lane
        while not done.is_set():
            await database.write(noting(number))
            number += 4

    async with asyncio.TaskGroup() as lanes:
        for lane in range(4):
            lanes.create_task(go_on(lane))
        await asyncio.sleep(0.05)
        for _ in range(5):
            async with asyncio.timeout(30), database.writing() as session:
                await session.execute(text("UPDATE log_head SET seq = seq + 1"))
                await session.commit()
        done.set()


async def test_who_leaves_before_their_turn_has_written_nothing(database: Database) -> None:
    async with database.writing() as holder:
        await holder.execute(text("UPDATE log_head SET seq = seq"))
        leaving = [asyncio.create_task(database.write(noting_after_the_lock(n))) for n in range(3)]
        staying = asyncio.create_task(database.write(noting_after_the_lock(9)))
        await asyncio.sleep(0.05)
        for task in leaving:
            task.cancel()
        assert all(
            isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*leaving, return_exceptions=True)
        )
    assert await staying == 9
    assert await numbers(database) == [9]


def noting_after_the_lock(number: int) -> Job:
    """Waits on both databases where another transaction holds the head."""

    async def work(session: AsyncSession) -> int:
        await session.execute(text("UPDATE log_head SET seq = seq"))
        return await noting(number)(session)

    return work


async def test_who_leaves_in_the_middle_leaves_nothing_half_done(database: Database) -> None:
    def pair(number: int) -> Callable[[AsyncSession], Awaitable[None]]:
        async def work(session: AsyncSession) -> None:
            for half in (number, number + 1):
                session.add(LostRange(first=half, last=half))
                await session.flush()
            await changes.commit(session)

        return work

    for number in range(0, 100, 2):
        task = asyncio.create_task(database.write(pair(number)))
        for _ in range(number % 12):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await database.write(noting(1_000)) == 1_000
    halves = await numbers(database)
    assert halves.pop() == 1_000
    assert all(half ^ 1 in halves for half in halves)


@ON_SQLITE
async def test_a_commit_that_fails_is_everybodys_failure_and_the_next_one_stands(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: Connection, __: Callable[[], None]) -> None:
        raise OSError("no disk")

    with monkeypatch.context() as broken:
        broken.setattr(Connection, "commit_shared", fail)
        outcomes = await all_of(database, [noting(1), noting(2), failing(3, ValueError())])
        assert {type(outcome) for outcome in outcomes} == {OSError}
    assert await numbers(database) == []
    assert await all_of(database, [noting(1), noting(2)]) == [1, 2]
    assert await numbers(database) == [1, 2]


@ON_SQLITE
async def test_a_full_disk_leaves_nothing_of_those_that_shared_it(database: Database) -> None:
    async def limit(pages: int) -> None:
        async with database.writing() as session:
            await session.execute(text(f"PRAGMA max_page_count = {pages}"))

    async def fill(session: AsyncSession) -> int:
        await session.execute(text("CREATE TABLE hoard (bytes BLOB)"))
        await session.execute(text("INSERT INTO hoard VALUES (zeroblob(10000000))"))
        return await noting(2)(session)

    await limit(1)  # as many as there are
    outcomes = await all_of(database, [noting(1), fill, noting(3)])
    assert isinstance(outcomes[1], OperationalError)
    stand = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert await numbers(database) == stand, "whoever was told that it is written finds it"
    await limit(1_000_000)
    assert await database.write(noting(4)) == 4
    assert await numbers(database) == [*stand, 4]


@ON_SQLITE
async def test_another_process_that_writes_is_waited_for_and_the_loop_goes_on(
    database: Database, database_url: str
) -> None:
    other = Database(database_url, keyring=database.keyring)
    async with other.writing() as session:
        await session.execute(text("UPDATE log_head SET seq = seq + 1"))
        waiting = asyncio.create_task(database.write(noting(1)))
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert not waiting.done()
        assert await numbers(database) == []
        await session.commit()
    assert await waiting == 1
    await other.close()


@ON_SQLITE
async def test_what_waited_too_long_is_refused_and_not_done(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert database._writer is not None
    monkeypatch.setattr(database._writer, "_patience", -1.0)
    assert [type(outcome) for outcome in await all_of(database, [noting(1), noting(2)])] == [Unavailable] * 2
    assert await numbers(database) == []


async def test_without_a_database_everybody_is_told(keyring: Keyring) -> None:
    nowhere = Database("sqlite+aiosqlite:////nonexistent/handbook.db", keyring=keyring)
    for outcome in await all_of(nowhere, [noting(1), noting(2)]):
        assert isinstance(outcome, DBAPIError)
    await nowhere.close()


@ON_SQLITE
async def test_what_waits_is_written_before_the_end_and_what_comes_later_is_refused(
    database: Database, database_url: str
) -> None:
    waiting = [asyncio.create_task(database.write(noting(n))) for n in range(10)]
    await asyncio.sleep(0)
    await database.close()
    assert await asyncio.gather(*waiting) == list(range(10))
    with pytest.raises(Unavailable):
        await database.write(noting(11))
    again = Database(database_url, keyring=database.keyring)
    assert await numbers(again) == list(range(10))
    await again.close()


async def test_nobody_overtakes_in_a_queue() -> None:
    queue: InTurn[str] = InTurn()
    early, cancelled, late = (asyncio.create_task(queue.get()) for _ in range(3))
    await asyncio.sleep(0)
    cancelled.cancel()
    queue.put_nowait("one")
    with pytest.raises(asyncio.QueueEmpty):
        queue.get_nowait()
    queue.put_nowait("two")
    assert [await early, await late] == ["one", "two"]
    queue.put_nowait("three")
    assert await queue.get() == "three"


async def test_what_was_given_to_somebody_who_left_goes_to_the_next() -> None:
    queue: InTurn[str] = InTurn()
    leaving, next_one = (asyncio.create_task(queue.get()) for _ in range(2))
    await asyncio.sleep(0)
    queue.put_nowait("one")
    leaving.cancel()
    assert await next_one == "one"
    assert leaving.cancelled()
