"""Previews, reports and missing lists, against an oracle that follows the domain's words over plain lists."""

from random import Random
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from models.database import Database, now
from models.errors import NotFound
from models.notices.preview import preview_audience
from models.notices.table import Notice
from models.paging import PageRequest
from models.permissions import OPERATOR
from models.tallies.counting import count_notice
from models.tallies.folding import fold_receipts
from models.tallies.missing import Wanted, list_missing
from models.tallies.reports import read_report
from models.tallies.shapes import Missing, NoticeReport
from tests.clock import StandingClock
from tests.models.tallies.life import Life, Said, above

ALL = PageRequest("all", 100)


@pytest.mark.parametrize("many", [0, 50_000], ids=["by people", "by places"])
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32 - 1))
async def test_numbers_and_names_are_right_to_the_person(
    database: Database, clock: StandingClock, monkeypatch: pytest.MonkeyPatch, many: int, seed: int
) -> None:
    monkeypatch.setattr("models.tallies.missing.MANY", many)
    async with database.writing() as session:  # never committed: the next example finds the database empty
        chance = Random(seed)
        life = Life(session, clock, chance)
        await life.found()
        for _ in range(chance.randint(0, 8)):
            await life.happen()
        for _ in range(2):
            said = await life.publish()
            await _preview_is_right(life, said)
            await count_notice(session, await session.get_one(Notice, said.id))
            for _ in range(chance.randint(0, 10)):
                await life.happen()
                if chance.random() < 0.3:
                    await fold_receipts(session, said.id, chance.randint(1, 3))
        for said in life.said:
            await _report_is_right(life, said)
            for kind in (Missing.READ, Missing.ACKNOWLEDGED):
                await _missing_is_right(life, said, kind)
                await _arrived_is_right(life, said, kind)


async def _preview_is_right(life: Life, said: Said) -> None:
    """It is for drafts and for what is published alike, and now is the moment of publication."""
    places = life.audience(said, said.at)
    for branch in said.tree:
        if said.branch not in above(said.tree, branch):
            continue
        preview = await preview_audience(life.session, OPERATOR, said.id, life.branches[branch].id)
        below = {person for person, place in places.items() if branch in above(said.tree, place)}
        assert preview.people == len(below)
        assert preview.here == sum(place == branch for place in places.values())
        assert preview.people == preview.here + sum(part.people for part in preview.branches)


async def _report_is_right(life: Life, said: Said) -> None:
    places = life.audience(said, said.at, said.tree)
    for branch in said.tree:
        if said.branch not in above(said.tree, branch):
            continue
        below = {person for person, place in places.items() if branch in above(said.tree, place)}
        report = await _report(life.session, said, life.branches[branch].id)
        if report is None:  # it has moved out of the subtree, and nobody heard it there
            assert not below
            continue
        assert report.total is not None
        assert report.here is not None
        assert report.total.eligible == len(below)
        assert report.total.read == sum(said.has(person, acknowledged=False) for person in below)
        assert report.total.acknowledged == sum(said.has(person, acknowledged=True) for person in below)
        assert report.here.eligible == sum(place == branch for place in places.values())
        assert report.counted_at == now(life.session)
        for name in ("eligible", "read", "acknowledged"):
            parts = [getattr(part.counts, name) for part in report.items]
            assert getattr(report.total, name) == getattr(report.here, name) + sum(parts)
    whole = await _report(life.session, said, None)
    assert whole is not None
    assert whole.total is not None
    others = [person for person in said.receipts if person not in places]
    assert whole.total.also.read == sum(said.has(person, acknowledged=False) for person in others)
    assert whole.total.also.acknowledged == sum(said.has(person, acknowledged=True) for person in others)


async def _missing_is_right(life: Life, said: Said, kind: Missing) -> None:
    places = life.audience(said, said.at, said.tree)
    today = life.audience(said, now(life.session))
    for branch in said.tree:
        if (
            said.branch not in above(said.tree, branch)
            or await _report(life.session, said, life.branches[branch].id) is None
        ):
            continue
        wanted = Wanted(kind, life.branches[branch].id)
        page = await list_missing(life.session, OPERATOR, said.id, wanted, ALL)
        found = {life.people.index(entry.id): entry for entry in page.items}
        assert found.keys() == {
            person
            for person, place in places.items()
            if branch in above(said.tree, place) and not said.has(person, acknowledged=kind is Missing.ACKNOWLEDGED)
        }
        for person, entry in found.items():
            assert entry.branch.id == life.branches[places[person]].id
            assert entry.has_left == (person not in today)


async def _arrived_is_right(life: Life, said: Said, kind: Missing) -> None:
    places = life.audience(said, said.at, said.tree)
    today = life.audience(said, now(life.session))
    page = await list_missing(life.session, OPERATOR, said.id, Wanted(kind, arrived=True), ALL)
    assert {life.people.index(entry.id): entry.branch.id for entry in page.items} == {
        person: life.branches[place].id
        for person, place in today.items()
        if person not in places and not said.has(person, acknowledged=kind is Missing.ACKNOWLEDGED)
    }


async def _report(session: AsyncSession, said: Said, branch_id: UUID | None) -> NoticeReport | None:
    try:
        return await read_report(session, OPERATOR, said.id, ALL, branch_id=branch_id)
    except NotFound:
        return None
