"""Copies of a whole database, put back while its server runs: the same for both databases, and cheap."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select

from models import changes
from models.changes import restored
from models.database import Database
from models.tables import METADATA

Copy = Mapping[str, list[dict[str, Any]]]
_ROWS = 100
"""A statement; below both databases' limits of parameters. Branches refer to each other: they go in one."""


async def copy(database: Database) -> Copy:
    """Every row, as of one moment."""
    async with database.writing() as session:
        return {
            table.name: [dict(row) for row in (await session.execute(select(table))).mappings()]
            for table in METADATA.sorted_tables
        }


async def put_back(database: Database, saved: Copy, *, say_so: bool = True) -> None:
    """What was written since the copy never happened; `say_so` is what an operator does with `handbook restored`."""
    async with database.writing() as session:
        for table in reversed(METADATA.sorted_tables):
            await session.execute(table.delete())
        for table in METADATA.sorted_tables:
            rows, most = saved[table.name], 10 * _ROWS if table.name == "branch" else _ROWS
            for start in range(0, len(rows), most):
                await session.execute(insert(table).values(rows[start : start + most]))
        if say_so:
            await restored(session)
        await changes.commit(session)
