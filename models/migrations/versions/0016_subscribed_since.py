"""Since when a device is subscribed to a topic, and who tells its provider; by device. Letters have a language."""

from typing import Any

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_UTC = sqlmodel.sql.sqltypes.UTCDateTime
_STATES = ("wanted", "subscribed", "unwanted")


def upgrade() -> None:
    lease, since = sa.Column("lease", sa.Uuid(), nullable=True), sa.Column("subscribed_at", _UTC(), nullable=True)
    table = _renew(["device_id", "branch_no", "who"], lease, since)
    # it was due to be told at about the time when it was
    op.execute(sa.update(table).where(table.c.state == "subscribed").values(subscribed_at=table.c.due_at))
    language = sa.Column("language", sa.String(length=8), server_default="vi", nullable=False)
    op.add_column("preference", language)
    wanted = sa.text("email")
    op.create_index("ix_preference_email", "preference", ["member_id"], postgresql_where=wanted, sqlite_where=wanted)


def downgrade() -> None:
    op.drop_index("ix_preference_email", "preference")
    op.drop_column("preference", "language")
    _renew(["branch_no", "who", "device_id"])


def _renew(key: list[str], *more: sa.Column[Any]) -> sa.Table:
    op.execute("CREATE TEMPORARY TABLE kept AS SELECT * FROM topic_subscription")
    op.drop_table("topic_subscription")
    states = sa.Enum(*_STATES, name="state", native_enum=False, create_constraint=True, length=24)
    columns = (
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("branch_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("who", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("state", states, nullable=False),
        sa.Column("due_at", _UTC(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
    )
    names = [column.name for column in columns]
    kept = sa.table("kept", *(sa.column(name) for name in names))
    table = op.create_table(
        "topic_subscription", *columns, *more, sa.PrimaryKeyConstraint(*key, name=op.f("pk_topic_subscription"))
    )
    op.execute(table.insert().from_select(names, sa.select(kept)))
    op.execute("DROP TABLE kept")
    waits = sa.text("state <> 'subscribed'")
    told = "ix_topic_subscription_to_tell"
    op.create_index(told, "topic_subscription", ["due_at"], postgresql_where=waits, sqlite_where=waits)
    op.create_index("ix_topic_subscription_member_id", "topic_subscription", ["branch_no", "who", "member_id"])
    return table
