"""Where to, and what its owner wishes, of the devices and mailboxes of some deliveries."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import Account
from models.database import keyring, table_of
from models.deliveries.devices import EMAIL
from models.deliveries.table import Delivery
from models.devices.table import Destination, Device, Preference, PushCategory, unsealed
from models.keyring import Keyring, KeyringError
from models.members.table import ACTIVE, Member
from models.sessions import IDLE_MOST, DeviceSession

_DEVICE, _PREFERENCE, _SESSION, _MEMBER = (
    table_of(Device),
    table_of(Preference),
    table_of(DeviceSession),
    table_of(Member),
)
_ACCOUNT = table_of(Account)
_STANDING = (_MEMBER.c.status, _ACCOUNT.c.member_id.label("account_of"), _ACCOUNT.c.disabled_at)
_log = logging.getLogger("handbook")
_WISHES = (_PREFERENCE.c.quiet_from, _PREFERENCE.c.quiet_until, _PREFERENCE.c.timezone, _PREFERENCE.c.muted)


@dataclass(frozen=True, slots=True)
class Address:
    destination: Destination | None
    """None where no key opens it: its device registers anew with the next start of its app."""
    language: str
    is_signed_in: bool
    muted: frozenset[PushCategory]
    quiet: tuple[time, time, str] | None


async def addresses_of(session: AsyncSession, deliveries: Sequence[Delivery], at: datetime) -> dict[UUID, Address]:
    """By delivery."""
    devices = {each.device_id: each.id for each in deliveries if each.provider != EMAIL and each.device_id}
    members = {each.member_id: each.id for each in deliveries if each.provider == EMAIL and each.member_id}
    found: dict[UUID, Address] = {}
    if devices:
        found |= await _of_devices(session, devices, at)
    if members:
        found |= await _of_mailboxes(session, members)
    return found


async def _of_devices(session: AsyncSession, devices: dict[UUID, UUID], at: datetime) -> dict[UUID, Address]:
    rows = await session.execute(
        select(
            _DEVICE,
            _SESSION.c.ended_at.label("session_ended_at"),
            _SESSION.c.used_at,
            *_STANDING,
            *_WISHES,
        )
        .join_from(_DEVICE, _SESSION, _SESSION.c.id == _DEVICE.c.session_id)
        .join(_MEMBER, _MEMBER.c.id == _DEVICE.c.member_id)
        .outerjoin(_ACCOUNT, _ACCOUNT.c.member_id == _DEVICE.c.member_id)
        .outerjoin(_PREFERENCE, _PREFERENCE.c.member_id == _DEVICE.c.member_id)
        .where(_DEVICE.c.id.in_(sorted(devices)))
    )
    ring = keyring(session)
    return {
        devices[row.id]: Address(
            destination=_opened(ring, row),
            language=row.language,
            is_signed_in=row.ended_at is None
            and row.session_ended_at is None
            and row.used_at > at - IDLE_MOST
            and _is_open(row),
            muted=_muted(row.muted),
            quiet=_quiet(row.quiet_from, row.quiet_until, row.timezone),
        )
        for row in rows
    }


async def _of_mailboxes(session: AsyncSession, members: dict[UUID, UUID]) -> dict[UUID, Address]:
    """Those who have a device by now get nothing here: it is told by itself."""
    is_theirs = (_DEVICE.c.member_id.in_(sorted(members)), _DEVICE.c.ended_at.is_(None))
    equipped = set(await session.scalars(select(_DEVICE.c.member_id).where(*is_theirs)))
    rows = await session.execute(
        select(
            _MEMBER.c.id,
            _MEMBER.c.email,
            _PREFERENCE.c.email.label("wanted"),
            _PREFERENCE.c.language,
            *_STANDING,
            *_WISHES,
        )
        .join_from(_MEMBER, _PREFERENCE, _PREFERENCE.c.member_id == _MEMBER.c.id)
        .outerjoin(_ACCOUNT, _ACCOUNT.c.member_id == _MEMBER.c.id)
        .where(_MEMBER.c.id.in_(sorted(members)))
    )
    return {
        members[row.id]: Address(
            destination=Destination(row.email or ""),
            language=row.language,
            is_signed_in=row.wanted and row.email is not None and row.id not in equipped and _is_open(row),
            muted=_muted(row.muted),
            quiet=_quiet(row.quiet_from, row.quiet_until, row.timezone),
        )
        for row in rows
    }


def _opened(ring: Keyring, row: Any) -> Destination | None:
    try:
        return unsealed(ring, row.id, row.destination)
    except KeyringError:
        _log.warning("no key opens the address of device %s", row.id)
        return None


def _is_open(row: Any) -> bool:
    """As `accounts.is_open`, by joins: PostgreSQL goes through all members for each row to answer that in a column."""
    return row.status in ACTIVE and row.account_of is not None and row.disabled_at is None


def _muted(names: Sequence[str] | None) -> frozenset[PushCategory]:
    return frozenset(map(PushCategory, names or ()))


def _quiet(begins: time | None, ends: time | None, timezone: str | None) -> tuple[time, time, str] | None:
    return None if begins is None or ends is None or timezone is None else (begins, ends, timezone)
