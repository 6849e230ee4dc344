"""Which events have been applied."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlmodel import Field, SQLModel


class Event(SQLModel, table=True):
    """One that was applied: the constraint on its id is what applies it once. A refused one leaves no row."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_applied_at", "applied_at"),)

    member_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("member.id")])
    id: UUID = Field(primary_key=True)
    digest: str = Field(max_length=64)
    applied_at: datetime
