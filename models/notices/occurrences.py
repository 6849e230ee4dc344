"""When an activity takes place: a row each time, which answers, attendance and the clock refer to."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from models.activities.table import Answer, Rsvp
from models.database import now, translating
from models.errors import Conflict
from models.notices.activity import Activity
from models.notices.table import Notice

_UPCOMING = text("ended_at IS NULL")
UNCOUNTED_OCCURRENCE = text("(NOT is_cancelled AND (counted_for IS NULL OR counted_for <> starts_at))")


class Occurrence(SQLModel, table=True):
    """Rows are there from publication on. (`branch_no`, `who`) is the notice's channel. `taken` counts those who said
    that they come, where there is a `capacity`. `ended_at` is when it was over or, if `is_cancelled`, called off.
    `counted_for` is the beginning as of which its audience was counted.
    """

    __tablename__ = "occurrence"
    __table_args__ = (
        CheckConstraint("taken >= 0 AND (capacity IS NULL OR taken <= capacity)", name="capacity"),
        Index(
            "ix_occurrence_channel",
            "branch_no",
            "who",
            "starts_at",
            postgresql_where=_UPCOMING,
            sqlite_where=_UPCOMING,
        ),
        Index("ix_occurrence_ends_at", "ends_at", postgresql_where=_UPCOMING, sqlite_where=_UPCOMING),
        Index(
            "ix_occurrence_uncounted",
            "starts_at",
            postgresql_where=UNCOUNTED_OCCURRENCE,
            sqlite_where=UNCOUNTED_OCCURRENCE,
        ),
    )

    notice_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("notice.id")])
    no: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    branch_no: int = Field(sa_column_args=[ForeignKey("branch.no")])
    who: int = Field(sa_type=SmallInteger)
    starts_at: datetime
    ends_at: datetime
    rsvp_by: datetime
    capacity: int | None = None
    taken: int = 0
    ended_at: datetime | None = None
    is_cancelled: bool = False
    counted_for: datetime | None = None


async def arrange(session: AsyncSession, notice: Notice) -> None:
    """Make the rows of a published notice agree with its activity.

    What is over stays as it was, unless it is put off to a time that is to come. Raises Conflict
    `activity.capacity_taken` where fewer places are left than were given away.
    """
    found = await session.scalars(
        select(Occurrence).where(col(Occurrence.notice_id) == notice.id).with_for_update().order_by(col(Occurrence.no))
    )
    before = {row.no: row for row in found}
    at = now(session)
    planned = _planned(Activity.of(notice.activity))
    gains_capacity = any(said["capacity"] is not None for said in planned)
    coming = await _coming(session, notice) if gains_capacity and before else {}
    for said in planned:
        row = before.pop(said["no"], None)
        is_over = row is not None and row.ended_at is not None and not row.is_cancelled
        if is_over and said["ends_at"] <= at:
            continue
        if row is None:
            session.add(Occurrence(notice_id=notice.id, branch_no=notice.branch_no, who=notice.who, **said))
            continue
        if row.capacity is None:  # and nobody was counted
            row.taken = coming.get(row.no, 0)
        for name, value in said.items():
            setattr(row, name, value)
        row.ended_at, row.is_cancelled = None, False
    for row in before.values():
        _call_off(row, at)
    async with translating(session, {"ck_occurrence_capacity": Conflict("activity.capacity_taken")}):
        pass


async def _coming(session: AsyncSession, notice: Notice) -> dict[int, int]:
    """How many said that they come. Who says so holds the occurrence: nobody does while it is locked."""
    found = await session.execute(
        select(col(Rsvp.occurrence), func.count().label("people"))
        .where(col(Rsvp.notice_id) == notice.id, col(Rsvp.answer) == Answer.YES)
        .group_by(col(Rsvp.occurrence))
    )
    return {row.occurrence: row.people for row in found}


def _planned(activity: Activity | None) -> list[dict[str, Any]]:
    if activity is None:
        return []
    return [
        {
            "no": each.no,
            "starts_at": each.starts_at,
            "ends_at": each.ends_at,
            "rsvp_by": each.starts_at - activity.answered_before,
            "capacity": activity.capacity,
        }
        for each in activity.times()
    ]


async def call_off(session: AsyncSession, notice: Notice) -> bool:
    """None of what is still to come takes place. Gives whether anything was to come."""
    found = await session.scalars(
        select(Occurrence)
        .where(col(Occurrence.notice_id) == notice.id, col(Occurrence.ended_at).is_(None))
        .with_for_update()
        .order_by(col(Occurrence.no))
    )
    rows, at = found.all(), now(session)
    for row in rows:
        _call_off(row, at)
    return bool(rows)


def _call_off(row: Occurrence, at: datetime) -> None:
    if row.ended_at is None:
        row.ended_at, row.is_cancelled = at, True
