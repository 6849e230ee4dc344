"""What happens in an organisation while phones are away: anything that changes what a member is told."""

import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.recurrence import Frequency
from models.branches import (
    Branch,
    BranchCreate,
    BranchKind,
    BranchStatus,
    BranchUpdate,
    create_branch,
    move_branch,
    update_branch,
)
from models.database import now
from models.duties import DUTIES
from models.errors import Conflict
from models.members.profile import MemberUpdate
from models.members.rules import update_member
from models.members.table import Member
from models.memberships import (
    EndReason,
    Membership,
    MembershipKind,
    check_primary,
    end_membership,
    open_membership,
)
from models.merging import merge_branch
from models.notices.activity import Activity, RecurrenceSaid
from models.notices.drafts import create_notice
from models.notices.life import amend_notice, publish_notice, withdraw_notice
from models.notices.shapes import NoticeAmend, NoticeCreate, NoticeWithdraw
from models.notices.table import Category, Notice, NoticeState
from models.permissions import OPERATOR, Role
from models.roles import RoleGrant, RoleGrantCreate, end_grant, grant_role
from models.schedule import run_due
from tests.clock import StandingClock
from tests.organisation import Person
from tests.serving import EVERYONE, HERE, for_roles, parts_in


class World:
    """`step` makes one thing happen, through either process."""

    def __init__(
        self, processes: list[FastAPI], people: list[Person], chance: random.Random, clock: StandingClock
    ) -> None:
        self._processes = processes
        self._people = people
        self._chance = chance
        self._clock = clock
        self._number = 0
        self.log: list[str] = []
        self._kinds: dict[Callable[[AsyncSession], Awaitable[None]], int] = {
            self._publish: 14,
            self._amend: 6,
            self._withdraw: 8,
            self._rename: 2,
            self._move: 3,
            self._merge: 1,
            self._add_branch: 2,
            self._transfer: 4,
            self._send_for_a_while: 3,
            self._end_temporary: 1,
            self._grant: 3,
            self._end_grant: 2,
            self._leave: 1,
            self._do_what_is_due: 6,
        }

    async def step(self) -> None:
        self._clock.advance(minutes=self._chance.choice([1, 1, 30, 600]))
        (act,) = self._chance.choices(list(self._kinds), list(self._kinds.values()))
        self.log.append(act.__name__)
        with suppress(Conflict):
            async with parts_in(self._chance.choice(self._processes)).transaction() as session:
                await act(session)

    async def _branch(self, session: AsyncSession) -> Branch:
        active = select(Branch).where(col(Branch.status) == BranchStatus.ACTIVE).order_by(col(Branch.no))
        return self._chance.choice(list(await session.scalars(active)))

    async def _person(self, session: AsyncSession) -> Member:
        member = await session.get_one(Member, self._chance.choice(self._people).id)
        if not member.is_active:
            raise Conflict("member.not_active")
        return member

    async def _one(self, session: AsyncSession, statement: Any) -> Any:
        found = list(await session.scalars(statement))
        if not found:
            raise Conflict("nothing.there")
        return self._chance.choice(found)

    def _word(self) -> str:
        self._number += 1
        return f"Việc số {self._number}"

    def _later(self, session: AsyncSession, hours: int) -> datetime | None:
        """Some time within so many hours, or never."""
        if self._chance.random() < 0.7:
            return None
        return now(session) + timedelta(hours=self._chance.uniform(0.1, hours))

    def _activity(self, session: AsyncSession) -> Activity | None:
        if self._chance.random() < 0.5:
            return None
        starts_at = now(session) + timedelta(hours=self._chance.uniform(0.1, 100))
        weekly = RecurrenceSaid(frequency=Frequency.WEEKLY, count=self._chance.randrange(1, 4))
        return Activity(
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=2),
            place=self._word(),
            recurrence=self._chance.choice([None, weekly]),
        )

    async def _publish(self, session: AsyncSession) -> None:
        """At once or later, for good or for a while: the rest is for `_do_what_is_due`."""
        roles = self._chance.sample(list(Role), 2)
        activity, publish_at, expires_at = self._activity(session), self._later(session, 10), self._later(session, 40)
        if publish_at is not None and expires_at is not None:
            expires_at = max(expires_at, publish_at + timedelta(hours=1))
        data = NoticeCreate(
            branch_id=(await self._branch(session)).id,
            title=self._word(),
            body="Kính mời các đồng chí.",
            audience=self._chance.choice([EVERYONE, EVERYONE, HERE, for_roles(roles)]),
            publish=self._chance.random() < 0.8,
            category=Category.ACTIVITY if activity else Category.GENERAL,
            activity=activity,
            publish_at=publish_at,
            expires_at=expires_at,
        )
        notice = await create_notice(session, OPERATOR, data)
        if not data.publish:
            await publish_notice(session, OPERATOR, notice.id, notice.revision)

    async def _amend(self, session: AsyncSession) -> None:
        published = select(Notice).where(col(Notice.state) == NoticeState.PUBLISHED).order_by(col(Notice.id))
        notice: Notice = await self._one(session, published)
        time: dict[str, Any] = {"expires_at": self._later(session, 40)}
        if notice.activity is not None:
            moved = self._activity(session)
            time |= {"activity": moved} if moved else {"activity": None, "category": Category.GENERAL}
        data = NoticeAmend(
            change="Đổi giờ.", body=f"{self._word()}.", acknowledge_again=self._chance.random() < 0.3, **time
        )
        await amend_notice(session, OPERATOR, notice.id, data, notice.revision)

    async def _withdraw(self, session: AsyncSession) -> None:
        published = select(Notice).where(col(Notice.state) == NoticeState.PUBLISHED).order_by(col(Notice.id))
        notice: Notice = await self._one(session, published)
        await withdraw_notice(session, OPERATOR, notice.id, NoticeWithdraw(), notice.revision)

    async def _rename(self, session: AsyncSession) -> None:
        await update_branch(session, OPERATOR, await self._branch(session), BranchUpdate(name=self._word()))

    async def _move(self, session: AsyncSession) -> None:
        branch, parent = await self._branch(session), await self._branch(session)
        await move_branch(session, OPERATOR, branch.id, parent.id)

    async def _merge(self, session: AsyncSession) -> None:
        """Its members go along, its officers do not, and its channels fall silent."""
        branch, into = await self._branch(session), await self._branch(session)
        await merge_branch(session, OPERATOR, branch.id, into.id)

    async def _add_branch(self, session: AsyncSession) -> None:
        parent, word = await self._branch(session), self._word()
        data = BranchCreate(parent_id=parent.id, code=f"TO{self._number}", name=word, kind=BranchKind.GROUP)
        await create_branch(session, OPERATOR, data)

    async def _transfer(self, session: AsyncSession) -> None:
        member = await self._person(session)
        await self._end_membership(session, member, MembershipKind.PRIMARY, EndReason.TRANSFERRED)
        await open_membership(session, OPERATOR, member.id, await self._branch(session), MembershipKind.PRIMARY)
        await check_primary(session, member.id, active=True)

    async def _send_for_a_while(self, session: AsyncSession) -> None:
        """Nobody ends it but the worker, or the next one."""
        member = await self._person(session)
        with suppress(Conflict):
            await self._end_membership(session, member, MembershipKind.TEMPORARY, EndReason.EXPIRED)
        until = now(session) + timedelta(hours=self._chance.randrange(1, 30))
        branch = await self._branch(session)
        await open_membership(session, OPERATOR, member.id, branch, MembershipKind.TEMPORARY, until=until)

    async def _end_temporary(self, session: AsyncSession) -> None:
        member = await self._person(session)
        await self._end_membership(session, member, MembershipKind.TEMPORARY, EndReason.CORRECTED)

    async def _end_membership(
        self, session: AsyncSession, member: Member, kind: MembershipKind, reason: EndReason
    ) -> None:
        found = select(Membership).where(
            col(Membership.member_id) == member.id, col(Membership.kind) == kind, col(Membership.ended_at).is_(None)
        )
        await end_membership(session, await self._one(session, found), reason)

    async def _grant(self, session: AsyncSession) -> None:
        until = self._chance.choice([None, now(session) + timedelta(hours=self._chance.randrange(1, 30))])
        data = RoleGrantCreate(
            member_id=(await self._person(session)).id, role=self._chance.choice(list(Role)), until=until
        )
        await grant_role(session, OPERATOR, await self._branch(session), data)

    async def _end_grant(self, session: AsyncSession) -> None:
        open_ones = select(RoleGrant).where(col(RoleGrant.ended_at).is_(None)).order_by(col(RoleGrant.id))
        grant: RoleGrant = await self._one(session, open_ones)
        await end_grant(session, OPERATOR, grant.id)

    async def _do_what_is_due(self, session: AsyncSession) -> None:
        for duty in DUTIES:
            assert (await run_due(session, duty)).failed == 0

    async def _leave(self, session: AsyncSession) -> None:
        if self._chance.random() < 0.7:
            raise Conflict("not.now")
        member = await self._person(session)
        await update_member(session, OPERATOR, member.id, MemberUpdate(status="left"), member.revision)
