"""From a verified session to a `Viewer`: what the asking member belongs to and holds at this moment."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    String,
    bindparam,
    cast,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import Account
from models.branches import Branch
from models.database import now, table_of
from models.errors import Unauthenticated
from models.members.table import ACTIVE, Member
from models.memberships import Membership
from models.permissions import Place, Role, Seat, Viewer
from models.roles import RoleGrant, in_force
from models.sessions import DeviceSession


class Belonging(NamedTuple):
    """An open membership or, with a role, a grant in force; `until` is when it runs out by itself."""

    role: Role | None
    no: int
    path: str
    until: datetime | None


def _places(whose: Callable[[Any], ColumnElement[bool]]) -> tuple[FromClause, Sequence[ColumnElement[Any]]]:
    """Open memberships and grants in force `:at`, joined to their branches, and what makes a `Belonging` of one."""
    at: BindParameter[datetime] = bindparam("at")
    member, grant, branch = table_of(Membership).c, table_of(RoleGrant).c, table_of(Branch)
    belongs: Select[*tuple[Any, ...]] = select(
        member.member_id, member.branch_no, literal(None, String()).label("role"), member.until
    ).where(whose(member.member_id), member.ended_at.is_(None), or_(member.until.is_(None), member.until > at))
    holds: Select[*tuple[Any, ...]] = select(
        grant.member_id, grant.branch_no, cast(grant.role, String()), grant.until
    ).where(whose(grant.member_id), in_force(at, grant))
    places = union_all(belongs, holds).subquery("place")
    joined = places.join(branch, branch.c.no == places.c.branch_no)
    return joined, (places.c.member_id, places.c.role, branch.c.no, branch.c.path, places.c.until)


def _of_one(member_id: Any) -> ColumnElement[bool]:
    equal: ColumnElement[bool] = member_id == bindparam("member_id")
    return equal


def _access() -> Select[*tuple[Any, ...]]:
    """Whether somebody may sign in at all, on each row; where they belong and hold nothing, that is all of one row."""
    member, account, device = table_of(Member), table_of(Account), table_of(DeviceSession)
    places, columns = _places(_of_one)
    signed_in = member.join(account, account.c.member_id == member.c.id).join(device, device.c.member_id == member.c.id)
    return (
        select(member.c.status, account.c.disabled_at, device.c.ended_at, *columns)
        .select_from(signed_in.outerjoin(places, columns[0] == member.c.id))
        .where(member.c.id == bindparam("member_id"), device.c.id == bindparam("session_id"))
    )


def _belongings(whose: Callable[[Any], ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    places, columns = _places(whose)
    return select(*columns).select_from(places)


# made once: that takes a millisecond, and every sign-in and every write asks
_ACCESS = _access()
_OF_ONE = _belongings(_of_one)
_OF_MANY = _belongings(lambda member_id: member_id.in_(bindparam("member_ids", expanding=True)))


async def resolve_access(session: AsyncSession, member_id: UUID, session_id: UUID) -> list[Belonging]:
    """What a member belongs to and holds now, in one statement.

    Raises Unauthenticated: account closed before session ended, since only the first asks for a wipe.
    """
    said = {"member_id": member_id, "session_id": session_id, "at": now(session)}
    rows = (await session.execute(_ACCESS, said)).all()
    if not rows:
        raise Unauthenticated(Unauthenticated.SIGN_IN)
    status, disabled_at, ended_at, *_ = rows[0]
    if status not in ACTIVE or disabled_at is not None:
        raise Unauthenticated(Unauthenticated.CLOSED)
    if ended_at is not None:
        raise Unauthenticated(Unauthenticated.SIGN_IN)
    return [_read(*row) for _, _, _, belongs, *row in rows if belongs is not None]


async def belongings(session: AsyncSession, member_id: UUID) -> list[Belonging]:
    """What a member belongs to and holds now."""
    rows = await session.execute(_OF_ONE, {"member_id": member_id, "at": now(session)})
    return [_read(*row) for _, *row in rows]


async def belongings_of(session: AsyncSession, member_ids: Sequence[UUID]) -> dict[UUID, list[Belonging]]:
    """The same of each of these, in one statement."""
    rows = await session.execute(_OF_MANY, {"member_ids": member_ids, "at": now(session)})
    found: dict[UUID, list[Belonging]] = {}
    for member_id, *row in rows:
        found.setdefault(member_id, []).append(_read(*row))
    return found


def _read(role: str | None, no: int, path: str, until: datetime | None) -> Belonging:
    return Belonging(Role(role) if role else None, no, path, until)


async def resolve_viewer(session: AsyncSession, member_id: UUID, session_id: UUID) -> Viewer:
    """`resolve_access` as a viewer."""
    return _viewer(member_id, session_id, await resolve_access(session, member_id, session_id))


async def resolve_reader(session: AsyncSession, member_id: UUID) -> Viewer:
    """A member who is not signed in here, as a viewer. The caller knows that the account is open."""
    return _viewer(member_id, None, await belongings(session, member_id))


def _viewer(member_id: UUID, session_id: UUID | None, access: Sequence[Belonging]) -> Viewer:
    return Viewer(
        member_id,
        session_id,
        tuple(Place(b.no, b.path) for b in access if b.role is None),
        tuple(Seat(b.role, Place(b.no, b.path)) for b in access if b.role is not None),
    )
