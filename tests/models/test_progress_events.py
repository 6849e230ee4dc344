"""However what several phones say of progress and bookmarks is ordered, split into batches and repeated, the same rows
come of it; and a phone that follows its state holds what stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models import changes
from models.base import new_id
from models.database import Database
from models.events.rules import apply_events
from models.events.shapes import EventsPost, Result
from models.events.state import read_state
from models.memberships import Membership
from models.permissions import OPERATOR
from models.progress.table import Bookmark, Progress
from models.study.life import create_study, publish_study, update_study
from models.study.materials import MaterialCreate, MaterialUpdate
from models.study.shapes import StudyPublish
from models.study.table import Study, StudyKind, StudyVersion
from tests.clock import StandingClock
from tests.models.batches import Plan, planned
from tests.organisation import Organisation

Held = dict[tuple[str, object], tuple[object, ...]]
"""By table, and version or bookmark: what its member sees of it."""


@dataclass(frozen=True)
class Happened:
    """`thing` is the version that was read, or the bookmark; `number` orders what happened in the same minute. A
    bookmark is removed where it `ends`, a version completed.
    """

    kind: str
    thing: int
    minutes_ago: int
    ends: bool
    number: int = 0


@st.composite
def plans(draw: st.DrawFn) -> Plan[Happened]:
    kinds, ago = st.sampled_from(["progress", "bookmark"]), st.integers(0, 6)
    found = draw(st.lists(st.builds(Happened, kinds, st.integers(1, 2), ago, st.booleans()), min_size=1, max_size=14))
    happened = [Happened(one.kind, one.thing, one.minutes_ago, one.ends, n) for n, one in enumerate(found)]
    return planned(draw, happened)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(plan=plans())
async def test_order_batches_and_repeats_do_not_matter(
    database: Database, organisation: Organisation, clock: StandingClock, plan: Plan[Happened]
) -> None:
    material_id = await _material(database, organisation, clock)
    ids = sorted(new_id() for _ in plan.happened)
    events = [_event(one, ids[one.number], material_id, clock.at) for one in plan.happened]
    found = [await _told(database, organisation, events, batches) for batches in (plan.one, plan.other)]
    assert found[0] == found[1] == _expected(plan.happened, material_id, clock.at)


async def _told(
    database: Database, organisation: Organisation, events: Sequence[dict[str, Any]], batches: Sequence[Sequence[int]]
) -> Held:
    """What stands, which a phone that asks after every batch holds as well. Nothing of it is committed."""
    held: Held = {}
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
            assert not page.reset
            since = page.state
            held |= {("progress", one.version): (one.position, one.share, one.completed_at) for one in page.progress}
            held |= {("bookmark", one.id): (one.material_id, one.locator, one.note) for one in page.bookmarks}
        stored = await _stored(session)
        await session.rollback()
    assert held == stored
    return stored


async def _stored(session: AsyncSession) -> Held:
    stored: Held = {}
    for one in await session.scalars(select(Progress)):
        stored["progress", one.version] = one.position, one.share, one.completed_at
    for mark in await session.scalars(select(Bookmark)):
        stored["bookmark", mark.id] = mark.material_id, mark.locator, mark.note
    return stored


def _event(one: Happened, id_: UUID, material_id: UUID, now: datetime) -> dict[str, Any]:
    event: dict[str, Any] = {"id": str(id_), "kind": one.kind, "at": _at(one, now).isoformat()}
    if one.kind == "progress":
        place = {"version": one.thing, "position": f"p{one.number}", "share": one.number}
        return {**event, "material_id": str(material_id), **place, "completed": one.ends}
    event["bookmark_id"] = str(_bookmark(material_id, one.thing))
    if one.ends:
        return {**event, "is_removed": True}
    return {**event, "material_id": str(material_id), "version": 1, "locator": f"p{one.number}", "note": "Ghi chú"}


def _bookmark(material_id: UUID, thing: int) -> UUID:
    return uuid5(material_id, str(thing))


def _expected(happened: Sequence[Happened], material_id: UUID, now: datetime) -> Held:
    """Of each the last, and the first completion."""
    rows: Held = {}
    for thing in (1, 2):
        mine = sorted((one for one in happened if one.thing == thing), key=_order)
        read, marked = ([one for one in mine if one.kind == kind] for kind in ("progress", "bookmark"))
        if read:
            completed_at = min((_at(one, now) for one in read if one.ends), default=None)
            rows["progress", thing] = f"p{read[-1].number}", read[-1].number, completed_at
        if marked:
            stands = (None, None, None) if marked[-1].ends else (material_id, f"p{marked[-1].number}", "Ghi chú")
            rows["bookmark", _bookmark(material_id, thing)] = stands
    return rows


def _order(one: Happened) -> tuple[int, int]:
    return -one.minutes_ago, one.number


def _at(one: Happened, now: datetime) -> datetime:
    return now - timedelta(minutes=one.minutes_ago)


async def _material(database: Database, organisation: Organisation, clock: StandingClock) -> UUID:
    """Two versions of it, published an hour ago, the first time it is asked for."""
    async with database.writing() as session:
        found: UUID | None = await session.scalar(select(col(Study.id)))
        if found is not None:
            return found
        kind = StudyKind.MATERIAL
        branch_id = organisation.branch("chibo").id
        data = MaterialCreate(branch_id=branch_id, title="Sơ cứu", body="Bài học.", tags=[], publish=True)
        study, *_ = await create_study(session, OPERATOR, kind, data)
        await update_study(session, OPERATOR, kind, study.id, MaterialUpdate(body="Bài mới."), study.revision)
        await publish_study(session, OPERATOR, kind, study.id, StudyPublish(), study.revision)
        before = clock.at - timedelta(hours=1)
        await session.execute(update(Membership).values(started_at=before))
        await session.execute(update(Study).values(published_at=before))
        await session.execute(update(StudyVersion).values(published_at=before))
        await changes.commit(session)
        return study.id
