"""Role grants: dated rights over a branch and its subtree, independent of membership. Never rewritten, only ended."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, Index, and_, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from models.audit import audit
from models.base import Instant, Request, Shape, choice, new_id
from models.branches import Branch, hold_active
from models.changes import Topic, record
from models.channels import ALL, channel, member_channel
from models.database import now, translating
from models.endings import running_out
from models.errors import Conflict, Invalid, NotFound
from models.members.table import Member, MemberCard, find_person
from models.memberships import standing
from models.paging import Order, Page, PageRequest, paginate
from models.permissions import OPERATOR, Permission, Place, Role, Seat, Viewer, allowed, require, require_above
from models.schedule import Duty

OPEN_GRANT = "uq_role_grant_open"


class RoleGrant(SQLModel, table=True):
    """`until` is when it runs out by itself; `ended_at` when it did, or was taken back."""

    __tablename__ = "role_grant"
    __table_args__ = (
        Index(
            OPEN_GRANT,
            "member_id",
            "branch_no",
            "role",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        Index("ix_role_grant_branch_no", "branch_no", "ended_at"),
        Index("ix_role_grant_member_id", "member_id"),
        Index(
            "ix_role_grant_until",
            "until",
            postgresql_where=text("ended_at IS NULL AND until IS NOT NULL"),
            sqlite_where=text("ended_at IS NULL AND until IS NOT NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    member_id: UUID = Field(sa_column_args=[ForeignKey("member.id")])
    branch_no: int = Field(sa_column_args=[ForeignKey("branch.no")])
    role: Role = Field(sa_type=choice(Role, "role"))
    started_at: datetime
    until: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str | None = Field(default=None, max_length=24)
    granted_by: UUID | None = None
    ended_by: UUID | None = None


class RoleGrantCreate(Request):
    member_id: UUID
    role: Role
    until: Instant | None = None


class RoleGrantPublic(Shape):
    id: UUID
    role: Role
    branch_id: UUID
    member: MemberCard
    started_at: datetime
    until: datetime | None
    ended_at: datetime | None
    end_reason: str | None


class OfficerPublic(Shape):
    role: Role
    member: MemberCard


class OwnGrant(Shape):
    """Shown until it is ended, which a clock does not do: one whose `until` is past gives no right."""

    id: UUID
    role: Role
    branch_id: UUID
    until: datetime | None


def in_force(at: datetime | ColumnElement[datetime], grant: Any = RoleGrant) -> ColumnElement[bool]:
    """Rights that have run out are refused even before the worker has ended them. `grant` has the columns."""
    return and_(grant.ended_at.is_(None), or_(grant.until.is_(None), grant.until > at))


async def seats(session: AsyncSession, member_id: UUID) -> list[Seat]:
    """The roles that a member holds now."""
    return (await seats_of(session, [member_id])).get(member_id, [])


async def seats_of(session: AsyncSession, member_ids: Sequence[UUID]) -> dict[UUID, list[Seat]]:
    rows = await session.execute(
        select(col(RoleGrant.member_id), col(RoleGrant.role), col(Branch.no), col(Branch.path))
        .join(Branch, col(Branch.no) == col(RoleGrant.branch_no))
        .where(col(RoleGrant.member_id).in_(member_ids), in_force(now(session)))
    )
    held: dict[UUID, list[Seat]] = {}
    for member_id, role, no, path in rows:
        held.setdefault(member_id, []).append(Seat(role, Place(no, path)))
    return held


async def own_grants(session: AsyncSession, member_id: UUID) -> list[OwnGrant]:
    """The open ones, as they are kept on phones: what is shown changes with the log alone, never with the clock."""
    return [
        OwnGrant(id=grant.id, role=grant.role, branch_id=branch.id, until=grant.until)
        for grant, branch in await open_grants(session, member_id)
    ]


async def grant_role(session: AsyncSession, viewer: Viewer, branch: Branch, data: RoleGrantCreate) -> RoleGrantPublic:
    """Rule 3: never a role of one's own rank or higher, never outside one's subtree.

    Raises Conflict `grant.exists`, `branch.not_active`, `member.not_active`.
    """
    require(viewer, Permission.ROLE_GRANT, branch.path)
    require_above(viewer, Permission.ROLE_GRANT, [Seat(data.role, branch.place)])
    if data.until is not None and data.until <= now(session):
        raise Invalid.at("/until", "instant.past")
    await hold_active(session, branch)
    member = await _appointee(session, viewer, data.member_id)
    if not member.is_active:
        raise Conflict("member.not_active")
    grant = RoleGrant(
        member_id=member.id,
        branch_no=branch.no,
        role=data.role,
        started_at=now(session),
        until=data.until,
        granted_by=viewer.member_id,
    )
    async with translating(session, {OPEN_GRANT: Conflict("grant.exists")}):
        session.add(grant)
    after = {"role": data.role.value, "branch": branch.code, "until": data.until}
    audit(session, viewer, "role.grant", "member", member.id, branch_no=branch.no, after=after)
    _record(session, branch, member.id)
    return _public(grant, branch, member)


async def _appointee(session: AsyncSession, viewer: Viewer, member_id: UUID) -> Member:
    """Someone of whom the viewer may know, or else giving a role would show a stranger's name, and keep those who look
    after them from doing so (rule 3). Raises Invalid `member.unknown`.
    """
    with suppress(NotFound):
        member = await find_person(session, member_id)
        _, places = await standing(session, member_id)
        knows = (p in viewer.branches or allowed(viewer, Permission.MEMBER_READ, p.path) for p in places)
        if viewer.is_operator or any(knows):
            return member
    raise Invalid.at("/member_id", "member.unknown")


async def end_grant(session: AsyncSession, viewer: Viewer, grant_id: UUID) -> RoleGrantPublic:
    """Take a role back. Ending it twice changes nothing. Strangers to the branch's grants get NotFound."""
    found = await session.execute(
        select(RoleGrant, Branch, Member)
        .join(Branch, col(Branch.no) == col(RoleGrant.branch_no))
        .join(Member, col(Member.id) == col(RoleGrant.member_id))
        .where(col(RoleGrant.id) == grant_id)
        .with_for_update(key_share=True, of=RoleGrant)  # or it might be ended twice: by two people, or as it runs out
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound
    grant, branch, member = row
    if grant.member_id != viewer.member_id and not allowed(viewer, Permission.MEMBER_READ, branch.path):
        raise NotFound
    require(viewer, Permission.ROLE_GRANT, branch.path)
    require_above(viewer, Permission.ROLE_GRANT, [Seat(grant.role, branch.place)])
    if grant.ended_at is None:
        await close_grants(session, viewer, branch, [grant], "ended")
    return _public(grant, branch, member)


async def close_grants(
    session: AsyncSession, viewer: Viewer, branch: Branch, grants: Sequence[RoleGrant], reason: str
) -> None:
    for grant in grants:
        grant.ended_at = now(session)
        grant.end_reason = reason
        grant.ended_by = viewer.member_id
        before = {"role": grant.role.value, "branch": branch.code}
        audit(session, viewer, "role.end", "member", grant.member_id, branch_no=branch.no, before=before)
        _record(session, branch, grant.member_id)
    await session.flush()


async def _expire(session: AsyncSession, grant: RoleGrant) -> None:
    """It ended when it ran out, however late that is noticed: `in_force` has refused it since."""
    grant.ended_at, grant.end_reason = grant.until, "expired"
    await session.flush()
    branch = await session.get_one(Branch, grant.branch_no)
    before = {"role": grant.role.value, "branch": branch.code, "until": grant.until}
    audit(session, OPERATOR, "role.expire", "member", grant.member_id, branch_no=branch.no, before=before)
    _record(session, branch, grant.member_id)


EXPIRE_GRANTS = Duty("role.expire", running_out(RoleGrant), _expire)
"""Roles end when their `until` has passed. They are shown until then, and give no right after it."""


async def open_grants(session: AsyncSession, member_id: UUID) -> list[tuple[RoleGrant, Branch]]:
    rows = await session.execute(
        select(RoleGrant, Branch)
        .join(Branch, col(Branch.no) == col(RoleGrant.branch_no))
        .where(col(RoleGrant.member_id) == member_id, col(RoleGrant.ended_at).is_(None))
        .order_by(col(RoleGrant.id))
    )
    return [(grant, branch) for grant, branch in rows]


async def list_grants(
    session: AsyncSession, viewer: Viewer, branch: Branch, page: PageRequest
) -> Page[RoleGrantPublic]:
    """The branch's grants, newest first, ended ones too: for whoever may read its roster."""
    require(viewer, Permission.MEMBER_READ, branch.path)
    statement = (
        select(RoleGrant, Member)
        .join(Member, col(Member.id) == col(RoleGrant.member_id))
        .where(col(RoleGrant.branch_no) == branch.no)
    )
    order = [Order(col(RoleGrant.id), descending=True)]
    return await paginate(session, statement, page, order, lambda row: _public(row[0], branch, row[1]))


async def list_officers(
    session: AsyncSession, viewer: Viewer, branch: Branch, page: PageRequest
) -> Page[OfficerPublic]:
    """Who holds which role here, for everyone below and for holders of `member.read` above."""
    if not any(place.path.startswith(branch.path) for place in viewer.branches):
        require(viewer, Permission.MEMBER_READ, branch.path)
    statement = (
        select(RoleGrant, Member)
        .join(Member, col(Member.id) == col(RoleGrant.member_id))
        .where(col(RoleGrant.branch_no) == branch.no, in_force(now(session)))
    )
    return await paginate(
        session,
        statement,
        page,
        [Order(col(RoleGrant.id))],
        lambda row: OfficerPublic(role=row[0].role, member=MemberCard.model_validate(row[1])),
    )


def _public(grant: RoleGrant, branch: Branch, member: Member) -> RoleGrantPublic:
    return RoleGrantPublic(
        id=grant.id,
        role=grant.role,
        branch_id=branch.id,
        member=MemberCard.model_validate(member),
        started_at=grant.started_at,
        until=grant.until,
        ended_at=grant.ended_at,
        end_reason=grant.end_reason,
    )


def _record(session: AsyncSession, branch: Branch, member_id: UUID) -> None:
    record(session, member_channel(member_id), Topic.ACCESS, "access", member_id)
    record(session, channel(branch.no, ALL), Topic.BRANCH, "branch", branch.id)
