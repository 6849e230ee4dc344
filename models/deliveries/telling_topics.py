"""What a provider is to be told of a topic's subscribers: taken in turns, and written down when it knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, delete, exists, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.database import keyring, table_of
from models.deliveries.table import ChannelTopic, SubscriptionState, TopicSubscription
from models.deliveries.topics import topic_name
from models.devices.table import ADDRESS_DIGEST, Device, unsealed

_DEVICE, _SUBSCRIPTION = table_of(Device), table_of(TopicSubscription)


class Subscriber(NamedTuple):
    device_id: UUID
    address: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Turn:
    """Devices to subscribe to one topic, or to unsubscribe from it."""

    topic: ChannelTopic
    name: str
    state: SubscriptionState
    subscribers: Sequence[Subscriber]


async def take_turn(session: AsyncSession, at: datetime, most: int, lease: timedelta) -> Turn | None:
    """What waits longest, which is nobody else's for as long as the lease; None where nothing does."""
    waits = (_SUBSCRIPTION.c.state != SubscriptionState.SUBSCRIBED, _SUBSCRIPTION.c.due_at <= at)
    first = select(_SUBSCRIPTION.c.branch_no, _SUBSCRIPTION.c.who, _SUBSCRIPTION.c.state)
    order = (_SUBSCRIPTION.c.due_at, _SUBSCRIPTION.c.state)  # who is not wanted first: a phone may be somebody else's
    oldest = (await session.execute(first.where(*waits).order_by(*order).limit(1))).one_or_none()
    if oldest is None:
        return None
    branch_no, who, state = oldest
    topic = await session.get_one(ChannelTopic, (branch_no, who))
    of_this = (_SUBSCRIPTION.c.branch_no == branch_no, _SUBSCRIPTION.c.who == who, _SUBSCRIPTION.c.state == state)
    if state == SubscriptionState.UNWANTED:
        await _pass_over_moved(session, of_this)
    found = await session.execute(
        select(_SUBSCRIPTION.c.device_id, _SUBSCRIPTION.c.attempts)
        .where(*of_this, *waits)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    attempts = dict(found.all())
    if not attempts:
        return None
    mine = (*of_this, _SUBSCRIPTION.c.device_id.in_(sorted(attempts)))
    await session.execute(update(_SUBSCRIPTION).where(*mine).values(due_at=at + lease))
    devices = await session.execute(
        select(_DEVICE.c.id, _DEVICE.c.destination).where(_DEVICE.c.id.in_(sorted(attempts)))
    )
    ring = keyring(session)
    subscribers = [
        Subscriber(row.id, unsealed(ring, row.id, row.destination).address, attempts[row.id]) for row in devices
    ]
    return Turn(topic, topic_name(session, topic), SubscriptionState(state), subscribers)


async def _pass_over_moved(session: AsyncSession, unwanted: Sequence[ColumnElement[bool]]) -> None:
    """A phone that belongs to somebody else by now, who hears the channel too, stays subscribed."""
    mine, other, others = _DEVICE.alias(), _DEVICE.alias(), _SUBSCRIPTION.alias()
    is_moved = exists().where(
        mine.c.id == _SUBSCRIPTION.c.device_id,
        other.c.address_digest == mine.c.address_digest,
        other.c.ended_at.is_(None),
        others.c.device_id == other.c.id,
        others.c.branch_no == _SUBSCRIPTION.c.branch_no,
        others.c.who == _SUBSCRIPTION.c.who,
        others.c.state != SubscriptionState.UNWANTED,
    )
    await session.execute(delete(_SUBSCRIPTION).where(*unwanted, is_moved))


async def write_turn(
    session: AsyncSession, turn: Turn, done: Sequence[Subscriber], again: Sequence[tuple[UUID, datetime]]
) -> None:
    """The provider knows of some, and is to be told again of others. What has changed meanwhile stays as it is: where
    a device has another address by now, the provider does not know that one yet.
    """
    of_this = (
        _SUBSCRIPTION.c.branch_no == turn.topic.branch_no,
        _SUBSCRIPTION.c.who == turn.topic.who,
        _SUBSCRIPTION.c.state == turn.state,
    )
    if done and turn.state is SubscriptionState.WANTED:
        mine = (*of_this, _SUBSCRIPTION.c.device_id.in_(_still_at_their_address(session, done)))
        await session.execute(update(_SUBSCRIPTION).where(*mine).values(state=SubscriptionState.SUBSCRIBED, attempts=0))
    elif done:
        mine = (*of_this, _SUBSCRIPTION.c.device_id.in_(sorted(each.device_id for each in done)))
        await session.execute(delete(_SUBSCRIPTION).where(*mine))
    if again:
        later = (
            update(_SUBSCRIPTION)
            .where(*of_this, _SUBSCRIPTION.c.device_id == bindparam("of_id"))
            .values(due_at=bindparam("due"), attempts=_SUBSCRIPTION.c.attempts + 1)
        )
        connection = await session.connection()
        await connection.execute(later, [{"of_id": id_, "due": due} for id_, due in sorted(again)])


async def drop_subscribers(session: AsyncSession, turn: Turn, subscribers: Sequence[Subscriber]) -> None:
    """Of whom the provider will not hear: they get what is sent by themselves."""
    await session.execute(
        delete(_SUBSCRIPTION).where(
            _SUBSCRIPTION.c.branch_no == turn.topic.branch_no,
            _SUBSCRIPTION.c.who == turn.topic.who,
            _SUBSCRIPTION.c.device_id.in_(_still_at_their_address(session, subscribers)),
        )
    )


def _still_at_their_address(session: AsyncSession, subscribers: Sequence[Subscriber]) -> Select[tuple[UUID]]:
    """An app may register another token while the provider is told of the one before."""
    ring = keyring(session)
    told = sorted((each.device_id, ring.digest(ADDRESS_DIGEST, each.address)) for each in subscribers)
    return select(_DEVICE.c.id).where(tuple_(_DEVICE.c.id, _DEVICE.c.address_digest).in_(told))
