"""Devices, and how members wish to be told of news."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_UTC = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.add_column("branch", sa.Column("push_titles", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "device",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=24), nullable=False),
        sa.Column("destination", sa.String(length=4000), nullable=False),
        sa.Column("address_digest", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("created_at", _UTC(), nullable=False),
        sa.Column("seen_at", _UTC(), nullable=False),
        sa.Column("ended_at", _UTC(), nullable=True),
        sa.Column("end_reason", sa.String(length=24), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_device_member_id")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_device_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
    )
    is_open = sa.text("ended_at IS NULL")
    op.create_index("ix_device_member_id", "device", ["member_id"], postgresql_where=is_open, sqlite_where=is_open)
    op.create_index("ix_device_session_id", "device", ["session_id"])
    op.create_index("ix_device_seen_at", "device", ["seen_at"], postgresql_where=is_open, sqlite_where=is_open)
    op.create_index(
        "uq_device_address_digest",
        "device",
        ["address_digest"],
        unique=True,
        postgresql_where=is_open,
        sqlite_where=is_open,
    )
    op.create_table(
        "preference",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("muted", sa.JSON(), nullable=False),
        sa.Column("email", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_preference_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_preference")),
    )


def downgrade() -> None:
    op.drop_column("branch", "push_titles")
    op.drop_table("preference")
    op.drop_table("device")
