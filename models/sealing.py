"""Sealing citizen ids anew under the newest key, so that older keys can go."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.keyring import Keyring
from models.members.table import SEALING, Member

_AT_ONCE = 500


async def reseal(session: AsyncSession, ring: Keyring) -> int:
    """Up to 500 values sealed under older keys; gives how many there were, 0 when all is done."""
    newest = f"{ring.newest.kid}."
    rows = await session.scalars(
        select(Member)
        .where(col(Member.national_id).is_not(None), ~col(Member.national_id).startswith(newest))
        .order_by(col(Member.id))
        .limit(_AT_ONCE)
        .with_for_update()
    )
    count = 0
    for member in rows:
        number = ring.open(SEALING, member.national_id or "", bound_to=member.id.hex)
        member.national_id = ring.seal(SEALING, number, bound_to=member.id.hex)
        count += 1
    await session.flush()
    return count
