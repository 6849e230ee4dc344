"""Attempts at quizzes."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_UTC = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("quiz_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("draw_no", sa.SmallInteger(), nullable=False),
        sa.Column("started_at", _UTC(), nullable=False),
        sa.Column("due_at", _UTC(), nullable=True),
        sa.Column("submitted_at", _UTC(), nullable=True),
        sa.Column("answers", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.Column("of", sa.Integer(), nullable=True),
        sa.Column("percent", sa.SmallInteger(), nullable=True),
        sa.Column("is_passed", sa.Boolean(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(submitted_at IS NULL) = (points IS NULL) AND (submitted_at IS NULL) = (of IS NULL)"
            " AND (submitted_at IS NULL) = (percent IS NULL) AND (submitted_at IS NULL) = (is_passed IS NULL)",
            name=op.f("ck_attempt_submitted_whole"),
        ),
        sa.CheckConstraint("points BETWEEN 0 AND of AND percent BETWEEN 0 AND 100", name=op.f("ck_attempt_points")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_attempt_member_id")),
        sa.ForeignKeyConstraint(
            ["quiz_id", "version"],
            ["study_version.study_id", "study_version.version"],
            name="fk_attempt_quiz_id_version",
        ),
        sa.PrimaryKeyConstraint("member_id", "id", name=op.f("pk_attempt")),
    )
    op.create_index("ix_attempt_member_id_quiz_id", "attempt", ["member_id", "quiz_id"])
    op.create_index("ix_attempt_member_id_seq", "attempt", ["member_id", "seq"])
    op.create_index("ix_attempt_quiz_id", "attempt", ["quiz_id", "version"])


def downgrade() -> None:
    op.drop_table("attempt")
