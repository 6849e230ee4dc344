"""Following: a view that is taken in step by step is the view of the database as it stands."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import event, update
from sqlmodel import col

from api.cache import follow, pages
from api.cache.breaker import Breaker
from api.cache.follow import Follower
from api.cache.nudges import Nudges
from api.cache.view import View, boot_clock
from models import changes
from models.changes import LogHead, Topic, beyond, restored
from models.database import Database
from models.errors import Conflict, Unavailable
from models.permissions import Role
from tests.organisation import Organisation
from tests.serving import HERE, Desk, for_roles, parts_in

LIFE = timedelta(hours=12)


def _follower(database: Database) -> Follower:
    return Follower(database, Nudges(None, Breaker()), LIFE)


async def _loaded(database: Database) -> View:
    follower = _follower(database)
    await follower._load()
    return follower.view


def _seen(view: View) -> dict[str, Any]:
    """All that a view answers with."""
    numbers = range(1, len(view._parents))
    return {
        "head": view.head,
        "lost": view._lost,
        "parents": view._parents.tolist(),
        "paths": [view.path(no) for no in numbers],
        "issued": {
            (key, topic): view.issued(*key, Topic(topic)) for topic, issued in view._issued.items() for key in issued
        },
        "whos": {no: set(whos) for no, whos in view._whos.items()},
        "access": view.access,
    }


@pytest.mark.parametrize("seed", range(3))
async def test_step_by_step_is_the_same_as_afresh(
    app: FastAPI, desk: Desk, organisation: Organisation, seed: int
) -> None:
    """Random histories; some steps are taken in one by one, some several at a time."""
    chance = random.Random(seed)
    database = parts_in(app).database
    follower = _follower(database)
    await follower._load()
    published: list[Any] = []
    grants: list[Any] = []
    branches = sorted(organisation.branches)
    for step in range(25):
        match chance.randrange(6):
            case 0 | 1:
                audience = chance.choice([HERE, for_roles([Role.SECRETARY, Role.CLERK]), for_roles([Role.ADMIN])])
                published.append((await desk.publish(chance.choice(branches), f"Tin {step}", audience)).id)
            case 2 if published:
                await desk.withdraw(published.pop(chance.randrange(len(published))))
            case 3:
                await desk.rename(chance.choice(branches), f"Chi hội {step}")
            case 4:
                try:
                    await desk.move(chance.choice(["to", "chibo", "chibo2", "xa", "kh_chibo"]), chance.choice(branches))
                except Conflict:
                    continue
            case _:
                if grants and chance.random() < 0.5:
                    await desk.end_grant(grants.pop())
                else:
                    try:
                        grants.append(await desk.grant("fellow", chance.choice(list(Role)), chance.choice(branches)))
                    except Conflict:
                        continue
        if chance.random() < 0.4:
            await follower.follow()
    await follower.follow()
    assert _seen(follower.view) == _seen(await _loaded(database))
    async with database.reading() as session:
        paths = {branch.no: branch.path for branch in organisation.branches.values()}
        for no in paths:
            found = await session.get(type(organisation.branch("tw")), no)
            assert found is not None
            assert follower.view.path(no) == found.path


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_far_behind_it_loads_afresh(app: FastAPI, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    database = parts_in(app).database
    follower = _follower(database)
    await follower._load()
    monkeypatch.setattr(follow, "_BEHIND_MOST", 3)
    loads = _count_loads(follower, monkeypatch)
    for n in range(3):
        await desk.publish("chibo", f"Tin {n}")
    await follower.follow()
    assert loads == []
    for n in range(4):
        await desk.publish("chibo", f"Tin {n}")
    await follower.follow()
    assert loads == [1]
    assert follower.view.era == 0, "far behind is still the same history"
    assert _seen(follower.view) == _seen(await _loaded(database))


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_head_that_went_back_or_jumped_is_another_history(
    app: FastAPI, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = parts_in(app).database
    for n in range(6):
        await desk.publish("chibo", f"Tin {n}")
    follower = _follower(database)
    await follower._load()
    before = follower.view.head
    loads = _count_loads(follower, monkeypatch)
    async with database.writing() as session:
        await session.execute(update(LogHead).values(seq=col(LogHead.seq) - 5))
        await changes.commit(session)
    await follower.follow()
    assert loads == [1]
    assert (follower.view.head, follower.view.era) == (before - 5, 1)
    async with database.writing() as session:
        await session.execute(update(LogHead).values(seq=before))
        await restored(session)
        await changes.commit(session)
    await follower.follow()
    first = beyond(before, database.clock())
    assert follower.view.head == first
    assert follower.view.era == 2
    assert follower.view.knows(before)
    assert not follower.view.knows(before + 1)
    assert not follower.view.knows(first - 1)
    assert follower.view.knows(first)
    assert not follower.view.knows(first + 1)
    assert not follower.view.knows(-1)


async def test_following_sees_what_another_process_committed_before(app: FastAPI, other: FastAPI, desk: Desk) -> None:
    theirs = parts_in(other).cache.follower
    channel = desk.organisation.branch("chibo").no, 0
    for n in range(10):
        await desk.publish("chibo", f"Tin {n}")
        await theirs.follow()
        mine = parts_in(app).cache.follower
        assert theirs.view.head == mine.view.head
        assert theirs.view.issued(*channel) == theirs.view.head


async def test_many_who_follow_at_once_share_statements(database: Database, organisation: Organisation) -> None:
    follower = _follower(database)
    await follower._load()
    asked: list[str] = []
    event.listen(
        database._follow_engine.sync_engine,
        "before_cursor_execute",
        lambda _c, _k, statement, *_: asked.append(statement) if statement.startswith("SELECT") else None,
    )
    await asyncio.gather(*(follower.follow() for _ in range(100)))
    assert len([statement for statement in asked if "log_head" in statement]) <= 2


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_whoever_waits_may_leave(database: Database, organisation: Organisation) -> None:
    follower = _follower(database)
    await follower._load()
    waiting = [asyncio.create_task(follower.follow()) for _ in range(5)]
    await asyncio.sleep(0)
    for task in waiting[:4]:
        task.cancel()
    await waiting[4]
    await follower.follow()
    assert boot_clock() - follower.view.confirmed_at < 60


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_pause_of_the_process_is_noticed(
    app: FastAPI, other: FastAPI, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock goes on while a process is stopped: what it knew is no longer believed unasked."""
    follower = parts_in(other).cache.follower
    await follower.stop()
    await follower.follow()
    await desk.publish("chibo", "Trong lúc dừng")
    behind = follower.view.head
    for module in (follow, pages):
        monkeypatch.setattr(module, "boot_clock", lambda: boot_clock() + 5)
    assert await follower.require_fresh()
    assert follower.view.head > behind


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_what_was_looked_up_since_one_asked_is_fresh_however_late_one_is_told(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a crowd that waits for one look at the log, the last are told long after it."""
    follower = parts_in(app).cache.follower
    await follower.stop()
    read, later = follower._read, 10.0

    async def read_and_dawdle() -> bool:
        nonlocal later
        done = await read()
        later += 5
        return done

    monkeypatch.setattr(follower, "_read", read_and_dawdle)
    monkeypatch.setattr(follow, "boot_clock", lambda: boot_clock() + later)
    assert await follower.require_fresh()
    assert boot_clock() + later - follower.view.confirmed_at > 4


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_view_without_a_database_grows_old(
    database: Database, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = _follower(database)
    monkeypatch.setattr(follower, "_load", _gone)
    with pytest.raises(Unavailable):  # nothing was ever loaded
        await follower.require_fresh(or_stale=True)
    monkeypatch.undo()
    await follower.follow()
    monkeypatch.setattr(follower, "_read", _gone)
    assert await follower.require_fresh()
    monkeypatch.setattr(follow, "boot_clock", lambda: boot_clock() + 30)
    assert not await follower.require_fresh(or_stale=True)
    with pytest.raises(Unavailable):
        await follower.require_fresh()
    monkeypatch.setattr(follow, "boot_clock", lambda: boot_clock() + 61)
    with pytest.raises(Unavailable):
        await follower.require_fresh(or_stale=True)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_own_writes_are_followed_before_reading_on(
    app: FastAPI, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where following fails right after a commit, the view is not believed although it is young."""
    follower = parts_in(app).cache.follower
    await follower.stop()
    with monkeypatch.context() as patch:
        patch.setattr(follower, "_read", _gone)
        await desk.publish("chibo", "Chưa thấy")
        assert not await follower.require_fresh(or_stale=True)
    assert await follower.require_fresh()
    assert follower.view.issued(desk.organisation.branch("chibo").no, 0) == follower.view.head


async def _gone(*_: object) -> bool:
    raise ConnectionRefusedError


def _count_loads(follower: Follower, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    loads: list[int] = []
    load = follower._load

    async def counted() -> None:
        loads.append(1)
        await load()

    monkeypatch.setattr(follower, "_load", counted)
    return loads
