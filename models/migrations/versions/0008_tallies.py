"""Counters of who has taken note, answered and come, by branch, and whom an audited list showed."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_UTC = sqlmodel.sql.sqltypes.UTCDateTime
_ANSWERS = {"rsvp": ("answer", ("yes", "no", "maybe")), "attendance": ("status", ("present", "excused", "absent"))}
_COUNTED = ("read", "acknowledged", "yes", "no", "maybe", "present", "excused", "absent")
_UNCOUNTED = {
    "notice": (["published_at"], "NOT is_counted AND published_at IS NOT NULL"),
    "occurrence": (["starts_at"], "NOT is_cancelled AND (counted_for IS NULL OR counted_for <> starts_at)"),
    "receipt": (["notice_id"], "counted = 0 OR (counted = 1 AND acknowledged_at IS NOT NULL)"),
    "rsvp": (["notice_id", "occurrence"], "counted IS NULL OR counted <> answer"),
    "attendance": (["notice_id", "occurrence"], "counted IS NULL OR counted <> status"),
}


def upgrade() -> None:
    """What was published before is counted like what is published now: the worker finds it."""
    _create_tables()
    op.add_column("notice", sa.Column("is_counted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("occurrence", sa.Column("counted_for", _UTC(), nullable=True))
    op.add_column("receipt", sa.Column("counted", sa.SmallInteger(), nullable=False, server_default="0"))
    op.add_column("receipt", sa.Column("also_no", sa.Integer(), nullable=True))
    for table, (_, words) in _ANSWERS.items():
        said = sa.Enum(*words, name="counted", native_enum=False, create_constraint=True, length=24)
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("counted", said, nullable=True))
            batch_op.add_column(sa.Column("also_no", sa.Integer(), nullable=True))
    for table, (columns, condition) in _UNCOUNTED.items():
        where = sa.text(condition)
        op.create_index(f"ix_{table}_uncounted", table, columns, postgresql_where=where, sqlite_where=where)
    op.create_index("ix_role_grant_member_id", "role_grant", ["member_id"])


def downgrade() -> None:
    op.drop_index("ix_role_grant_member_id", "role_grant")
    for table in _UNCOUNTED:
        op.drop_index(f"ix_{table}_uncounted", table)
    for table in _ANSWERS:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(batch_op.f(f"ck_{table}_counted"), type_="check")
            batch_op.drop_column("also_no")
            batch_op.drop_column("counted")
    # not in batches, which would make the tables anew, and SQLite would not let go of those that others refer to
    for table, column in (
        ("receipt", "also_no"),
        ("receipt", "counted"),
        ("occurrence", "counted_for"),
        ("notice", "is_counted"),
    ):
        op.drop_column(table, column)
    for table in ("audit_subject", "tally", "tally_head"):
        op.drop_table(table)


def _create_tables() -> None:
    op.create_table(
        "tally_head",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("occurrence", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("at", _UTC(), nullable=False),
        sa.Column("ack_revision", sa.Integer(), nullable=False),
        sa.Column("counted_at", _UTC(), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_tally_head_notice_id")),
        sa.PrimaryKeyConstraint("notice_id", "occurrence", name=op.f("pk_tally_head")),
    )
    path = sa.String(length=200).with_variant(sa.String(length=200, collation="C"), "postgresql")
    op.create_table(
        "tally",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("occurrence", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("branch_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("parent_no", sa.Integer(), nullable=True),
        sa.Column("path", path, nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("eligible", *_COUNTED, *(f"also_{name}" for name in _COUNTED))
        ),
        sa.PrimaryKeyConstraint("notice_id", "occurrence", "branch_no", name=op.f("pk_tally")),
    )
    op.create_index("ix_tally_parent_no", "tally", ["notice_id", "occurrence", "parent_no"])
    op.create_index("ix_tally_path", "tally", ["notice_id", "occurrence", "path"])
    op.create_table(
        "audit_subject",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["audit_event.id"], name=op.f("fk_audit_subject_event_id")),
        sa.PrimaryKeyConstraint("member_id", "event_id", name=op.f("pk_audit_subject")),
    )
