"""An organisation in which things happen at random, and an oracle that knows them as plain lists and nothing of SQL."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.text import sort_key
from models.branches import Branch, BranchKind, hang, plant
from models.channels import Reach
from models.database import now
from models.members.table import Member, MemberStatus
from models.memberships import EndReason, Membership, MembershipKind
from models.notices.drafts import create_notice
from models.notices.life import amend_notice
from models.notices.receipts import Noted, take_note
from models.notices.shapes import Audience, NoticeAmend, NoticeCreate
from models.permissions import OPERATOR, Role
from models.roles import RoleGrant
from tests.clock import StandingClock

PEOPLE, BRANCHES = 6, 6
NAMES = ("Nguyễn Thị Ánh", "Trần Văn An", "Lê Đức Dũng", "Đỗ Thị Đào", "Phạm Văn Ơn", "Vũ Thị Oanh")


@dataclass
class Tie:
    """To a branch: a membership of a kind, or a role."""

    person: int
    kind: MembershipKind | Role
    branch: int
    started_at: datetime
    id: UUID
    until: datetime | None = None
    ended_at: datetime | None = None

    def holds(self, at: datetime) -> bool:
        ends = [end for end in (self.until, self.ended_at) if end is not None]
        return self.started_at <= at and all(at < end for end in ends)


@dataclass
class Said:
    """A notice as it was published, and the tree as it was then: the parent of each branch."""

    id: UUID
    branch: int
    reach: Reach
    roles: frozenset[Role]
    at: datetime
    tree: dict[int, int | None]
    revision: int = 1
    ack_revision: int = 1
    receipts: dict[int, dict[int, bool]] = field(default_factory=lambda: defaultdict(dict))
    """By person, of each revision whether it was acknowledged."""

    def has(self, person: int, *, acknowledged: bool) -> bool:
        return any(
            said or not acknowledged
            for revision, said in self.receipts.get(person, {}).items()
            if revision >= self.ack_revision
        )


class Life:
    """What happened so far. Branches and people are known by their numbers here."""

    def __init__(self, session: AsyncSession, clock: StandingClock, chance: Random) -> None:
        self.session, self.clock, self.chance = session, clock, chance
        self.branches: dict[int, Branch] = {}
        self.parents: dict[int, int | None] = {}
        self.people: list[UUID] = []
        self.ties: list[Tie] = []
        self.said: list[Said] = []

    # --- the oracle

    def audience(self, said: Said, at: datetime, tree: dict[int, int | None] | None = None) -> dict[int, int]:
        """Whom a notice reaches at an instant, each with the one branch under which they are counted."""
        parents = self.parents if tree is None else tree
        found = {}
        for person in range(len(self.people)):
            heard = [t for t in self.ties if t.person == person and t.holds(at) and self._hears(said, t, parents)]
            heard.sort(key=lambda t: ([*MembershipKind].index(t.kind) if t.kind in [*MembershipKind] else 2, t.branch))
            if heard:
                found[person] = heard[0].branch
        return found

    def _hears(self, said: Said, tie: Tie, parents: dict[int, int | None]) -> bool:
        is_role = isinstance(tie.kind, Role)
        if said.reach is Reach.HERE:
            return not is_role and tie.branch == said.branch
        if said.reach is Reach.ROLES and tie.kind not in said.roles:
            return False
        return said.branch in above(parents, tie.branch)

    # --- what happens

    async def found(self) -> None:
        for no in range(1, BRANCHES + 1):
            await self._plant(self.chance.randint(1, no - 1) if no > 1 else None)
        for name in NAMES[:PEOPLE]:
            member = Member(
                member_no=f"M{len(self.people)}",
                full_name=name,
                full_name_folded=name,
                sort_key=sort_key(name),
                status=MemberStatus.FULL,
                created_at=now(self.session),
                phone=f"+8491200000{len(self.people)}",
            )
            self.session.add(member)
            await self.session.flush()
            self.people.append(member.id)
            await self._tie(len(self.people) - 1, MembershipKind.PRIMARY)

    async def happen(self) -> None:
        """Something, a minute later."""
        self.clock.advance(minutes=1)
        ways: list[Callable[[], Any]] = [
            self.transfer,
            self.join_for_a_time,
            self.appoint,
            self.dismiss,
            self.move,
            self.grow,
            self.take_note,
            self.take_note,
            self.take_note,
            self.amend,
        ]
        await self.chance.choice(ways)()

    async def transfer(self) -> None:
        person = self._person()
        await self._end(person, MembershipKind.PRIMARY)
        await self._tie(person, MembershipKind.PRIMARY)

    async def join_for_a_time(self) -> None:
        person = self._person()
        await self._end(person, MembershipKind.TEMPORARY)
        if self.chance.random() < 0.8:
            until = now(self.session) + timedelta(minutes=self.chance.randint(1, 6))
            await self._tie(person, MembershipKind.TEMPORARY, self.chance.choice([None, until]))

    async def appoint(self) -> None:
        person, role, branch = self._person(), self.chance.choice([Role.SECRETARY, Role.CLERK]), self._branch()
        if not any(t.ended_at is None and (t.person, t.kind, t.branch) == (person, role, branch) for t in self.ties):
            until = now(self.session) + timedelta(minutes=self.chance.randint(1, 6))
            await self._tie(person, role, self.chance.choice([None, None, until]), branch)

    async def dismiss(self) -> None:
        held = [tie for tie in self.ties if isinstance(tie.kind, Role) and tie.ended_at is None]
        if held:
            tie = self.chance.choice(held)
            await self._end(tie.person, tie.kind)

    async def move(self) -> None:
        branch, parent = self._branch(), self._branch()
        if self.parents[branch] is None or branch in above(self.parents, parent):
            return
        if len(above(self.parents, parent)) + self._height(branch) <= 8:
            await hang(self.session, self.branches[branch], self.branches[parent])
            self.parents[branch] = parent
            for each in self.branches.values():  # a request would read them anew
                await self.session.refresh(each)

    async def grow(self) -> None:
        parent = self._branch()
        if len(self.branches) < BRANCHES + 3 and len(above(self.parents, parent)) < 8:
            await self._plant(parent)

    async def take_note(self) -> None:
        if not self.said:
            return
        said, person, acknowledged = self.chance.choice(self.said), self._person(), self.chance.random() < 0.4
        revision = self.chance.choice([said.revision, self.chance.randint(1, said.revision)])
        at = now(self.session)
        noted = Noted(self.people[person], said.id, revision, at, at if acknowledged else None)
        await take_note(self.session, [noted])
        said.receipts[person][revision] = acknowledged or said.receipts[person].get(revision, False)

    async def amend(self) -> None:
        if not self.said:
            return
        said, again = self.chance.choice(self.said), self.chance.random() < 0.5
        data = NoticeAmend(change="Đổi.", body=f"Lần {said.revision}.", acknowledge_again=again)
        await amend_notice(self.session, OPERATOR, said.id, data, said.revision)
        said.revision += 1
        said.ack_revision = said.revision if again else said.ack_revision

    async def publish(self) -> Said:
        """Something, with everybody's tree as it is."""
        self.clock.advance(minutes=1)
        reach, branch = self.chance.choice([Reach.ALL, Reach.ALL, Reach.HERE, Reach.ROLES]), self._branch()
        roles = frozenset({self.chance.choice([Role.SECRETARY, Role.CLERK])} if reach is Reach.ROLES else ())
        audience = Audience(reach=reach, roles=sorted(roles) or None)
        branch_id = self.branches[branch].id
        data = NoticeCreate(branch_id=branch_id, title="Họp", body="Mời họp.", audience=audience, publish=True)
        notice = await create_notice(self.session, OPERATOR, data)
        said = Said(notice.id, branch, reach, roles, now(self.session), dict(self.parents))
        self.said.append(said)
        return said

    def _person(self) -> int:
        return self.chance.randrange(len(self.people))

    def _branch(self) -> int:
        return self.chance.choice(sorted(self.branches))

    def _height(self, branch: int) -> int:
        return 1 + max((self._height(child) for child, up in self.parents.items() if up == branch), default=0)

    async def _plant(self, parent: int | None) -> None:
        above_it = self.branches[parent] if parent is not None else None
        code = f"B{len(self.branches)}"
        branch = await plant(self.session, OPERATOR, above_it, code=code, name=code, kind=BranchKind.CELL)
        self.branches[branch.no], self.parents[branch.no] = branch, parent

    async def _tie(
        self, person: int, kind: MembershipKind | Role, until: datetime | None = None, branch: int | None = None
    ) -> None:
        at, no = now(self.session), branch or self._branch()
        common: dict[str, Any] = {"member_id": self.people[person], "branch_no": no, "started_at": at, "until": until}
        row = RoleGrant(role=kind, **common) if isinstance(kind, Role) else Membership(kind=kind, **common)
        self.session.add(row)
        await self.session.flush()
        self.ties.append(Tie(person, kind, no, at, row.id, until))

    async def _end(self, person: int, kind: MembershipKind | Role) -> None:
        for index, tie in enumerate(self.ties):
            if (tie.person, tie.kind, tie.ended_at) == (person, kind, None):
                self.ties[index] = replace(tie, ended_at=now(self.session))
                table: Any = RoleGrant if isinstance(kind, Role) else Membership
                reason = {} if isinstance(kind, Role) else {"end_reason": EndReason.EXPIRED}
                ended = update(table).where(col(table.id) == tie.id).values(ended_at=now(self.session), **reason)
                await self.session.execute(ended.execution_options(synchronize_session=False))


def above(parents: dict[int, int | None], branch: int) -> list[int]:
    """The branch itself and all on the way up; of one that is not in this tree, itself alone."""
    found = [branch]
    while (up := parents.get(found[-1])) is not None:
        found.append(up)
    return found
