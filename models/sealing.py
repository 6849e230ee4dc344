"""Sealing what is sealed anew under the newest key, so that older keys can go."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.devices.table import Device, sealed, unsealed
from models.keyring import Keyring
from models.members.table import SEALING, Member

_AT_ONCE = 500


async def reseal(session: AsyncSession, ring: Keyring) -> int:
    """Up to 500 values of a kind sealed under older keys; gives how many there were, 0 when all is done."""
    count = await _citizen_ids(session, ring) + await _addresses(session, ring)
    await session.flush()
    return count


async def _citizen_ids(session: AsyncSession, ring: Keyring) -> int:
    rows = await session.scalars(
        select(Member)
        .where(
            col(Member.national_id).is_not(None), ~col(Member.national_id).startswith(_newest(ring), autoescape=True)
        )
        .order_by(col(Member.id))
        .limit(_AT_ONCE)
        .with_for_update()
    )
    count = 0
    for member in rows:
        number = ring.open(SEALING, member.national_id or "", bound_to=member.id.hex)
        member.national_id = ring.seal(SEALING, number, bound_to=member.id.hex)
        count += 1
    return count


async def _addresses(session: AsyncSession, ring: Keyring) -> int:
    """Of ended devices too: they may still be to be unsubscribed."""
    rows = await session.scalars(
        select(Device)
        .where(~col(Device.destination).startswith(_newest(ring), autoescape=True))
        .order_by(col(Device.id))
        .limit(_AT_ONCE)
        .with_for_update()
    )
    count = 0
    for device in rows:
        device.destination = sealed(ring, device.id, unsealed(ring, device.id, device.destination))
        count += 1
    return count


def _newest(ring: Keyring) -> str:
    return f"{ring.newest.kid}."
