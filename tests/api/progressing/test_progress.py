"""How far members are: the latest position of several phones, and what was completed once."""

from datetime import timedelta
from typing import Any

import pytest

from api.parts import Parts
from models.base import new_id
from models.channels import Reach
from models.database import Database
from models.notices.shapes import Audience
from models.permissions import Role
from models.progress.table import Progress
from tests.api.attending.meetings import stored
from tests.api.conftest import As, Client
from tests.api.happenings import days, send, state, told, transfer, written
from tests.api.problem_details import assert_problem, codes
from tests.api.progressing.readings import Library, Reading, progressed, reached, reads
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.queries import counting


async def test_the_latest_position_stands(member: Client, reading: Reading, clock: StandingClock) -> None:
    answer = await reads(member, reading, "  chương 2\n", 40)
    mine = {
        "material_id": str(reading.id),
        "version": 1,
        "position": "chương 2",
        "share": 40,
        "completed_at": None,
    }
    assert (answer.status_code, answer.json()) == (200, mine)
    assert await reached(member, reading) == [mine]
    clock.advance(minutes=1)
    back = {**mine, "position": None, "share": 0}
    assert (await reads(member, reading, " ", 0)).json() == back
    found = await state(member)
    assert (found["progress"], found["state"]) == ([back], 2)


async def test_the_same_again_changes_nothing_that_is_seen(
    member: Client, reading: Reading, clock: StandingClock
) -> None:
    await reads(member, reading, completed=True)
    before = await state(member)
    for _ in range(2):
        clock.advance(minutes=1)
        assert (await reads(member, reading, completed=True)).json() == before["progress"][0]
    assert await state(member) == before
    # but when it was said is known: what was said before it is no news
    assert await told(member, progressed(reading, clock.at - timedelta(seconds=30), "p9")) == ["applied"]
    assert await reached(member, reading) == before["progress"]


async def test_whoever_says_what_does_not_stand_hears_what_does(
    member: Client, reading: Reading, clock: StandingClock
) -> None:
    await reads(member, reading, "p8", 80)
    since = (await state(member))["state"]
    late = progressed(reading, clock.at - timedelta(hours=1), "p3", 30)
    answer = (await member.post("/v1/me/events", json={"events": [late]})).json()
    assert [one["position"] for one in answer["progress"]] == ["p8"]
    assert (answer["since"], answer["state"]) == (since, since + 1)


async def test_completion_is_never_lost(member: Client, reading: Reading, clock: StandingClock) -> None:
    first = clock.at
    assert (await reads(member, reading, "cuối", 100, completed=True)).json()["completed_at"] == written(first)
    clock.advance(hours=1)
    again = (await reads(member, reading, "p1", 3)).json()
    assert (again["position"], again["completed_at"]) == ("p1", written(first))
    # another phone had completed it before, and hears of a network only now
    earlier = first - days(2)
    assert await told(member, progressed(reading, earlier, "cuối", 100, completed=True)) == ["applied"]
    (stands,) = await reached(member, reading)
    assert (stands["position"], stands["share"], stands["completed_at"]) == ("p1", 3, written(earlier))


async def test_a_new_version_is_not_completed_but_the_old_one_stays_so(
    member: Client, library: Library, reading: Reading, clock: StandingClock
) -> None:
    await reads(member, reading, "cuối", 100, completed=True)
    at = written(clock.at)
    await library.revise(reading)
    clock.advance(minutes=5)
    assert (await reads(member, reading, "p1", 10, version=2)).json()["completed_at"] is None
    found = [(one["version"], one["completed_at"]) for one in await reached(member, reading)]
    assert found == [(2, None), (1, at)]
    assert codes(await reads(member, reading, version=3)) == {"/version": "version.unknown"}
    for version, outcome in ((1, "applied"), (2, "applied")):
        assert await told(member, progressed(reading, clock.at, version=version)) == [outcome]
    (refused,) = await send(member, progressed(reading, clock.at, version=3))
    assert [(e["pointer"], e["code"]) for e in refused["problem"]["errors"]] == [("/version", "version.unknown")]


async def test_progress_is_each_members_own(acting_as: As, reading: Reading) -> None:
    await reads(acting_as("member"), reading, "p2")
    await reads(acting_as("fellow"), reading, "p5")
    for name, position in (("member", "p2"), ("fellow", "p5"), ("secretary", None)):
        found = await reached(acting_as(name), reading)
        assert [one["position"] for one in found] == ([position] if position else [])
        assert [one["position"] for one in (await state(acting_as(name)))["progress"]] == [
            one["position"] for one in found
        ]


@pytest.mark.usefixtures("reading", "unchanged")
async def test_only_those_have_progress_who_hear_it(
    acting_as: As, reading: Reading, clock: StandingClock, library: Library
) -> None:
    assert_problem(await reads(acting_as("neighbour"), reading), 404, "not_found")
    assert_problem(await reads(acting_as("stranger"), reading), 404, "not_found")
    assert_problem(await reads(acting_as(None), reading), 401, "sign_in.required")
    assert_problem(await acting_as("neighbour").get(reading.url), 404, "not_found")
    assert_problem(await reads(acting_as("member"), Reading(new_id())), 404, "not_found")
    for name in ("neighbour", "stranger"):
        assert await told(acting_as(name), progressed(reading, clock.at)) == ["event.material_unknown"]
    assert await told(acting_as("member"), progressed(Reading(new_id()), clock.at)) == ["event.material_unknown"]


async def test_an_editor_who_does_not_hear_it_has_none(acting_as: As, library: Library, parts: Parts) -> None:
    leaders = Audience(reach=Reach.ROLES, roles=[Role.SECRETARY])
    theirs = await library.publish("chibo", audience=leaders)
    assert_problem(await reads(acting_as("editor"), theirs), 403, "material.not_audience")
    assert (await reads(acting_as("secretary"), theirs)).status_code == 200
    await library.withdraw(theirs)
    assert_problem(await reads(acting_as("secretary"), theirs), 404, "not_found")
    assert_problem(await reads(acting_as("editor"), theirs), 409, "study.not_published")
    assert len(await stored(parts, Progress)) == 1


async def test_a_draft_has_no_progress(member: Client, acting_as: As, library: Library, clock: StandingClock) -> None:
    draft = await library.publish(publish=False)
    for name in ("member", "editor"):
        assert_problem(await reads(acting_as(name), draft), 404, "not_found")
    assert await told(member, progressed(draft, clock.at)) == ["event.material_unknown"]


async def test_what_was_superseded_may_still_be_open_on_a_phone(
    member: Client, library: Library, reading: Reading, clock: StandingClock
) -> None:
    await library.supersede(reading, await library.publish(title="Sơ cứu, bản mới"))
    assert (await reads(member, reading)).status_code == 200
    assert await told(member, progressed(reading, clock.at, completed=True)) == ["applied"]
    assert [one["completed_at"] for one in await reached(member, reading)] == [written(clock.at)]


async def test_an_event_is_judged_by_what_could_be_read_then(
    acting_as: As,
    reading: Reading,
    library: Library,
    organisation: Organisation,
    database: Database,
    clock: StandingClock,
) -> None:
    moved_at = clock.at
    await transfer(database, organisation.person("member"), organisation.branch("chibo2"))
    clock.advance(days=1)
    member = acting_as("member")
    before, after = moved_at - timedelta(minutes=1), moved_at + timedelta(minutes=1)
    assert await told(member, progressed(reading, before), progressed(reading, after)) == [
        "applied",
        "event.material_unknown",
    ]
    fellow = acting_as("fellow")
    await library.withdraw(reading)
    withdrawn_at = clock.at
    clock.advance(hours=1)
    before, after = withdrawn_at - timedelta(minutes=1), withdrawn_at + timedelta(minutes=1)
    assert await told(fellow, progressed(reading, before), progressed(reading, after)) == [
        "applied",
        "event.material_unknown",
    ]


async def test_before_it_was_published_is_when_it_was(
    member: Client, reading: Reading, parts: Parts, clock: StandingClock
) -> None:
    assert await told(member, progressed(reading, clock.at - days(50), completed=True)) == ["applied"]
    (row,) = await stored(parts, Progress)
    assert row.said_at == row.completed_at == clock.at - days(10)


async def test_the_same_event_twice_counts_once(member: Client, reading: Reading, clock: StandingClock) -> None:
    event = progressed(reading, clock.at, completed=True)
    assert await told(member, event, event) == ["applied", "duplicate"]
    before = await state(member)
    assert await told(member, event) == ["duplicate"]
    assert await state(member) == before


@pytest.mark.usefixtures("reading", "unchanged")
@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"share": 101}, "/share"),
        ({"share": -1}, "/share"),
        ({"share": "40"}, "/share"),
        ({"version": 0}, "/version"),
        ({"version": 2**31}, "/version"),
        ({"position": "x" * 201}, "/position"),
        ({"position": "a\u0001b"}, "/position"),
        ({"completed": 1}, "/completed"),
        ({"completed_at": "2026-01-01T00:00:00Z"}, "/completed_at"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    said: dict[str, Any], pointer: str, member: Client, reading: Reading, clock: StandingClock
) -> None:
    assert pointer in codes(await reads(member, reading, **said))
    (refused,) = await send(member, {**progressed(reading, clock.at), **said})
    assert pointer in {error["pointer"] for error in refused["problem"]["errors"]}


async def test_few_statements_however_many_events(
    member: Client, library: Library, parts: Parts, clock: StandingClock
) -> None:
    readings = [await library.publish(title=f"Bài {n}") for n in range(12)]
    await told(member, progressed(readings[0], clock.at))
    found = []
    for chosen in (readings[:2], readings):
        events = [progressed(one, clock.at, f"p{n}") for one in chosen for n in range(3)]
        with counting(parts.database) as statements:
            assert set(await told(member, *events)) == {"applied"}
        found.append(len(statements))
    assert found[0] == found[1]
