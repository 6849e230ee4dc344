"""However answers, codes and marks are ordered, split into batches and repeated, the same rows come of them; and a
phone that follows its state holds what stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.checkin import STEP_SECONDS, code
from models import changes
from models.activities.table import Attendance, Rsvp
from models.base import new_id
from models.database import Database
from models.events.rules import apply_events
from models.events.shapes import EventsPost, Result
from models.events.state import read_state
from models.keyring import Keyring
from models.memberships import Membership
from models.notices.activity import Activity
from models.notices.drafts import create_notice
from models.notices.occurrences import Occurrence
from models.notices.shapes import NoticeCreate
from models.notices.table import Category, Notice
from models.permissions import OPERATOR
from models.roles import RoleGrant
from tests.clock import StandingClock
from tests.models.batches import Plan, planned
from tests.organisation import Organisation

TIMES = 2


@dataclass(frozen=True)
class Happened:
    """`kind` is who did what; `word` the answer or the status; `number` orders what happened in the same minute."""

    kind: str
    occurrence: int
    minutes_ago: int
    word: str
    number: int

    @property
    def actor(self) -> str:
        return "secretary" if self.kind == "attended" else "member"


@st.composite
def plans(draw: st.DrawFn) -> Plan[Happened]:
    happening = st.one_of(
        st.builds(Happened, st.just("rsvp"), occurrences(), ago(), st.sampled_from(["yes", "no", "maybe"]), st.just(0)),
        st.builds(Happened, st.just("check_in"), occurrences(), ago(), st.just("present"), st.just(0)),
        st.builds(
            Happened, st.just("attended"), occurrences(), ago(), st.sampled_from(["absent", "excused"]), st.just(0)
        ),
    )
    found = draw(st.lists(happening, min_size=1, max_size=14))
    happened = [Happened(one.kind, one.occurrence, one.minutes_ago, one.word, n) for n, one in enumerate(found)]
    return planned(draw, happened)


def occurrences() -> st.SearchStrategy[int]:
    return st.integers(1, TIMES + 1)


def ago() -> st.SearchStrategy[int]:
    """Few, so that some fall together."""
    return st.integers(0, 6)


Rows = dict[tuple[str, int], tuple[str, str]]
"""By table and occurrence: the word, and the method or the time of what stands."""


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(plan=plans())
async def test_order_batches_and_repeats_do_not_matter(
    database: Database, organisation: Organisation, clock: StandingClock, keyring: Keyring, plan: Plan[Happened]
) -> None:
    notice_id = await _meeting(database, organisation, clock)
    whose = organisation.person("member").id
    ids = sorted(new_id() for _ in plan.happened)
    key = keyring.newest.derive("check-in")
    events = [_event(one, ids[one.number], notice_id, whose, clock.at, key) for one in plan.happened]
    found = [await _told(database, organisation, plan.happened, events, batches) for batches in (plan.one, plan.other)]
    assert found[0] == found[1] == _expected(plan.happened, clock.at)


async def _told(
    database: Database,
    organisation: Organisation,
    happened: Sequence[Happened],
    events: Sequence[dict[str, Any]],
    batches: Sequence[Sequence[int]],
) -> Rows:
    """What stands, which a phone that asks after every batch holds as well. Nothing of it is committed."""
    held: Rows = {}
    results: dict[int, Result] = {}
    async with database.writing() as session:
        viewers = {name: await organisation.viewer(session, name) for name in ("member", "secretary")}
        since = 0
        for batch in batches:
            for name, viewer in viewers.items():
                mine = [place for place in batch if happened[place].actor == name]
                outcomes = await apply_events(session, viewer, EventsPost(events=[events[place] for place in mine]))
                for place, outcome in zip(mine, outcomes.results, strict=True):
                    first = results.setdefault(place, outcome.result)
                    later = Result.REFUSED if first is Result.REFUSED else Result.DUPLICATE
                    assert outcome.result in {first, later}
            page = await read_state(session, viewers["member"], since)
            assert not page.reset
            since = page.state
            held |= {("rsvp", one.occurrence): (one.answer.value, "") for one in page.rsvps}
            held |= {("attendance", one.occurrence): (one.status.value, one.method.value) for one in page.attendance}
        stored, shown = await _stored(session, organisation.person("member").id)
        await session.rollback()
    assert held == shown
    return stored


async def _stored(session: AsyncSession, member_id: UUID) -> tuple[Rows, Rows]:
    """With the times of what stands, and as it is shown."""
    stored: Rows = {}
    shown: Rows = {}
    for answer in await session.scalars(select(Rsvp).where(col(Rsvp.member_id) == member_id)):
        stored["rsvp", answer.occurrence] = answer.answer.value, str(answer.at)
        shown["rsvp", answer.occurrence] = answer.answer.value, ""
    for one in await session.scalars(select(Attendance).where(col(Attendance.member_id) == member_id)):
        stored["attendance", one.occurrence] = one.status.value, f"{one.at} {one.method}"
        shown["attendance", one.occurrence] = one.status.value, one.method.value
    return stored, shown


def _event(one: Happened, id_: UUID, notice_id: UUID, member_id: UUID, now: datetime, key: bytes) -> dict[str, Any]:
    at = now - timedelta(minutes=one.minutes_ago)
    event: dict[str, Any] = {"id": str(id_), "kind": one.kind, "at": at.isoformat()}
    if one.kind == "check_in":
        return {**event, "code": code(key, notice_id, one.occurrence, int(at.timestamp()) // STEP_SECONDS)}
    event |= {"notice_id": str(notice_id), "occurrence": one.occurrence}
    if one.kind == "rsvp":
        return {**event, "answer": one.word}
    return {**event, "status": one.word, "member_id": str(member_id)}


def _expected(happened: Sequence[Happened], now: datetime) -> Rows:
    """The last answer; the last mark, or where there is none the first code."""
    rows: Rows = {}
    for no in range(1, TIMES + 1):
        mine = [one for one in happened if one.occurrence == no]
        answers, marks, codes = (
            sorted((one for one in mine if one.kind == kind), key=_order) for kind in ("rsvp", "attended", "check_in")
        )
        if answers:
            rows["rsvp", no] = answers[-1].word, str(_at(answers[-1], now))
        if marks:
            rows["attendance", no] = marks[-1].word, f"{_at(marks[-1], now)} secretary"
        elif codes:
            rows["attendance", no] = "present", f"{_at(codes[0], now)} code"
    return rows


def _order(one: Happened) -> tuple[int, int]:
    return -one.minutes_ago, one.number


def _at(one: Happened, now: datetime) -> datetime:
    return now - timedelta(minutes=one.minutes_ago)


async def _meeting(database: Database, organisation: Organisation, clock: StandingClock) -> UUID:
    """It goes on twice at once, answers are taken to its end; called to an hour ago, the first time it is asked for."""
    async with database.writing() as session:
        found: UUID | None = await session.scalar(select(col(Notice.id)))
        if found is not None:
            return found
        begin = clock.at + timedelta(days=7)
        times = {"starts_at": begin, "ends_at": begin + timedelta(hours=1)}
        said = {name: at.isoformat() for name, at in times.items()}
        activity = Activity.model_validate({**said, "recurrence": {"frequency": "weekly", "count": TIMES}})
        data = NoticeCreate(
            branch_id=organisation.branch("chibo").id,
            title="Họp",
            body="Mời họp.",
            category=Category.ACTIVITY,
            activity=activity,
            publish=True,
        )
        made = await create_notice(session, OPERATOR, data)
        before, end = clock.at - timedelta(hours=1), clock.at + timedelta(hours=1)
        for ties in (Membership, RoleGrant):
            await session.execute(update(ties).values(started_at=before))
        await session.execute(update(Notice).values(published_at=before))
        await session.execute(update(Occurrence).values(starts_at=before, ends_at=end, rsvp_by=end))
        await changes.commit(session)
        return made.id
