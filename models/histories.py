"""What a member belonged to and held at some instant of the past: the ties by which rule 1 was judged then."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, String, cast, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.branches import Branch
from models.channels import Hearing
from models.memberships import Membership
from models.permissions import Place, Role, Seat, Viewer
from models.roles import RoleGrant


class Tie(NamedTuple):
    """A membership or, with a role, a grant, from `started_at` until just before `ended_at`."""

    role: Role | None
    place: Place
    started_at: datetime
    ended_at: datetime | None

    def holds(self, at: datetime) -> bool:
        return self.started_at <= at and (self.ended_at is None or at < self.ended_at)


class History:
    """A member's ties, with paths as the tree is now: where a branch stood then is not kept."""

    def __init__(self, member_id: UUID, ties: Sequence[Tie]) -> None:
        self.member_id = member_id
        self._ties = tuple(ties)
        self._hearings: dict[tuple[bool, ...], Hearing] = {}

    def hearing(self, at: datetime) -> Hearing:
        """What the member heard then."""
        held = tuple(tie.holds(at) for tie in self._ties)
        if held not in self._hearings:
            ties = [tie for tie, is_held in zip(self._ties, held, strict=True) if is_held]
            then = Viewer(
                self.member_id,
                branches=tuple(tie.place for tie in ties if tie.role is None),
                seats=tuple(Seat(tie.role, tie.place) for tie in ties if tie.role is not None),
            )
            self._hearings[held] = Hearing.of(then)
        return self._hearings[held]


async def history_of(session: AsyncSession, member_id: UUID, since: datetime) -> History:
    """All that was open at `since` or later, in one statement."""
    belongs: Select[*tuple[Any, ...]] = select(
        literal(None, String()).label("role"),
        col(Membership.branch_no),
        col(Membership.started_at),
        col(Membership.until),
        col(Membership.ended_at),
    ).where(
        col(Membership.member_id) == member_id,
        or_(col(Membership.ended_at).is_(None), col(Membership.ended_at) > since),
    )
    holds: Select[*tuple[Any, ...]] = select(
        cast(col(RoleGrant.role), String()),
        col(RoleGrant.branch_no),
        col(RoleGrant.started_at),
        col(RoleGrant.until),
        col(RoleGrant.ended_at),
    ).where(
        col(RoleGrant.member_id) == member_id,
        or_(col(RoleGrant.ended_at).is_(None), col(RoleGrant.ended_at) > since),
    )
    ties = union_all(belongs, holds).subquery()
    rows = await session.execute(select(ties, col(Branch.path)).join(Branch, col(Branch.no) == ties.c.branch_no))
    return History(
        member_id,
        [
            Tie(
                Role(role) if role else None,
                Place(no, path),
                started_at,
                min((end for end in (until, ended_at) if end is not None), default=None),
            )
            for role, no, started_at, until, ended_at, path in rows
        ],
    )
