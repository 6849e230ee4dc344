"""Signed-in devices. A session is a family of refresh tokens of which only the newest generations count.

A token says its generation; the generation *g* always yields *g+1*, and the first use of *g+1* retires *g*. So a lost
response may be asked for again at any time, fifty parallel tries get one successor, and only a real rotation writes.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import Field, SQLModel, col

from models.accounts import Account, is_open
from models.base import Name, Request, Shape, choice, new_id
from models.changes import Topic, record
from models.channels import member_channel
from models.database import now, table_of
from models.devices.ending import end_devices_of
from models.errors import NotFound, Unauthenticated, Unavailable
from models.members.table import ACTIVE, Member, MemberStatus

IDLE_MOST = timedelta(days=180)
JUST_RETIRED = timedelta(seconds=60)
"""A retired token that comes back this soon after a rotation is likelier a slow network than a thief."""

_SHOWN_MOST = 100


class Platform(StrEnum):
    ANDROID = "android"
    IOS = "ios"
    WEB = "web"
    OTHER = "other"


class DeviceSession(SQLModel, table=True):
    """`used` is the newest generation that was used; `used_at` when that was first."""

    __tablename__ = "session"
    __table_args__ = (Index("ix_session_member_id", "member_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    member_id: UUID = Field(sa_column_args=[ForeignKey("member.id")])
    device_name: str = Field(max_length=200)
    device_platform: Platform = Field(sa_type=choice(Platform, "device_platform"))
    address: str | None = Field(default=None, max_length=45)  # an IPv4 address, or the /64 of an IPv6 one
    created_at: datetime
    used: int = 0
    used_at: datetime
    ended_at: datetime | None = None
    end_reason: str | None = Field(default=None, max_length=24)


class Device(Request):
    name: Name = "?"
    platform: Platform = Platform.OTHER


class SessionPublic(Shape):
    id: UUID
    device_name: str
    device_platform: Platform
    created_at: datetime
    used_at: datetime
    current: bool


async def start_session(session: AsyncSession, member_id: UUID, device: Device, address: str | None) -> DeviceSession:
    """The caller has verified who signs in."""
    at = now(session)
    row = DeviceSession(
        member_id=member_id,
        device_name=device.name,
        device_platform=device.platform,
        address=address,
        created_at=at,
        used_at=at,
    )
    session.add(row)
    await session.flush()
    return row


async def use_refresh(session: AsyncSession, session_id: UUID, generation: int) -> UUID:
    """A token of this family and generation, whose MAC has been verified, asks for its successor. Gives whose it is.

    Raises Unauthenticated, after ending the family where a retired token came back: account closed before session
    ended, since only the first asks for a wipe. A generation beyond the stored one comes from before a database was
    restored from a backup: it was given out by us, so it counts.
    """
    at = now(session)
    said = {"session_id": session_id, "generation": generation, "at": at, "idle_since": at - IDLE_MOST}
    # the comparison decides a race of parallel first uses: one of them writes
    member_id = (await session.execute(_FIRST_USE, said)).scalar_one_or_none()
    if member_id is not None:
        return member_id
    found = await session.execute(
        select(DeviceSession, col(Member.status), col(Account.disabled_at))
        .join(Member, col(Member.id) == col(DeviceSession.member_id))
        .join(Account, col(Account.member_id) == col(DeviceSession.member_id))
        .where(col(DeviceSession.id) == session_id)
    )
    known = found.one_or_none()
    if known is None:
        raise Unauthenticated(Unauthenticated.SIGN_IN)
    row: DeviceSession = known[0]
    _refuse_closed(known[1], known[2])
    if row.ended_at is not None or at - row.used_at > IDLE_MOST:
        raise Unauthenticated(Unauthenticated.SIGN_IN)
    if generation > row.used:
        raise Unavailable  # it was let in between the two statements: the next try will see that
    if generation < row.used:
        if at - row.used_at <= JUST_RETIRED:
            raise Unauthenticated(Unauthenticated.REFRESH)
        await _end(session, [row], "reused")
        raise Unauthenticated(Unauthenticated.SIGN_IN, kept=True)
    return row.member_id


def _first_use() -> ReturningUpdate[UUID]:
    """The first use of a generation by somebody who may: all that is asked of a session in its ordinary life."""
    device = table_of(DeviceSession)
    return (
        update(device)
        .where(
            device.c.id == bindparam("session_id"),
            device.c.used < bindparam("generation"),
            device.c.used_at >= bindparam("idle_since"),
            device.c.ended_at.is_(None),
            is_open(device.c.member_id),
        )
        .values(used=bindparam("generation"), used_at=bindparam("at"))
        .returning(device.c.member_id)
    )


_FIRST_USE = _first_use()


async def require_open_account(session: AsyncSession, member_id: UUID) -> None:
    """Raises Unauthenticated `account.closed` for one who left or whose account was disabled."""
    row = (
        await session.execute(
            select(col(Member.status), col(Account.disabled_at))
            .join(Account, col(Account.member_id) == col(Member.id))
            .where(col(Member.id) == member_id)
        )
    ).one_or_none()
    if row is None:
        raise Unauthenticated(Unauthenticated.CLOSED)
    _refuse_closed(row[0], row[1])


def _refuse_closed(status: MemberStatus, disabled_at: datetime | None) -> None:
    if status not in ACTIVE or disabled_at is not None:
        raise Unauthenticated(Unauthenticated.CLOSED)


async def end_sessions(session: AsyncSession, member_id: UUID, reason: str, *, but: UUID | None = None) -> int:
    """End all sessions of a member, or all but one. Gives how many were open."""
    rows = await session.scalars(
        select(DeviceSession).where(col(DeviceSession.member_id) == member_id, col(DeviceSession.ended_at).is_(None))
    )
    ended = [row for row in rows if row.id != but]
    await _end(session, ended, reason)
    return len(ended)


async def end_own_session(session: AsyncSession, member_id: UUID, session_id: UUID) -> None:
    row = await session.get(DeviceSession, session_id)
    if row is None or row.member_id != member_id or row.ended_at is not None:
        raise NotFound
    await _end(session, [row], "signed_out")


async def _end(session: AsyncSession, rows: list[DeviceSession], reason: str) -> None:
    for row in rows:
        row.ended_at = now(session)
        row.end_reason = reason
        record(session, member_channel(row.member_id), Topic.ACCESS, "session", row.id)
    await session.flush()
    if rows:
        await end_devices_of(session, [row.id for row in rows])


async def knows_address(session: AsyncSession, member_id: UUID, address: str | None) -> bool:
    """Has this account signed in from this address before?"""
    if address is None:
        return False
    statement = select(col(DeviceSession.id)).where(
        col(DeviceSession.member_id) == member_id, col(DeviceSession.address) == address
    )
    return await session.scalar(statement.limit(1)) is not None


async def own_sessions(session: AsyncSession, member_id: UUID, current: UUID | None) -> list[SessionPublic]:
    """The member's signed-in devices, the newest first."""
    rows = await session.scalars(
        select(DeviceSession)
        .where(
            col(DeviceSession.member_id) == member_id,
            col(DeviceSession.ended_at).is_(None),
            col(DeviceSession.used_at) > now(session) - IDLE_MOST,
        )
        .order_by(col(DeviceSession.id).desc())
        .limit(_SHOWN_MOST)
    )
    return [
        SessionPublic(
            id=row.id,
            device_name=row.device_name,
            device_platform=row.device_platform,
            created_at=row.created_at,
            used_at=row.used_at,
            current=row.id == current,
        )
        for row in rows
    ]
