"""Signing in. No transaction is open while a password is hashed: on SQLite it would keep every other writer waiting."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.parts import Parts
from api.security.claims import claims_of
from models.accounts import Account, code_opens, find_account, set_password
from models.errors import Invalid, Unauthenticated
from models.permissions import Viewer
from models.sessions import (
    Device,
    DeviceSession,
    end_sessions,
    knows_address,
    require_open_account,
    start_session,
    use_refresh,
)
from models.viewers import belongings

_CODE_PURPOSE = "code:"


@dataclass(frozen=True, slots=True)
class TokenPair:
    member_id: UUID
    access_token: str
    refresh_token: str
    expires_in: int


async def log_in(parts: Parts, login: str, password: str, device: Device, address: str | None) -> TokenPair:
    """Raises Unauthenticated: the same, after the same time, for an unknown login and a wrong password."""
    async with parts.transaction(writes=False) as session:
        account = await find_account(session, login)
        known = account is not None and await knows_address(session, account.member_id, address)
    await parts.attempts.require(login, address, known=known)
    if not await parts.passwords.verify(password, account.password_hash if account else None) or account is None:
        await parts.attempts.failed(login, address)
        raise Unauthenticated(Unauthenticated.SIGN_IN)
    async with parts.transaction() as session:
        current = await session.get(Account, account.member_id)
        if current is None or current.password_hash != account.password_hash:  # changed while we were hashing
            raise Unauthenticated(Unauthenticated.SIGN_IN)
        return await _start(parts, session, account.member_id, device, address)


async def activate(
    parts: Parts, login: str, code: str, password: str, device: Device, address: str | None
) -> TokenPair:
    """First sign-in and recovery with a code that the branch handed over. Sessions from before are ended."""
    parts.passwords.require_good(password, login, "/password")
    await parts.attempts.require(_CODE_PURPOSE + login, address, known=False)
    password_hash = await parts.passwords.hash(password)
    async with parts.transaction() as session:
        account = await find_account(session, login)
        if code_opens(session, account, code) and account is not None:
            await set_password(session, account, password_hash)
            await end_sessions(session, account.member_id, "recovered")
            return await _start(parts, session, account.member_id, device, address)
    await parts.attempts.failed(_CODE_PURPOSE + login, address)
    raise Unauthenticated(Unauthenticated.SIGN_IN)


async def refresh(parts: Parts, token: str) -> TokenPair:
    """The successor of a refresh token, with a new access token."""
    said = parts.tokens.read_refresh(token)
    async with parts.transaction() as session:
        row = await use_refresh(session, said.session_id, said.generation)
        return await _pair(parts, session, row, said.generation + 1)


async def change_password(parts: Parts, viewer: Viewer, current: str, new: str) -> None:
    """Ends the member's other sessions. Raises Invalid where the current password is wrong."""
    member_id = viewer.the_member
    async with parts.transaction(writes=False) as session:
        account = await session.get_one(Account, member_id)
    parts.passwords.require_good(new, "", "/new_password")
    await parts.attempts.require(member_id.hex, None, known=False)
    if not await parts.passwords.verify(current, account.password_hash):
        await parts.attempts.failed(member_id.hex, None)
        raise Invalid.at("/current_password", "password.wrong")
    password_hash = await parts.passwords.hash(new)
    async with parts.transaction() as session:
        await set_password(session, await session.get_one(Account, member_id), password_hash)
        await end_sessions(session, member_id, "password_changed", but=viewer.session_id)


async def _start(
    parts: Parts, session: AsyncSession, member_id: UUID, device: Device, address: str | None
) -> TokenPair:
    await require_open_account(session, member_id)
    return await _pair(parts, session, await start_session(session, member_id, device, address), 1)


async def _pair(parts: Parts, session: AsyncSession, row: DeviceSession, generation: int) -> TokenPair:
    as_of = parts.cache.follower.view.head  # read before what is claimed: a change between the two is looked up again
    claims = claims_of(row.member_id, row.id, await belongings(session, row.member_id), as_of)
    return TokenPair(
        member_id=row.member_id,
        access_token=parts.tokens.access(claims),
        refresh_token=parts.tokens.refresh(row.id, generation),
        expires_in=int(parts.tokens.life.total_seconds()),
    )
