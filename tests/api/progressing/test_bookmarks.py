"""Bookmarks and private notes of several phones."""

from datetime import timedelta
from typing import Any

import pytest

from api.parts import Parts
from models.base import new_id
from models.database import Database
from models.progress.table import Bookmark
from tests.api.attending.meetings import stored
from tests.api.conftest import As, Client
from tests.api.happenings import send, state, told, transfer
from tests.api.problem_details import assert_problem, codes
from tests.api.progressing.readings import MARKS, Library, Reading, bookmarked, marked, marks, unmarked
from tests.clock import StandingClock
from tests.organisation import Organisation

NOTE = "Hỏi lại đồng chí Hai\n\n- về điều 4"


async def test_a_bookmark_is_kept_changed_and_removed(
    member: Client, reading: Reading, clock: StandingClock, parts: Parts
) -> None:
    id_ = new_id()
    answer = await marks(member, reading, id_, "p2", note=f"{NOTE}\r\n")
    mine = {"id": str(id_), "material_id": str(reading.id), "version": 1, "locator": "p2", "note": NOTE}
    assert (answer.status_code, answer.json()) == (200, mine)
    assert await marked(member) == [mine]
    clock.advance(minutes=1)
    assert (await marks(member, reading, id_, "p3", note="")).json() == {**mine, "locator": "p3", "note": None}
    assert (await state(member))["bookmarks"] == [{**mine, "is_removed": False, "locator": "p3", "note": None}]
    clock.advance(minutes=1)
    for _ in range(2):
        assert (await member.delete(f"{MARKS}/{id_}")).status_code == 204
    assert await marked(member) == []
    gone = {"material_id": None, "version": None, "locator": None, "note": None}
    found = await state(member)
    assert (found["bookmarks"], found["state"]) == ([{"id": str(id_), "is_removed": True, **gone}], 3)
    (row,) = await stored(parts, Bookmark)
    assert (row.locator, row.note, row.material_id) == (None, None, None)


async def test_notes_are_read_by_nobody_else(acting_as: As, reading: Reading, organisation: Organisation) -> None:
    id_ = new_id()
    await marks(acting_as("member"), reading, id_, note="riêng tư: only-for-me")
    for name in ("fellow", "secretary", "leader", "editor", "admin", "stranger_admin"):
        other = acting_as(name)
        assert_problem(await other.delete(f"{MARKS}/{id_}"), 404, "not_found")
        member_id = organisation.person("member").id
        paths = (MARKS, f"{MARKS}?material_id={reading.id}", "/v1/me/state", f"/v1/members/{member_id}", "/v1/audit")
        for path in (*paths, "/v1/home", f"/v1/materials/{reading.id}/progress"):
            assert "only-for-me" not in (await other.get(path)).text
    # the same id is another bookmark of somebody else's
    assert (await marks(acting_as("fellow"), reading, id_, note="của tôi")).status_code == 200
    assert [one["note"] for one in await marked(acting_as("member"))] == ["riêng tư: only-for-me"]


async def test_the_last_word_stands_also_a_removal(member: Client, reading: Reading, clock: StandingClock) -> None:
    id_ = new_id()
    now = clock.at
    events = [
        unmarked(now - timedelta(minutes=2), id_),
        bookmarked(reading, now - timedelta(minutes=3), id_, "p1"),
    ]
    assert await told(member, *events) == ["applied", "applied"]
    assert await marked(member) == []
    assert await told(member, bookmarked(reading, now - timedelta(minutes=1), id_, "p4")) == ["applied"]
    assert [one["locator"] for one in await marked(member)] == ["p4"]
    assert await told(member, unmarked(now - timedelta(seconds=90), id_)) == ["applied"]
    assert [one["locator"] for one in await marked(member)] == ["p4"]


async def test_what_is_mine_stays_mine_where_i_can_no_longer_read(
    acting_as: As, reading: Reading, organisation: Organisation, database: Database, clock: StandingClock
) -> None:
    kept, dropped = new_id(), new_id()
    for id_ in (kept, dropped):
        await marks(acting_as("member"), reading, id_, note=NOTE)
    await transfer(database, organisation.person("member"), organisation.branch("chibo2"))
    clock.advance(minutes=1)
    member = acting_as("member")
    assert len(await marked(member)) == 2
    assert_problem(await marks(member, reading, kept), 404, "not_found")
    assert await told(member, bookmarked(reading, clock.at, kept)) == ["event.material_unknown"]
    assert await told(member, unmarked(clock.at, dropped)) == ["applied"]
    assert [one["id"] for one in await marked(member)] == [str(kept)]


@pytest.mark.usefixtures("reading", "unchanged")
async def test_strangers_mark_nothing(acting_as: As, reading: Reading, clock: StandingClock) -> None:
    for name in ("neighbour", "stranger"):
        assert_problem(await marks(acting_as(name), reading), 404, "not_found")
        assert await told(acting_as(name), bookmarked(reading, clock.at, new_id())) == ["event.material_unknown"]
    assert_problem(await marks(acting_as(None), reading), 401, "sign_in.required")
    assert_problem(await acting_as("member").delete(f"{MARKS}/{new_id()}"), 404, "not_found")
    assert codes(await marks(acting_as("member"), reading, version=2)) == {"/version": "version.unknown"}


async def test_bookmarks_are_listed_newest_first_by_material(
    member: Client, library: Library, reading: Reading, clock: StandingClock
) -> None:
    other = await library.publish(title="Khác")
    for n in range(5):
        clock.advance(minutes=1)
        await marks(member, (reading, other)[n % 2], locator=f"p{n}")
    assert [one["locator"] for one in await marked(member)] == ["p4", "p3", "p2", "p1", "p0"]
    assert [one["locator"] for one in await marked(member, material_id=str(other.id))] == ["p3", "p1"]
    first = (await member.get(MARKS, params={"limit": 3})).json()
    rest = await marked(member, cursor=first["next_cursor"], limit=3)
    assert [one["locator"] for one in rest] == ["p1", "p0"]


@pytest.mark.usefixtures("reading", "unchanged")
@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"locator": ""}, "/locator"),
        ({"locator": "x" * 201}, "/locator"),
        ({"note": "x" * 2001}, "/note"),
        ({"note": "a\u0001b"}, "/note"),
        ({"version": 0}, "/version"),
        ({"material_id": "1"}, "/material_id"),
        ({"seq": 1}, "/seq"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    said: dict[str, Any], pointer: str, member: Client, reading: Reading, clock: StandingClock
) -> None:
    assert pointer in codes(await marks(member, reading, **said))
    (refused,) = await send(member, {**bookmarked(reading, clock.at, new_id()), **said})
    assert pointer in {error["pointer"] for error in refused["problem"]["errors"]}


@pytest.mark.usefixtures("reading", "unchanged")
async def test_a_bookmark_has_a_place(member: Client, reading: Reading, clock: StandingClock) -> None:
    event = bookmarked(reading, clock.at, new_id())
    for name in ("material_id", "version", "locator"):
        (refused,) = await send(member, {**event, name: None})
        assert [error["code"] for error in refused["problem"]["errors"]] == ["bookmark.placeless"]
