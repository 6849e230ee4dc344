"""One request, one transaction, one commit, before the response leaves."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from models import changes
from models.database import Database
from models.errors import Unauthenticated


@asynccontextmanager
async def transaction(
    database: Database,
    *,
    writes: bool = True,
    request_id: str | None = None,
    committed: Callable[[], Awaitable[None]] | None = None,
) -> AsyncIterator[AsyncSession]:
    """A session that is committed if the block ends well and rolled back otherwise; for reading it never commits.

    A refusal may itself be an outcome worth keeping: see `Unauthenticated.kept`. `committed` is told of a commit that
    others should see, before the answer leaves.
    """
    async with database.writing() if writes else database.reading() as session:
        session.info["request_id"] = request_id
        try:
            yield session
        except Unauthenticated as refused:
            if refused.kept:
                await _commit(session, committed)
            raise
        if writes:
            await _commit(session, committed)


async def _commit(session: AsyncSession, committed: Callable[[], Awaitable[None]] | None) -> None:
    number = await changes.commit(session)
    if number is not None and committed is not None:
        await committed()
