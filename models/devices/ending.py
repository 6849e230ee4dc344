"""Devices that are told nothing any more, for whatever reason."""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.changes import Topic, record
from models.channels import member_channel
from models.database import now, table_of
from models.devices.table import Device

_DEVICE = table_of(Device)


class DeviceEnd(StrEnum):
    SIGNED_OUT = "signed_out"
    """Its session ended, in whatever way."""
    MOVED = "moved"
    """Its address belongs to another account, or to another device of the same, by now."""
    REPLACED = "replaced"
    """Its session has another device by now."""
    REMOVED = "removed"
    SILENT = "silent"
    GONE = "gone"
    """Its provider knows nobody there."""


async def end_devices(session: AsyncSession, which: ColumnElement[bool], reason: DeviceEnd) -> None:
    """Open ones alone, locked in one order. Whoever follows the log unsubscribes them from topics; of who is gone
    providers know already.
    """
    held = select(_DEVICE.c.id).where(which, _DEVICE.c.ended_at.is_(None)).order_by(_DEVICE.c.id)
    mine = held.with_for_update().cte("held")
    ended = await session.execute(
        update(_DEVICE)
        .where(_DEVICE.c.id.in_(select(mine.c.id)))
        .values(ended_at=now(session), end_reason=reason.value)
        .returning(_DEVICE.c.id, _DEVICE.c.member_id)
    )
    for device_id, member_id in ended.all() if reason is not DeviceEnd.GONE else ():
        record(session, member_channel(member_id), Topic.ACCESS, "device", device_id)


async def end_devices_of(session: AsyncSession, session_ids: Sequence[UUID]) -> None:
    """With the sessions that they were signed in by."""
    await end_devices(session, _DEVICE.c.session_id.in_(session_ids), DeviceEnd.SIGNED_OUT)
