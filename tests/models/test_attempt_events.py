"""However attempts are ordered, split into batches and repeated, the same ones come of them, marked alike; and a phone
that follows its state holds what stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.quizzes import draw, mark
from models import changes
from models.base import new_id
from models.database import Database
from models.events.rules import apply_events
from models.events.shapes import EventsPost, Result
from models.events.state import read_state
from models.memberships import Membership
from models.permissions import OPERATOR
from models.quizzes.table import Attempt
from models.study.life import create_study
from models.study.quizzes import QuestionSaid, QuizCreate
from models.study.table import Study, StudyKind, StudyVersion
from tests.clock import StandingClock
from tests.content.quizzed import ALL
from tests.models.batches import Plan, planned
from tests.organisation import Organisation

DRAWN = 2


@dataclass(frozen=True)
class Sat:
    """An attempt that was handed in so many minutes ago, with these of its questions answered right."""

    number: int
    draw_no: int
    minutes_ago: int
    right: frozenset[int]


@st.composite
def plans(draw: st.DrawFn) -> Plan[Sat]:
    places = st.frozensets(st.integers(0, DRAWN - 1))
    found = draw(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 6), places), min_size=1, max_size=8))
    return planned(draw, [Sat(number, *one) for number, one in enumerate(found)])


Rows = dict[UUID, tuple[Any, ...]]
"""By the attempt's id: its draw, when it was handed in, its points, of how many, and whether it passed."""


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(plan=plans())
async def test_order_batches_and_repeats_do_not_matter(
    database: Database, organisation: Organisation, clock: StandingClock, plan: Plan[Sat]
) -> None:
    quiz_id = await _quiz(database, organisation, clock)
    whose = organisation.person("member").id
    ids = sorted(new_id() for _ in plan.happened)
    events = [_event(one, ids[one.number], quiz_id, whose, clock.at) for one in plan.happened]
    expected = {ids[one.number]: _marked(one, quiz_id, whose, clock.at) for one in plan.happened}
    for batches in (plan.one, plan.other):
        assert await _told(database, organisation, events, batches) == expected


async def _told(
    database: Database,
    organisation: Organisation,
    events: Sequence[Mapping[str, Any]],
    batches: Sequence[Sequence[int]],
) -> Rows:
    """What stands, which a phone that asks after every batch holds as well. Nothing of it is committed."""
    held: Rows = {}
    told: set[int] = set()
    async with database.writing() as session:
        viewer = await organisation.viewer(session, "member")
        since = 0
        for batch in batches:
            outcomes = await apply_events(session, viewer, EventsPost(events=[events[place] for place in batch]))
            for place, outcome in zip(batch, outcomes.results, strict=True):
                assert outcome.result is (Result.DUPLICATE if place in told else Result.APPLIED)
                told.add(place)
            page = await read_state(session, viewer, since)
            since = page.state
            held |= {one.id: _row(one) for one in page.attempts}
        stored = await _stored(session, viewer.the_member)
        await session.rollback()
    assert held == stored
    return stored


async def _stored(session: AsyncSession, member_id: UUID) -> Rows:
    return {
        one.id: _row(one) for one in await session.scalars(select(Attempt).where(col(Attempt.member_id) == member_id))
    }


def _row(one: Any) -> tuple[Any, ...]:
    return one.draw_no, one.submitted_at, one.points, one.of, one.is_passed


def _answers(one: Sat, quiz_id: UUID, member_id: UUID) -> dict[str, list[str]]:
    drawn = draw(ALL, DRAWN, member_id, quiz_id, 1, one.draw_no)
    return {question.id: list(question.right) for place, question in enumerate(drawn) if place in one.right}


def _marked(one: Sat, quiz_id: UUID, member_id: UUID, now: datetime) -> tuple[Any, ...]:
    drawn = draw(ALL, DRAWN, member_id, quiz_id, 1, one.draw_no)
    marked = mark(drawn, _answers(one, quiz_id, member_id))
    at = now - timedelta(minutes=one.minutes_ago)
    return one.draw_no, at, marked.points, marked.of, marked.percent >= 50


def _event(one: Sat, id_: UUID, quiz_id: UUID, member_id: UUID, now: datetime) -> dict[str, Any]:
    at = now - timedelta(minutes=one.minutes_ago)
    return {
        "id": str(id_),
        "kind": "attempt",
        "at": at.isoformat(),
        "attempt_id": str(id_),
        "quiz_id": str(quiz_id),
        "version": 1,
        "draw_no": one.draw_no,
        "started_at": (at - timedelta(minutes=5)).isoformat(),
        "answers": _answers(one, quiz_id, member_id),
    }


async def _quiz(database: Database, organisation: Organisation, clock: StandingClock) -> UUID:
    """Published an hour ago, the first time it is asked for."""
    async with database.writing() as session:
        found: UUID | None = await session.scalar(select(col(Study.id)))
        if found is not None:
            return found
        questions = [QuestionSaid.model_validate(question) for question in ALL]
        branch = organisation.branch("chibo")
        data = QuizCreate(branch_id=branch.id, title="Kiểm tra", questions=questions, draw=DRAWN, publish=True)
        study, *_ = await create_study(session, OPERATOR, StudyKind.QUIZ, data)
        before = clock.at - timedelta(hours=1)
        await session.execute(update(Membership).values(started_at=before))
        await session.execute(update(Study).values(published_at=before))
        await session.execute(update(StudyVersion).values(published_at=before))
        await changes.commit(session)
        return study.id
