"""What is said is counted once, whoever counts it, however often they are cut off; and answers as they are now."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, func, select
from sqlmodel import col

from models import changes
from models.activities.table import Answer, Attendance, AttendanceMethod, AttendanceStatus, Rsvp
from models.base import new_id
from models.database import Database, now
from models.memberships import EndReason, MembershipKind, end_membership, open_membership, open_memberships
from models.notices.activity import Activity
from models.notices.drafts import create_notice
from models.notices.receipts import Noted, take_note
from models.notices.shapes import NoticeCreate, NoticePublic
from models.notices.table import Category, Receipt
from models.paging import PageRequest
from models.permissions import OPERATOR
from models.schedule import run_due
from models.tallies.due import TALLY_DUTIES
from models.tallies.folding import fold_receipts
from models.tallies.missing import Wanted, list_missing
from models.tallies.reports import read_report
from models.tallies.shapes import Missing, NoticeReport
from models.tallies.table import Tally
from tests.clock import StandingClock
from tests.organisation import Organisation

ALL = PageRequest("all", 100)


class CutOffError(Exception):
    """As when the power fails."""


class Desk:
    """Does things in transactions of their own."""

    def __init__(self, database: Database, organisation: Organisation) -> None:
        self.database, self.organisation = database, organisation

    async def publish(self, branch: str, **said: Any) -> NoticePublic:
        branch_id = self.organisation.branch(branch).id
        data = NoticeCreate(branch_id=branch_id, title="Họp", body="Mời họp.", publish=True, **said)
        async with self.database.writing() as session:
            notice = await create_notice(session, OPERATOR, data)
            await changes.commit(session)
        return notice

    async def read(self, notice: NoticePublic, *names: str, acknowledged: bool = False) -> None:
        async with self.database.writing() as session:
            at = now(session)
            said = (notice.id, 1, at, at if acknowledged else None)
            await take_note(session, [Noted(self.organisation.person(name).id, *said) for name in names])
            await changes.commit(session)

    async def answer(self, notice: NoticePublic, name: str, answer: Answer) -> None:
        member_id = self.organisation.person(name).id
        async with self.database.writing() as session:
            row = await session.get(Rsvp, (notice.id, 1, member_id))
            if row is None:
                said: dict[str, Any] = {"at": now(session), "said_id": new_id(), "seq": 1}
                session.add(Rsvp(notice_id=notice.id, occurrence=1, member_id=member_id, answer=answer, **said))
            else:
                row.answer = answer
            await session.flush()
            await changes.commit(session)

    async def mark(self, notice: NoticePublic, name: str, status: AttendanceStatus) -> None:
        of_this: dict[str, Any] = {
            "notice_id": notice.id,
            "occurrence": 1,
            "member_id": self.organisation.person(name).id,
        }
        async with self.database.writing() as session:
            said: dict[str, Any] = {
                "method": AttendanceMethod.SECRETARY,
                "at": now(session),
                "said_id": new_id(),
                "seq": 1,
            }
            session.add(Attendance(**of_this, status=status, **said))
            await session.flush()
            await changes.commit(session)

    async def transfer(self, name: str, to: str) -> None:
        member_id = self.organisation.person(name).id
        async with self.database.writing() as session:
            (membership,) = await open_memberships(session, member_id)
            await end_membership(session, membership, EndReason.TRANSFERRED)
            await open_membership(session, OPERATOR, member_id, self.organisation.branch(to), MembershipKind.PRIMARY)
            await changes.commit(session)

    async def count(self) -> None:
        """A round of one worker."""
        for duty in TALLY_DUTIES:
            async with self.database.writing() as session:
                ran = await run_due(session, duty)
                await changes.commit(session)
            assert ran.failed == 0

    async def report(self, notice: NoticePublic, occurrence: int | None = None) -> NoticeReport:
        async with self.database.writing() as session:
            report = await read_report(session, OPERATOR, notice.id, ALL, occurrence=occurrence)
            await changes.commit(session)
        return report

    async def kept(self, notice: NoticePublic) -> tuple[int, int, int]:
        """What the tallies say, without bringing them up to date."""
        top = self.organisation.branch("coso").no
        async with self.database.reading() as session:
            tally = await session.get_one(Tally, (notice.id, 0, top))
        return tally.eligible, tally.read, tally.acknowledged

    async def uncounted(self) -> int:
        async with self.database.reading() as session:
            found = select(func.count()).where(col(Receipt.counted) == 0)
            return await session.scalar(found) or 0


@pytest.fixture
def desk(database: Database, organisation: Organisation) -> Desk:
    return Desk(database, organisation)


async def test_three_workers_count_each_receipt_once(desk: Desk) -> None:
    notices = [await desk.publish("coso") for _ in range(3)]
    names = [name for name, person in desk.organisation.people.items() if not name.startswith("stranger")]

    async def keep_reading() -> None:
        for name in names:
            for notice in notices:
                await desk.read(notice, name)
            await desk.read(notices[0], name, acknowledged=True)

    async def keep_counting() -> None:
        while not done.is_set():
            await desk.count()
            await asyncio.sleep(0)

    done = asyncio.Event()
    workers = [asyncio.create_task(keep_counting()) for _ in range(3)]
    await keep_reading()
    done.set()
    await asyncio.gather(*workers)
    await asyncio.gather(*(desk.count() for _ in range(3)))
    assert await desk.uncounted() == 0
    assert [await desk.kept(notice) for notice in notices] == [(14, 14, 14), (14, 14, 0), (14, 14, 0)]


async def test_whoever_is_cut_off_has_counted_nothing(desk: Desk) -> None:
    notice = await desk.publish("coso")
    await desk.read(notice, "member", "grouped", "neighbour")
    await desk.read(notice, "fellow", acknowledged=True)
    survived = 0
    for duty in TALLY_DUTIES[:3]:
        for most in range(1, 60):
            async with desk.database.writing() as session:
                try:
                    with _cut_off_after(desk.database, most):
                        things = await duty.find(session, now(session), 10)
                        for thing in things:
                            await duty.do(session, thing)
                except CutOffError:
                    survived += 1
                    continue
                await changes.commit(session)
                break
    assert survived > 10
    assert await desk.kept(notice) == (14, 4, 1)
    await desk.count()
    assert await desk.kept(notice) == (14, 4, 1)


@contextmanager
def _cut_off_after(database: Database, most: int) -> Iterator[None]:
    sent = 0

    def count(*_: object) -> None:
        nonlocal sent
        sent += 1
        if sent > most:
            raise CutOffError

    engine = database.write_engine.sync_engine
    event.listen(engine, "after_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(engine, "after_cursor_execute", count)


async def test_nothing_waits_for_a_notice_that_is_being_counted(desk: Desk) -> None:
    notice = await desk.publish("coso")
    await desk.count()
    await desk.read(notice, "member")
    if desk.database.is_sqlite:
        return  # its writers queue anyway
    async with desk.database.writing() as holding, desk.database.writing() as other:
        assert await fold_receipts(holding, notice.id) == 1
        assert await fold_receipts(other, notice.id) == 0
        await desk.read(notice, "fellow")


def meeting(clock: StandingClock) -> dict[str, Any]:
    starts_at = clock.at + timedelta(hours=2)
    activity = Activity(starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))
    return {"category": Category.ACTIVITY, "activity": activity}


async def test_answers_are_counted_as_they_are_now(desk: Desk, clock: StandingClock) -> None:
    notice = await desk.publish("chibo", **meeting(clock))
    expected = (await desk.report(notice, 1)).total
    assert expected is not None
    assert (expected.eligible, expected.yes, expected.read) == (10, 0, None)
    await desk.answer(notice, "member", Answer.YES)
    await desk.answer(notice, "fellow", Answer.NO)
    assert await _answers(desk, notice) == (10, 1, 1, 0)
    await desk.answer(notice, "fellow", Answer.YES)
    await desk.answer(notice, "grouped", Answer.MAYBE)
    assert await _answers(desk, notice) == (10, 2, 0, 1)
    page = await _missing(desk, notice, Missing.RSVP)
    assert len(page) == 7


async def test_an_activitys_audience_is_that_of_its_beginning(desk: Desk, clock: StandingClock) -> None:
    notice = await desk.publish("chibo", **meeting(clock))
    published_at = clock.at
    clock.advance(hours=1)
    await desk.transfer("neighbour", "chibo")
    await desk.answer(notice, "neighbour", Answer.YES)
    await desk.answer(notice, "member", Answer.YES)
    before = await desk.report(notice, 1)
    assert before.audience_at == published_at
    assert before.total is not None
    assert (before.total.eligible, before.total.yes, before.total.also.yes) == (10, 1, 1)
    clock.advance(hours=1, minutes=1)
    await desk.transfer("fellow", "chibo2")
    await desk.count()
    await desk.mark(notice, "member", AttendanceStatus.PRESENT)
    await desk.mark(notice, "neighbour", AttendanceStatus.EXCUSED)
    after = await desk.report(notice, 1)
    assert after.audience_at == published_at + timedelta(hours=2)
    assert after.total is not None
    assert after.here is not None
    counted = after.total
    assert (counted.eligible, counted.yes, counted.present, counted.excused, counted.also.yes) == (11, 2, 1, 1, 0)
    assert (after.here.eligible, after.here.yes) == (10, 2)
    absent = await _missing(desk, notice, Missing.ATTENDED)
    assert "member" not in absent
    assert len(absent) == 10
    assert absent["neighbour"] == (Answer.YES, AttendanceStatus.EXCUSED, False)
    assert absent["fellow"] == (None, None, True)


async def _answers(desk: Desk, notice: NoticePublic) -> tuple[int | None, ...]:
    total = (await desk.report(notice, 1)).total
    assert total is not None
    return total.eligible, total.yes, total.no, total.maybe


async def _missing(desk: Desk, notice: NoticePublic, kind: Missing) -> dict[str, tuple[object, object, bool]]:
    """By whom: what they answered, what is said of their attendance, and whether they have left."""
    names: dict[UUID, str] = {person.id: name for name, person in desk.organisation.people.items()}
    async with desk.database.writing() as session:
        page = await list_missing(session, OPERATOR, notice.id, Wanted(kind), ALL)
    return {names[entry.id]: (entry.answer, entry.attendance, entry.has_left) for entry in page.items}
