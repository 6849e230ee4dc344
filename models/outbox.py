"""What is to be told to devices, written in the transaction of its cause; delivery picks it up."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel

from models.base import choice, new_id
from models.database import now


class Cause(StrEnum):
    NOTICE_PUBLISHED = "notice.published"
    NOTICE_AMENDED = "notice.amended"
    NOTICE_WITHDRAWN = "notice.withdrawn"
    NOTICE_REMINDED = "notice.reminded"


class OutboxMessage(SQLModel, table=True):
    """One cause, for all whom it concerns: who that is, is resolved when it is sent. (`branch_no`, `who`) is the
    channel that it speaks to.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index(
            "ix_outbox_message_due",
            "urgent",
            "id",
            postgresql_where=text("sent_at IS NULL"),
            sqlite_where=text("sent_at IS NULL"),
        ),
        Index("ix_outbox_message_notice_id", "notice_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    cause: Cause = Field(sa_type=choice(Cause, "cause"))
    notice_id: UUID = Field(sa_column_args=[ForeignKey("notice.id")])
    revision: int
    branch_no: int = Field(sa_column_args=[ForeignKey("branch.no")])
    who: int = Field(sa_type=SmallInteger)
    urgent: bool
    created_at: datetime
    sent_at: datetime | None = None


def enqueue(
    session: AsyncSession, cause: Cause, notice_id: UUID, revision: int, channel: tuple[int, int], *, urgent: bool
) -> None:
    """Queue one message about a notice for its channel, in this transaction."""
    branch_no, who = channel
    session.add(
        OutboxMessage(
            cause=cause,
            notice_id=notice_id,
            revision=revision,
            branch_no=branch_no,
            who=who,
            urgent=urgent,
            created_at=now(session),
        )
    )
