"""What there is to study: materials, collections, quizzes, and their versions."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_UTC = sqlmodel.sql.sqltypes.UTCDateTime


def _choice(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    op.create_table(
        "study",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", _choice("kind", "material", "collection", "quiz"), nullable=False),
        sa.Column("branch_no", sa.Integer(), nullable=False),
        sa.Column("who", sa.SmallInteger(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("state", _choice("state", "draft", "published", "withdrawn", "superseded"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("draft", sa.JSON(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", _UTC(), nullable=False),
        sa.Column("published_at", _UTC(), nullable=True),
        sa.Column("withdrawn_at", _UTC(), nullable=True),
        sa.Column("withdrawn_reason", sa.String(length=500), nullable=True),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(superseded_by IS NULL) = (state <> 'superseded')", name=op.f("ck_study_superseded_by")),
        sa.CheckConstraint("(published_at IS NULL) = (version = 0)", name=op.f("ck_study_published_at")),
        sa.ForeignKeyConstraint(["author_id"], ["member.id"], name=op.f("fk_study_author_id")),
        sa.ForeignKeyConstraint(["branch_no"], ["branch.no"], name=op.f("fk_study_branch_no")),
        sa.ForeignKeyConstraint(["superseded_by"], ["study.id"], name=op.f("fk_study_superseded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study")),
    )
    op.create_index("ix_study_branch_no", "study", ["branch_no", "id"])
    op.create_index("ix_study_channel", "study", ["branch_no", "who", "kind", "state", "published_at", "id"])
    op.create_index("uq_study_slug", "study", ["branch_no", "kind", "slug"], unique=True)
    op.create_table(
        "study_version",
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.String(length=400), nullable=False),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("said", "card", "shown")),
        sa.Column("change", sa.String(length=500), nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("published_at", _UTC(), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["member.id"], name=op.f("fk_study_version_author_id")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_study_version_study_id")),
        sa.PrimaryKeyConstraint("study_id", "version", name=op.f("pk_study_version")),
    )
    op.create_table(
        "study_file",
        sa.Column("study_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["file.sha256"], name=op.f("fk_study_file_sha256")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_study_file_study_id")),
        sa.PrimaryKeyConstraint("study_id", "version", "sha256", name=op.f("pk_study_file")),
    )
    op.create_index("ix_study_file_sha256", "study_file", ["sha256"])
    op.create_table(
        "study_item",
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id", "version"],
            ["study_version.study_id", "study_version.version"],
            name="fk_study_item_collection_id",
        ),
        sa.ForeignKeyConstraint(["item_id"], ["study.id"], name=op.f("fk_study_item_item_id")),
        sa.PrimaryKeyConstraint("collection_id", "version", "position", name=op.f("pk_study_item")),
    )
    op.create_index("ix_study_item_item_id", "study_item", ["item_id"])


def downgrade() -> None:
    for table in ("study_item", "study_file", "study_version", "study"):
        op.drop_table(table)
