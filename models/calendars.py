"""A member's activities for calendar apps, which cannot sign in: whoever has the token may read them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlmodel import Field, SQLModel, UniqueConstraint

TOKEN_DIGEST = "uq_calendar_token_digest"  # noqa: S105 - the name of a constraint


class CalendarToken(SQLModel, table=True):
    """One a member: a new one ends the one before. Of the token only the digest is kept."""

    __tablename__ = "calendar_token"
    __table_args__ = (UniqueConstraint("digest", name=TOKEN_DIGEST),)

    member_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("member.id")])
    digest: str = Field(max_length=64)
    created_at: datetime
