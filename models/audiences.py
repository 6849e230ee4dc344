"""Who is spoken to at an instant: `channels.hears` asked the other way round, for previews, reports and call lists.

Everybody stands in one place, so that the numbers of the branches below add up to the whole: in the branch of the
primary membership by which they hear it, else of the temporary one, else of the first of their roles.
"""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    and_,
    exists,
    func,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from models.branches import Branch, above
from models.channels import Reach, reach_of
from models.database import is_postgresql, table_of
from models.memberships import Membership, MembershipKind
from models.permissions import Place, below
from models.roles import RoleGrant

_BRANCH = table_of(Branch)
_SMALL = 30
"""For P of N people in parts of a thousand, by branches takes P² / 1000 of some 2 µs, and among all N / 1000 of some 35
ms: the same where P is 130 times the root of N or, with 20 people a branch, their number 30 times that of all branches.
"""
Tree = Callable[[], FromClause]
"""Makes an alias of what branches are hung in, with the columns `no` and `path`."""
Whose = Callable[[Any], ColumnElement[bool]]
"""Of whom, as a predicate over a column of members' ids."""


def branches_now() -> FromClause:
    return _BRANCH.alias()


def anybody(_member_id: Any) -> ColumnElement[bool]:
    return true()


@dataclass(frozen=True, slots=True)
class Audience:
    """Those whom (`top`, `who`) reaches at an instant, by the tree as it is now or as it was kept."""

    top: Place
    who: int
    at: datetime
    tree: Tree = branches_now
    is_all: bool = False
    """Every branch there is lies below the top: nobody's need be looked up."""

    def people(self, within: str, whose: Whose = anybody) -> Select[Any] | CompoundSelect[Any]:
        """(`member_id`, `branch_no`) of each person once, of those whose place is `within` this path or below it.

        Status needs no look: whoever leaves or dies loses memberships and grants in the same breath.
        """
        first, *others = self.parts(within, whose)
        return union_all(first, *others) if others else first

    def counted(self, within: str, whose: Whose = anybody) -> Select[Any]:
        """(`branch_no`, `people`) of each branch in which somebody of them stands.

        Each kind of tie is counted before they are put together: so several processes of PostgreSQL count a nation.
        """
        parts = [part.subquery() for part in self.parts(within, whose)]
        counted = [select(part.c.branch_no, func.count().label("people")).group_by(part.c.branch_no) for part in parts]
        found = union_all(*counted).subquery()
        return select(found.c.branch_no, func.sum(found.c.people).label("people")).group_by(found.c.branch_no)

    def parts(self, within: str, whose: Whose = anybody) -> Iterator[Select[Any]]:
        """By each kind of tie, in the order in which they decide where somebody stands; each is made when its turn
        comes, which takes longer than asking it.
        """
        reach, _ = reach_of(self.who)
        if reach is not Reach.ROLES:
            yield from (self._belonging(kind, within, whose) for kind in MembershipKind)
        if reach is not Reach.HERE:
            yield self._holding(within, whose)

    def hears(self, member_id: Any) -> ColumnElement[bool]:
        """Whether somebody is among them, as a predicate over a column of members' ids."""
        heard = [(ties, by) for ties, by in map(self._ties, self._kinds)]
        return or_(*(exists().where(ties.c.member_id == member_id, by) for ties, by in heard))

    def place(self, member_id: Any) -> ColumnElement[str]:
        """The path of the branch under which somebody stands, or null, for going through people rather than places."""
        reach, _ = reach_of(self.who)
        paths = []
        for kind in () if reach is Reach.ROLES else MembershipKind:
            ties, tree, heard = self._placed(Membership)
            mine = and_(ties.c.member_id == member_id, ties.c.kind == kind)
            paths.append(select(tree.c.path).where(mine, heard).limit(1).scalar_subquery())
        if reach is not Reach.HERE:
            ties, tree, heard = self._placed(RoleGrant)
            held = select(tree.c.path).where(ties.c.member_id == member_id, heard)
            paths.append(held.order_by(ties.c.branch_no).limit(1).scalar_subquery())
        return func.coalesce(*paths) if len(paths) > 1 else paths[0]

    def arrivals(self, within: str, before: "Audience") -> CTE:
        """Members with a tie by which they are among these, but were not among those `before`: it began after, or its
        branch came from elsewhere.
        """
        today, known = self.tree(), before.tree()
        is_strange = ~exists().where(known.c.no == today.c.no)
        strange = select(today.c.no).where(below(today.c.path, within), is_strange).cte()
        found = []
        for kind in self._kinds:
            began, heard = self._ties(kind, within)
            found.append(select(began.c.member_id).where(heard, began.c.started_at > before.at))
            ties = table_of(kind).alias()
            found.append(select(ties.c.member_id).where(ties.c.branch_no == strange.c.no, self._heard(ties)))
        return union_all(*found).cte()

    @property
    def _kinds(self) -> Sequence[type[SQLModel]]:
        """Of ties by which one can be among them."""
        return {Reach.ALL: (Membership, RoleGrant), Reach.HERE: (Membership,), Reach.ROLES: (RoleGrant,)}[
            reach_of(self.who)[0]
        ]

    def _belonging(self, kind: MembershipKind, within: str, whose: Whose) -> Select[Any]:
        by_branch = whose is anybody
        mine, heard = self._ties(Membership, within, by_branch=by_branch)
        chosen = select(mine.c.member_id, mine.c.branch_no).where(heard, mine.c.kind == kind, whose(mine.c.member_id))
        if kind is MembershipKind.PRIMARY:
            return chosen
        other, is_heard = self._ties(Membership, by_branch=by_branch)
        is_other = and_(other.c.member_id == mine.c.member_id, other.c.kind == MembershipKind.PRIMARY)
        return chosen.where(~exists().where(is_other, is_heard))

    def _holding(self, within: str, whose: Whose) -> Select[Any]:
        by_branch = whose is anybody
        mine, heard = self._ties(RoleGrant, within, by_branch=by_branch)
        earlier, is_earlier = self._ties(RoleGrant, by_branch=by_branch)
        is_earlier &= and_(earlier.c.member_id == mine.c.member_id, earlier.c.branch_no < mine.c.branch_no)
        chosen = select(mine.c.member_id, mine.c.branch_no).distinct()
        chosen = chosen.where(heard, whose(mine.c.member_id), ~exists().where(is_earlier))
        if reach_of(self.who)[0] is Reach.ROLES:
            return chosen
        belongs, is_heard = self._ties(Membership, by_branch=by_branch)
        return chosen.where(~exists().where(belongs.c.member_id == mine.c.member_id, is_heard))

    def _ties(
        self, kind: type[SQLModel], within: str | None = None, *, by_branch: bool = True
    ) -> tuple[FromClause, ColumnElement[bool]]:
        """Memberships or grants by which it is heard, and the predicate that makes them so."""
        if not self.is_all or within not in {None, self.top.path}:
            placed, _, heard = self._placed(kind, within, by_branch=by_branch)
            return placed, heard
        ties = table_of(kind).alias()
        return ties, self._heard(ties)

    def _placed(
        self, kind: type[SQLModel], within: str | None = None, *, by_branch: bool = True
    ) -> tuple[FromClause, FromClause, ColumnElement[bool]]:
        """The same with the branches that they are to.

        Where they are not to be found `by_branch`, but a few people's, no index of branches is offered: without
        statistics SQLite would go through all of them.
        """
        ties, tree = table_of(kind).alias(), self.tree()
        # of a sum there is no index
        branch_no, path = (ties.c.branch_no, tree.c.path) if by_branch else (ties.c.branch_no + 0, tree.c.path + "")
        is_below = below(path, self.top.path if within is None else within)
        return ties, tree, and_(tree.c.no == branch_no, is_below, self._heard(ties))

    def _heard(self, ties: FromClause) -> ColumnElement[bool]:
        """But for where the branch stands."""
        reach, roles = reach_of(self.who)
        clauses = [open_at(ties, self.at)]
        if reach is Reach.HERE:
            clauses.append(ties.c.branch_no == self.top.no)
        if reach is Reach.ROLES:
            clauses.append(ties.c.role.in_(roles))
        return and_(*clauses)


def open_at(ties: FromClause, at: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Memberships or grants that held at an instant: from their beginning until just before their end."""
    ended, until = ties.c.ended_at, ties.c.until
    return and_(ties.c.started_at <= at, or_(ended.is_(None), ended > at), or_(until.is_(None), until > at))


async def count_people(session: AsyncSession, branch: Branch, who: int, at: datetime, most: int | None = None) -> int:
    """How many different people hear the channel; with `most` no further than one beyond that."""
    people = Audience(branch.place, who, at).people(branch.path).subquery()
    reached = select(people.c.member_id)
    if most is not None:
        reached = reached.limit(most + 1)
    return await session.scalar(select(func.count()).select_from(reached.subquery())) or 0


async def is_small(session: AsyncSession, branch: Branch, who: int) -> bool:
    """Whether a channel's people are found quicker by their branches than among all people there are, where a part of
    them is asked for at a time: by branches, each part goes through all of the channel's.
    """
    if reach_of(who)[0] is Reach.HERE:
        return True
    branches = await session.scalar(select(func.max(_BRANCH.c.no))) or 0
    most = min(int(_SMALL * math.sqrt(branches)), branches // 2)
    here = select(_BRANCH.c.no).where(below(_BRANCH.c.path, branch.path)).limit(most + 1)
    return (await session.scalar(select(func.count()).select_from(here.subquery())) or 0) <= most


async def places_of(session: AsyncSession, audience: Audience, members: Collection[UUID]) -> dict[UUID, int]:
    """Under which branch each of these stands, of those who are among them."""
    found: dict[UUID, int] = {}
    left = set(members)

    def is_left(member_id: Any) -> ColumnElement[bool]:
        return member_id.in_(sorted(left))  # type: ignore[no-any-return]  # of a column of any kind

    # one by one: nearly all have a membership, and nobody's roles need be looked for
    parts = audience.parts(audience.top.path, is_left)
    while left and (part := next(parts, None)) is not None:
        found |= dict((await session.execute(part)).all())
        left -= found.keys()
    return found


async def make_room(session: AsyncSession) -> None:
    """For the rest of a transaction that goes through a nation: memory to sort it in, and some minutes' patience."""
    if is_postgresql(session):
        settings = {"work_mem": "64MB", "statement_timeout": "10min"}
        await session.execute(select(*(func.set_config(name, value, true()) for name, value in settings.items())))


async def audience_of_all(session: AsyncSession, audience: Audience) -> Audience:
    """The same, asked with less where its top is the only root: that halves what counting a nation takes."""
    elsewhere = select(_BRANCH.c.no).where(~below(_BRANCH.c.path, audience.top.path)).limit(1)
    is_root = above(audience.top.path) == ""
    return replace(audience, is_all=is_root and await session.scalar(elsewhere) is None)


async def count_by_child(
    session: AsyncSession, audience: Audience, branch: Place, whose: Whose = anybody
) -> dict[int | None, int]:
    """How many people, or of them such as these, stand in each branch right below this one, by its number, with all
    that is below; under None how many stand in the branch itself.
    """
    await make_room(session)
    counted = (await audience_of_all(session, audience)).counted(branch.path, whose).subquery()
    tree = audience.tree()
    rest = func.substr(tree.c.path, len(branch.path) + 1)
    step = func.split_part(rest, "/", 1) if is_postgresql(session) else func.substr(rest, 1, func.instr(rest, "/") - 1)
    steps = select(step.label("step"), counted.c.people).join_from(counted, tree, tree.c.no == counted.c.branch_no)
    steps_of = steps.subquery()
    rows = await session.execute(select(steps_of.c.step, func.sum(steps_of.c.people)).group_by(steps_of.c.step))
    return {int(no) if no else None: int(number) for no, number in rows}
