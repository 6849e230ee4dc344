"""The log of what changed, numbered in the order in which it became visible, and the one way in which a transaction
ends.

A number is taken from the one row of `log_head`, whose lock is held to the end of the transaction: numbers become
visible in
order, so a follower that has seen n has seen everything up to n. Nothing else may be locked after it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ColumnElement, Index, case, func, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from models.database import is_postgresql, now, upsert

JUMP = 10**8
"""More numbers than any database gives out between a backup and its loss: a thousand a second for a day."""
_FIRST_ERA = datetime(2026, 1, 1, tzinfo=UTC)
_TIMELINE: ColumnElement[str] = literal_column("substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)")


class Topic(StrEnum):
    NOTICES = "notices"
    MATERIALS = "materials"
    BRANCH = "branch"
    ACCESS = "access"
    PROFILE = "profile"
    REQUESTS = "requests"


class LogHead(SQLModel, table=True):
    """One row: the last number given out, and the timeline of the database that gave it."""

    __tablename__ = "log_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    seq: int = Field(sa_type=BigInteger)
    timeline: str = Field(max_length=64)


class LostRange(SQLModel, table=True):
    """Numbers from `first` to `last` may have been given out by a database that was lost: whoever holds one starts
    afresh.
    """

    __tablename__ = "lost_range"

    first: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    last: int = Field(sa_type=BigInteger)


class Change(SQLModel, table=True):
    """One row a thing and channel, moved to its newest number. No foreign keys: it outlives what it speaks of."""

    __tablename__ = "change"
    __table_args__ = (
        Index("ix_change_seq", "seq"),
        Index("ix_change_channel_seq", "channel", "seq"),
        Index("ix_change_topic_at", "topic", "at"),
    )

    channel: str = Field(max_length=48, primary_key=True)
    kind: str = Field(max_length=16, primary_key=True)
    thing_id: UUID = Field(primary_key=True)
    topic: str = Field(max_length=16)
    seq: int = Field(sa_type=BigInteger)
    at: datetime


class ChannelVersion(SQLModel, table=True):
    """The number at which a topic of a channel last changed."""

    __tablename__ = "channel_version"
    __table_args__ = (Index("ix_channel_version_seq", "seq"),)

    channel: str = Field(max_length=48, primary_key=True)
    topic: str = Field(max_length=16, primary_key=True)
    seq: int = Field(sa_type=BigInteger)


class _Record(NamedTuple):
    channel: str
    topic: Topic
    kind: str
    thing_id: UUID


def record(session: AsyncSession, channel: str, topic: Topic, kind: str, thing_id: UUID) -> None:
    """Note that `thing_id` changed for those who hear `channel`; `commit` gives it its number.

    A kind belongs to one topic: the log keeps one row a thing, and a second topic would hide the first.
    """
    _records(session).append(_Record(channel, topic, kind, thing_id))


@asynccontextmanager
async def savepoint(session: AsyncSession) -> AsyncIterator[None]:
    """A part of a transaction that may fail alone: rolled back, it takes its records along."""
    records = _records(session)
    before = len(records)
    try:
        async with session.begin_nested():
            yield
            await session.flush()
    except BaseException:
        del records[before:]
        raise


async def commit(session: AsyncSession) -> int | None:
    """End the transaction: the one place where any is committed. Gives its number, if anything heard changed.

    The number comes from the row of `log_head`, locked last and held to the end. (An identity column would let a
    follower
    miss transactions that take a lower number but commit later.)
    """
    records = dict.fromkeys(_records(session))
    number: int | None = None
    if records:
        await session.flush()
        number = await _next_number(session)
        changes = {(r.channel, r.kind, r.thing_id): r for r in records}
        at = now(session)
        await upsert(
            session,
            Change,
            [{**changes[key]._asdict(), "seq": number, "at": at} for key in sorted(changes)],
            keys=("channel", "kind", "thing_id"),
            update=("topic", "seq", "at"),
        )
        await upsert(
            session,
            ChannelVersion,
            [
                {"channel": channel, "topic": topic, "seq": number}
                for channel, topic in sorted({(r.channel, r.topic) for r in records})
            ],
            keys=("channel", "topic"),
            update=("seq",),
        )
    await session.commit()
    _records(session).clear()
    return number


async def _next_number(session: AsyncSession) -> int:
    """The next number; on a timeline that the log has not seen – after a failover or a restore – one beyond all that
    the
    lost database can have given out.
    """
    timeline = _TIMELINE if is_postgresql(session) else col(LogHead.timeline)
    era, next_one = _era(now(session)), col(LogHead.seq) // JUMP + 1
    jump = case((next_one > era, next_one), else_=era) * JUMP + 1
    taken = await session.execute(
        update(LogHead)
        .values(seq=case((col(LogHead.timeline) == timeline, col(LogHead.seq) + 1), else_=jump), timeline=timeline)
        .returning(col(LogHead.seq))
    )
    number = taken.scalar_one()
    if number % JUMP == 1:
        await _lose_numbers_before(session, number)
    return number


async def restored(session: AsyncSession) -> int:
    """Say that this database is an older copy of a lost one: its next numbers begin beyond all that were given out."""
    head = await session.scalar(select(col(LogHead.seq)).with_for_update())
    number = beyond(head or 0, now(session))
    await session.execute(update(LogHead).values(seq=number))
    await _lose_numbers_before(session, number)
    return number


def beyond(seq: int, at: datetime) -> int:
    """The first number that neither the lost database can have given out nor, restored from the same backup before,
    another copy of it.
    """
    return max(seq // JUMP + 1, _era(at)) * JUMP + 1


def _era(at: datetime) -> int:
    """Eras are minutes, so that two copies of one backup begin different ones. Numbers stay exact in JavaScript, which
    is up to 2^53, for 170 years.
    """
    return (at - _FIRST_ERA) // timedelta(minutes=1)


async def _lose_numbers_before(session: AsyncSession, number: int) -> None:
    last_kept = await session.scalar(select(func.max(col(ChannelVersion.seq)))) or 0
    if last_kept + 1 < number:
        # two jumps without a commit between them, as after a restore to another timeline, make one hole
        hole = {"first": last_kept + 1, "last": number - 1}
        await upsert(session, LostRange, [hole], keys=("first",), update=("last",))


def _records(session: AsyncSession) -> list[_Record]:
    records: list[_Record] = session.info["records"]
    return records
