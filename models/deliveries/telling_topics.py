"""What a provider is to be told of a topic's subscribers: taken in turns, and written down when it knows."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import new_id
from models.database import keyring, table_of
from models.deliveries.devices import FCM
from models.deliveries.table import TO_TELL, ChannelTopic, SubscriptionState, TopicSubscription
from models.deliveries.topics import topic_name
from models.devices.table import Device, unsealed
from models.keyring import KeyringError

ATTEMPTS_MOST = 100
"""What is counted; they go on."""
_UNOPENED_FOR = timedelta(hours=1)

_DEVICE, _SUBSCRIPTION = table_of(Device), table_of(TopicSubscription)
_log = logging.getLogger("handbook")


class Subscriber(NamedTuple):
    device_id: UUID
    address: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Turn:
    """Devices to subscribe to one topic, or to unsubscribe from it, as long as they are under this lease."""

    topic: ChannelTopic
    name: str
    state: SubscriptionState
    subscribers: Sequence[Subscriber]
    lease: UUID


async def take_turn(session: AsyncSession, at: datetime, most: int, lasts: timedelta) -> Turn | None:
    """What waits longest, which is nobody else's for as long as the lease lasts; None where nothing does."""
    waits = (TO_TELL, _SUBSCRIPTION.c.due_at <= at)
    first = select(_SUBSCRIPTION.c.branch_no, _SUBSCRIPTION.c.who, _SUBSCRIPTION.c.state)
    order = (_SUBSCRIPTION.c.due_at, _SUBSCRIPTION.c.state)  # who is not wanted first: a phone may be somebody else's
    oldest = (await session.execute(first.where(*waits).order_by(*order).limit(1))).one_or_none()
    if oldest is None:
        return None
    branch_no, who, state = oldest
    topic = await session.get_one(ChannelTopic, (branch_no, who))
    # in no order: that of devices would lead through all who ever subscribed
    found = await session.execute(
        select(_SUBSCRIPTION.c.device_id, _SUBSCRIPTION.c.attempts)
        .where(*_of(topic), _SUBSCRIPTION.c.state == state, *waits)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    attempts = dict(found.all())
    if not attempts:
        return None
    lease = new_id()
    held = update(_SUBSCRIPTION).where(*_of(topic), _SUBSCRIPTION.c.device_id.in_(sorted(attempts)))
    await session.execute(held.values(due_at=at + lasts, lease=lease))
    if state == SubscriptionState.UNWANTED:
        for device_id in await _moved(session, topic, attempts):
            del attempts[device_id]
    told = await _subscribers(session, topic, attempts, at, is_wanted=state == SubscriptionState.WANTED)
    return Turn(topic, topic_name(session, topic), SubscriptionState(state), told, lease)


async def _subscribers(
    session: AsyncSession, topic: ChannelTopic, attempts: dict[UUID, int], at: datetime, *, is_wanted: bool
) -> Sequence[Subscriber]:
    """With their addresses, which only one provider is told. What is not there to be told of is forgotten."""
    there = [_DEVICE.c.id.in_(sorted(attempts)), _DEVICE.c.provider == FCM]
    if is_wanted:
        there.append(_DEVICE.c.ended_at.is_(None))
    rows = (await session.execute(select(_DEVICE.c.id, _DEVICE.c.destination).where(*there))).all()
    gone = attempts.keys() - {row.id for row in rows}
    await session.execute(delete(_SUBSCRIPTION).where(*_of(topic), _SUBSCRIPTION.c.device_id.in_(sorted(gone))))
    ring, found, unopened = keyring(session), [], []
    for row in rows:
        try:
            found.append(Subscriber(row.id, unsealed(ring, row.id, row.destination).address, attempts[row.id]))
        except KeyringError:
            _log.warning("no key opens the address of device %s", row.id)
            unopened.append(row.id)
    rest = update(_SUBSCRIPTION).where(*_of(topic), _SUBSCRIPTION.c.device_id.in_(sorted(unopened)))
    await session.execute(rest.values(due_at=at + _UNOPENED_FOR, lease=None))
    return found


async def _moved(session: AsyncSession, topic: ChannelTopic, device_ids: Collection[UUID]) -> Sequence[UUID]:
    """Forget of these, and give, those that belong to somebody else by now who hears the channel too: the phone stays
    subscribed.
    """
    mine, other, others = _DEVICE.alias(), _DEVICE.alias(), _SUBSCRIPTION.alias()
    found = await session.scalars(
        select(mine.c.id).where(
            mine.c.id.in_(sorted(device_ids)),
            other.c.address_digest == mine.c.address_digest,
            other.c.ended_at.is_(None),
            others.c.device_id == other.c.id,
            others.c.branch_no == topic.branch_no,
            others.c.who == topic.who,
            others.c.state != SubscriptionState.UNWANTED,
        )
    )
    moved = found.all()
    await session.execute(delete(_SUBSCRIPTION).where(*_of(topic), _SUBSCRIPTION.c.device_id.in_(sorted(moved))))
    return moved


async def write_turn(
    session: AsyncSession,
    turn: Turn,
    at: datetime,
    *,
    done: Collection[UUID],
    dropped: Collection[UUID],
    again: Sequence[tuple[Subscriber, datetime]],
) -> None:
    """The provider knows of some, will not hear of others, who get what is sent by themselves, and is to be told again
    of the rest. What changed since the turn was taken stays as it is.
    """
    moved: Collection[UUID] = ()
    if turn.state is SubscriptionState.UNWANTED:
        moved = await _others_at_the_addresses(session, done)
    told = {*done, *dropped, *moved, *(each.device_id for each, _ in again)}
    of_this = _of(turn.topic)
    rows = await session.execute(
        select(_SUBSCRIPTION.c.device_id, _SUBSCRIPTION.c.lease)
        .where(*of_this, _SUBSCRIPTION.c.device_id.in_(sorted(told)))
        .order_by(_SUBSCRIPTION.c.device_id)
        .with_for_update()
    )
    held = {row.device_id for row in rows if row.lease == turn.lease}

    def those(ids: Collection[UUID]) -> tuple[ColumnElement[bool], ...]:
        return *of_this, _SUBSCRIPTION.c.device_id.in_(sorted(ids))

    if turn.state is SubscriptionState.WANTED:
        known = {"state": SubscriptionState.SUBSCRIBED, "subscribed_at": at, "attempts": 0, "lease": None}
        await session.execute(update(_SUBSCRIPTION).where(*those(held & {*done})).values(known))
        over = held & {*dropped}
    else:
        over = held & {*done, *dropped}
    await session.execute(delete(_SUBSCRIPTION).where(*those(over)))
    if moved:  # while this was told, it may have been told that they subscribe: which came last, nobody knows
        anew = {"state": SubscriptionState.WANTED, "subscribed_at": None, "due_at": at, "attempts": 0, "lease": None}
        is_wanted = _SUBSCRIPTION.c.state != SubscriptionState.UNWANTED
        await session.execute(update(_SUBSCRIPTION).where(*those(moved), is_wanted).values(anew))
    later = [
        {"of_id": each.device_id, "due": due, "tried": min(each.attempts + 1, ATTEMPTS_MOST)}
        for each, due in again
        if each.device_id in held
    ]
    if later:
        put_off = update(_SUBSCRIPTION).where(*of_this, _SUBSCRIPTION.c.device_id == bindparam("of_id"))
        put_off = put_off.values(due_at=bindparam("due"), attempts=bindparam("tried"), lease=None)
        await (await session.connection()).execute(put_off, later)


async def _others_at_the_addresses(session: AsyncSession, device_ids: Collection[UUID]) -> Sequence[UUID]:
    mine, other = _DEVICE.alias(), _DEVICE.alias()
    same = (other.c.address_digest == mine.c.address_digest, other.c.id != mine.c.id, other.c.ended_at.is_(None))
    found = select(other.c.id).join_from(mine, other, same[0]).where(mine.c.id.in_(sorted(device_ids)), *same[1:])
    return (await session.scalars(found)).all()


def _of(topic: ChannelTopic) -> tuple[ColumnElement[bool], ...]:
    return _SUBSCRIPTION.c.branch_no == topic.branch_no, _SUBSCRIPTION.c.who == topic.who
