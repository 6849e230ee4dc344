from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Uuid, column, insert, inspect, select, table
from sqlmodel import SQLModel, col
from sqlmodel.sql.sqltypes import UTCDateTime

from models.branches import Branch, BranchKind, BranchStatus
from models.database import Database, table_of
from models.deliveries.table import SubscriptionState, TopicSubscription
from models.keyring import Keyring
from models.members.table import Member, MemberStatus
from models.migrate import HEAD, current_revision, drift, latest_revision, migrate
from models.notices.table import Category, Notice, NoticeState, Priority, Receipt
from models.own_state import MemberState
from tests.servers import create_database, drop_database


async def test_migrations_make_what_the_tables_say(database: Database) -> None:
    assert await current_revision(database) == latest_revision()
    assert await drift(database) == []


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_down_and_up_again(database: Database) -> None:
    await migrate(database, "base", down=True)
    async with database.write_engine.connect() as connection:
        tables = await connection.run_sync(lambda c: inspect(c).get_table_names())
    assert tables == ["alembic_version"]
    await migrate(database, HEAD)
    assert await drift(database) == []


async def test_down_and_up_again_on_postgresql(postgres_url: str, keyring: Keyring) -> None:
    """In a database of its own: the others of this run are migrated once."""
    name = f"down_{uuid4().hex}"
    database = Database(await create_database(postgres_url, name), keyring=keyring)
    try:
        await migrate(database)
        await migrate(database, "base", down=True)
        async with database.write_engine.connect() as connection:
            tables = await connection.run_sync(lambda c: inspect(c).get_table_names())
        assert tables == ["alembic_version"]
        await migrate(database, HEAD)
        assert await drift(database) == []
    finally:
        await database.close()
        await drop_database(postgres_url, name)


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty(keyring: Keyring, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """A database of its own without tables."""
    name, server = f"old_{uuid4().hex}", ""
    url = f"sqlite+aiosqlite:///{tmp_path / 'old.db'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_url")
        url = await create_database(server, name)
    database = Database(url, keyring=keyring)
    yield database
    await database.close()
    if server:
        await drop_database(server, name)


async def test_receipts_that_are_there_get_numbers(empty: Database) -> None:
    await migrate(empty, "0001")
    readers, notices = await _receipts_of_old(empty)
    await migrate(empty)
    async with empty.reading() as session:
        for reader, count in readers.items():
            numbers = select(col(Receipt.seq)).where(col(Receipt.member_id) == reader).order_by(col(Receipt.seq))
            assert list(await session.scalars(numbers)) == list(range(1, count + 1))
        counted = {state.member_id: state.seq for state in await session.scalars(select(MemberState))}
    assert counted == {reader: count for reader, count in readers.items() if count}
    await migrate(empty, "0001", down=True)
    async with empty.reading() as session:
        kept = await session.execute(select(col(Receipt.notice_id), col(Receipt.member_id)))
        assert len(kept.all()) == sum(readers.values()) <= len(readers) * len(notices)


async def test_subscriptions_that_are_there_stay(empty: Database) -> None:
    at, states = datetime(2026, 5, 1, tzinfo=UTC), list(SubscriptionState)
    names = ("branch_no", "who", "device_id", "member_id", "state", "due_at", "attempts")
    old = table("topic_subscription", *(column(name, table_of(TopicSubscription).c[name].type) for name in names))
    rows: list[dict[str, Any]] = [
        dict(zip(names, (5, 0, uuid4(), uuid4(), state, at, 2), strict=True)) for state in states
    ]
    await migrate(empty, "0015")
    async with empty.write_engine.begin() as connection:
        await connection.execute(insert(old), rows)
    await migrate(empty)
    async with empty.reading() as session:
        found = {row.device_id: row for row in await session.scalars(select(TopicSubscription))}
    assert [found[row["device_id"]].model_dump(include=set(names)) for row in rows] == rows
    since = {row.state: row.subscribed_at for row in found.values()}
    assert since == dict.fromkeys(states) | {SubscriptionState.SUBSCRIBED: at}
    await migrate(empty, "0015", down=True)
    async with empty.reading() as session:
        kept = await session.execute(select(old))
        assert sorted(row.state for row in kept) == sorted(states)


async def _receipts_of_old(database: Database) -> tuple[dict[UUID, int], list[UUID]]:
    """How many each member has."""
    at = datetime(2026, 5, 1, tzinfo=UTC)
    readers, notices = {uuid4(): count for count in (0, 3, 7)}, sorted(uuid4() for _ in range(7))
    rows: dict[type[SQLModel], list[dict[str, Any]]] = {
        Branch: [
            {
                "no": 1,
                "id": uuid4(),
                "code": "A",
                "name": "A",
                "name_folded": "a",
                "kind": BranchKind.CENTRAL,
                "path": "1/",
                "status": BranchStatus.ACTIVE,
                "created_at": at,
            }
        ],
        Member: [
            {
                "id": reader,
                "member_no": reader.hex,
                "full_name": "A",
                "full_name_folded": "a",
                "sort_key": "a",
                "status": MemberStatus.FULL,
                "revision": 1,
                "created_at": at,
            }
            for reader in readers
        ],
        Notice: [
            {
                "id": notice,
                "branch_no": 1,
                "who": 0,
                "title": "A",
                "body": "",
                "body_html": "",
                "summary": "",
                "category": Category.GENERAL,
                "priority": Priority.NORMAL,
                "requires_ack": False,
                "revision": 1,
                "state": NoticeState.PUBLISHED,
                "ack_revision": 1,
                "created_at": at,
                "published_at": at,
            }
            for notice in notices
        ],
    }
    ids = [column(name, Uuid()) for name in ("notice_id", "member_id")]
    old = table("receipt", *ids, column("revision"), column("read_at", UTCDateTime()), column("method"))
    async with database.write_engine.begin() as connection:
        for model, values in rows.items():
            now = table_of(model)
            then = table(now.name, *(column(name, now.c[name].type) for name in values[0]))
            await connection.execute(insert(then), values)  # later columns are not there yet
        said = {"revision": 1, "read_at": at, "method": "self"}
        receipts = [
            {"notice_id": notice, "member_id": reader, **said}
            for reader, count in readers.items()
            for notice in notices[:count]
        ]
        await connection.execute(insert(old), receipts)
    return readers, notices
