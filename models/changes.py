"""The log of what changed, numbered in the order in which it became visible, and the one way in which a transaction
ends.

A number is taken from the one row of `log_head`, whose lock is held to the end of the transaction: numbers become
visible in
order, so a follower that has seen n has seen everything up to n. Nothing else may be locked after it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from models.database import upsert


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


class Change(SQLModel, table=True):
    """One row a thing and channel, moved to its newest number. No foreign keys: it outlives what it speaks of."""

    __tablename__ = "change"
    __table_args__ = (Index("ix_change_seq", "seq"), Index("ix_change_channel_seq", "channel", "seq"))

    channel: str = Field(max_length=48, primary_key=True)
    kind: str = Field(max_length=16, primary_key=True)
    thing_id: UUID = Field(primary_key=True)
    topic: str = Field(max_length=16)
    seq: int = Field(sa_type=BigInteger)


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
    """Note that `thing_id` changed for those who hear `channel`; `commit` gives it its number."""
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
    """End the transaction: the one place where any transaction is committed. Gives its number, if it changed
    anything heard.

    Source of the order: the row lock on `log_head`, taken last and held to the end (an identity column lets a follower
    miss transactions that commit later with a lower number).
    """
    await session.flush()
    records = dict.fromkeys(_records(session))
    number: int | None = None
    if records:
        taken = await session.execute(update(LogHead).values(seq=col(LogHead.seq) + 1).returning(col(LogHead.seq)))
        number = int(taken.scalar_one())
        changes = {(r.channel, r.kind, r.thing_id): r for r in records}
        await upsert(
            session,
            Change,
            [{**changes[key]._asdict(), "seq": number} for key in sorted(changes)],
            keys=("channel", "kind", "thing_id"),
            update=("topic", "seq"),
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


def _records(session: AsyncSession) -> list[_Record]:
    records: list[_Record] = session.info["records"]
    return records
