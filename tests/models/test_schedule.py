"""What is due happens once, in order, whatever else goes wrong."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models import changes, schedule
from models.audit import AuditEvent
from models.database import Database, now
from models.duties import DUTIES
from models.errors import Conflict
from models.memberships import EXPIRE_MEMBERSHIPS, EndReason, Membership, MembershipKind, open_membership
from models.permissions import OPERATOR, Role
from models.roles import EXPIRE_GRANTS, RoleGrant, RoleGrantCreate, grant_role
from models.schedule import Duty, Ran, Setback, run_due
from tests.clock import StandingClock
from tests.organisation import Organisation

PEOPLE = ("member", "fellow", "grouped", "clerk", "deputy", "secretary", "editor", "auditor")


@pytest.fixture
async def guests(database: Database, organisation: Organisation) -> list[UUID]:
    """Members who are in another branch too, for one day more each; the members' ids in the order of the ends."""
    async with database.writing() as session:
        for days, name in enumerate(PEOPLE, start=1):
            until = now(session) + timedelta(days=days)
            branch, guest = organisation.branch("kh_chibo"), organisation.person(name)
            await open_membership(session, OPERATOR, guest.id, branch, MembershipKind.TEMPORARY, until=until)
        await changes.commit(session)
    return [organisation.person(name).id for name in PEOPLE]


def refusing(*unlucky: UUID) -> Duty[Membership]:
    """The duty, but for these members it cannot be done."""

    async def do(session: AsyncSession, membership: Membership) -> None:
        await EXPIRE_MEMBERSHIPS.do(session, membership)
        if membership.member_id == unlucky[0]:
            raise Conflict("membership.no_primary")
        if membership.member_id in unlucky:
            raise ZeroDivisionError

    return Duty(EXPIRE_MEMBERSHIPS.name, EXPIRE_MEMBERSHIPS.find, do)


async def run(database: Database, duty: Duty[Membership], most: int = schedule.BATCH) -> Ran:
    async with database.writing() as session:
        ran = await run_due(session, duty, most)
        await changes.commit(session)
    return ran


async def ended(database: Database) -> list[UUID]:
    """Whose memberships ran out, in the order in which it was noted."""
    async with database.reading() as session:
        found = await session.scalars(
            select(AuditEvent).where(col(AuditEvent.action) == "membership.expire").order_by(col(AuditEvent.id))
        )
        return [event.target_id for event in found]


async def test_nothing_happens_before_its_time(database: Database, guests: list[UUID], clock: StandingClock) -> None:
    clock.advance(hours=23, minutes=59)
    assert await run(database, EXPIRE_MEMBERSHIPS) == (0, 0, False)
    clock.advance(minutes=1)
    assert await run(database, EXPIRE_MEMBERSHIPS) == (1, 0, False)
    assert await ended(database) == guests[:1]


async def test_after_a_month_everything_happens_in_order_as_of_its_time(
    database: Database, guests: list[UUID], clock: StandingClock
) -> None:
    began = clock()
    clock.advance(days=30)
    assert await run(database, EXPIRE_MEMBERSHIPS, 3) == (3, 0, True)
    assert await run(database, EXPIRE_MEMBERSHIPS, 5) == (5, 0, True)
    assert await run(database, EXPIRE_MEMBERSHIPS, 5) == (0, 0, False)
    assert await ended(database) == guests
    async with database.reading() as session:
        over = await session.scalars(
            select(Membership).where(col(Membership.ended_at).is_not(None)).order_by(col(Membership.ended_at))
        )
        for day, (membership, guest) in enumerate(zip(over, guests, strict=True), start=1):
            assert (membership.member_id, membership.end_reason) == (guest, EndReason.EXPIRED)
            assert membership.ended_at == membership.until == began + timedelta(days=day)


async def test_roles_end_too(database: Database, organisation: Organisation, clock: StandingClock) -> None:
    until = clock() + timedelta(hours=1)
    async with database.writing() as session:
        data = RoleGrantCreate(member_id=organisation.person("fellow").id, role=Role.CLERK, until=until)
        given = await grant_role(session, OPERATOR, organisation.branch("chibo"), data)
        await changes.commit(session)
    clock.advance(days=3)
    async with database.writing() as session:
        assert await run_due(session, EXPIRE_GRANTS) == (1, 0, False)
        assert await changes.commit(session) is not None
    async with database.reading() as session:
        grant = await session.get_one(RoleGrant, given.id)
        event = (await session.scalars(select(AuditEvent).where(col(AuditEvent.action) == "role.expire"))).one()
    assert (grant.ended_at, grant.end_reason, grant.ended_by) == (until, "expired", None)
    assert (event.actor_id, event.target_id, event.at) == (None, grant.member_id, clock())
    assert event.before == {"role": "clerk", "branch": "CHIBO", "until": str(until)}


async def test_what_fails_leaves_nothing_and_rests_longer_each_time(
    database: Database, guests: list[UUID], clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    clock.advance(days=30)
    unlucky = refusing(guests[0], guests[1])
    assert await run(database, unlucky) == (6, 2, False)
    assert await ended(database) == guests[2:]
    assert [(r.exc_info is None, str(guests[0]) in r.getMessage()) for r in caplog.records] == [
        (True, False),
        (False, False),
    ], "a bug is shown with its traceback; whose it is, is not said"
    for pause in (10, 20, 40, 80):
        assert await run(database, unlucky) == (0, 0, False)
        clock.advance(seconds=pause - 1)
        assert await run(database, unlucky) == (0, 0, False)
        clock.advance(seconds=1)
        assert await run(database, unlucky) == (0, 2, False)
    for _ in range(10):
        clock.advance(hours=1)
        assert await run(database, unlucky) == (0, 2, False)
    async with database.reading() as session:
        assert await schedule.stuck(session) == [
            ("membership.expire", "ZeroDivisionError", 1),
            ("membership.expire", "membership.no_primary", 1),
        ]
    clock.advance(hours=1)
    assert await run(database, EXPIRE_MEMBERSHIPS) == (2, 0, False)
    async with database.reading() as session:
        assert await schedule.stuck(session) == []
    assert await ended(database) == [*guests[2:], *guests[:2]]


async def test_what_fails_holds_up_nothing_behind_it(
    database: Database, guests: list[UUID], clock: StandingClock
) -> None:
    clock.advance(days=30)
    unlucky = refusing(*guests[:4])
    assert await run(database, unlucky, 2) == (0, 2, True)
    assert await run(database, unlucky, 2) == (0, 2, True)
    assert await run(database, unlucky, 2) == (2, 0, True)
    assert await run(database, unlucky, 2) == (2, 0, True)
    assert await ended(database) == guests[4:]


async def test_what_is_cut_off_in_the_middle_is_still_due(
    database: Database, guests: list[UUID], clock: StandingClock
) -> None:
    clock.advance(days=30)
    async with database.writing() as session:
        assert await run_due(session, EXPIRE_MEMBERSHIPS) == (8, 0, False)
        await session.rollback()
    assert await ended(database) == []
    assert await run(database, EXPIRE_MEMBERSHIPS) == (8, 0, False)
    assert await ended(database) == guests


async def test_a_setback_of_what_is_no_longer_tried_is_forgotten(
    database: Database, guests: list[UUID], clock: StandingClock
) -> None:
    clock.advance(days=1)
    await run(database, refusing(guests[0]))
    clock.advance(days=8)
    async with database.writing() as session:
        await schedule.begin_round(session)
        await changes.commit(session)
    async with database.reading() as session:
        assert (await session.scalars(select(Setback))).all() == []
        assert await schedule.last_round(session) == clock()


def test_duties_have_names_of_their_own() -> None:
    names = [duty.name for duty in DUTIES]
    assert len(names) == len(set(names))
    assert max(map(len, names)) <= 40
