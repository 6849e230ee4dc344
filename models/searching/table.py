"""What can be found."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Identity, Index, Integer, SmallInteger, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel

from models.base import choice


class FoundKind(StrEnum):
    NOTICE = "notice"
    MATERIAL = "material"
    COLLECTION = "collection"
    QUIZ = "quiz"


class SearchDocument(SQLModel, table=True):
    """One a thing that is published now. `no` grows with every publication, so that the newest are those with the
    greatest numbers. No foreign keys: it is made anew from what it speaks of.

    `words` holds the lexemes of `models.searching.lexemes`, as PostgreSQL's tsvector, or as text that SQLite's FTS5
    table `search_words` indexes (triggers keep it so).
    """

    __tablename__ = "search_document"
    __table_args__ = (
        Index("uq_search_document_thing_id", "thing_id", unique=True),
        Index("ix_search_document_channel", "branch_no", "who"),
    )

    no: int | None = Field(default=None, primary_key=True, sa_type=Integer, sa_column_args=[Identity(always=False)])
    thing_id: UUID
    kind: FoundKind = Field(sa_type=choice(FoundKind, "kind"))
    branch_no: int
    who: int = Field(sa_type=SmallInteger)
    title: str = Field(max_length=200)
    text: str = Field(sa_type=Text)
    category: str | None = Field(default=None, max_length=24)
    level: str | None = Field(default=None, max_length=24)
    version: int
    published_at: datetime
    words: Any = Field(sa_type=Text().with_variant(TSVECTOR(), "postgresql"))
