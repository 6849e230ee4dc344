"""How far members are in what they study, and what they marked in it."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_UTC = sqlmodel.sql.sqltypes.UTCDateTime
_TEXT = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.create_table(
        "progress",
        sa.Column("material_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", _TEXT(length=200), nullable=True),
        sa.Column("share", sa.SmallInteger(), nullable=False),
        sa.Column("completed_at", _UTC(), nullable=True),
        *_what_was_said("progress"),
        sa.CheckConstraint("share BETWEEN 0 AND 100", name=op.f("ck_progress_share")),
        sa.PrimaryKeyConstraint("material_id", "member_id", "version", name=op.f("pk_progress")),
    )
    op.create_index("ix_progress_member_id_seq", "progress", ["member_id", "seq"])
    op.create_table(
        "bookmark",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("material_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("locator", _TEXT(length=200), nullable=True),
        sa.Column("note", _TEXT(length=2000), nullable=True),
        *_what_was_said("bookmark"),
        sa.CheckConstraint(
            "(material_id IS NULL) = (version IS NULL) AND (material_id IS NULL) = (locator IS NULL)"
            " AND (note IS NULL OR locator IS NOT NULL)",
            name=op.f("ck_bookmark_removed_whole"),
        ),
        sa.PrimaryKeyConstraint("member_id", "id", name=op.f("pk_bookmark")),
    )
    op.create_index("ix_bookmark_member_id_seq", "bookmark", ["member_id", "seq"])
    op.create_index("ix_bookmark_material_id", "bookmark", ["material_id", "version"])


def _what_was_said(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("said_at", _UTC(), nullable=False),
        sa.Column("said_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f(f"fk_{table}_member_id")),
        sa.ForeignKeyConstraint(
            ["material_id", "version"],
            ["study_version.study_id", "study_version.version"],
            name=f"fk_{table}_material_id_version",
        ),
    )


def downgrade() -> None:
    op.drop_table("bookmark")
    op.drop_table("progress")
