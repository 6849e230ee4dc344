"""What was given up: refused by a provider, or tried in vain to the end. An operator may look at it, and have it sent
again.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.database import table_of
from models.deliveries.table import Delivery, DeliveryState
from models.notices.table import Notice
from models.outbox import Cause, OutboxMessage
from models.tallies.adding import add_delivered
from models.tallies.counting import hold_head
from models.tallies.table import RECEIPTS

_DELIVERY, _MESSAGE = table_of(Delivery), table_of(OutboxMessage)


class DeadLetters(NamedTuple):
    """Of one message, given up for one reason."""

    message_id: UUID
    cause: Cause
    thing_id: UUID
    provider: str
    detail: str | None
    number: int
    last_at: datetime


async def count_dead(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).where(_DELIVERY.c.state == DeliveryState.DEAD)) or 0


async def dead_letters(session: AsyncSession, most: int) -> Sequence[DeadLetters]:
    """The latest first."""
    last_at = func.max(_DELIVERY.c.finished_at)
    rows = await session.execute(
        select(
            _MESSAGE.c.id,
            _MESSAGE.c.cause,
            _MESSAGE.c.thing_id,
            _DELIVERY.c.provider,
            _DELIVERY.c.detail,
            func.count(),
            last_at,
        )
        .join_from(_DELIVERY, _MESSAGE, _MESSAGE.c.id == _DELIVERY.c.message_id)
        .where(_DELIVERY.c.state == DeliveryState.DEAD)
        .group_by(_MESSAGE.c.id, _MESSAGE.c.cause, _MESSAGE.c.thing_id, _DELIVERY.c.provider, _DELIVERY.c.detail)
        .order_by(last_at.desc())
        .limit(most)
    )
    return [DeadLetters(*row) for row in rows]


async def requeue(session: AsyncSession, at: datetime, message_id: UUID | None, most: int) -> int:
    """Have up to `most` sent again, of one message or of all, as if they had never been tried; gives how many."""
    dead = select(_DELIVERY.c.id, _DELIVERY.c.message_id).where(_DELIVERY.c.state == DeliveryState.DEAD)
    if message_id is not None:
        dead = dead.where(_DELIVERY.c.message_id == message_id)
    some: dict[UUID, list[UUID]] = defaultdict(list)
    for delivery_id, of_message in await session.execute(dead.order_by(_DELIVERY.c.id).limit(most)):
        some[of_message].append(delivery_id)
    found = await session.scalars(
        select(OutboxMessage).where(_MESSAGE.c.id.in_(sorted(some))).order_by(_MESSAGE.c.id).with_for_update()
    )
    return sum([await _requeue(session, message, at, some[message.id]) for message in found.all()])


async def _requeue(session: AsyncSession, message: OutboxMessage, at: datetime, some: Sequence[UUID]) -> int:
    """What was counted as failed no longer is; whose devices they are is counted already."""
    head = None
    if message.cause is Cause.NOTICE_PUBLISHED:
        head = await hold_head(session, message.thing_id, RECEIPTS)
    held = select(Delivery).where(_DELIVERY.c.id.in_(some), _DELIVERY.c.state == DeliveryState.DEAD)
    rows = (await session.scalars(held.order_by(_DELIVERY.c.id).with_for_update())).all()
    placed: dict[int, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.is_counted:
            message.failed -= 1
            placed[row.branch_no]["failed"] -= 1
        row.is_first, row.is_counted = row.is_first and not row.is_counted, False
        row.state, row.finished_at, row.due_at = DeliveryState.WAITING, None, at
        row.attempts, row.detail, row.lease, row.leased_until = 0, None, None, None
    message.finished_at = None
    await session.flush()
    if head is not None and placed:
        await add_delivered(session, await session.get_one(Notice, message.thing_id), head, placed)
    return len(rows)
