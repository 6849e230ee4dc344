"""Activities and all that goes with notices: answers, attendance, attachments, templates, calendars, what is due."""

from collections.abc import Mapping

import sqlalchemy as sa
import sqlmodel
from alembic import op
from alembic.operations import BatchOperations

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_UTC = sqlmodel.sql.sqltypes.UTCDateTime
_DUE = {"publish_at": "scheduled", "expires_at": "published", "remind_at": "published"}
_BEFORE = {
    "category": "category IN ('general', 'document')",
    "state": "state IN ('draft', 'published', 'withdrawn')",
    "published_at": "(published_at IS NULL) = (state = 'draft')",
}
_AFTER = {
    "category": "category IN ('general', 'activity', 'document')",
    "state": "state IN ('draft', 'scheduled', 'published', 'withdrawn', 'expired')",
    "published_at": "(published_at IS NULL) = (state IN ('draft', 'scheduled'))",
}
_ACTIVITY = "(activity IS NOT NULL) = (category = 'activity')"


def upgrade() -> None:
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("activity", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("attachments", sa.JSON(), nullable=False, server_default="[]"))
        for name in ("publish_at", "expires_at", "expired_at", "remind_at", "reminded_at"):
            batch_op.add_column(sa.Column(name, _UTC(), nullable=True))
        batch_op.add_column(sa.Column("approved_by", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("approved_revision", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_notice_approved_by"), "member", ["approved_by"], ["id"])
        _replace(batch_op, "notice", _AFTER)
        batch_op.create_check_constraint(batch_op.f("ck_notice_activity"), sa.text(_ACTIVITY))
    for name, state in _DUE.items():
        where = sa.text(f"state = '{state}' AND {name} IS NOT NULL")
        op.create_index(f"ix_notice_{name}", "notice", [name], postgresql_where=where, sqlite_where=where)
    with op.batch_alter_table("notice_revision", schema=None) as batch_op:
        batch_op.add_column(sa.Column("activity", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("expires_at", _UTC(), nullable=True))
        _replace(batch_op, "notice_revision", {"category": _AFTER["category"]})
    _create_tables()


def downgrade() -> None:
    """What is scheduled is a draft again, what has expired was withdrawn then, an activity is a notice of its time."""
    for table in ("attendance", "rsvp", "occurrence", "notice_file", "outbox_message", "notice_template"):
        op.drop_table(table)
    op.drop_table("calendar_token")
    for name in _DUE:
        op.drop_index(f"ix_notice_{name}", "notice")
    with op.batch_alter_table("notice_revision", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_notice_revision_category"), type_="check")
    op.execute("UPDATE notice_revision SET category = 'general' WHERE category = 'activity'")
    with op.batch_alter_table("notice_revision", schema=None) as batch_op:
        batch_op.create_check_constraint(batch_op.f("ck_notice_revision_category"), sa.text(_BEFORE["category"]))
        batch_op.drop_column("expires_at")
        batch_op.drop_column("activity")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        for name in (*_BEFORE, "activity"):
            batch_op.drop_constraint(batch_op.f(f"ck_notice_{name}"), type_="check")
    op.execute("UPDATE notice SET state = 'draft' WHERE state = 'scheduled'")
    op.execute("UPDATE notice SET state = 'withdrawn', withdrawn_at = expired_at WHERE state = 'expired'")
    op.execute("UPDATE notice SET category = 'general' WHERE category = 'activity'")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        for name, condition in _BEFORE.items():
            batch_op.create_check_constraint(batch_op.f(f"ck_notice_{name}"), sa.text(condition))
        batch_op.drop_constraint(batch_op.f("fk_notice_approved_by"), type_="foreignkey")
        for name in ("activity", "attachments", "publish_at", "expires_at", "expired_at", "remind_at", "reminded_at"):
            batch_op.drop_column(name)
        for name in ("approved_by", "approved_revision"):
            batch_op.drop_column(name)


def _replace(batch_op: BatchOperations, table: str, conditions: Mapping[str, str]) -> None:
    for name, condition in conditions.items():
        batch_op.drop_constraint(batch_op.f(f"ck_{table}_{name}"), type_="check")
        batch_op.create_check_constraint(batch_op.f(f"ck_{table}_{name}"), sa.text(condition))


def _create_tables() -> None:
    op.create_table(
        "notice_template",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("branch_no", sa.Integer(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("name_folded", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["branch_no"], ["branch.no"], name=op.f("fk_notice_template_branch_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_template")),
        sa.UniqueConstraint("branch_no", "name_folded", name="uq_notice_template_branch_no_name_folded"),
    )
    op.create_table(
        "calendar_token",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_calendar_token_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_calendar_token")),
        sa.UniqueConstraint("digest", name="uq_calendar_token_digest"),
    )
    op.create_table(
        "notice_file",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_notice_file_notice_id")),
        sa.ForeignKeyConstraint(["sha256"], ["file.sha256"], name=op.f("fk_notice_file_sha256")),
        sa.PrimaryKeyConstraint("notice_id", "sha256", name=op.f("pk_notice_file")),
    )
    with op.batch_alter_table("notice_file", schema=None) as batch_op:
        batch_op.create_index("ix_notice_file_sha256", ["sha256"], unique=False)

    op.create_table(
        "occurrence",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("no", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("branch_no", sa.Integer(), nullable=False),
        sa.Column("who", sa.SmallInteger(), nullable=False),
        sa.Column("starts_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ends_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("rsvp_by", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("is_cancelled", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "taken >= 0 AND (capacity IS NULL OR taken <= capacity)", name=op.f("ck_occurrence_capacity")
        ),
        sa.ForeignKeyConstraint(["branch_no"], ["branch.no"], name=op.f("fk_occurrence_branch_no")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_occurrence_notice_id")),
        sa.PrimaryKeyConstraint("notice_id", "no", name=op.f("pk_occurrence")),
    )
    with op.batch_alter_table("occurrence", schema=None) as batch_op:
        batch_op.create_index(
            "ix_occurrence_channel",
            ["branch_no", "who", "starts_at"],
            unique=False,
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index(
            "ix_occurrence_ends_at",
            ["ends_at"],
            unique=False,
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "outbox_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "cause",
            sa.Enum(
                "notice.published",
                "notice.amended",
                "notice.withdrawn",
                "notice.reminded",
                name="cause",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("branch_no", sa.Integer(), nullable=False),
        sa.Column("who", sa.SmallInteger(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("sent_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["branch_no"], ["branch.no"], name=op.f("fk_outbox_message_branch_no")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_outbox_message_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
    )
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_message_due",
            ["urgent", "id"],
            unique=False,
            postgresql_where=sa.text("sent_at IS NULL"),
            sqlite_where=sa.text("sent_at IS NULL"),
        )
        batch_op.create_index("ix_outbox_message_notice_id", ["notice_id"], unique=False)

    op.create_table(
        "attendance",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("occurrence", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "present", "excused", "absent", name="status", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column(
            "method",
            sa.Enum(
                "secretary", "code", "assisted", name="method", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("said_id", sa.Uuid(), nullable=False),
        sa.Column("marked_by", sa.Uuid(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["marked_by"], ["member.id"], name=op.f("fk_attendance_marked_by")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_attendance_member_id")),
        sa.ForeignKeyConstraint(
            ["notice_id", "occurrence"],
            ["occurrence.notice_id", "occurrence.no"],
            name="fk_attendance_notice_id_occurrence",
        ),
        sa.PrimaryKeyConstraint("notice_id", "occurrence", "member_id", name=op.f("pk_attendance")),
    )
    with op.batch_alter_table("attendance", schema=None) as batch_op:
        batch_op.create_index("ix_attendance_member_id_seq", ["member_id", "seq"], unique=False)

    op.create_table(
        "rsvp",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("occurrence", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column(
            "answer",
            sa.Enum("yes", "no", "maybe", name="answer", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("note", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("said_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_rsvp_member_id")),
        sa.ForeignKeyConstraint(
            ["notice_id", "occurrence"], ["occurrence.notice_id", "occurrence.no"], name="fk_rsvp_notice_id_occurrence"
        ),
        sa.PrimaryKeyConstraint("notice_id", "occurrence", "member_id", name=op.f("pk_rsvp")),
    )
    with op.batch_alter_table("rsvp", schema=None) as batch_op:
        batch_op.create_index("ix_rsvp_member_id_seq", ["member_id", "seq"], unique=False)
