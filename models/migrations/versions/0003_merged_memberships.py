"""Memberships may end because their branch was merged into another."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BEFORE = ("transferred", "expired", "corrected", "closed")
_AFTER = (*_BEFORE, "merged")


def upgrade() -> None:
    _allow(_AFTER)


def downgrade() -> None:
    op.execute("UPDATE membership SET end_reason = 'transferred' WHERE end_reason = 'merged'")
    _allow(_BEFORE)


def _allow(reasons: Sequence[str]) -> None:
    name = op.f("ck_membership_end_reason")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_constraint(name, type_="check")
        batch_op.create_check_constraint(name, sa.column("end_reason").in_(reasons))
