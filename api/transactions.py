"""One request, one transaction, one commit, before the response leaves."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from models import changes
from models.database import Database
from models.errors import Unauthenticated

T = TypeVar("T")
Committed = Callable[[], Awaitable[None]]


@asynccontextmanager
async def transaction(
    database: Database,
    *,
    writes: bool = True,
    request_id: str | None = None,
    committed: Committed | None = None,
) -> AsyncIterator[AsyncSession]:
    """A session that is committed if the block ends well and rolled back otherwise; for reading it never commits.

    A refusal may itself be an outcome worth keeping: see `Unauthenticated.kept`. `committed` is told of a commit that
    others should see, before the answer leaves.
    """
    async with database.writing() if writes else database.reading() as session:
        session.info["request_id"] = request_id
        if not writes:
            yield session
            return
        async with _telling(committed) as numbers, _ending(session, numbers):
            yield session


async def write(
    database: Database,
    work: Callable[[AsyncSession], Awaitable[T]],
    *,
    request_id: str | None = None,
    committed: Committed | None = None,
) -> T:
    """The same around `work`, for what is small and frequent: see `Database.write`."""
    async with _telling(committed) as numbers:

        async def whole(session: AsyncSession) -> T:
            session.info["request_id"] = request_id
            async with _ending(session, numbers):
                return await work(session)

        return await database.write(whole)


@asynccontextmanager
async def _ending(session: AsyncSession, numbers: list[int]) -> AsyncIterator[None]:
    """Commits, and adds the commit's number where it has one."""
    try:
        yield
    except Unauthenticated as refused:
        if refused.kept:
            numbers += await _commit(session)
        raise
    numbers += await _commit(session)


async def _commit(session: AsyncSession) -> list[int]:
    number = await changes.commit(session)
    return [] if number is None else [number]


@asynccontextmanager
async def _telling(committed: Committed | None) -> AsyncIterator[list[int]]:
    numbers: list[int] = []
    try:
        yield numbers
    finally:
        if numbers and committed is not None:
            await committed()
