"""One request, one transaction, one commit, before the response leaves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from models import changes
from models.database import Database
from models.errors import Unauthenticated


@asynccontextmanager
async def transaction(
    database: Database, *, writes: bool = True, request_id: str | None = None
) -> AsyncIterator[AsyncSession]:
    """A session that is committed if the block ends well and rolled back otherwise; for reading it never commits.

    A refusal may itself be an outcome worth keeping: see `Unauthenticated.kept`.
    """
    async with database.writing() if writes else database.reading() as session:
        session.info["request_id"] = request_id
        try:
            yield session
        except Unauthenticated as refused:
            if refused.kept:
                await changes.commit(session)
            raise
        if writes:
            await changes.commit(session)
