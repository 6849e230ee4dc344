"""Attempts at quizzes: begun on the server or on a phone without a network, submitted once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, SmallInteger
from sqlmodel import Field, SQLModel


class Attempt(SQLModel, table=True):
    """`id` is made by whoever began it, the server or a phone, and so is each member's own. `draw_no` says which of the
    version's questions it has; from `due_at` on it is too late, if it is not null.

    What answers are worth is counted once, when they are submitted, and never again. `seq` is the number of the
    member's own state at which the row last changed.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        ForeignKeyConstraint(
            ["quiz_id", "version"],
            ["study_version.study_id", "study_version.version"],
            name="fk_attempt_quiz_id_version",
        ),
        CheckConstraint(
            "(submitted_at IS NULL) = (points IS NULL) AND (submitted_at IS NULL) = (of IS NULL)"
            " AND (submitted_at IS NULL) = (percent IS NULL) AND (submitted_at IS NULL) = (is_passed IS NULL)",
            name="submitted_whole",
        ),
        CheckConstraint("points BETWEEN 0 AND of AND percent BETWEEN 0 AND 100", name="points"),
        Index("ix_attempt_member_id_seq", "member_id", "seq"),
        Index("ix_attempt_member_id_quiz_id", "member_id", "quiz_id"),
        Index("ix_attempt_quiz_id", "quiz_id", "version"),
    )

    member_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("member.id")])
    id: UUID = Field(primary_key=True)
    quiz_id: UUID
    version: int
    draw_no: int = Field(sa_type=SmallInteger)
    started_at: datetime
    due_at: datetime | None = None
    submitted_at: datetime | None = None
    answers: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    points: int | None = None
    of: int | None = None
    percent: int | None = Field(default=None, sa_type=SmallInteger)
    is_passed: bool | None = None
    seq: int = Field(sa_type=BigInteger)
