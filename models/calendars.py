"""A member's activities for calendar apps, which cannot sign in: whoever has the token may read them."""

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, UniqueConstraint, col

from models.accounts import is_open
from models.base import Shape
from models.database import keyring, now, table_of, upsert
from models.errors import NotFound
from models.permissions import Viewer
from models.viewers import resolve_reader

TOKEN_DIGEST = "uq_calendar_token_digest"  # noqa: S105 - the name of a constraint
_PURPOSE = "calendar"
_BYTES = 24


class CalendarToken(SQLModel, table=True):
    """One a member: a new one ends the one before. Of the token only the digest is kept."""

    __tablename__ = "calendar_token"
    __table_args__ = (UniqueConstraint("digest", name=TOKEN_DIGEST),)

    member_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("member.id")])
    digest: str = Field(max_length=64)
    created_at: datetime


class CalendarTokenPublic(Shape):
    """`url` is what a calendar app subscribes to. Both are shown this once."""

    token: str
    url: str


class CalendarTokenState(Shape):
    """Whether there is a token, and since when."""

    exists: bool
    created_at: datetime | None


async def new_calendar_token(session: AsyncSession, viewer: Viewer) -> str:
    """192 random bits, as text for a URL. The one before is good for nothing from now on."""
    token = secrets.token_urlsafe(_BYTES)
    row = {"member_id": viewer.the_member, "digest": _digest(session, token), "created_at": now(session)}
    await upsert(session, CalendarToken, [row], keys=("member_id",), update=("digest", "created_at"))
    return token


async def end_calendar_token(session: AsyncSession, viewer: Viewer) -> None:
    """Where there is none, nothing happens."""
    await session.execute(delete(CalendarToken).where(col(CalendarToken.member_id) == viewer.the_member))


async def calendar_token_state(session: AsyncSession, viewer: Viewer) -> CalendarTokenState:
    row = await session.get(CalendarToken, viewer.the_member)
    return CalendarTokenState(exists=row is not None, created_at=row.created_at if row else None)


_HOLDER = select(table_of(CalendarToken).c.member_id).where(
    table_of(CalendarToken).c.digest == bindparam("digest"), is_open(table_of(CalendarToken).c.member_id)
)


async def resolve_subscriber(session: AsyncSession, token: str) -> Viewer:
    """Who subscribed, with what they belong to and hold at this moment.

    Raises NotFound: the same for a token that never was, one that has ended, and one whose account is closed.
    """
    member_id = await session.scalar(_HOLDER, {"digest": _digest(session, token)})
    if member_id is None:
        raise NotFound
    return await resolve_reader(session, member_id)


def _digest(session: AsyncSession, token: str) -> str:
    return keyring(session).digest(_PURPOSE, token)
