"""Pictures are kept narrower too."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "file_variant",
        sa.Column("of", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("width", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.ForeignKeyConstraint(["of"], ["file.sha256"], name=op.f("fk_file_variant_of")),
        sa.ForeignKeyConstraint(["sha256"], ["file.sha256"], name=op.f("fk_file_variant_sha256")),
        sa.PrimaryKeyConstraint("of", "width", name=op.f("pk_file_variant")),
    )


def downgrade() -> None:
    op.drop_table("file_variant")
