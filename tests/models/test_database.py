"""What a session leaves behind for the next, and for the log: nothing."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.database import Database

SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT count(*) FROM n"


@pytest.mark.parametrize("statement", ["SELECT 1", SLOW])
async def test_who_is_cancelled_while_writing_leaves_no_transaction_behind(database: Database, statement: str) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with database.writing() as session:
            await session.execute(text("UPDATE log_head SET timeline = 'left behind'"))
            begun.set()
            await session.execute(text(statement))
            await asyncio.sleep(60)

    for _ in range(3):
        begun.clear()
        writing = asyncio.create_task(write())
        await begun.wait()
        await asyncio.sleep(0.02)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        async with database.writing() as session:
            assert await session.scalar(text("SELECT timeline FROM log_head")) != "left behind"
            await session.execute(text("UPDATE log_head SET seq = seq"))
            await session.commit()


async def test_an_error_says_nothing_of_what_was_to_be_written(database: Database) -> None:
    async with database.writing() as session:
        with pytest.raises(DBAPIError) as raised:
            await session.execute(
                text("INSERT INTO account (member_id, password_hash) VALUES (:id, :secret)"),
                {"id": None, "secret": "only-for-me"},
            )
    assert "account" in str(raised.value)
    assert "only-for-me" not in str(raised.value)
