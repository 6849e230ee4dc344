"""What a member belonged to and held at some instant of the past: the ties by which rule 1 was judged then."""

from collections.abc import Callable, Iterable, Sequence
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

    @property
    def as_access(self) -> tuple[tuple[Place, ...], tuple[Seat, ...]]:
        """As a viewer has it: what they belong to, and what they hold."""
        return ((self.place,), ()) if self.role is None else ((), (Seat(self.role, self.place),))


class History:
    """A member's ties, with paths as the tree is now: where a branch stood then is not kept."""

    def __init__(self, member_id: UUID, ties: Sequence[Tie]) -> None:
        self.member_id = member_id
        self._ties = tuple(ties)
        self._known: dict[tuple[bool, ...], tuple[Viewer, Hearing]] = {}

    def hearing(self, at: datetime) -> Hearing:
        """What the member heard then."""
        return self._then(at)[1]

    def viewer(self, at: datetime) -> Viewer:
        """What the member belonged to and held then, and so what they had a right to."""
        return self._then(at)[0]

    def spoken_to(self, at: datetime, branch_no: int, who: int) -> set[str]:
        """The paths of those places through which the member heard a channel then."""
        return {
            tie.place.path for tie in self._ties if tie.holds(at) and Hearing.at(*tie.as_access).hears(branch_no, who)
        }

    def _then(self, at: datetime) -> tuple[Viewer, Hearing]:
        held = tuple(tie.holds(at) for tie in self._ties)
        if held not in self._known:
            access = [tie.as_access for tie, is_held in zip(self._ties, held, strict=True) if is_held]
            branches = tuple(place for places, _ in access for place in places)
            then = Viewer(self.member_id, None, branches, tuple(seat for _, seats in access for seat in seats))
            self._known[held] = then, Hearing.of(then)
        return self._known[held]


_BRANCH = table_of(Branch)


def _ties(whose: Callable[[Any], ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    membership, grant = table_of(Membership), table_of(RoleGrant)

    def of(ties: Table, role: ColumnElement[str]) -> Select[*tuple[Any, ...]]:
        found = ties.c.member_id, role.label("role"), ties.c.branch_no, ties.c.started_at, ties.c.until, ties.c.ended_at
        is_late = or_(ties.c.ended_at.is_(None), ties.c.ended_at > bindparam("since"))
        return select(*found).where(whose(ties.c.member_id), is_late)

    # without a cast PostgreSQL takes one column's words for the other's
    found = union_all(of(membership, literal(None, String())), of(grant, cast(grant.c.role, String()))).subquery()
    return select(found, _BRANCH.c.path).join_from(found, _BRANCH, _BRANCH.c.no == found.c.branch_no)


# made once: making a statement takes longer than sending it
_OF_ONE = _ties(lambda member_id: member_id == bindparam("member_id"))
_OF_MANY = _ties(lambda member_id: member_id.in_(bindparam("member_ids", expanding=True)))


async def history_of(session: AsyncSession, member_id: UUID, since: datetime) -> History:
    """All that was open at `since` or later, in one statement."""
    rows = await session.execute(_OF_ONE, {"member_id": member_id, "since": since})
    return History(member_id, [_read(*row) for _, *row in rows])


async def histories_of(session: AsyncSession, member_ids: Iterable[UUID], since: datetime) -> dict[UUID, History]:
    """The same of each of these, also of who is nobody, in one statement."""
    ties: dict[UUID, list[Tie]] = {member_id: [] for member_id in sorted(member_ids)}
    for member_id, *row in await session.execute(_OF_MANY, {"member_ids": list(ties), "since": since}):
        ties[member_id].append(_read(*row))
    return {member_id: History(member_id, found) for member_id, found in ties.items()}


def _read(
    role: str | None, no: int, started_at: datetime, until: datetime | None, ended_at: datetime | None, path: str
) -> Tie:
    ends = [end for end in (until, ended_at) if end is not None]
    return Tie(Role(role) if role else None, Place(no, path), started_at, min(ends, default=None))
