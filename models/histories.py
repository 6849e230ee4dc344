"""What a member belonged to and held at some instant of the past: the ties by which rule 1 was judged then."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, Table, bindparam, cast, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from models.branches import Branch
from models.channels import Hearing
from models.database import table_of
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


def _ties() -> Select[*tuple[Any, ...]]:
    branch, membership, grant = table_of(Branch), table_of(Membership), table_of(RoleGrant)

    def of(ties: Table, role: ColumnElement[str]) -> Select[*tuple[Any, ...]]:
        chosen = select(role.label("role"), ties.c.branch_no, ties.c.started_at, ties.c.until, ties.c.ended_at)
        is_late = or_(ties.c.ended_at.is_(None), ties.c.ended_at > bindparam("since"))
        return chosen.where(ties.c.member_id == bindparam("member_id"), is_late)

    # without a cast PostgreSQL takes one column's words for the other's
    found = union_all(of(membership, literal(None, String())), of(grant, cast(grant.c.role, String()))).subquery()
    return select(found, branch.c.path).join_from(found, branch, branch.c.no == found.c.branch_no)


_TIES = _ties()


async def history_of(session: AsyncSession, member_id: UUID, since: datetime) -> History:
    """All that was open at `since` or later, in one statement."""
    rows = await session.execute(_TIES, {"member_id": member_id, "since": since})
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
