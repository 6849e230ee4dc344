"""When an activity takes place: a row each time, which answers, attendance and the clock refer to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlmodel import Field, SQLModel

_UPCOMING = text("ended_at IS NULL")


class Occurrence(SQLModel, table=True):
    """Rows are there from publication on. (`branch_no`, `who`) is the notice's channel. `taken` counts those who said
    that they come, where there is a `capacity`. `ended_at` is when it was over or, if `is_cancelled`, called off.
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
