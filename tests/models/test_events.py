"""However events are ordered, split into batches and repeated, the same receipts come of them."""

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

from models import changes
from models.base import new_id
from models.database import Database
from models.events.rules import apply_events
from models.events.shapes import EventsPost, Result
from models.events.state import read_state
from models.memberships import Membership
from models.notices.drafts import create_notice
from models.notices.shapes import NoticeCreate
from models.notices.table import Notice, Receipt
from models.permissions import OPERATOR, Viewer
from tests.clock import StandingClock
from tests.models.batches import Plan, planned
from tests.organisation import Organisation

NOTICES, REVISIONS = 3, 2


@dataclass(frozen=True)
class Happened:
    """`notice` is one of those published, or beyond them one that is not there."""

    notice: int
    revision: int
    minutes_ago: int
    kind: str


@st.composite
def plans(draw: st.DrawFn) -> Plan[Happened]:
    kinds = st.sampled_from(["read", "acknowledged"])
    happening = st.builds(Happened, st.integers(0, NOTICES), st.integers(1, REVISIONS + 1), st.integers(0, 50), kinds)
    happened = draw(st.lists(happening, min_size=1, max_size=12))
    return planned(draw, happened)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(plan=plans())
async def test_order_batches_and_repeats_do_not_matter(
    database: Database, organisation: Organisation, clock: StandingClock, plan: Plan[Happened]
) -> None:
    notices = await _notices(database, organisation, clock)
    events = [_event(one, [*notices, new_id()], clock.at) for one in plan.happened]
    one, other = [await _told(database, organisation, events, batches) for batches in (plan.one, plan.other)]
    assert one == other == _expected(plan.happened, notices, clock.at)


async def _told(
    database: Database, organisation: Organisation, events: Sequence[dict[str, Any]], batches: Sequence[Sequence[int]]
) -> dict[tuple[UUID, int], tuple[datetime, datetime | None]]:
    """The receipts, which a phone that asks after every batch holds as well. Nothing of it is committed."""
    held: dict[tuple[UUID, int], tuple[datetime, datetime | None]] = {}
    results: dict[int, Result] = {}
    async with database.writing() as session:
        viewer = await organisation.viewer(session, "member")
        since = 0
        for batch in batches:
            outcomes = await apply_events(session, viewer, EventsPost(events=[events[place] for place in batch]))
            for place, outcome in zip(batch, outcomes.results, strict=True):
                first = results.setdefault(place, outcome.result)
                later = Result.REFUSED if first is Result.REFUSED else Result.DUPLICATE
                assert outcome.result in {first, later}
            page = await read_state(session, viewer, since)
            assert not page.reset
            assert page.state == outcomes.own.state >= since
            held |= {(r.notice_id, r.revision): (r.read_at, r.acknowledged_at) for r in page.receipts}
            since = page.state
        stored = await _stored(session, viewer)
        await session.rollback()
    assert held == stored
    return stored


async def _stored(session: AsyncSession, viewer: Viewer) -> dict[tuple[UUID, int], tuple[datetime, datetime | None]]:
    found = await session.scalars(select(Receipt).where(col(Receipt.member_id) == viewer.the_member))
    return {(one.notice_id, one.revision): (one.read_at, one.acknowledged_at) for one in found}


def _event(one: Happened, ids: Sequence[UUID], now: datetime) -> dict[str, Any]:
    at = (now - timedelta(minutes=one.minutes_ago)).isoformat()
    said = {"notice_id": str(ids[one.notice]), "revision": one.revision}
    return {"id": str(new_id()), "kind": one.kind, "at": at, **said}


def _expected(
    happened: Sequence[Happened], notices: Sequence[UUID], now: datetime
) -> dict[tuple[UUID, int], tuple[datetime, datetime | None]]:
    receipts: dict[tuple[UUID, int], tuple[datetime, datetime | None]] = {}
    for place, id_ in enumerate(notices):
        for revision in range(1, REVISIONS + 1):
            mine = [one for one in happened if (one.notice, one.revision) == (place, revision)]
            read = [now - timedelta(minutes=one.minutes_ago) for one in mine]
            acknowledged = [at for at, one in zip(read, mine, strict=True) if one.kind == "acknowledged"]
            if read:
                receipts[id_, revision] = min(read), min(acknowledged, default=None)
    return receipts


async def _notices(database: Database, organisation: Organisation, clock: StandingClock) -> list[UUID]:
    """Published an hour ago, the first time that they are asked for."""
    async with database.writing() as session:
        found = list(await session.scalars(select(col(Notice.id)).order_by(col(Notice.id))))
        if found:
            return found
        data = NoticeCreate(branch_id=organisation.branch("chibo").id, title="Họp", body="Mời họp.", publish=True)
        made = [(await create_notice(session, OPERATOR, data)).id for _ in range(NOTICES)]
        before = clock.at - timedelta(hours=1)
        await session.execute(update(Membership).values(started_at=before))
        await session.execute(update(Notice).values(published_at=before, revision=REVISIONS))
        await changes.commit(session)
    return sorted(made)
