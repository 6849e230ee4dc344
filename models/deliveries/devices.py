"""Devices, and mailboxes of those without one, as deliveries see them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, literal, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from models.database import keyring, table_of
from models.deliveries.table import SubscriptionState, TopicSubscription
from models.devices.ending import DeviceEnd, end_devices
from models.devices.table import ADDRESS_DIGEST, Device, Preference

FCM, EMAIL = "fcm", "email"
_SETTLED_AFTER = timedelta(minutes=1)
"""What a provider was told of a topic's subscribers it knows everywhere. Who is told twice meanwhile sees it once."""

_DEVICE, _PREFERENCE, _SUBSCRIPTION = table_of(Device), table_of(Preference), table_of(TopicSubscription)


class ByTopic(NamedTuple):
    """Those who get something by the topic of a channel: who was subscribed to it for a while when it was sent."""

    branch_no: int
    who: int
    sent_at: datetime

    def subscribed(self) -> ColumnElement[bool]:
        return and_(
            _SUBSCRIPTION.c.branch_no == self.branch_no,
            _SUBSCRIPTION.c.who == self.who,
            _SUBSCRIPTION.c.state == SubscriptionState.SUBSCRIBED,
            _SUBSCRIPTION.c.subscribed_at <= self.sent_at - _SETTLED_AFTER,
        )


class Target(NamedTuple):
    """Somewhere to send to. A mailbox goes by its member's id."""

    member_id: UUID
    device_id: UUID
    provider: str


async def targets_of(session: AsyncSession, members: Sequence[UUID], but: ByTopic | None = None) -> Sequence[Target]:
    """Of these members, member by member; without the devices that get it by a topic."""
    devices = _devices().where(_DEVICE.c.member_id.in_(members))
    if but is not None:
        devices = devices.where(~exists().where(_SUBSCRIPTION.c.device_id == _DEVICE.c.id, but.subscribed()))
    mailboxes = _mailboxes().where(_PREFERENCE.c.member_id.in_(members))
    found = union_all(devices, mailboxes).subquery()
    rows = await session.execute(select(found).order_by(found.c.member_id, found.c.device_id))
    return [Target(*row) for row in rows]


async def targets_after(
    session: AsyncSession, after: UUID, most: int, but: ByTopic | None = None
) -> tuple[Sequence[Target], UUID | None]:
    """The next of all members there are, and after whom to go on; None where none are left. Work for `most` devices and
    as many mailboxes, however few of them it gives.
    """
    devices = _devices().where(_DEVICE.c.member_id > after)
    if but is None:
        devices = devices.add_columns(literal(value=False).label("by_topic"))
    else:  # joined: in a column, PostgreSQL would go through all who subscribed
        by_topic = and_(_SUBSCRIPTION.c.device_id == _DEVICE.c.id, but.subscribed())
        devices = devices.outerjoin(_SUBSCRIPTION, by_topic)
        devices = devices.add_columns(_SUBSCRIPTION.c.device_id.is_not(None).label("by_topic"))
    found = (await session.execute(devices.order_by(_DEVICE.c.member_id, _DEVICE.c.id).limit(most))).all()
    last = None
    if len(found) == most:  # the last member's devices may not all be there
        last = max((row.member_id for row in found if row.member_id != found[-1].member_id), default=None)
        if last is None:
            raise LookupError("one member has as many devices as are handed out at once")
    mailboxes = _mailboxes().where(_PREFERENCE.c.member_id > after)
    if last is not None:  # or the first part would go through all there are
        mailboxes = mailboxes.where(_PREFERENCE.c.member_id <= last)
    letters = (await session.execute(mailboxes.order_by(_PREFERENCE.c.member_id).limit(most))).all()
    if len(letters) == most:
        last = letters[-1].member_id
    targets = [Target(*row[:3]) for row in (*(each for each in found if not each.by_topic), *letters)]
    return sorted(each for each in targets if last is None or each.member_id <= last), last


def _devices() -> Select[Any]:
    chosen = select(_DEVICE.c.member_id, _DEVICE.c.id.label("device_id"), _DEVICE.c.provider)
    return chosen.where(_DEVICE.c.ended_at.is_(None))


def _mailboxes() -> Select[Any]:
    """Of those who asked for it and have no device."""
    other = _DEVICE.alias()
    has_device = exists().where(other.c.member_id == _PREFERENCE.c.member_id, other.c.ended_at.is_(None))
    return select(
        _PREFERENCE.c.member_id, _PREFERENCE.c.member_id.label("device_id"), literal(EMAIL).label("provider")
    ).where(_PREFERENCE.c.email, ~has_device)


async def forget_devices(session: AsyncSession, gone: Sequence[tuple[UUID, str]]) -> None:
    """Devices and the addresses at which nobody is any more, as their provider says. One that was registered with
    another address meanwhile stays.
    """
    ring = keyring(session)
    told = sorted({(device_id, ring.digest(ADDRESS_DIGEST, address)) for device_id, address in gone})
    await end_devices(session, tuple_(_DEVICE.c.id, _DEVICE.c.address_digest).in_(told), DeviceEnd.GONE)
