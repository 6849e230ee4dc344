"""Memberships: dated links between members and branches. A row is never rewritten, only ended."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, Index, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from models.audit import audit
from models.base import Shape, choice, new_id
from models.branches import Branch, BranchPublic, branch_cards, hold_active
from models.changes import Topic, record
from models.channels import member_channel
from models.database import now, translating
from models.endings import running_out
from models.errors import Conflict
from models.permissions import OPERATOR, Place, Viewer
from models.schedule import Duty

OPEN_MEMBERSHIP = "uq_membership_open"
"""At most one open membership of each kind."""


class MembershipKind(StrEnum):
    PRIMARY = "primary"
    TEMPORARY = "temporary"


class EndReason(StrEnum):
    TRANSFERRED = "transferred"
    EXPIRED = "expired"
    CORRECTED = "corrected"
    CLOSED = "closed"
    """The member left or died; the last primary branch keeps sight of the file."""
    MERGED = "merged"
    """The branch became part of another, to which the member belongs now."""


class Membership(SQLModel, table=True):
    __tablename__ = "membership"
    __table_args__ = (
        Index(
            OPEN_MEMBERSHIP,
            "member_id",
            "kind",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        Index("ix_membership_member_id", "member_id"),
        Index("ix_membership_branch_no", "branch_no", "ended_at"),
        Index(
            "ix_membership_until",
            "until",
            postgresql_where=text("ended_at IS NULL AND until IS NOT NULL"),
            sqlite_where=text("ended_at IS NULL AND until IS NOT NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    member_id: UUID = Field(sa_column_args=[ForeignKey("member.id")])
    branch_no: int = Field(sa_column_args=[ForeignKey("branch.no")])
    kind: MembershipKind = Field(sa_type=choice(MembershipKind, "kind"))
    started_at: datetime
    until: datetime | None = None
    ended_at: datetime | None = None
    end_reason: EndReason | None = Field(default=None, sa_type=choice(EndReason, "end_reason"))
    granted_by: UUID | None = None


class MembershipPublic(Shape):
    id: UUID
    kind: MembershipKind
    branch: BranchPublic
    started_at: datetime
    until: datetime | None
    ended_at: datetime | None
    end_reason: EndReason | None


async def open_membership(
    session: AsyncSession,
    viewer: Viewer,
    member_id: UUID,
    branch: Branch,
    kind: MembershipKind,
    *,
    until: datetime | None = None,
) -> Membership:
    """Raises Conflict `membership.primary_exists`, `membership.temporary_exists`, `branch.not_active`.

    The caller ends with `check_primary`, once all that belongs together is done.
    """
    await hold_active(session, branch)
    membership = Membership(
        member_id=member_id,
        branch_no=branch.no,
        kind=kind,
        started_at=now(session),
        until=until,
        granted_by=viewer.member_id,
    )
    async with translating(session, {OPEN_MEMBERSHIP: Conflict(f"membership.{kind}_exists")}):
        session.add(membership)
    record(session, member_channel(member_id), Topic.ACCESS, "access", member_id)
    return membership


async def end_membership(session: AsyncSession, membership: Membership, reason: EndReason) -> None:
    membership.ended_at = now(session)
    membership.end_reason = reason
    await session.flush()
    record(session, member_channel(membership.member_id), Topic.ACCESS, "access", membership.member_id)


async def _expire(session: AsyncSession, membership: Membership) -> None:
    """It ended when it ran out, however late that is noticed: who was in an audience then does not depend on it."""
    membership.ended_at, membership.end_reason = membership.until, EndReason.EXPIRED
    await session.flush()
    branch = await session.get_one(Branch, membership.branch_no)
    before = {"kind": membership.kind.value, "branch": branch.code, "until": membership.until}
    audit(session, OPERATOR, "membership.expire", "member", membership.member_id, branch_no=branch.no, before=before)
    record(session, member_channel(membership.member_id), Topic.ACCESS, "access", membership.member_id)


EXPIRE_MEMBERSHIPS = Duty(
    "membership.expire", running_out(Membership, col(Membership.kind) == MembershipKind.TEMPORARY), _expire
)
"""Temporary memberships end when their `until` has passed. Primary ones have none."""


async def check_primary(session: AsyncSession, member_id: UUID, *, active: bool) -> None:
    """Active members have exactly one open primary membership, the others none. Raises Conflict
    `membership.no_primary`.

    More than one is the database's to refuse.
    """
    await session.flush()
    statement = select(func.count()).where(
        col(Membership.member_id) == member_id,
        col(Membership.kind) == MembershipKind.PRIMARY,
        col(Membership.ended_at).is_(None),
    )
    if await session.scalar(statement) != int(active):
        raise Conflict("membership.no_primary" if active else "membership.still_open")


async def open_memberships(session: AsyncSession, member_id: UUID) -> list[Membership]:
    found = await session.scalars(
        select(Membership)
        .where(col(Membership.member_id) == member_id, col(Membership.ended_at).is_(None))
        .order_by(col(Membership.id))
    )
    return list(found)


async def standing(session: AsyncSession, member_id: UUID) -> tuple[Place | None, list[Place]]:
    """Where a member stands: the primary branch, or for one who left the last, and all branches they belong to."""
    rows = await session.execute(
        select(col(Membership.kind), col(Branch.no), col(Branch.path))
        .join(Branch, col(Branch.no) == col(Membership.branch_no))
        .where(col(Membership.member_id) == member_id, is_standing())
        .order_by(col(Membership.started_at))
    )
    primary: Place | None = None
    places = []
    for kind, no, path in rows:
        places.append(Place(no, path))
        if kind is MembershipKind.PRIMARY:
            primary = places[-1]
    return primary, places


def is_standing() -> ColumnElement[bool]:
    """Memberships by which a branch has to do with a member: open ones, and the one with which the member left."""
    return or_(col(Membership.ended_at).is_(None), col(Membership.end_reason) == EndReason.CLOSED)


async def membership_cards(session: AsyncSession, member_id: UUID, *, ended: bool) -> list[MembershipPublic]:
    """A member's memberships, newest first: the open ones, or with `ended` the whole history."""
    statement = (
        select(Membership, Branch)
        .join(Branch, col(Branch.no) == col(Membership.branch_no))
        .where(col(Membership.member_id) == member_id)
        .order_by(col(Membership.kind), col(Membership.id).desc())
    )
    if not ended:
        statement = statement.where(col(Membership.ended_at).is_(None))
    rows = [(membership, branch) for membership, branch in await session.execute(statement)]
    cards = dict(
        zip(
            [branch.no for _, branch in rows],
            await branch_cards(session, [branch for _, branch in rows]),
            strict=True,
        )
    )
    return [
        MembershipPublic(
            id=membership.id,
            kind=membership.kind,
            branch=cards[branch.no],
            started_at=membership.started_at,
            until=membership.until,
            ended_at=membership.ended_at,
            end_reason=membership.end_reason,
        )
        for membership, branch in rows
    ]
