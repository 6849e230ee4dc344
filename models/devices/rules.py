"""Rules about devices: one a session, and one account an address."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, union, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.push_endpoints import EndpointRefused, check_endpoint
from content.push_keys import KeysRefused, check_keys
from models.base import new_id
from models.changes import Topic, record, savepoint
from models.channels import member_channel
from models.database import keyring, lock, now, table_of, translating
from models.deliveries.table import SubscriptionState, TopicSubscription
from models.devices.ending import DeviceEnd, end_devices
from models.devices.shapes import DeviceList, DeviceProvider, DevicePublic, DevicePut
from models.devices.table import ADDRESS_DIGEST, Destination, Device, sealed, unsealed
from models.errors import Conflict, FieldError, Invalid, NotFound, Unauthenticated, Unavailable
from models.keyring import KeyringError
from models.permissions import Viewer
from models.schedule import Duty
from models.sessions import DeviceSession

DEVICES_MOST = 20
SILENT_MOST = timedelta(days=270)
_TRIES = 5
_DEVICE, _SUBSCRIPTION = table_of(Device), table_of(TopicSubscription)


async def list_devices(session: AsyncSession, viewer: Viewer) -> DeviceList:
    """The viewer's own that are told of news, the newest first."""
    rows = await session.scalars(
        select(Device)
        .where(col(Device.member_id) == viewer.the_member, col(Device.ended_at).is_(None))
        .order_by(col(Device.id).desc())
    )
    return DeviceList(items=[DevicePublic.of(row, viewer.session_id) for row in rows])


async def put_device(
    session: AsyncSession, viewer: Viewer, device_id: UUID, data: DevicePut, hosts: Sequence[str]
) -> DevicePublic:
    """The viewer's session is told of news here, and nowhere else; whoever had this address before is told nothing any
    more. `hosts` are the push services that browsers may name.

    Raises Invalid, NotFound where another member has the id, and Conflict `device.too_many`.
    """
    said = _read(data, hosts)
    await lock(session, f"device:{viewer.the_member}")
    await _hold_session(session, viewer)
    for _ in range(_TRIES):
        try:
            async with savepoint(session), translating(session, _TAKEN):
                device = await _write(session, viewer, device_id, data, said)
        except Unavailable:  # somebody else registered it at the same moment, and has committed: it moves on to here
            continue
        return DevicePublic.of(device, viewer.session_id)
    raise Unavailable


_TAKEN = {"uq_device_address_digest": Unavailable(), "pk_device": Unavailable()}


async def delete_device(session: AsyncSession, viewer: Viewer, device_id: UUID) -> None:
    """Raises NotFound."""
    device = await session.get(Device, device_id)
    if device is None or device.member_id != viewer.the_member or device.ended_at is not None:
        raise NotFound
    await end_devices(session, _DEVICE.c.id == device_id, DeviceEnd.REMOVED)


def _read(data: DevicePut, hosts: Sequence[str]) -> Destination:
    wanted, other = ("token", "subscription") if data.provider is DeviceProvider.FCM else ("subscription", "token")
    errors = [FieldError(f"/{wanted}", "missing")] if getattr(data, wanted) is None else []
    errors += [FieldError(f"/{other}", "extra_forbidden")] if getattr(data, other) is not None else []
    if errors:
        raise Invalid(errors)
    if data.subscription is None:
        return Destination(data.token or "")
    endpoint, keys = data.subscription.endpoint, data.subscription.keys
    try:
        check_endpoint(endpoint, hosts)
    except EndpointRefused:
        raise Invalid.at("/subscription/endpoint", "push.endpoint_refused") from None
    try:
        check_keys(keys.p256dh, keys.auth)
    except KeysRefused:
        raise Invalid.at("/subscription/keys", "push.keys_refused") from None
    return Destination(endpoint, keys.p256dh, keys.auth)


async def _hold_session(session: AsyncSession, viewer: Viewer) -> None:
    """It ends after this, and its device with it, or it has ended before."""
    held = select(col(DeviceSession.id)).where(
        col(DeviceSession.id) == viewer.the_session, col(DeviceSession.ended_at).is_(None)
    )
    if await session.scalar(held.with_for_update(read=True)) is None:
        raise Unauthenticated(Unauthenticated.SIGN_IN)


async def _write(session: AsyncSession, viewer: Viewer, device_id: UUID, data: DevicePut, said: Destination) -> Device:
    """The partial unique index over open addresses decides a race."""
    ring, at = keyring(session), now(session)
    digest = ring.digest(ADDRESS_DIGEST, said.address)
    await _hold_devices(session, viewer, device_id, digest)
    device = await session.get(Device, device_id, populate_existing=True)
    if device is not None and device.member_id != viewer.the_member:
        raise NotFound
    others = _DEVICE.c.id != device_id
    await end_devices(session, others & (_DEVICE.c.address_digest == digest), DeviceEnd.MOVED)
    await end_devices(session, others & (_DEVICE.c.session_id == viewer.the_session), DeviceEnd.REPLACED)
    is_new = device is None or device.ended_at is not None
    if is_new:
        await _refuse_too_many(session, viewer)
        record(session, member_channel(viewer.the_member), Topic.ACCESS, "device", device_id)
    about: dict[str, Any] = {
        "session_id": viewer.the_session,
        "provider": data.provider.value,
        "language": data.language,
        "destination": sealed(ring, device_id, said),
        "address_digest": digest,
        "seen_at": at,
        "ended_at": None,
        "end_reason": None,
    }
    if device is None:
        device = Device(id=device_id, member_id=viewer.the_member, created_at=at, **about)
        session.add(device)
    else:
        if device.address_digest != digest:
            await _subscribe_again(session, device, at, data.provider)
        device.sqlmodel_update(about)
    await session.flush()
    return device


async def _hold_devices(session: AsyncSession, viewer: Viewer, device_id: UUID, digest: str) -> None:
    """All that this changes, in one order: two who take each other's address would wait for each other for ever."""
    is_open = _DEVICE.c.ended_at.is_(None)
    touched = (
        _DEVICE.c.id == device_id,
        (_DEVICE.c.address_digest == digest) & is_open,
        (_DEVICE.c.session_id == viewer.the_session) & is_open,
    )
    ids = union(*(select(_DEVICE.c.id).where(which) for which in touched))  # by OR, SQLite goes through all devices
    held = select(_DEVICE.c.id).where(_DEVICE.c.id.in_(ids)).order_by(_DEVICE.c.id)
    await session.execute(held.with_for_update())


async def _refuse_too_many(session: AsyncSession, viewer: Viewer) -> None:
    mine = select(func.count()).where(_DEVICE.c.member_id == viewer.the_member, _DEVICE.c.ended_at.is_(None))
    if (await session.scalar(mine) or 0) >= DEVICES_MOST:
        raise Conflict("device.too_many", most=DEVICES_MOST)


async def _subscribe_again(session: AsyncSession, device: Device, at: datetime, provider: DeviceProvider) -> None:
    """Firebase knows subscribers of topics by their tokens, and is told of no other addresses. The old one may still
    serve somebody: a phone that was given away after its app went over to the next one.
    """
    mine = _SUBSCRIPTION.c.device_id == device.id
    in_order = select(_SUBSCRIPTION).where(mine).order_by(_SUBSCRIPTION.c.branch_no, _SUBSCRIPTION.c.who)
    rows = (await session.execute(in_order.with_for_update())).mappings().all()
    if not rows:
        return
    fresh = {"attempts": 0, "lease": None, "subscribed_at": None}
    left = await _left_behind(session, device, at)
    if left is not None:
        unwanted = {"device_id": left.id, "state": SubscriptionState.UNWANTED, **fresh}
        # not before whoever tells of it at this moment has ended
        due = [at if row["lease"] is None else max(at, row["due_at"]) for row in rows]
        values = [{**row, **unwanted, "due_at": due_at} for row, due_at in zip(rows, due, strict=True)]
        await session.execute(insert(_SUBSCRIPTION), values)
    is_over = mine
    if provider is DeviceProvider.FCM:
        is_over = mine & (_SUBSCRIPTION.c.state == SubscriptionState.UNWANTED)
    await session.execute(delete(_SUBSCRIPTION).where(is_over))
    again = {"state": SubscriptionState.WANTED, "due_at": at, **fresh}
    await session.execute(update(_SUBSCRIPTION).where(mine).values(again))


async def _left_behind(session: AsyncSession, device: Device, at: datetime) -> Device | None:
    """A device's old address as a device of its own, that has ended; None where no key opens it."""
    ring = keyring(session)
    try:
        destination = unsealed(ring, device.id, device.destination)
    except KeyringError:
        return None
    left_id = new_id()
    about = device.model_dump() | {"id": left_id, "destination": sealed(ring, left_id, destination), "ended_at": at}
    left = Device(**about | {"end_reason": DeviceEnd.REPLACED.value})
    session.add(left)
    await session.flush()
    return left


async def _find_silent(session: AsyncSession, at: datetime, most: int) -> Sequence[Device]:
    silent = select(Device).where(col(Device.ended_at).is_(None), col(Device.seen_at) <= at - SILENT_MOST)
    oldest = silent.order_by(col(Device.seen_at), col(Device.id)).limit(most)
    return (await session.scalars(oldest.with_for_update(skip_locked=True))).all()


async def _end_silent(session: AsyncSession, device: Device) -> None:
    await end_devices(session, _DEVICE.c.id == device.id, DeviceEnd.SILENT)


END_SILENT_DEVICES = Duty("device.end", _find_silent, _end_silent)
"""Apps register whenever they start: those that did not for so long are gone."""
