"""Filling an empty database with a made-up organisation, in bulk: thousands of members or millions."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from api.demo.organisation import Organisation
from api.demo.rows import Loaded, Rows, branch_rows, grant_rows, member_rows
from models import changes
from models.accounts import Account
from models.audit import audit
from models.branches import TREE, Branch
from models.changes import Topic, record
from models.channels import ALL, channel
from models.database import Database, lock
from models.keyring import Keyring
from models.members.table import Member
from models.memberships import Membership
from models.permissions import OPERATOR
from models.roles import RoleGrant

ROWS_A_COMMIT = 100_000
"""Enough for the demonstration to be one transaction: interrupted, it is not there at all."""

_TABLES: tuple[type[SQLModel], ...] = (Branch, Member, Account, Membership, RoleGrant)


class NotEmpty(RuntimeError):
    """The database already has branches: only an empty one is loaded."""


async def load_organisation(
    database: Database, organisation: Organisation, *, on_progress: Callable[[int, int], None] | None = None
) -> Loaded:
    """Branches, members, accounts, memberships and grants, dated by the database's clock.

    `on_progress` is told of members written and of their number altogether. Raises NotEmpty; ValueError where the
    organisation is dated later than today.

    The log gets one record, of the root, in the last transaction: nobody can have heard of anything before, so
    readers start from the tables and not from the log. It also says that the loading came to its end.
    """
    loaded = Loaded(organisation, database.clock())
    if organisation.as_of > loaded.at.date():
        raise ValueError(f"the organisation is of {organisation.as_of}, which is yet to come")
    written = in_transaction = 0
    async with database.writing() as session, aclosing(_ahead(_batches(loaded, database.keyring))) as batches:
        await begin_bulk(session)
        await _refuse_unless_empty(session)
        async for batch in batches:
            for rows in batch:
                await write_rows(session, rows)
                in_transaction += len(rows.values)
                if rows.model is Member and on_progress is not None:
                    written += len(rows.values)
                    on_progress(written, organisation.size.members)
            if in_transaction >= ROWS_A_COMMIT:
                await changes.commit(session)
                await begin_bulk(session)
                in_transaction = 0
        root = loaded.branch_id(1)
        after = {"branches": organisation.size.branches, "members": organisation.size.members}
        audit(session, OPERATOR, "organisation.load", "branch", root, branch_no=1, after=after)
        record(session, channel(1, ALL), Topic.BRANCH, "branch", root)
        await changes.commit(session)
        if not database.is_sqlite:
            # Whoever measures next must not do so with the plans for empty tables.
            await begin_bulk(session)
            for model in _TABLES:
                await session.execute(text(f"ANALYZE {model.__tablename__}"))
            await changes.commit(session)
    return loaded


def _batches(loaded: Loaded, ring: Keyring) -> Iterator[Sequence[Rows]]:
    for rows in branch_rows(loaded):
        yield [rows]
    yield from member_rows(loaded, ring)
    for rows in grant_rows(loaded):
        yield [rows]


async def _ahead(batches: Iterator[Sequence[Rows]]) -> AsyncGenerator[Sequence[Rows], None]:
    """The same, the next one being made in a thread while one is written: PostgreSQL works for as long as we do."""
    following = asyncio.create_task(asyncio.to_thread(next, batches, None))
    try:
        while (batch := await following) is not None:
            following = asyncio.create_task(asyncio.to_thread(next, batches, None))
            yield batch
    finally:
        await asyncio.wait([following])  # a thread that nobody waits for would outlive the loop


async def begin_bulk(session: AsyncSession) -> None:
    """Begin a transaction that may take its time: on PostgreSQL a request's statements are given 15 s."""
    if session.get_bind().dialect.name == "postgresql":
        # A statement must come first: the driver begins no transaction for a COPY.
        await session.execute(text("SET LOCAL statement_timeout = '10min'"))


async def write_rows(session: AsyncSession, rows: Rows) -> None:
    """Insert in the session's transaction: by binary COPY on PostgreSQL, by one prepared INSERT on SQLite."""
    if not rows.values:
        return
    connection = await session.connection()
    if connection.dialect.name == "postgresql":
        driver: Any = (await connection.get_raw_connection()).driver_connection
        name = str(rows.model.__tablename__)
        await driver.copy_records_to_table(name, records=rows.values, columns=rows.columns)
    else:
        await connection.execute(
            insert(rows.model), [dict(zip(rows.columns, values, strict=True)) for values in rows.values]
        )


async def _refuse_unless_empty(session: AsyncSession) -> None:
    await lock(session, TREE)
    if await session.scalar(select(col(Branch.no)).limit(1)) is not None:
        raise NotEmpty("the database already has branches")
