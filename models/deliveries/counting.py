"""What became of messages: added up, and kept when the rows of single devices go."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.database import now, table_of
from models.deliveries.table import UNCOUNTED, WAITS, Delivery, DeliveryState
from models.notices.table import Notice
from models.outbox import Cause, OutboxMessage
from models.schedule import Duty
from models.tallies.adding import add_delivered
from models.tallies.counting import hold_head
from models.tallies.table import RECEIPTS, TallyHead

KEPT_FOR = timedelta(days=30)
BATCH = 1000
_TURNS = 10
"""Batches of one message in a transaction."""
_DELIVERY, _MESSAGE, _HEAD = table_of(Delivery), table_of(OutboxMessage), table_of(TallyHead)
_NAMES = {DeliveryState.SENT: "delivered", DeliveryState.SKIPPED: "skipped"}
"""What the rest is counted as has failed."""
_OPEN = (DeliveryState.SENT, DeliveryState.SKIPPED, DeliveryState.GONE, DeliveryState.DEAD)


async def _count(session: AsyncSession, message: OutboxMessage) -> None:
    """What came to its end; and the message, once nothing waits any more."""
    for _ in range(_TURNS):
        if not await _count_some(session, message):
            break


async def _count_some(session: AsyncSession, message: OutboxMessage) -> bool:
    """Whether more may be left."""
    is_reach = message.cause is Cause.NOTICE_PUBLISHED
    head = await hold_head(session, message.thing_id, RECEIPTS, waiting=False) if is_reach else None
    if is_reach and head is None:
        return False
    found = await session.execute(
        select(_DELIVERY.c.id, _DELIVERY.c.branch_no, _DELIVERY.c.state, _DELIVERY.c.is_first, _DELIVERY.c.topic)
        .where(_DELIVERY.c.message_id == message.id, UNCOUNTED)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = found.all()
    placed: dict[int, Counter[str]] = defaultdict(Counter)
    for row in rows:
        name = _NAMES.get(row.state, "failed")
        setattr(message, name, getattr(message, name) + 1)
        if row.topic is None:
            placed[row.branch_no][name] += 1
            placed[row.branch_no]["equipped"] += row.is_first
    if head is not None and placed:
        notice = await session.get_one(Notice, message.thing_id)
        await add_delivered(session, notice, head, placed)
    ids = [{"of_id": row.id} for row in rows]
    if ids:
        counted = update(_DELIVERY).where(_DELIVERY.c.id == bindparam("of_id")).values(is_counted=True)
        await (await session.connection()).execute(counted, ids)
    await session.flush()
    if len(rows) == BATCH:
        return True
    is_left = or_(WAITS, UNCOUNTED)  # another may hold some
    left = select(_DELIVERY.c.id).where(_DELIVERY.c.message_id == message.id, is_left).limit(1)
    if message.sent_at is not None and await session.scalar(left) is None:
        message.finished_at = now(session)
    return False


async def _clean(session: AsyncSession, message: OutboxMessage) -> None:
    some = select(_DELIVERY.c.id).where(_DELIVERY.c.message_id == message.id).limit(_TURNS * BATCH)
    await session.execute(delete(_DELIVERY).where(_DELIVERY.c.id.in_(some)))
    rest = select(_DELIVERY.c.id).where(_DELIVERY.c.message_id == message.id).limit(1)
    message.is_cleaned = await session.scalar(rest) is None


def _to_count() -> Any:
    has_uncounted = exists().where(_DELIVERY.c.message_id == _MESSAGE.c.id, UNCOUNTED)
    is_over = and_(_MESSAGE.c.sent_at.is_not(None), ~exists().where(_DELIVERY.c.message_id == _MESSAGE.c.id, WAITS))
    is_counted = exists().where(_HEAD.c.notice_id == _MESSAGE.c.thing_id, _HEAD.c.occurrence == RECEIPTS)
    return (
        select(OutboxMessage)
        .where(
            _MESSAGE.c.finished_at.is_(None),
            has_uncounted | is_over,
            (_MESSAGE.c.cause != Cause.NOTICE_PUBLISHED) | is_counted,
        )
        .order_by(_MESSAGE.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )


async def _find_to_count(session: AsyncSession, _at: datetime, most: int) -> Sequence[OutboxMessage]:
    found = await session.scalars(_TO_COUNT, {"most": most}, execution_options={"populate_existing": True})
    return found.all()


async def _find_to_clean(session: AsyncSession, at: datetime, most: int) -> Sequence[OutboxMessage]:
    found = await session.scalars(_TO_CLEAN, {"before": at - KEPT_FOR, "most": most})
    return found.all()


_TO_COUNT = _to_count()
_TO_CLEAN = (
    select(OutboxMessage)
    .where(_MESSAGE.c.finished_at <= bindparam("before"), ~_MESSAGE.c.is_cleaned)
    .order_by(_MESSAGE.c.finished_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .execution_options(populate_existing=True)
)
COUNT_DELIVERIES = Duty("delivery.count", _find_to_count, _count)
CLEAN_DELIVERIES = Duty("delivery.clean", _find_to_clean, _clean)
