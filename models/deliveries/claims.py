"""Who sends what: leases, which run out when their holder is gone."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.database import table_of
from models.deliveries.table import WAITS, Delivery
from models.outbox import OutboxMessage

URGENT_SHARE = 4
"""How many times as much of a batch a message gets that is urgent."""
_MESSAGES_MOST = 32

_DELIVERY, _MESSAGE = table_of(Delivery), table_of(OutboxMessage)


class Lease(NamedTuple):
    """Of what is claimed at once."""

    id: UUID
    lasts: timedelta


async def claim(
    session: AsyncSession, provider: str, at: datetime, most: int, lease: Lease
) -> tuple[list[Delivery], dict[UUID, OutboxMessage]]:
    """Up to `most` that are due, with their messages, leased from `at` on. Each message has its share of
    them, urgent ones a greater one and first: however much one has, no other waits for it.
    """
    is_due = _is_due(provider, at)
    found = await session.scalars(
        select(OutboxMessage)
        .where(_MESSAGE.c.finished_at.is_(None), exists().where(_DELIVERY.c.message_id == _MESSAGE.c.id, is_due))
        .order_by(_MESSAGE.c.urgent.desc(), func.random())
        .limit(_MESSAGES_MOST)
        .execution_options(populate_existing=True)
    )
    messages = found.all()
    claimed: list[Delivery] = []
    weights = sum(_weight(message) for message in messages)
    for message in messages:
        share = -(-(most - len(claimed)) * _weight(message) // weights)
        weights -= _weight(message)
        if share > 0:
            claimed += await _lease_some(session, message, provider, at, share, lease)
    return claimed, {message.id: message for message in messages}


def _weight(message: OutboxMessage) -> int:
    return URGENT_SHARE if message.urgent else 1


async def _lease_some(
    session: AsyncSession, message: OutboxMessage, provider: str, at: datetime, most: int, lease: Lease
) -> Sequence[Delivery]:
    # a row lock makes the list a fixed one: asked again for each row, it would be another
    some = (
        select(_DELIVERY.c.id)
        .where(_DELIVERY.c.message_id == message.id, _is_due(provider, at))
        .order_by(_DELIVERY.c.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("some")
    )
    taken = (
        update(Delivery)
        .where(col(Delivery.id).in_(select(some.c.id)))
        .values(lease=lease.id, leased_until=at + lease.lasts)
        .returning(Delivery)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return (await session.scalars(taken)).all()


def _is_due(provider: str, at: datetime) -> ColumnElement[bool]:
    is_free = or_(_DELIVERY.c.leased_until.is_(None), _DELIVERY.c.leased_until <= at)
    return and_(WAITS, _DELIVERY.c.provider == provider, _DELIVERY.c.due_at <= at, is_free)


async def give_back(session: AsyncSession, deliveries: Collection[Delivery]) -> None:
    """What was not sent is anybody's again, as far as it is still held."""
    held: dict[UUID | None, list[UUID]] = defaultdict(list)
    for delivery in deliveries:
        held[delivery.lease].append(delivery.id)
    for lease, ids in held.items():
        await session.execute(
            update(_DELIVERY)
            .where(_DELIVERY.c.id.in_(sorted(ids)), _DELIVERY.c.lease == lease, WAITS)
            .values(lease=None, leased_until=None)
        )
