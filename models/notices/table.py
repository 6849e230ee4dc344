"""What a branch says, and who has taken note."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, Text, false, text
from sqlmodel import Field, SQLModel

from models.base import choice, new_id


class Category(StrEnum):
    GENERAL = "general"
    ACTIVITY = "activity"
    DOCUMENT = "document"


class Priority(StrEnum):
    NORMAL = "normal"
    URGENT = "urgent"


class NoticeState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


UNSAID = frozenset({NoticeState.DRAFT, NoticeState.SCHEDULED})
"""States of what nobody has heard yet."""


class ReceiptMethod(StrEnum):
    SELF = "self"
    TOLD = "told"


UNCOUNTED_NOTICE = text("(NOT is_counted AND published_at IS NOT NULL)")
UNCOUNTED_RECEIPT = text("(counted = 0 OR (counted = 1 AND acknowledged_at IS NOT NULL))")
"""What of a receipt is not in the tallies yet: of indexes and of whoever asks, in the same words."""


def _due(name: str, column: str, state: NoticeState) -> Index:
    """For the worker: what time makes due, in the order in which it does."""
    where = text(f"state = '{state}' AND {column} IS NOT NULL")
    return Index(name, column, postgresql_where=where, sqlite_where=where)


class Notice(SQLModel, table=True):
    """(`branch_no`, `who`) is its channel, fixed at publication. `ack_revision` is the oldest revision whose
    acknowledgement still counts. `change` is what the newest amendment says of itself.

    `activity` is the JSON of an `ActivityPublic`, `attachments` of a list of `AttachmentPublic`: they are shown whole
    and change with the notice's revision; what is asked of by part has rows of its own (`Occurrence`, `NoticeFile`).
    `publish_at`, `expires_at` and `remind_at` are when something becomes due, `approved_revision` is what a second
    person has approved. `is_counted` once its audience is (`models/tallies`).
    """

    __tablename__ = "notice"
    __table_args__ = (
        CheckConstraint("(published_at IS NULL) = (state IN ('draft', 'scheduled'))", name="published_at"),
        CheckConstraint("(activity IS NOT NULL) = (category = 'activity')", name="activity"),
        Index("ix_notice_channel", "branch_no", "who", "state", "published_at", "id"),
        Index("ix_notice_branch_no", "branch_no", "id"),
        _due("ix_notice_publish_at", "publish_at", NoticeState.SCHEDULED),
        _due("ix_notice_expires_at", "expires_at", NoticeState.PUBLISHED),
        _due("ix_notice_remind_at", "remind_at", NoticeState.PUBLISHED),
        Index("ix_notice_uncounted", "published_at", postgresql_where=UNCOUNTED_NOTICE, sqlite_where=UNCOUNTED_NOTICE),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    branch_no: int = Field(sa_column_args=[ForeignKey("branch.no")])
    who: int = Field(sa_type=SmallInteger)
    author_id: UUID | None = Field(default=None, sa_column_args=[ForeignKey("member.id")])
    title: str = Field(max_length=200)
    body: str = Field(sa_type=Text)
    body_html: str = Field(sa_type=Text)
    summary: str = Field(max_length=400)
    category: Category = Field(sa_type=choice(Category, "category"))
    priority: Priority = Field(sa_type=choice(Priority, "priority"))
    requires_ack: bool = False
    state: NoticeState = Field(default=NoticeState.DRAFT, sa_type=choice(NoticeState, "state"))
    revision: int = 1
    ack_revision: int = 1
    created_at: datetime
    published_at: datetime | None = None
    amended_at: datetime | None = None
    change: str | None = Field(default=None, max_length=500)
    withdrawn_at: datetime | None = None
    withdrawn_reason: str | None = Field(default=None, max_length=500)
    activity: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    attachments: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    publish_at: datetime | None = None
    expires_at: datetime | None = None
    expired_at: datetime | None = None
    remind_at: datetime | None = None
    reminded_at: datetime | None = None
    approved_by: UUID | None = Field(default=None, sa_column_args=[ForeignKey("member.id")])
    approved_revision: int | None = None
    is_counted: bool = Field(default=False, sa_column_kwargs={"server_default": false()})

    @property
    def ended_at(self) -> datetime | None:
        """Since when nobody hears it any more."""
        return self.withdrawn_at or self.expired_at

    @property
    def said_at(self) -> datetime:
        """Since when it says what it says now."""
        return self.amended_at or self.published_at or self.created_at


class NoticeRevision(SQLModel, table=True):
    """What a published notice said before it was amended. `said_at` is when it began to."""

    __tablename__ = "notice_revision"

    notice_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("notice.id")])
    revision: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    title: str = Field(max_length=200)
    body: str = Field(sa_type=Text)
    body_html: str = Field(sa_type=Text)
    category: Category = Field(sa_type=choice(Category, "category"))
    priority: Priority = Field(sa_type=choice(Priority, "priority"))
    requires_ack: bool
    activity: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    expires_at: datetime | None = None
    said_at: datetime
    change: str | None = Field(default=None, max_length=500)
    author_id: UUID | None = Field(default=None, sa_column_args=[ForeignKey("member.id")])


class Receipt(SQLModel, table=True):
    """One a member and revision; times are the earliest that are known. `seq` is the number of the member's own state
    at which it last changed.

    `counted` is what of it is in the tallies: 0 nothing, 1 that it was read, 2 that it was acknowledged; and `also_no`
    the branch under which somebody is counted there who was not in the audience.
    """

    __tablename__ = "receipt"
    __table_args__ = (
        Index("ix_receipt_member_id_seq", "member_id", "seq"),
        Index(
            "ix_receipt_uncounted",
            "notice_id",
            postgresql_where=UNCOUNTED_RECEIPT,
            sqlite_where=UNCOUNTED_RECEIPT,
        ),
    )

    notice_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("notice.id")])
    member_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("member.id")])
    revision: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    read_at: datetime
    acknowledged_at: datetime | None = None
    method: ReceiptMethod = Field(default=ReceiptMethod.SELF, sa_type=choice(ReceiptMethod, "method"))
    seq: int = Field(sa_type=BigInteger)
    counted: int = Field(default=0, sa_type=SmallInteger, sa_column_kwargs={"server_default": "0"})
    also_no: int | None = None
