"""From a verified session to a `Viewer`: what the asking member belongs to and holds at this moment."""

from uuid import UUID

from sqlalchemy import String, cast, literal, or_, select, union_all
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


async def resolve_viewer(session: AsyncSession, member_id: UUID, session_id: UUID) -> Viewer:
    """Two statements. Raises Unauthenticated: account closed before session ended, since only the first asks for a
    wipe.
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
    at = now(session)
    belongs = select(col(Membership.branch_no), literal(None, String()).label("role")).where(
        col(Membership.member_id) == member_id,
        col(Membership.ended_at).is_(None),
        or_(col(Membership.until).is_(None), col(Membership.until) > at),
    )
    holds = select(col(RoleGrant.branch_no), cast(col(RoleGrant.role), String())).where(
        col(RoleGrant.member_id) == member_id, in_force(at)
    )
    places = union_all(belongs, holds).subquery()
    rows = await session.execute(
        select(places.c.role, col(Branch.no), col(Branch.path)).join(Branch, col(Branch.no) == places.c.branch_no)
    )
    branches: list[Place] = []
    seats: list[Seat] = []
    for role, no, path in rows:
        place = Place(no, path)
        if role is None:
            branches.append(place)
        else:
            seats.append(Seat(Role(role), place))
    return Viewer(member_id, session_id, tuple(branches), tuple(seats))
