"""Files that were sent and by whom, their CRC-32 and text, and when to ask whether anything refers to them."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_UTC = sqlmodel.sql.sqltypes.UTCDateTime
_AT_ONCE = "2000-01-01 00:00:00.000000"


def upgrade() -> None:
    """What is there already is asked about at once: most of it is referred to, and rests for a month then."""
    op.add_column("file", sa.Column("crc32", sa.BigInteger(), nullable=True))
    op.add_column("file", sa.Column("review_at", _UTC(), nullable=False, server_default=_AT_ONCE))
    op.create_index("ix_file_review_at", "file", ["review_at"])
    op.create_index("ix_file_variant_sha256", "file_variant", ["sha256"])
    op.create_table(
        "cleared_file",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("cleared_at", _UTC(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_cleared_file")),
    )
    op.create_table(
        "upload",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("uploaded_at", _UTC(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_upload_member_id")),
        sa.ForeignKeyConstraint(["sha256"], ["file.sha256"], name=op.f("fk_upload_sha256")),
        sa.PrimaryKeyConstraint("sha256", "member_id", name=op.f("pk_upload")),
    )
    op.create_table(
        "file_text",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("is_scanned", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["file.sha256"], name=op.f("fk_file_text_sha256")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_file_text")),
    )


def downgrade() -> None:
    op.drop_table("file_text")
    op.drop_table("upload")
    op.drop_table("cleared_file")
    op.drop_index("ix_file_variant_sha256", "file_variant")
    op.drop_index("ix_file_review_at", "file")
    op.drop_column("file", "review_at")
    op.drop_column("file", "crc32")
