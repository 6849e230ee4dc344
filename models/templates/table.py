"""Notices to begin from."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey
from sqlmodel import Field, SQLModel, UniqueConstraint

from models.base import new_id

TEMPLATE_NAME = "uq_notice_template_branch_no_name_folded"
"""A branch's templates have different names."""


class NoticeTemplate(SQLModel, table=True):
    """`content` is the JSON of a `TemplateContent`."""

    __tablename__ = "notice_template"
    __table_args__ = (UniqueConstraint("branch_no", "name_folded", name=TEMPLATE_NAME),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    branch_no: int = Field(sa_column_args=[ForeignKey("branch.no")])
    name: str = Field(max_length=200)
    name_folded: str = Field(max_length=400)
    content: dict[str, Any] = Field(sa_type=JSON)
    revision: int = 1
    created_at: datetime
