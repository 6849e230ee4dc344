"""What time makes due: finding it, what failed of it, and when somebody last looked."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_RUNS_OUT = sa.text("ended_at IS NULL AND until IS NOT NULL")


def upgrade() -> None:
    for table in ("membership", "role_grant"):
        op.create_index(f"ix_{table}_until", table, ["until"], postgresql_where=_RUNS_OUT, sqlite_where=_RUNS_OUT)
    op.create_table(
        "setback",
        sa.Column("duty", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("thing", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("retry_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("error", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.PrimaryKeyConstraint("duty", "thing", name=op.f("pk_setback")),
    )
    op.create_table(
        "last_round",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_last_round_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_last_round")),
    )


def downgrade() -> None:
    op.drop_table("last_round")
    op.drop_table("setback")
    for table in ("role_grant", "membership"):
        op.drop_index(f"ix_{table}_until", table)
