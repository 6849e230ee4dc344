"""What time makes due, and making it happen once, by whichever process comes first, however late that is.

A thing's own row says whether it is still due, and is read under its lock: whatever a crash cut off is simply due
still, and what another process is about to do is passed over.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import CheckConstraint, Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from models.changes import savepoint
from models.database import now, upsert
from models.errors import HandbookError

BATCH = 50
"""Things of one transaction: on SQLite nobody else writes meanwhile."""
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
_FORGOTTEN_AFTER = timedelta(days=7)

T = TypeVar("T")
_log = logging.getLogger("handbook")


class Setback(SQLModel, table=True):
    """A due thing that could not be done. It rests until `retry_at`, twice as long each time."""

    __tablename__ = "setback"

    duty: str = Field(max_length=40, primary_key=True)
    thing: str = Field(max_length=80, primary_key=True)
    failures: int
    retry_at: datetime
    error: str = Field(max_length=80)


class LastRound(SQLModel, table=True):
    """One row: when any process last said that it goes through what is due."""

    __tablename__ = "last_round"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime


Find = Callable[[AsyncSession, datetime, int], Awaitable[Sequence[T]]]


def finding(statement: Select[T]) -> Find[T]:
    """By a statement over `:at` and `:most`, made once: workers ask every second."""
    asked = statement.execution_options(populate_existing=True)

    async def find(session: AsyncSession, at: datetime, most: int) -> Sequence[T]:
        return (await session.scalars(asked, {"at": at, "most": most})).all()

    return find


@dataclass(frozen=True, slots=True)
class Duty(Generic[T]):
    """One kind of thing that time makes due."""

    name: str
    """For logs and metrics; what failed is kept under it."""
    find: Find[T]
    """Up to so many that are due at an instant, the oldest first, locked: FOR UPDATE SKIP LOCKED."""
    do: Callable[[AsyncSession, T], Awaitable[None]]
    """The rule: audits, records, and leaves the thing no longer due. It never commits."""
    key: Callable[[T], object] = attrgetter("id")
    """What tells a thing from the others of its duty, as text of 80 characters at most."""
    is_small: bool = False
    """A thing takes milliseconds, and nobody waits for it: on SQLite, a few a round go with other small writes."""


class Ran(NamedTuple):
    """What one batch did; `full` where more may be due."""

    done: int
    failed: int
    full: bool


async def run_due(session: AsyncSession, duty: Duty[T], most: int = BATCH) -> Ran:
    """Do up to `most` of what is due, each in a savepoint of its own; the caller commits.

    One that fails leaves the others be and rests for a while. Raises only what the database raises when it is gone,
    and what `find` raises.
    """
    at, failed = now(session), 0
    things = await duty.find(session, at, most)
    if not things:
        return Ran(0, 0, full=False)
    setbacks = {row.thing: row for row in await _setbacks(session, duty)}
    resting = {key for key, row in setbacks.items() if row.retry_at > at}
    if resting:  # what rests is asked for on top, or it would stand before what does not
        found = await duty.find(session, at, most + len(resting))
        things = [thing for thing in found if str(duty.key(thing)) not in resting][:most]
    for thing in things:
        key = str(duty.key(thing))  # before the rule: rolling back would make its attributes unreadable
        before = setbacks.get(key)
        try:
            async with savepoint(session):
                await duty.do(session, thing)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are still due
            failed += 1
            await _set_back(session, duty, key, before.failures if before else 0, error)
        else:
            if before is not None:
                await session.delete(before)
    return Ran(len(things) - failed, failed, full=len(things) == most)


async def _setbacks(session: AsyncSession, duty: Duty[Any]) -> Sequence[Setback]:
    return (await session.scalars(select(Setback).where(col(Setback.duty) == duty.name))).all()


async def _set_back(session: AsyncSession, duty: Duty[Any], key: str, failures: int, error: Exception) -> None:
    pause = min(FIRST_PAUSE * 2 ** min(failures, 16), LONGEST_PAUSE)
    said = error.slug if isinstance(error, HandbookError) else type(error).__name__
    row = {"duty": duty.name, "thing": key, "failures": failures + 1, "retry_at": now(session) + pause, "error": said}
    await upsert(session, Setback, [row], keys=("duty", "thing"), update=("failures", "retry_at", "error"))
    is_expected = isinstance(error, HandbookError)
    _log.warning(
        "%s of %s failed (%s), and is tried again in %d s",
        duty.name,
        key,
        said,
        pause.total_seconds(),
        exc_info=None if is_expected else error,
    )


async def last_round(session: AsyncSession) -> datetime | None:
    """When a process last said that it goes through what is due; None if none ever did."""
    return await session.scalar(select(col(LastRound.at)))


async def begin_round(session: AsyncSession) -> None:
    """Say that somebody goes through what is due, and forget setbacks of what is no longer tried."""
    at = now(session)
    await upsert(session, LastRound, [{"id": 1, "at": at}], keys=("id",), update=("at",))
    await session.execute(delete(Setback).where(col(Setback.retry_at) < at - _FORGOTTEN_AFTER))


async def stuck(session: AsyncSession) -> list[tuple[str, str, int]]:
    """(duty, error, things) of what is due and cannot be done."""
    rows = await session.execute(
        select(col(Setback.duty), col(Setback.error), func.count())
        .group_by(col(Setback.duty), col(Setback.error))
        .order_by(col(Setback.duty), col(Setback.error))
    )
    return [(duty, error, count) for duty, error, count in rows]
