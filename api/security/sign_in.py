"""Signing in. No transaction is open while a password is hashed: on SQLite it would keep every other writer waiting."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from api.parts import Parts
from api.security.attempts import network_of
from api.security.claims import claims_of
from models.accounts import (
    Account,
    code_opens,
    find_account,
    lock_account,
    login_key,
    names_of,
    redeem_code,
    set_password,
)
from models.errors import Invalid, Unauthenticated
from models.permissions import Viewer
from models.sessions import (
    Device,
    end_sessions,
    knows_address,
    require_open_account,
    start_session,
    use_refresh,
)
from models.viewers import belongings

_CODE_PURPOSE = "code:"
_CHANGE_PURPOSE = "change:"


@dataclass(frozen=True, slots=True)
class TokenPair:
    member_id: UUID
    access_token: str
    refresh_token: str
    expires_in: int


async def log_in(parts: Parts, login: str, password: str, device: Device, address: str | None) -> TokenPair:
    """Raises Unauthenticated: the same, after the same time, for an unknown login and a wrong password."""
    network = network_of(address)
    async with parts.transaction(writes=False) as session:
        account = await find_account(session, login)
        known = account is not None and await knows_address(session, account.member_id, network)
    async with parts.attempts.trying(login_key(login), network, known=known) as failed:
        if not await parts.passwords.verify(password, account.password_hash if account else None) or account is None:
            await failed()
            raise Unauthenticated(Unauthenticated.SIGN_IN)
    as_of = _known_up_to(parts)
    async with parts.transaction() as session:
        await lock_account(session, account.member_id, account.password_hash)  # it may have changed meanwhile
        return await _start(parts, session, account.member_id, device, network, as_of)


async def activate(
    parts: Parts, login: str, code: str, password: str, device: Device, address: str | None
) -> TokenPair:
    """First sign-in and recovery with a code that the branch handed over. Sessions from before are ended.

    The password is hashed once the code has been seen to be right: guesses cost us nothing.
    """
    parts.passwords.require_good(password, [login], "/password")
    network = network_of(address)
    async with parts.attempts.trying(_CODE_PURPOSE + login_key(login), network, known=True) as failed:
        async with parts.transaction(writes=False) as session:
            account = await find_account(session, login)
            opens = code_opens(session, account, code)
            names = await names_of(session, account.member_id) if account is not None else []
        if not opens or account is None:
            await failed()
            raise Unauthenticated(Unauthenticated.SIGN_IN)
    parts.passwords.require_good(password, names, "/password")
    password_hash = await parts.passwords.hash(password)
    as_of = _known_up_to(parts)
    async with parts.transaction() as session:
        if not await redeem_code(session, account, code, password_hash):
            raise Unauthenticated(Unauthenticated.SIGN_IN)
        await end_sessions(session, account.member_id, "recovered")
        return await _start(parts, session, account.member_id, device, network, as_of)


async def refresh(parts: Parts, token: str) -> TokenPair:
    """The successor of a refresh token, with a new access token."""
    said = parts.tokens.read_refresh(token)
    as_of = _known_up_to(parts)

    async def rotate(session: AsyncSession) -> TokenPair:
        member_id = await use_refresh(session, said.session_id, said.generation)
        return await _pair(parts, session, member_id, said.session_id, said.generation + 1, as_of)

    return await parts.write(rotate)


async def change_password(parts: Parts, viewer: Viewer, current: str, new: str) -> None:
    """Ends the member's other sessions. Raises Invalid where the current password is wrong."""
    member_id = viewer.the_member
    async with parts.transaction(writes=False) as session:
        account = await session.get_one(Account, member_id)
        names = await names_of(session, member_id)
    parts.passwords.require_good(new, names, "/new_password")
    async with parts.attempts.trying(_CHANGE_PURPOSE + member_id.hex, None, known=False) as failed:
        if not await parts.passwords.verify(current, account.password_hash):
            await failed()
            raise Invalid.at("/current_password", "password.wrong")
    password_hash = await parts.passwords.hash(new)
    async with parts.transaction() as session:
        # who recovered the account meanwhile keeps it
        locked = await lock_account(session, member_id, account.password_hash)
        await set_password(session, locked, password_hash)
        await end_sessions(session, member_id, "password_changed", but=viewer.session_id)


def _known_up_to(parts: Parts) -> int:
    """The log's number as of which claims will hold: read before anything that they claim, the session's life too."""
    return parts.cache.follower.view.head


async def _start(
    parts: Parts, session: AsyncSession, member_id: UUID, device: Device, network: str | None, as_of: int
) -> TokenPair:
    await require_open_account(session, member_id)
    row = await start_session(session, member_id, device, network)
    return await _pair(parts, session, member_id, row.id, 1, as_of)


async def _pair(
    parts: Parts, session: AsyncSession, member_id: UUID, session_id: UUID, generation: int, as_of: int
) -> TokenPair:
    claims = claims_of(member_id, session_id, await belongings(session, member_id), as_of)
    return TokenPair(
        member_id=member_id,
        access_token=parts.tokens.access(claims),
        refresh_token=parts.tokens.refresh(session_id, generation),
        expires_in=int(parts.tokens.life.total_seconds()),
    )
