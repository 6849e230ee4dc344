"""What members answer to an activity, and who was there: a row an occurrence and member."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, TextClause, text
from sqlmodel import Field, SQLModel

from models.base import choice


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


class AttendanceStatus(StrEnum):
    PRESENT = "present"
    EXCUSED = "excused"
    ABSENT = "absent"


class AttendanceMethod(StrEnum):
    """How it is known: from the secretary's list, by a code that the member scanned, or by somebody who helped."""

    SECRETARY = "secretary"
    CODE = "code"
    ASSISTED = "assisted"


def uncounted(column: str) -> TextClause:
    """What is not in the tallies as it is now: of indexes and of whoever asks, in the same words."""
    return text(f"(counted IS NULL OR counted <> {column})")


def _uncounted(table: str, column: str) -> Index:
    where = uncounted(column)
    return Index(f"ix_{table}_uncounted", "notice_id", "occurrence", postgresql_where=where, sqlite_where=where)


def _of(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["notice_id", "occurrence"], ["occurrence.notice_id", "occurrence.no"], name=f"fk_{table}_notice_id_occurrence"
    )


class Rsvp(SQLModel, table=True):
    """The latest answer by (`at`, `said_id`), whatever order answers come in. `seq` is the number of the member's own
    state at which it last changed. `counted` is the answer that is in the tallies; `also_no` as in `Receipt`.
    """

    __tablename__ = "rsvp"
    __table_args__ = (_of("rsvp"), Index("ix_rsvp_member_id_seq", "member_id", "seq"), _uncounted("rsvp", "answer"))

    notice_id: UUID = Field(primary_key=True)
    occurrence: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    member_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("member.id")])
    answer: Answer = Field(sa_type=choice(Answer, "answer"))
    note: str | None = Field(default=None, max_length=500)
    at: datetime
    said_id: UUID
    seq: int = Field(sa_type=BigInteger)
    counted: Answer | None = Field(default=None, sa_type=choice(Answer, "counted"))
    also_no: int | None = None


class Attendance(SQLModel, table=True):
    """`marked_by` is who said so, where it was not the member. `seq`, `counted` and `also_no` as in `Rsvp`."""

    __tablename__ = "attendance"
    __table_args__ = (
        _of("attendance"),
        Index("ix_attendance_member_id_seq", "member_id", "seq"),
        _uncounted("attendance", "status"),
    )

    notice_id: UUID = Field(primary_key=True)
    occurrence: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    member_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("member.id")])
    status: AttendanceStatus = Field(sa_type=choice(AttendanceStatus, "status"))
    method: AttendanceMethod = Field(sa_type=choice(AttendanceMethod, "method"))
    at: datetime
    said_id: UUID
    marked_by: UUID | None = Field(default=None, sa_column_args=[ForeignKey("member.id")])
    seq: int = Field(sa_type=BigInteger)
    counted: AttendanceStatus | None = Field(default=None, sa_type=choice(AttendanceStatus, "counted"))
    also_no: int | None = None
