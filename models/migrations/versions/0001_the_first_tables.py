"""The first tables."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "branch",
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "code", sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("name_folded", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "central",
                "province",
                "commune",
                "base",
                "cell",
                "group",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("parent_no", sa.Integer(), nullable=True),
        sa.Column(
            "path",
            sa.String(length=120).with_variant(sa.String(length=120, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "active", "merged", "dissolved", name="status", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column("successor_no", sa.Integer(), nullable=True),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["parent_no"], ["branch.no"], name=op.f("fk_branch_parent_no")),
        sa.ForeignKeyConstraint(["successor_no"], ["branch.no"], name=op.f("fk_branch_successor_no")),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_branch")),
    )
    with op.batch_alter_table("branch", schema=None) as batch_op:
        batch_op.create_index("ix_branch_parent_no", ["parent_no", "code"], unique=False)
        batch_op.create_index("uq_branch_code", ["code"], unique=True)
        batch_op.create_index("uq_branch_id", ["id"], unique=True)
        batch_op.create_index("uq_branch_path", ["path"], unique=True)

    op.create_table(
        "change",
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(length=48), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("thing_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "kind", "thing_id", name=op.f("pk_change")),
    )
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.create_index("ix_change_channel_seq", ["channel", "seq"], unique=False)
        batch_op.create_index("ix_change_seq", ["seq"], unique=False)
        batch_op.create_index("ix_change_topic_at", ["topic", "at"], unique=False)

    op.create_table(
        "channel_version",
        sa.Column("channel", sqlmodel.sql.sqltypes.AutoString(length=48), nullable=False),
        sa.Column("topic", sqlmodel.sql.sqltypes.AutoString(length=16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "topic", name=op.f("pk_channel_version")),
    )
    with op.batch_alter_table("channel_version", schema=None) as batch_op:
        batch_op.create_index("ix_channel_version_seq", ["seq"], unique=False)

    op.create_table(
        "file",
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("media_type", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_file")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("owner", sqlmodel.sql.sqltypes.AutoString(length=36), nullable=False),
        sa.Column("route", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("request_digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "route", "key", name=op.f("pk_idempotency_key")),
    )
    with op.batch_alter_table("idempotency_key", schema=None) as batch_op:
        batch_op.create_index("ix_idempotency_key_created_at", ["created_at"], unique=False)

    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("timeline", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_log_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_head")),
    )
    op.create_table(
        "lost_range",
        sa.Column("first", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("first", name=op.f("pk_lost_range")),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("action", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("target_kind", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("branch_no", sa.Integer(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("request_id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.ForeignKeyConstraint(["branch_no"], ["branch.no"], name=op.f("fk_audit_event_branch_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index("ix_audit_event_branch_no", ["branch_no", "id"], unique=False)
        batch_op.create_index("ix_audit_event_target", ["target_kind", "target_id", "id"], unique=False)

    op.create_table(
        "member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "member_no",
            sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("full_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("full_name_folded", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=False),
        sa.Column(
            "sort_key",
            sa.String(length=400).with_variant(sa.String(length=400, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column(
            "gender",
            sa.Enum("male", "female", name="gender", native_enum=False, create_constraint=True, length=24),
            nullable=True,
        ),
        sa.Column("phone", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(length=254), nullable=True),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("national_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("national_id_digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("admitted_on", sa.Date(), nullable=True),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "probationary",
                "full",
                "suspended",
                "left",
                "deceased",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("photo", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["photo"], ["file.sha256"], name=op.f("fk_member_photo")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
    )
    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.create_index("ix_member_email", ["email"], unique=False)
        batch_op.create_index("ix_member_phone", ["phone"], unique=False)
        batch_op.create_index("ix_member_photo", ["photo"], unique=False)
        batch_op.create_index("ix_member_sort_key", ["sort_key", "id"], unique=False)
        batch_op.create_index("uq_member_member_no", ["member_no"], unique=True)
        batch_op.create_index("uq_member_national_id_digest", ["national_id_digest"], unique=True)

    op.create_table(
        "account",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("password_set_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("activation_digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("activation_expires_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("disabled_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_account_member_id")),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_account")),
    )
    op.create_table(
        "membership",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("branch_no", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("primary", "temporary", name="kind", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("started_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column(
            "end_reason",
            sa.Enum(
                "transferred",
                "expired",
                "corrected",
                "closed",
                name="end_reason",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("granted_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["branch_no"], ["branch.no"], name=op.f("fk_membership_branch_no")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_membership_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index("ix_membership_branch_no", ["branch_no", "ended_at"], unique=False)
        batch_op.create_index("ix_membership_member_id", ["member_id"], unique=False)
        batch_op.create_index(
            "uq_membership_open",
            ["member_id", "kind"],
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("branch_no", sa.Integer(), nullable=False),
        sa.Column("who", sa.SmallInteger(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("summary", sqlmodel.sql.sqltypes.AutoString(length=400), nullable=False),
        sa.Column(
            "category",
            sa.Enum("general", "document", name="category", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column(
            "priority",
            sa.Enum("normal", "urgent", name="priority", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("requires_ack", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft", "published", "withdrawn", name="state", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("ack_revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("published_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("withdrawn_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("withdrawn_reason", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.CheckConstraint("(published_at IS NULL) = (state = 'draft')", name=op.f("ck_notice_published_at")),
        sa.ForeignKeyConstraint(["author_id"], ["member.id"], name=op.f("fk_notice_author_id")),
        sa.ForeignKeyConstraint(["branch_no"], ["branch.no"], name=op.f("fk_notice_branch_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("ix_notice_branch_no", ["branch_no", "id"], unique=False)
        batch_op.create_index("ix_notice_channel", ["branch_no", "who", "state", "published_at", "id"], unique=False)

    op.create_table(
        "role_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("branch_no", sa.Integer(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "admin",
                "secretary",
                "deputy",
                "clerk",
                "editor",
                "auditor",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("started_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("end_reason", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=True),
        sa.Column("granted_by", sa.Uuid(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["branch_no"], ["branch.no"], name=op.f("fk_role_grant_branch_no")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_role_grant_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
    )
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.create_index("ix_role_grant_branch_no", ["branch_no", "ended_at"], unique=False)
        batch_op.create_index(
            "uq_role_grant_open",
            ["member_id", "branch_no", "role"],
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("device_name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column(
            "device_platform",
            sa.Enum(
                "android",
                "ios",
                "web",
                "other",
                name="device_platform",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("address", sqlmodel.sql.sqltypes.AutoString(length=45), nullable=True),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("used_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("end_reason", sqlmodel.sql.sqltypes.AutoString(length=24), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_session_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
    )
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.create_index("ix_session_member_id", ["member_id"], unique=False)

    op.create_table(
        "receipt",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("read_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("acknowledged_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column(
            "method",
            sa.Enum("self", "told", name="method", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_receipt_member_id")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_receipt_notice_id")),
        sa.PrimaryKeyConstraint("notice_id", "member_id", "revision", name=op.f("pk_receipt")),
    )
    postgresql = op.get_bind().dialect.name == "postgresql"
    timeline = "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)" if postgresql else "''"
    op.execute(f"INSERT INTO log_head (id, seq, timeline) VALUES (1, 0, {timeline})")  # noqa: S608 - one of the two above
    if postgresql:
        for table, column in (("branch", "name_folded"), ("member", "full_name_folded")):
            name = f"ix_{table}_name_words"
            op.execute(f"CREATE INDEX {name} ON {table} USING gin (to_tsvector('simple'::regconfig, {column}))")


def downgrade() -> None:
    op.drop_table("receipt")
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.drop_index("ix_session_member_id")

    op.drop_table("session")
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_role_grant_open", postgresql_where=sa.text("ended_at IS NULL"), sqlite_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index("ix_role_grant_branch_no")

    op.drop_table("role_grant")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index("ix_notice_channel")
        batch_op.drop_index("ix_notice_branch_no")

    op.drop_table("notice")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_membership_open", postgresql_where=sa.text("ended_at IS NULL"), sqlite_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index("ix_membership_member_id")
        batch_op.drop_index("ix_membership_branch_no")

    op.drop_table("membership")
    op.drop_table("account")
    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.drop_index("uq_member_national_id_digest")
        batch_op.drop_index("uq_member_member_no")
        batch_op.drop_index("ix_member_sort_key")
        batch_op.drop_index("ix_member_photo")
        batch_op.drop_index("ix_member_phone")
        batch_op.drop_index("ix_member_email")

    op.drop_table("member")
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_event_target")
        batch_op.drop_index("ix_audit_event_branch_no")

    op.drop_table("audit_event")
    op.drop_table("lost_range")
    op.drop_table("log_head")
    with op.batch_alter_table("idempotency_key", schema=None) as batch_op:
        batch_op.drop_index("ix_idempotency_key_created_at")

    op.drop_table("idempotency_key")
    op.drop_table("file")
    with op.batch_alter_table("channel_version", schema=None) as batch_op:
        batch_op.drop_index("ix_channel_version_seq")

    op.drop_table("channel_version")
    with op.batch_alter_table("change", schema=None) as batch_op:
        batch_op.drop_index("ix_change_topic_at")
        batch_op.drop_index("ix_change_seq")
        batch_op.drop_index("ix_change_channel_seq")

    op.drop_table("change")
    with op.batch_alter_table("branch", schema=None) as batch_op:
        batch_op.drop_index("uq_branch_path")
        batch_op.drop_index("uq_branch_id")
        batch_op.drop_index("uq_branch_code")
        batch_op.drop_index("ix_branch_parent_no")

    op.drop_table("branch")
