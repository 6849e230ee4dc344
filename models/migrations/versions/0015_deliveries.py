"""Messages about all there is to tell of, the deliveries that they become, topics, and what came of it."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_UTC = sqlmodel.sql.sqltypes.UTCDateTime
_OLD_CAUSES = ("notice.published", "notice.amended", "notice.withdrawn", "notice.reminded")
_CAUSES = (
    *_OLD_CAUSES,
    "activity.changed",
    "activity.cancelled",
    "study.published",
    "study.due",
    "profile.decided",
    "transfer.decided",
)
_KINDS = ("notice", "material", "collection", "quiz", "profile_change", "transfer")
_COUNTED = ("opened", "also_opened", "equipped", "delivered", "failed")
_REMIND_BEFORE = timedelta(days=3)


def upgrade() -> None:
    """What was queued while there was no delivery is told to nobody any more."""
    _renew_outbox()
    _create_deliveries()
    _create_topics()
    for name in _COUNTED:
        op.add_column("tally", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("study", sa.Column("remind_at", _UTC(), nullable=True))
    _index("ix_study_remind_at", "study", ["remind_at"], "(state = 'published' AND remind_at IS NOT NULL)")
    _remind(op.get_bind())


def downgrade() -> None:
    op.drop_index("ix_study_remind_at", "study")
    op.drop_column("study", "remind_at")
    for name in _COUNTED:
        op.drop_column("tally", name)
    for table in ("topic_subscription", "channel_topic", "delivery"):
        op.drop_table(table)
    op.drop_table("outbox_message")
    op.create_table(
        "outbox_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cause", _choice(_OLD_CAUSES, "cause"), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("branch_no", sa.Integer(), nullable=False),
        sa.Column("who", sa.SmallInteger(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("created_at", _UTC(), nullable=False),
        sa.Column("sent_at", _UTC(), nullable=True),
        sa.ForeignKeyConstraint(["branch_no"], ["branch.no"], name=op.f("fk_outbox_message_branch_no")),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_outbox_message_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
    )
    _index("ix_outbox_message_due", "outbox_message", ["urgent", "id"], "sent_at IS NULL")
    op.create_index("ix_outbox_message_notice_id", "outbox_message", ["notice_id"])


def _choice(words: tuple[str, ...], name: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=24)


def _index(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, postgresql_where=where, sqlite_where=where)


def _renew_outbox() -> None:
    connection = op.get_bind()
    old = sa.table(
        "outbox_message",
        sa.column("id", sa.Uuid()),
        sa.column("notice_id", sa.Uuid()),
        sa.column("created_at", _UTC()),
        *(sa.column(name) for name in ("cause", "revision", "branch_no", "who", "urgent")),
    )
    kept = [dict(row) for row in connection.execute(sa.select(old)).mappings()]
    op.drop_table("outbox_message")
    new = op.create_table(
        "outbox_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cause", _choice(_CAUSES, "cause"), nullable=False),
        sa.Column("kind", _choice(_KINDS, "kind"), nullable=False),
        sa.Column("thing_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("branch_no", sa.Integer(), nullable=False),
        sa.Column("who", sa.SmallInteger(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("created_at", _UTC(), nullable=False),
        sa.Column("begun_at", _UTC(), nullable=True),
        sa.Column("after", sa.Uuid(), nullable=True),
        sa.Column("planned", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", _UTC(), nullable=True),
        sa.Column("finished_at", _UTC(), nullable=True),
        sa.Column("delivered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("skipped", sa.Integer(), server_default="0", nullable=False),
        sa.Column("by_topic", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_cleaned", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["branch_no"], ["branch.no"], name=op.f("fk_outbox_message_branch_no")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_outbox_message_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
    )
    _index("ix_outbox_message_due", "outbox_message", ["urgent", "id"], "sent_at IS NULL")
    unsent = ["cause", "thing_id", "revision"]
    _index("uq_outbox_message_unsent", "outbox_message", unsent, "sent_at IS NULL", unique=True)
    _index("ix_outbox_message_unfinished", "outbox_message", ["id"], "finished_at IS NULL")
    _index("ix_outbox_message_kept", "outbox_message", ["finished_at"], "(finished_at IS NOT NULL AND NOT is_cleaned)")
    op.create_index("ix_outbox_message_thing_id", "outbox_message", ["thing_id"])
    if kept:
        past = [
            {**row, "kind": "notice", "sent_at": row["created_at"], "finished_at": row["created_at"]} for row in kept
        ]
        for row in past:
            row["thing_id"] = row.pop("notice_id")
        op.bulk_insert(new, past)


def _create_deliveries() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("topic", sa.String(length=80), nullable=True),
        sa.Column("branch_no", sa.Integer(), nullable=False),
        sa.Column("is_first", sa.Boolean(), nullable=False),
        sa.Column("provider", sa.String(length=24), nullable=False),
        sa.Column("due_at", _UTC(), nullable=False),
        sa.Column("state", _choice(("waiting", "sent", "skipped", "gone", "dead"), "state"), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("leased_until", _UTC(), nullable=True),
        sa.Column("detail", sa.String(length=120), nullable=True),
        sa.Column("finished_at", _UTC(), nullable=True),
        sa.Column("is_counted", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(device_id IS NULL) = (topic IS NOT NULL)", name=op.f("ck_delivery_target")),
        sa.CheckConstraint("(finished_at IS NULL) = (state = 'waiting')", name=op.f("ck_delivery_finished_at")),
        sa.ForeignKeyConstraint(["message_id"], ["outbox_message.id"], name=op.f("fk_delivery_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    _index("ix_delivery_due", "delivery", ["message_id", "provider", "due_at"], "state = 'waiting'")
    op.create_index("uq_delivery_device_id", "delivery", ["message_id", "device_id", "provider"], unique=True)
    _index("ix_delivery_dead", "delivery", ["id"], "state = 'dead'")
    _index("ix_delivery_uncounted", "delivery", ["message_id"], "(finished_at IS NOT NULL AND NOT is_counted)")


def _create_topics() -> None:
    op.create_table(
        "channel_topic",
        sa.Column("branch_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("who", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("after", sa.Uuid(), nullable=True),
        sa.Column("checked_at", _UTC(), nullable=True),
        sa.ForeignKeyConstraint(["branch_no"], ["branch.no"], name=op.f("fk_channel_topic_branch_no")),
        sa.PrimaryKeyConstraint("branch_no", "who", name=op.f("pk_channel_topic")),
    )
    op.create_table(
        "topic_subscription",
        sa.Column("branch_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("who", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("state", _choice(("wanted", "subscribed", "unwanted"), "state"), nullable=False),
        sa.Column("due_at", _UTC(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("branch_no", "who", "device_id", name=op.f("pk_topic_subscription")),
    )
    _index("ix_topic_subscription_to_tell", "topic_subscription", ["due_at"], "state <> 'subscribed'")
    op.create_index("ix_topic_subscription_member_id", "topic_subscription", ["branch_no", "who", "member_id"])


def _remind(connection: sa.Connection) -> None:
    """Of collections that are to be studied by a day to come, as when they are published."""
    study = sa.table(
        "study",
        sa.column("id", sa.Uuid()),
        sa.column("remind_at", _UTC()),
        *(sa.column(name) for name in ("kind", "state", "version")),
    )
    version = sa.table(
        "study_version", sa.column("study_id", sa.Uuid()), sa.column("version"), sa.column("card", sa.JSON())
    )
    is_shown = (version.c.study_id == study.c.id) & (version.c.version == study.c.version)
    found = connection.execute(
        sa.select(study.c.id, version.c.card)
        .join_from(study, version, is_shown)
        .where(study.c.kind == "collection", study.c.state == "published")
    ).all()
    for id_, card in found:
        if card.get("due_at"):
            at = datetime.fromisoformat(card["due_at"]) - _REMIND_BEFORE
            if at > datetime.now(UTC):
                connection.execute(sa.update(study).where(study.c.id == id_).values(remind_at=at))
