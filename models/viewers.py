"""From a verified session to a `Viewer`: what the asking member belongs to and holds at this moment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, String, cast, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.accounts import Account
from models.branches import Branch
from models.database import now
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


async def resolve_access(session: AsyncSession, member_id: UUID, session_id: UUID) -> list[Belonging]:
    """What a member belongs to and holds now. Two statements.

    Raises Unauthenticated: account closed before session ended, since only the first asks for a wipe.
    """
    row = (
        await session.execute(
            select(col(Member.status), col(Account.disabled_at), col(DeviceSession.ended_at))
            .join(Account, col(Account.member_id) == col(Member.id))
            .join(DeviceSession, col(DeviceSession.member_id) == col(Member.id))
            .where(col(Member.id) == member_id, col(DeviceSession.id) == session_id)
        )
    ).one_or_none()
    if row is None:
        raise Unauthenticated(Unauthenticated.SIGN_IN)
    status, disabled_at, ended_at = row
    if status not in ACTIVE or disabled_at is not None:
        raise Unauthenticated(Unauthenticated.CLOSED)
    if ended_at is not None:
        raise Unauthenticated(Unauthenticated.SIGN_IN)
    return await belongings(session, member_id)


async def belongings(session: AsyncSession, member_id: UUID) -> list[Belonging]:
    return (await belongings_of(session, [member_id])).get(member_id, [])


async def belongings_of(session: AsyncSession, member_ids: Sequence[UUID]) -> dict[UUID, list[Belonging]]:
    """What each of these members belongs to and holds now, in one statement."""
    at = now(session)
    belongs: Select[*tuple[Any, ...]] = select(
        col(Membership.member_id),
        col(Membership.branch_no),
        literal(None, String()).label("role"),
        col(Membership.until),
    ).where(
        col(Membership.member_id).in_(member_ids),
        col(Membership.ended_at).is_(None),
        or_(col(Membership.until).is_(None), col(Membership.until) > at),
    )
    holds: Select[*tuple[Any, ...]] = select(
        col(RoleGrant.member_id), col(RoleGrant.branch_no), cast(col(RoleGrant.role), String()), col(RoleGrant.until)
    ).where(col(RoleGrant.member_id).in_(member_ids), in_force(at))
    places = union_all(belongs, holds).subquery()
    rows = await session.execute(
        select(places.c.member_id, places.c.role, col(Branch.no), col(Branch.path), places.c.until).join(
            Branch, col(Branch.no) == places.c.branch_no
        )
    )
    found: dict[UUID, list[Belonging]] = {}
    for member_id, role, no, path, until in rows:
        found.setdefault(member_id, []).append(Belonging(Role(role) if role else None, no, path, until))
    return found


async def resolve_viewer(session: AsyncSession, member_id: UUID, session_id: UUID) -> Viewer:
    """`resolve_access` as a viewer."""
    access = await resolve_access(session, member_id, session_id)
    return Viewer(
        member_id,
        session_id,
        tuple(Place(b.no, b.path) for b in access if b.role is None),
        tuple(Seat(b.role, Place(b.no, b.path)) for b in access if b.role is not None),
    )
