"""How far a member is in a version of a material, and what they marked and noted in it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, SmallInteger
from sqlmodel import Field, SQLModel

POSITION_MOST = 200
NOTE_MOST = 2000


def _of(table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["material_id", "version"],
        ["study_version.study_id", "study_version.version"],
        name=f"fk_{table}_material_id_version",
    )


class Progress(SQLModel, table=True):
    """`position` is the app's own word for a place, `share` how much lies before it, in percent: the latest by
    (`said_at`, `said_id`), whatever order they come in. `completed_at` is the earliest. `seq` is the number of the
    member's own state at which any of them last changed.
    """

    __tablename__ = "progress"
    __table_args__ = (
        _of("progress"),
        CheckConstraint("share BETWEEN 0 AND 100", name="share"),
        Index("ix_progress_member_id_seq", "member_id", "seq"),
    )

    material_id: UUID = Field(primary_key=True)
    member_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("member.id")])
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    position: str | None = Field(default=None, max_length=POSITION_MOST)
    share: int = Field(sa_type=SmallInteger)
    completed_at: datetime | None = None
    said_at: datetime
    said_id: UUID
    seq: int = Field(sa_type=BigInteger)


class Bookmark(SQLModel, table=True):
    """`id` is made by the app that made the mark, and so is each member's own. What was said last stands, as in
    `Progress`; of what was removed nothing else is kept.
    """

    __tablename__ = "bookmark"
    __table_args__ = (
        _of("bookmark"),
        CheckConstraint(
            "(material_id IS NULL) = (version IS NULL) AND (material_id IS NULL) = (locator IS NULL)"
            " AND (note IS NULL OR locator IS NOT NULL)",
            name="removed_whole",
        ),
        Index("ix_bookmark_member_id_seq", "member_id", "seq"),
        Index("ix_bookmark_material_id", "material_id", "version"),
    )

    member_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("member.id")])
    id: UUID = Field(primary_key=True)
    material_id: UUID | None = None
    version: int | None = None
    locator: str | None = Field(default=None, max_length=POSITION_MOST)
    note: str | None = Field(default=None, max_length=NOTE_MOST)
    said_at: datetime
    said_id: UUID
    seq: int = Field(sa_type=BigInteger)
