"""Many rows at once."""

from collections.abc import Sequence
from typing import Any, cast

import asyncpg
from sqlalchemy import Table, insert, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel


async def plan_afresh(session: AsyncSession) -> None:
    """Until the transaction ends, plan every statement for the tables as they are.

    PostgreSQL keeps the plan of a prepared statement, and the first chunk's is to read the whole, empty, table.
    """
    connection = await session.connection()
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


async def insert_rows(session: AsyncSession, model: type[SQLModel], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all name the same columns: by COPY on PostgreSQL, which takes a third of an INSERT's time.

    Something must have been executed in the transaction before: COPY goes past SQLAlchemy, which would not begin it.
    Raises IntegrityError on both databases.
    """
    if not rows:
        return
    table = cast("Table", model.__table__)  # type: ignore[attr-defined]  # SQLModel does not type `__table__`
    connection = await session.connection()
    if connection.dialect.name != "postgresql":
        await connection.execute(insert(table), rows)
        return
    columns = list(rows[0])
    raw = await connection.get_raw_connection()
    driver = cast("asyncpg.Connection", raw.driver_connection)
    records = [tuple(map(row.__getitem__, columns)) for row in rows]
    try:
        await driver.copy_records_to_table(table.name, records=records, columns=columns)
    except asyncpg.IntegrityConstraintViolationError as error:
        raise IntegrityError(f"COPY {table.name}", None, error) from error
