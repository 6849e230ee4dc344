"""Who hears what, against an oracle that follows the domain's words over plain sets and knows nothing of SQL: feed,
detail, file, calendar, preview and missing list agree.
"""

import hashlib
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import Account
from models.attachments.rules import attach, attached, get_attachment
from models.attachments.shapes import AttachmentPublic
from models.branches import Branch, BranchKind
from models.channels import Reach
from models.database import Database, now
from models.errors import NotFound
from models.members.table import Member, MemberStatus
from models.memberships import EndReason, Membership, MembershipKind
from models.notices.activity import Activity
from models.notices.calendar import Wording, list_calendar
from models.notices.drafts import create_notice
from models.notices.due import EXPIRE_NOTICES
from models.notices.life import publish_notice, withdraw_notice
from models.notices.preview import preview_audience
from models.notices.reading import get_notice, list_feed
from models.notices.shapes import Audience, NoticeCreate, NoticeWithdraw
from models.notices.table import Category, NoticeState
from models.paging import PageRequest
from models.permissions import OPERATOR, Role, Viewer
from models.roles import RoleGrant
from models.schedule import run_due
from models.sessions import Device, start_session
from models.tallies.missing import Wanted, list_missing
from models.tallies.shapes import Missing
from models.viewers import resolve_viewer
from tests.clock import StandingClock

READERS = {Role.ADMIN, Role.SECRETARY, Role.DEPUTY, Role.CLERK, Role.AUDITOR}
WRITERS = READERS - {Role.AUDITOR}


@dataclass(frozen=True)
class Tie:
    """To a branch by its place in the list: a membership, or with `role` a grant. Only "open" ones are in force."""

    branch: int
    fate: str = "open"
    role: Role | None = None


@dataclass(frozen=True)
class Person:
    primary: Tie
    others: tuple[Tie, ...]

    def belongs(self) -> set[int]:
        return {tie.branch for tie in (self.primary, *self.others) if tie.role is None and tie.fate == "open"}

    def holds(self) -> set[tuple[Role, int]]:
        return {(tie.role, tie.branch) for tie in self.others if tie.role is not None and tie.fate == "open"}


@dataclass(frozen=True)
class Said:
    branch: int
    reach: Reach
    roles: frozenset[Role]
    state: NoticeState


@dataclass(frozen=True)
class World:
    """`parents[i]` is the branch above branch i + 1; branch 0 is a root, and so is one that names itself."""

    parents: tuple[int, ...]
    people: tuple[Person, ...]
    said: tuple[Said, ...]

    def above(self, branch: int) -> set[int]:
        """The branch itself and all on the way up."""
        found = {branch}
        while branch and self.parents[branch - 1] not in found:
            branch = self.parents[branch - 1]
            found.add(branch)
        return found

    def hears(self, person: Person, said: Said) -> bool:
        if said.reach is Reach.HERE:
            return said.branch in person.belongs()
        if said.reach is Reach.ALL:
            places = person.belongs() | {branch for _, branch in person.holds()}
            return any(said.branch in self.above(place) for place in places)
        return any(role in said.roles and said.branch in self.above(branch) for role, branch in person.holds())

    def has_right(self, person: Person, roles: set[Role], branch: int) -> bool:
        return any(role in roles and place in self.above(branch) for role, place in person.holds())

    def reads(self, person: Person, said: Said) -> bool:
        if said.state in {NoticeState.DRAFT, NoticeState.SCHEDULED}:
            return self.has_right(person, WRITERS, said.branch)
        if said.state is NoticeState.PUBLISHED and self.hears(person, said):
            return True
        return self.has_right(person, READERS, said.branch)

    def told(self, person: Person, said: Said) -> bool | None:
        """Whether the calendar says of an activity that it was called off; None where it says nothing."""
        if said.state in {NoticeState.DRAFT, NoticeState.SCHEDULED} or not self.hears(person, said):
            return None
        return said.state is NoticeState.WITHDRAWN


@st.composite
def worlds(draw: st.DrawFn) -> World:
    size = draw(st.integers(2, 7))
    parents = tuple(draw(st.integers(0, child)) for child in range(1, size))
    branch = st.integers(0, size - 1)
    fate = st.sampled_from(["open", "open", "ended", "run out"])
    grant = st.builds(Tie, branch, fate, st.sampled_from(Role))
    grants = st.lists(grant, min_size=1, max_size=3, unique_by=lambda tie: (tie.branch, tie.role))
    temporary = st.lists(st.builds(Tie, branch, fate), max_size=1)
    person = st.builds(lambda home, away, held: Person(Tie(home), (*away, *held)), branch, temporary, grants)
    said = st.builds(_said, branch, st.sampled_from(Reach), st.sets(st.sampled_from(Role), min_size=1), _STATES)
    people = draw(st.lists(person, min_size=3, max_size=5))
    return World(parents, tuple(people), tuple(draw(st.lists(said, min_size=6, max_size=12))))


_STATES = st.sampled_from([NoticeState.PUBLISHED, *NoticeState])


def _said(branch: int, reach: Reach, roles: set[Role], state: NoticeState) -> Said:
    return Said(branch, reach, frozenset(roles) if reach is Reach.ROLES else frozenset(), state)


@pytest.mark.parametrize("database_kind", ["sqlite"])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(world=worlds())
async def test_everyone_reads_what_the_domain_says(database: Database, clock: StandingClock, world: World) -> None:
    async with database.writing() as session:  # never committed: the next example finds the database empty
        branches = await _plant(session, world)
        viewers = [await _enrol(session, branches, person, index) for index, person in enumerate(world.people)]
        ids = [await _say(session, branches, said, clock) for said in world.said]
        for viewer, person in zip(viewers, world.people, strict=True):
            page = await list_feed(session, viewer, PageRequest("feed"))
            heard = [
                id_
                for id_, said in zip(ids, world.said, strict=True)
                if said.state is NoticeState.PUBLISHED and world.hears(person, said)
            ]
            assert [item.id for item in page.items] == heard[::-1]
            for id_, said in zip(ids, world.said, strict=True):
                reads = world.reads(person, said)
                assert await _may(get_notice(session, viewer, id_)) == reads
                assert await _may(get_attachment(session, viewer, id_, _file(id_))) == reads
                assert await session.scalar(select(attached(viewer, _file(id_)))) == reads
            entries = await list_calendar(session, viewer, Wording(link=str, withdrawn="Đã huỷ"))
            told = {id_: world.told(person, said) for id_, said in zip(ids, world.said, strict=True)}
            assert {entry.uid: entry.cancelled for entry in entries} == {
                str(id_): is_off for id_, is_off in told.items() if is_off is not None
            }
        for id_, said in zip(ids, world.said, strict=True):
            preview = await preview_audience(session, OPERATOR, id_)
            audience = {
                viewer.the_member
                for viewer, person in zip(viewers, world.people, strict=True)
                if world.hears(person, said)
            }
            assert preview.people == len(audience)
            if said.state is NoticeState.PUBLISHED:
                missing = await list_missing(session, OPERATOR, id_, Wanted(Missing.READ), PageRequest("missing"))
                assert {entry.id for entry in missing.items} == audience


async def _may(asking: Awaitable[object]) -> bool:
    try:
        await asking
    except NotFound:
        return False
    return True


def _file(notice_id: UUID) -> str:
    """What only this notice holds."""
    return hashlib.sha256(notice_id.bytes).hexdigest()


async def _plant(session: AsyncSession, world: World) -> list[Branch]:
    branches: list[Branch] = []
    for index, parent in enumerate((0, *world.parents)):
        above = None if parent == index else branches[parent]
        branch = Branch(
            no=index + 1,
            code=f"B{index}",
            name=f"Chi hội {index}",
            name_folded=f"chi hoi {index}",
            kind=BranchKind.CELL,
            parent_no=above.no if above else None,
            path=f"{above.path if above else ''}{index + 1}/",
            created_at=now(session),
        )
        session.add(branch)
        await session.flush()  # a child's row needs its parent's
        branches.append(branch)
    return branches


async def _enrol(session: AsyncSession, branches: list[Branch], person: Person, index: int) -> Viewer:
    at = now(session)
    name = f"Người {index}"
    member = Member(
        member_no=f"M{index}",
        full_name=name,
        full_name_folded=name,
        sort_key=name,
        status=MemberStatus.FULL,
        created_at=at,
    )
    session.add(member)
    await session.flush()
    session.add(Account(member_id=member.id))
    device = await start_session(session, member.id, Device(), None)
    for tie in (person.primary, *person.others):
        common: dict[str, Any] = {
            "member_id": member.id,
            "branch_no": branches[tie.branch].no,
            "started_at": at - timedelta(days=9),
            "until": at - timedelta(days=1) if tie.fate == "run out" else None,
            "ended_at": at - timedelta(days=2) if tie.fate == "ended" else None,
        }
        if tie.role is not None:
            session.add(RoleGrant(role=tie.role, **common))
        else:
            kind = MembershipKind.PRIMARY if tie is person.primary else MembershipKind.TEMPORARY
            reason = EndReason.EXPIRED if tie.fate == "ended" else None
            session.add(Membership(kind=kind, end_reason=reason, **common))
    await session.flush()
    return await resolve_viewer(session, member.id, device.id)


async def _say(session: AsyncSession, branches: list[Branch], said: Said, clock: StandingClock) -> UUID:
    clock.advance(minutes=1)
    audience = Audience(reach=said.reach, roles=sorted(said.roles) or None)
    times = {NoticeState.SCHEDULED: "publish_at", NoticeState.EXPIRED: "expires_at"}
    time = {times[said.state]: now(session) + timedelta(seconds=30)} if said.state in times else {}
    starts_at = now(session) + timedelta(days=1)
    data = NoticeCreate(
        branch_id=branches[said.branch].id,
        title="Họp",
        body="Mời họp.",
        audience=audience,
        category=Category.ACTIVITY,
        activity=Activity(starts_at=starts_at, ends_at=starts_at + timedelta(hours=2)),
        **time,
    )
    notice = await create_notice(session, OPERATOR, data)
    file = AttachmentPublic(sha256=_file(notice.id), name="Thư mời.pdf", media_type="application/pdf", size=9)
    notice = await attach(session, OPERATOR, notice.id, file, notice.revision, crc32=0)
    if said.state is not NoticeState.DRAFT:
        notice = await publish_notice(session, OPERATOR, notice.id, notice.revision)
    if said.state is NoticeState.WITHDRAWN:
        await withdraw_notice(session, OPERATOR, notice.id, NoticeWithdraw(), notice.revision)
    if said.state is NoticeState.EXPIRED:
        clock.advance(minutes=1)
        assert (await run_due(session, EXPIRE_NOTICES)).done == 1
    return notice.id
