"""What there is to study, its published versions, and what they hold."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, text
from sqlmodel import Field, SQLModel

from models.base import choice, new_id


class StudyKind(StrEnum):
    MATERIAL = "material"
    COLLECTION = "collection"
    QUIZ = "quiz"


class StudyState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


TO_REMIND = text("(state = 'published' AND remind_at IS NOT NULL)")
DRAFT = 0
"""The version that files of what is being edited are noted under."""


class Study(SQLModel, table=True):
    """A material, a collection or a quiz. (`branch_no`, `who`) is its channel, fixed when it is first published;
    `slug` is what editors call it, in its branch and kind.

    `draft` is the JSON of the kind's content as it is being edited, which nobody but editors sees; `version` is the
    one that members read, 0 as long as there is none; `revision` moves with every change of either. `remind_at` is when
    those are reminded who have not studied a collection that is due soon.
    """

    __tablename__ = "study"
    __table_args__ = (
        CheckConstraint("(published_at IS NULL) = (version = 0)", name="published_at"),
        CheckConstraint("(superseded_by IS NULL) = (state <> 'superseded')", name="superseded_by"),
        Index("uq_study_slug", "branch_no", "kind", "slug", unique=True),
        Index("ix_study_channel", "branch_no", "who", "kind", "state", "published_at", "id"),
        Index("ix_study_branch_no", "branch_no", "id"),
        Index("ix_study_remind_at", "remind_at", postgresql_where=TO_REMIND, sqlite_where=TO_REMIND),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: StudyKind = Field(sa_type=choice(StudyKind, "kind"))
    branch_no: int = Field(sa_column_args=[ForeignKey("branch.no")])
    who: int = Field(sa_type=SmallInteger)
    slug: str = Field(max_length=80)
    state: StudyState = Field(default=StudyState.DRAFT, sa_type=choice(StudyState, "state"))
    revision: int = 1
    version: int = 0
    draft: dict[str, Any] = Field(sa_type=JSON)
    author_id: UUID | None = Field(default=None, sa_column_args=[ForeignKey("member.id")])
    created_at: datetime
    published_at: datetime | None = None
    withdrawn_at: datetime | None = None
    withdrawn_reason: str | None = Field(default=None, max_length=500)
    superseded_by: UUID | None = Field(default=None, sa_column_args=[ForeignKey("study.id")])
    remind_at: datetime | None = None


class StudyVersion(SQLModel, table=True):
    """What was published, never changed again. `said` is the JSON of the content as its editor wrote it, answers of
    quizzes included; `card` what lists show of it beside title and summary, `shown` the rest of what members read.
    """

    __tablename__ = "study_version"

    study_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("study.id")])
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    title: str = Field(max_length=200)
    summary: str = Field(max_length=400)
    said: dict[str, Any] = Field(sa_type=JSON)
    card: dict[str, Any] = Field(sa_type=JSON)
    shown: dict[str, Any] = Field(sa_type=JSON)
    change: str | None = Field(default=None, max_length=500)
    author_id: UUID | None = Field(default=None, sa_column_args=[ForeignKey("member.id")])
    published_at: datetime


class StudyFile(SQLModel, table=True):
    """That a version holds a file; version 0 is the draft. How it is named is said in the version."""

    __tablename__ = "study_file"
    __table_args__ = (Index("ix_study_file_sha256", "sha256"),)

    study_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("study.id")])
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    sha256: str = Field(primary_key=True, max_length=64, sa_column_args=[ForeignKey("file.sha256")])


class StudyItem(SQLModel, table=True):
    """What a version of a collection holds, in order."""

    __tablename__ = "study_item"
    __table_args__ = (
        ForeignKeyConstraint(
            ["collection_id", "version"],
            ["study_version.study_id", "study_version.version"],
            name="fk_study_item_collection_id",
        ),
        Index("ix_study_item_item_id", "item_id"),
    )

    collection_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    position: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    item_id: UUID = Field(sa_column_args=[ForeignKey("study.id")])
    is_required: bool
