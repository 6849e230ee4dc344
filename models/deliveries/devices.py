"""Devices, and mailboxes of those without one, as deliveries see them."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, literal, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from models.database import keyring, table_of
from models.deliveries.table import SubscriptionState, TopicSubscription
from models.devices.ending import DeviceEnd, end_devices
from models.devices.table import ADDRESS_DIGEST, Device, Preference

FCM, EMAIL = "fcm", "email"

_DEVICE, _PREFERENCE, _SUBSCRIPTION = table_of(Device), table_of(Preference), table_of(TopicSubscription)


class Target(NamedTuple):
    """Somewhere to send to. A mailbox goes by its member's id."""

    member_id: UUID
    device_id: UUID
    provider: str


async def targets_of(
    session: AsyncSession, members: Sequence[UUID], but: tuple[int, int] | None = None
) -> Sequence[Target]:
    """Of these members, member by member; without devices that subscribed to the topic of the channel `but`."""
    devices = _devices(_DEVICE.c.member_id.in_(members), but)
    mailboxes = _mailboxes(_PREFERENCE.c.member_id.in_(members))
    found = union_all(devices, mailboxes).subquery()
    rows = await session.execute(select(found).order_by(found.c.member_id, found.c.device_id))
    return [Target(*row) for row in rows]


async def targets_after(
    session: AsyncSession, after: UUID, most: int, but: tuple[int, int] | None = None
) -> tuple[Sequence[Target], UUID | None]:
    """The next of all members there are, and after whom to go on; None where none are left. Work for `most` devices,
    however few of them it gives.
    """
    devices = _devices(_DEVICE.c.member_id > after, None)
    if but is None:
        devices = devices.add_columns(literal(value=False).label("by_topic"))
    else:  # joined: in a column, PostgreSQL would go through all who subscribed
        is_told = and_(*_told_by(but))
        devices = devices.outerjoin(_SUBSCRIPTION, is_told)
        devices = devices.add_columns(_SUBSCRIPTION.c.device_id.is_not(None).label("by_topic"))
    mailboxes = _mailboxes(_PREFERENCE.c.member_id > after).add_columns(literal(value=False).label("by_topic"))
    sides = [
        select(side.order_by(side.selected_columns[0], side.selected_columns[1]).limit(most).subquery())
        for side in (devices, mailboxes)
    ]
    found = union_all(*sides).subquery()
    rows = (await session.execute(select(found).order_by(found.c.member_id, found.c.device_id).limit(most))).all()
    last = None
    if len(rows) == most:  # the last member's devices may not all be there
        last = max((row.member_id for row in rows if row.member_id != rows[-1].member_id), default=None)
        if last is None:
            raise LookupError("one member has as many devices as are handed out at once")
    return [Target(*row[:3]) for row in rows if not row.by_topic and (last is None or row.member_id <= last)], last


def _devices(which: ColumnElement[bool], but: tuple[int, int] | None) -> Select[Any]:
    chosen = select(_DEVICE.c.member_id, _DEVICE.c.id.label("device_id"), _DEVICE.c.provider)
    chosen = chosen.where(_DEVICE.c.ended_at.is_(None), which)
    return chosen if but is None else chosen.where(~exists().where(*_told_by(but)))


def _told_by(topic: tuple[int, int]) -> tuple[ColumnElement[bool], ...]:
    branch_no, who = topic
    return (
        _SUBSCRIPTION.c.branch_no == branch_no,
        _SUBSCRIPTION.c.who == who,
        _SUBSCRIPTION.c.device_id == _DEVICE.c.id,
        _SUBSCRIPTION.c.state == SubscriptionState.SUBSCRIBED,
    )


def _mailboxes(which: ColumnElement[bool]) -> Select[Any]:
    """Of those who asked for it and have no device."""
    other = _DEVICE.alias()
    has_device = exists().where(other.c.member_id == _PREFERENCE.c.member_id, other.c.ended_at.is_(None))
    return select(
        _PREFERENCE.c.member_id, _PREFERENCE.c.member_id.label("device_id"), literal(EMAIL).label("provider")
    ).where(_PREFERENCE.c.email, which, ~has_device)


async def forget_devices(session: AsyncSession, gone: Sequence[tuple[UUID, str]]) -> None:
    """Devices and the addresses at which nobody is any more, as their provider says. One that was registered with
    another address meanwhile stays.
    """
    ring = keyring(session)
    told = sorted({(device_id, ring.digest(ADDRESS_DIGEST, address)) for device_id, address in gone})
    await end_devices(session, tuple_(_DEVICE.c.id, _DEVICE.c.address_digest).in_(told), DeviceEnd.GONE)
