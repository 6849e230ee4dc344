"""Since when a device is subscribed to a topic, who tells its provider; and letters by who asks for them."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_UTC = sqlmodel.sql.sqltypes.UTCDateTime


def upgrade() -> None:
    op.add_column("topic_subscription", sa.Column("lease", sa.Uuid(), nullable=True))
    op.add_column("topic_subscription", sa.Column("subscribed_at", _UTC(), nullable=True))
    # when it was to be told, which is about when it was
    op.execute("UPDATE topic_subscription SET subscribed_at = due_at WHERE state = 'subscribed'")
    wanted = sa.text("email")
    op.create_index("ix_preference_email", "preference", ["member_id"], postgresql_where=wanted, sqlite_where=wanted)


def downgrade() -> None:
    op.drop_index("ix_preference_email", "preference")
    op.drop_column("topic_subscription", "subscribed_at")
    op.drop_column("topic_subscription", "lease")
