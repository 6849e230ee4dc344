"""What a member did, for the member's other phones."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.base import Shape
from models.changes import JUMP, LogHead
from models.notices.shapes import ReceiptPublic
from models.notices.table import Receipt
from models.own_state import MemberState, seq_of, state_number
from models.permissions import Viewer

PAGE = 500
_counter = func.coalesce(col(MemberState.seq), 0).label("counter")


class OwnState(Shape):
    """What changed since a state. With `reset` whatever the app holds is replaced: all of it follows from the start."""

    state: int
    reset: bool
    more: bool
    receipts: list[ReceiptPublic]


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


async def state_of(session: AsyncSession, member_id: UUID) -> int:
    """The number of the member's state now."""
    row = await session.execute(
        select(col(LogHead.seq), _counter)
        .select_from(LogHead)
        .outerjoin(MemberState, col(MemberState.member_id) == member_id)
    )
    head, counter = row.one()
    return state_number(head, counter)


async def _after(session: AsyncSession, member_id: UUID, seq: int) -> list[Row[Any]]:
    """At least one row, for the head and the counter; without receipts its other columns are null."""
    rows = await session.execute(
        select(
            col(LogHead.seq).label("head"),
            _counter,
            col(Receipt.seq),
            *(getattr(Receipt, name) for name in ReceiptPublic.model_fields),
        )
        .select_from(LogHead)
        .outerjoin(MemberState, col(MemberState.member_id) == member_id)
        .outerjoin(Receipt, and_(col(Receipt.member_id) == member_id, col(Receipt.seq) > seq))
        .order_by(col(Receipt.seq))
        .limit(PAGE + 1)
    )
    return list(rows)
