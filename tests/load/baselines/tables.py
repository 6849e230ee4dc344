"""The tables of the baselines that have a database."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, DateTime, Index
from sqlalchemy.orm import registry
from sqlmodel import Field, Relationship, SQLModel


class Table(SQLModel, registry=registry()):
    """Apart from the handbook's own tables of the same names: the bench fills both in one process."""


class Branch(Table, table=True):
    id: UUID = Field(primary_key=True)
    code: str
    name: str


class Notice(Table, table=True):
    __table_args__ = (Index("ix_notice_branch_id_published_at", "branch_id", "published_at", "id"),)

    id: UUID = Field(primary_key=True)
    branch_id: UUID = Field(foreign_key="branch.id")
    branch: Branch = Relationship()
    title: str
    summary: str
    category: str
    priority: str
    requires_ack: bool
    state: str
    revision: int
    published_at: datetime = Field(sa_type=DateTime(timezone=True))
    activity: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))


class Device(Table, table=True):
    id: UUID = Field(primary_key=True)
    generation: int = 0
    used_at: datetime = Field(sa_type=DateTime(timezone=True))


class Receipt(Table, table=True):
    notice_id: UUID = Field(primary_key=True)
    member_id: UUID = Field(primary_key=True)
    read_at: datetime = Field(sa_type=DateTime(timezone=True))
