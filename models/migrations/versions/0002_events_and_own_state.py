"""Events, and a counter of each member's that orders what is their own: receipts first."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# SQLite changes a column by copying the table, and does not tell of checks: it is told what the table was.
_RECEIPT = sa.Table(
    "receipt",
    sa.MetaData(),
    sa.Column("notice_id", sa.Uuid(), nullable=False),
    sa.Column("member_id", sa.Uuid(), nullable=False),
    sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
    sa.Column("read_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column("acknowledged_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column("method", sa.String(length=24), nullable=False),
    sa.Column("seq", sa.BigInteger(), nullable=True),
    sa.CheckConstraint("method IN ('self', 'told')", name="ck_receipt_method"),
    sa.ForeignKeyConstraint(["member_id"], ["member.id"], name="fk_receipt_member_id"),
    sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name="fk_receipt_notice_id"),
    sa.PrimaryKeyConstraint("notice_id", "member_id", "revision", name="pk_receipt"),
)
_NUMBER = """
UPDATE receipt SET seq = numbered.seq FROM (
    SELECT notice_id, member_id, revision,
        row_number() OVER (PARTITION BY member_id ORDER BY notice_id, revision) AS seq
    FROM receipt
) AS numbered
WHERE receipt.notice_id = numbered.notice_id AND receipt.member_id = numbered.member_id
    AND receipt.revision = numbered.revision
"""


def upgrade() -> None:
    op.create_table(
        "member_state",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_member_state_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_state")),
    )
    op.create_table(
        "event",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("applied_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_event_member_id")),
        sa.PrimaryKeyConstraint("member_id", "id", name=op.f("pk_event")),
    )
    op.create_index("ix_event_applied_at", "event", ["applied_at"], unique=False)

    op.add_column("receipt", sa.Column("seq", sa.BigInteger(), nullable=True))
    op.execute(_NUMBER)
    op.execute("INSERT INTO member_state (member_id, seq) SELECT member_id, count(*) FROM receipt GROUP BY member_id")
    with op.batch_alter_table("receipt", copy_from=_RECEIPT) as batch_op:
        batch_op.alter_column("seq", existing_type=sa.BigInteger(), nullable=False)
    op.create_index("ix_receipt_member_id_seq", "receipt", ["member_id", "seq"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_receipt_member_id_seq", "receipt")
    with op.batch_alter_table("receipt", copy_from=_RECEIPT) as batch_op:
        batch_op.drop_column("seq")
    op.drop_index("ix_event_applied_at", "event")
    op.drop_table("event")
    op.drop_table("member_state")
