"""What a member did, for the member's other phones."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Shape
from models.changes import JUMP, LogHead
from models.database import table_of
from models.notices.shapes import ReceiptPublic
from models.notices.table import Receipt
from models.own_state import MemberState, seq_of, state_number
from models.permissions import Viewer

PAGE = 500


class OwnState(Shape):
    """What changed since a state. With `reset` whatever the app holds is replaced: all of it follows from the start."""

    state: int
    reset: bool
    more: bool
    receipts: list[ReceiptPublic]


def unchanged(state: int) -> OwnState:
    return OwnState(state=state, reset=False, more=False, receipts=[])


async def read_state(session: AsyncSession, viewer: Viewer, since: int | None) -> OwnState:
    """The next receipts after `since`, in the order in which they changed, at most PAGE. One statement, and another
    where `since` is no number of this database: then all of them from the first.
    """
    member_id = viewer.the_member
    rows = await _after(session, member_id, 0 if since is None else since % JUMP)
    head, counter = rows[0].head, rows[0].counter
    known = None if since is None else seq_of(since, head)
    reset = known is None or known > counter
    if reset and since is not None:
        rows = await _after(session, member_id, 0)
        head, counter = rows[0].head, rows[0].counter
    page = rows[:PAGE]
    more = len(rows) > PAGE
    receipts = [ReceiptPublic.model_validate(row) for row in page if row.notice_id is not None]
    return OwnState(
        state=state_number(head, page[-1].seq if more else counter), reset=reset, more=more, receipts=receipts
    )


def _after_a_number() -> Select[*tuple[Any, ...]]:
    """The head and the counter, beside each receipt after `:after` or beside none."""
    head, counter, receipt = table_of(LogHead), table_of(MemberState), table_of(Receipt)
    is_after = and_(receipt.c.member_id == bindparam("member_id"), receipt.c.seq > bindparam("after"))
    shown = (receipt.c[name] for name in ("seq", *ReceiptPublic.model_fields))
    return (
        select(head.c.seq.label("head"), func.coalesce(counter.c.seq, 0).label("counter"), *shown)
        .select_from(head)
        .outerjoin(counter, counter.c.member_id == bindparam("member_id"))
        .outerjoin(receipt, is_after)
        .order_by(receipt.c.seq)
        .limit(PAGE + 1)
    )


# made once: making a statement takes longer than sending it
_RECEIPTS_AFTER = _after_a_number()


async def _after(session: AsyncSession, member_id: UUID, seq: int) -> list[Row[Any]]:
    """At least one row, for the head and the counter; without receipts its other columns are null."""
    return list(await session.execute(_RECEIPTS_AFTER, {"member_id": member_id, "after": seq}))
