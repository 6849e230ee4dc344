"""What a branch says, and who has taken note."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, Text
from sqlmodel import Field, SQLModel

from models.base import choice, new_id


class Category(StrEnum):
    GENERAL = "general"
    DOCUMENT = "document"


class Priority(StrEnum):
    NORMAL = "normal"
    URGENT = "urgent"


class NoticeState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class ReceiptMethod(StrEnum):
    SELF = "self"
    TOLD = "told"


class Notice(SQLModel, table=True):
    """(`branch_no`, `who`) is its channel, fixed at publication. `ack_revision` is the oldest revision whose
    acknowledgement still counts. `change` is what the newest amendment says of itself.
    """

    __tablename__ = "notice"
    __table_args__ = (
        CheckConstraint("(published_at IS NULL) = (state = 'draft')", name="published_at"),
        Index("ix_notice_channel", "branch_no", "who", "state", "published_at", "id"),
        Index("ix_notice_branch_no", "branch_no", "id"),
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
    said_at: datetime
    change: str | None = Field(default=None, max_length=500)
    author_id: UUID | None = Field(default=None, sa_column_args=[ForeignKey("member.id")])


class Receipt(SQLModel, table=True):
    """One a member and revision; times are the earliest that are known. `seq` is the number of the member's own state
    at which it last changed.
    """

    __tablename__ = "receipt"
    __table_args__ = (Index("ix_receipt_member_id_seq", "member_id", "seq"),)

    notice_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("notice.id")])
    member_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("member.id")])
    revision: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    read_at: datetime
    acknowledged_at: datetime | None = None
    method: ReceiptMethod = Field(default=ReceiptMethod.SELF, sa_type=choice(ReceiptMethod, "method"))
    seq: int = Field(sa_type=BigInteger)
