"""What begins or ends in a branch while it is merged: one of the two waits, and nothing is left behind."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models import changes
from models.branches import Branch, BranchStatus
from models.database import Database
from models.errors import Conflict
from models.members.profile import MemberCreate, MemberUpdate
from models.members.rules import create_member, update_member
from models.members.table import MemberStatus
from models.memberships import Membership, open_membership
from models.merging import merge_branch
from models.notices.drafts import create_notice
from models.notices.shapes import NoticeCreate
from models.permissions import OPERATOR, Role
from models.roles import RoleGrant, RoleGrantCreate, grant_role
from tests.api.merging.merger import PRIMARY, TEMPORARY, memberships
from tests.organisation import Organisation

Beginning = Callable[[AsyncSession, Organisation], Awaitable[object]]


async def _enrol(session: AsyncSession, organisation: Organisation) -> object:
    data = MemberCreate(member_no="M1", full_name="Tô Văn Yên", branch_id=organisation.branch("chibo").id)
    return await create_member(session, OPERATOR, data)


async def _join(session: AsyncSession, organisation: Organisation) -> object:
    branch, person = organisation.branch("chibo"), organisation.person("neighbour")
    return await open_membership(session, OPERATOR, person.id, branch, TEMPORARY)


async def _appoint(session: AsyncSession, organisation: Organisation) -> object:
    data = RoleGrantCreate(member_id=organisation.person("member").id, role=Role.CLERK)
    return await grant_role(session, OPERATOR, organisation.branch("chibo"), data)


async def _draft(session: AsyncSession, organisation: Organisation) -> object:
    data = NoticeCreate(branch_id=organisation.branch("chibo").id, title="Họp", body="Mời họp.")
    return await create_notice(session, OPERATOR, data)


BEGINNINGS: tuple[Beginning, ...] = (_enrol, _join, _appoint, _draft)


async def _in_turn(session: AsyncSession, rule: Awaitable[object]) -> None:
    await rule
    await changes.commit(session)


@pytest.mark.parametrize("database_kind", ["postgresql"])
@pytest.mark.parametrize("begin", BEGINNINGS, ids=lambda begin: begin.__name__.strip("_"))
async def test_a_merge_waits_for_what_begins_in_the_branch(
    organisation: Organisation, database: Database, begin: Beginning
) -> None:
    branch, into = organisation.branch("chibo"), organisation.branch("chibo2")
    async with database.writing() as first, database.writing() as second:
        await begin(first, organisation)
        later = asyncio.create_task(_in_turn(second, merge_branch(second, OPERATOR, branch.id, into.id)))
        await asyncio.sleep(0.1)
        assert not later.done()
        await changes.commit(first)
        await later
    async with database.reading() as session:
        here = select(Membership).where(col(Membership.branch_no) == branch.no, col(Membership.ended_at).is_(None))
        assert (await session.scalars(here)).all() == []
        held = select(RoleGrant).where(col(RoleGrant.branch_no) == branch.no, col(RoleGrant.ended_at).is_(None))
        assert (await session.scalars(held)).all() == []


@pytest.mark.parametrize("database_kind", ["postgresql"])
@pytest.mark.parametrize("begin", BEGINNINGS, ids=lambda begin: begin.__name__.strip("_"))
async def test_what_begins_during_a_merge_waits_and_is_refused(
    organisation: Organisation, database: Database, begin: Beginning
) -> None:
    branch, into = organisation.branch("chibo"), organisation.branch("chibo2")
    async with database.writing() as first, database.writing() as second:
        await merge_branch(first, OPERATOR, branch.id, into.id)
        later = asyncio.create_task(_in_turn(second, begin(second, organisation)))
        await asyncio.sleep(0.1)
        assert not later.done()
        await changes.commit(first)
        with pytest.raises(Conflict, match=r"branch\.not_active"):
            await later


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_who_leaves_during_a_merge_leaves_the_successor(organisation: Organisation, database: Database) -> None:
    branch, into, person = (
        organisation.branch("chibo"),
        organisation.branch("chibo2"),
        organisation.person("member"),
    )
    async with database.writing() as first, database.writing() as second:
        await merge_branch(first, OPERATOR, branch.id, into.id)
        left = MemberUpdate(status=MemberStatus.LEFT)
        later = asyncio.create_task(_in_turn(second, update_member(second, OPERATOR, person.id, left, 1)))
        await asyncio.sleep(0.1)
        assert not later.done()
        await changes.commit(first)
        await later
    assert set(await memberships(database, organisation, "member")) == {
        ("CHIBO", PRIMARY, "merged", None),
        ("CHIBO2", PRIMARY, "closed", None),
    }


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_merges_into_each_other_do_not_both_happen(organisation: Organisation, database: Database) -> None:
    one, other = organisation.branch("chibo"), organisation.branch("chibo2")

    async def try_merging(branch: Branch, into: Branch) -> str:
        async with database.writing() as session:
            try:
                await merge_branch(session, OPERATOR, branch.id, into.id)
            except Conflict as refused:
                return refused.slug
            await changes.commit(session)
            return "merged"

    outcomes = await asyncio.gather(try_merging(one, other), try_merging(other, one))
    assert sorted(outcomes) == ["branch.not_active", "merged"]
    async with database.reading() as session:
        statuses = await session.scalars(select(col(Branch.status)).where(col(Branch.no).in_([one.no, other.no])))
        assert sorted(statuses) == [BranchStatus.ACTIVE, BranchStatus.MERGED]
