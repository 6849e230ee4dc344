"""Who comes: the latest answer of each, in time, and no more than there are places."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from api.parts import Parts
from models.activities.table import Answer, Rsvp
from models.base import new_id
from models.database import Database
from tests.api.attending.meetings import (
    WEEKLY,
    Meeting,
    answered,
    answers,
    call_to,
    enrol,
    said,
    stored,
    taken,
    terms,
)
from tests.api.conftest import As, Client
from tests.api.happenings import days, rows, send, state, told, transfer
from tests.api.problem_details import assert_problem, codes
from tests.api.test_activities import change
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.queries import counting, round_trips
from tests.serving import Desk, phone_of


async def test_the_latest_answer_stands(member: Client, meeting: Meeting, parts: Parts, clock: StandingClock) -> None:
    answer = await answers(member, meeting, "yes", note="  Tôi đến muộn\n")
    mine = {"notice_id": str(meeting.id), "occurrence": 1, "answer": "yes", "note": "Tôi đến muộn"}
    assert (answer.status_code, answer.json()) == (200, mine)
    assert (await member.get(f"{meeting.url}/rsvp")).json() == {"rsvps": [mine]}
    clock.advance(minutes=1)
    changed = {**mine, "answer": "no", "note": None}
    assert (await answers(member, meeting, "no", note=" ")).json() == changed
    found = await state(member)
    assert (found["rsvps"], found["state"]) == ([changed], 2)
    assert await said(parts) == [(1, "no", None)]


async def test_the_same_again_changes_nothing_that_is_seen(
    member: Client, meeting: Meeting, clock: StandingClock
) -> None:
    await answers(member, meeting)
    before = await state(member)
    for _ in range(2):
        clock.advance(minutes=1)
        assert (await answers(member, meeting)).json()["answer"] == "yes"
    assert await told(member, answered(meeting, clock.at)) == ["applied"]
    assert await state(member) == before
    # but when it was said is known: what was said before it is no news
    assert await told(member, answered(meeting, clock.at - timedelta(seconds=30), "no")) == ["applied"]
    assert (await member.get(f"{meeting.url}/rsvp")).json()["rsvps"] == before["rsvps"]


async def test_whoever_says_what_does_not_stand_hears_what_does(
    member: Client, meeting: Meeting, clock: StandingClock
) -> None:
    """Their phone holds what it sent, until it is told otherwise."""
    clock.advance(hours=2)
    await answers(member, meeting, "yes")
    since = (await state(member))["state"]
    late = answered(meeting, clock.at - timedelta(hours=1), "no")
    answer = (await member.post("/v1/me/events", json={"events": [late]})).json()
    assert [one["answer"] for one in answer["rsvps"]] == ["yes"]
    assert (answer["since"], answer["state"]) == (since, since + 1)


async def test_an_answer_is_each_members_own(acting_as: As, meeting: Meeting) -> None:
    await answers(acting_as("member"), meeting, "yes")
    await answers(acting_as("fellow"), meeting, "maybe")
    for name, answer in (("member", "yes"), ("fellow", "maybe"), ("secretary", None)):
        found = (await acting_as(name).get(f"{meeting.url}/rsvp")).json()["rsvps"]
        assert [one["answer"] for one in found] == ([answer] if answer else [])


async def test_of_several_times_one_is_meant(member: Client, desk: Desk, parts: Parts, clock: StandingClock) -> None:
    weekly = await call_to(desk, clock.at, **WEEKLY)
    assert codes(await answers(member, weekly)) == {"/occurrence": "occurrence.missing"}
    assert codes(await answers(member, weekly, occurrence=4)) == {"/occurrence": "occurrence.unknown"}
    for no, answer in ((3, "no"), (1, "yes")):
        assert (await answers(member, weekly, answer, occurrence=no)).json()["occurrence"] == no
    assert [one["occurrence"] for one in (await member.get(f"{weekly.url}/rsvp")).json()["rsvps"]] == [1, 3]
    assert await said(parts) == [(1, "yes", None), (3, "no", None)]


async def test_answers_end(acting_as: As, desk: Desk, meeting: Meeting, parts: Parts, clock: StandingClock) -> None:
    begun = await call_to(desk, clock.at, rsvp_by=meeting.starts_at)
    clock.advance(days=4)
    member = acting_as("member")
    assert (await answers(member, meeting)).status_code == 200
    clock.advance(seconds=1)
    assert_problem(await answers(member, meeting, "no"), 409, "rsvp.closed")
    at = meeting.starts_at - days(1)
    for when, outcome in ((at, "applied"), (at + timedelta(seconds=1), "rsvp.closed")):
        assert await told(member, answered(meeting, when, "no")) == [outcome]
    clock.at = meeting.ends_at
    for one in (meeting, begun):
        assert_problem(await answers(acting_as("member"), one), 409, "activity.over")
    assert [row.answer for row in await stored(parts, Rsvp)] == ["no"]


async def test_what_was_called_off_takes_no_answers(
    member: Client, secretary: Client, desk: Desk, parts: Parts, clock: StandingClock
) -> None:
    weekly = await call_to(desk, clock.at, **WEEKLY)
    called_off_at = clock.at = clock.at + timedelta(hours=1)
    shorter = terms(weekly)
    shorter["recurrence"]["count"] = 2
    assert (await change(secretary, weekly.notice.model_dump(mode="json"), shorter)).status_code == 200
    clock.advance(hours=1)
    assert_problem(await answers(member, weekly, occurrence=3), 409, "activity.over")
    before, after = called_off_at - timedelta(minutes=1), called_off_at + timedelta(minutes=1)
    assert await told(member, answered(weekly, before, occurrence=3), answered(weekly, after, "no", 3)) == [
        "applied",
        "activity.over",
    ]


@pytest.mark.usefixtures("meeting", "unchanged")
async def test_only_those_answer_who_hear_it(
    acting_as: As, desk: Desk, meeting: Meeting, clock: StandingClock, database: Database
) -> None:
    assert_problem(await answers(acting_as("neighbour"), meeting), 404, "not_found")
    assert_problem(await answers(acting_as("parent_secretary"), meeting), 403, "activity.not_audience")
    assert_problem(await answers(acting_as(None), meeting), 401, "sign_in.required")
    assert (await acting_as("neighbour").get(f"{meeting.url}/rsvp")).status_code == 404
    for name in ("neighbour", "parent_secretary", "stranger"):
        assert await told(acting_as(name), answered(meeting, clock.at)) == ["event.notice_unknown"]


async def test_what_is_no_activity_or_not_published_takes_no_answers(
    acting_as: As, member: Client, desk: Desk, meeting: Meeting, clock: StandingClock, parts: Parts
) -> None:
    notice = await desk.publish("chibo", "Tin")
    plain = Meeting(notice, clock.at, clock.at)
    draft = await call_to(desk, clock.at, publish=False)
    assert_problem(await answers(member, plain), 409, "notice.not_activity")
    assert codes(await answers(member, plain, occurrence=1)) == {"/occurrence": "occurrence.unknown"}
    assert_problem(await answers(member, draft), 404, "not_found")
    assert_problem(await answers(acting_as("secretary"), draft), 409, "notice.not_published")
    nothing = Meeting(notice.model_copy(update={"id": new_id()}), clock.at, clock.at)
    assert_problem(await answers(member, nothing), 404, "not_found")
    await desk.withdraw(meeting.id)
    assert_problem(await answers(member, meeting), 404, "not_found")
    assert_problem(await answers(acting_as("secretary"), meeting), 409, "notice.not_published")
    events = [answered(one, clock.at) for one in (plain, draft, meeting)]
    (unknown, *others) = await send(member, *events)
    assert [(e["pointer"], e["code"]) for e in unknown["problem"]["errors"]] == [("/occurrence", "occurrence.unknown")]
    assert [one["problem"]["type"] for one in others] == ["/problems/event.notice_unknown"] * 2
    assert await said(parts) == []


async def test_an_event_is_judged_by_what_was_heard_then(
    acting_as: As,
    meeting: Meeting,
    organisation: Organisation,
    database: Database,
    desk: Desk,
    clock: StandingClock,
    parts: Parts,
) -> None:
    clock.advance(days=1)
    await transfer(database, organisation.person("member"), organisation.branch("chibo2"))
    clock.advance(days=1)
    member = acting_as("member")
    assert_problem(await answers(member, meeting), 404, "not_found")
    assert await told(member, answered(meeting, clock.at), answered(meeting, clock.at - days(1.5), "maybe")) == [
        "event.notice_unknown",
        "applied",
    ]
    # said before it was published, by a clock that was wrong
    there = await call_to(desk, clock.at, "chibo2")
    assert await told(member, answered(there, clock.at - timedelta(hours=3))) == ["applied"]
    assert {(row.answer.value, row.at) for row in await stored(parts, Rsvp)} == {
        ("maybe", clock.at - days(1.5)),
        ("yes", clock.at),
    }


@pytest.mark.usefixtures("meeting", "unchanged")
async def test_malformed_answers_are_refused(member: Client, meeting: Meeting, clock: StandingClock) -> None:
    url = f"{meeting.url}/rsvp"
    for body, expected in (
        ({}, {"/answer": "missing"}),
        ({"answer": "perhaps"}, {"/answer": "enum"}),
        ({"answer": None}, {"/answer": "enum"}),
        ({"answer": "yes", "note": 7}, {"/note": "string_type"}),
        ({"answer": "yes", "note": "x" * 501}, {"/note": "string_too_long"}),
        ({"answer": "yes", "note": "a\u0000b"}, None),
        ({"answer": "yes", "occurrence": 0}, {"/occurrence": "greater_than_equal"}),
        ({"answer": "yes", "occurrence": 40_000}, {"/occurrence": "less_than_equal"}),
        ({"answer": "yes", "occurrence": "1"}, {"/occurrence": "int_type"}),
        ({"answer": "yes", "at": "2026-01-01T00:00:00Z"}, {"/at": "extra_forbidden"}),
    ):
        answer = await member.put(url, json=body)
        assert answer.status_code in {400, 422}, body
        assert expected is None or codes(answer) == expected
    sound = answered(meeting, clock.at)
    broken: list[tuple[dict[str, Any], str]] = [
        ({**sound, "answer": "perhaps"}, "/answer"),
        ({**sound, "occurrence": None}, "/occurrence"),
        ({**sound, "occurrence": 2**40}, "/occurrence"),
        ({**sound, "note": "x" * 501}, "/note"),
        ({**sound, "member_id": str(new_id())}, "/member_id"),
    ]
    for result, (_, pointer) in zip(await send(member, *(one for one, _ in broken)), broken, strict=True):
        assert [one["pointer"] for one in result["problem"]["errors"]] == [pointer]


# --- places ---


async def test_fifty_at_once_take_ten_places(
    acting_as: As, desk: Desk, organisation: Organisation, parts: Parts, clock: StandingClock, database: Database
) -> None:
    people = await enrol(parts, organisation, 50)
    party = await call_to(desk, clock.at, capacity=10)
    statuses: list[int] = []

    async def ask(name: str, turn: int) -> None:
        phone = acting_as(name)
        if turn % 2:
            statuses.append((await answers(phone, party)).status_code)
        else:
            outcome = await told(phone, answered(party, clock.at))
            statuses.append({"applied": 200, "rsvp.full": 409}[outcome[0]])

    await asyncio.gather(*(ask(name, turn) for turn, name in enumerate(people)))
    assert sorted(statuses) == [200] * 10 + [409] * 40
    assert await taken(parts, party) == [10]
    assert len(await stored(parts, Rsvp)) == 10
    assert (await rows(database))["event"] <= 10


async def test_who_does_not_come_frees_a_place(acting_as: As, desk: Desk, parts: Parts, clock: StandingClock) -> None:
    party = await call_to(desk, clock.at, capacity=1)
    member, fellow = acting_as("member"), acting_as("fellow")
    assert (await answers(fellow, party, "maybe", note="Có lẽ")).status_code == 200
    assert (await answers(member, party)).status_code == 200
    clock.advance(minutes=1)
    assert_problem(await answers(fellow, party), 409, "rsvp.full")
    assert (await answers(member, party, note="Hai người")).status_code == 200, "whoever has a place keeps it"
    assert await taken(parts, party) == [1]
    assert (await fellow.get(f"{party.url}/rsvp")).json()["rsvps"][0]["note"] == "Có lẽ"
    clock.advance(minutes=1)
    assert (await answers(member, party, "no")).status_code == 200
    assert (await answers(member, party, "no")).status_code == 200
    assert await taken(parts, party) == [0]
    assert (await answers(fellow, party)).status_code == 200
    assert await taken(parts, party) == [1]


async def test_events_take_and_free_places_by_what_stands_in_the_end(
    acting_as: As, desk: Desk, parts: Parts, clock: StandingClock, database: Database
) -> None:
    party, other = [await call_to(desk, clock.at, capacity=1) for _ in range(2)]
    clock.advance(hours=1)
    member, fellow = acting_as("member"), acting_as("fellow")
    at = [clock.at - timedelta(minutes=n) for n in (50, 40, 30, 20)]
    assert await told(member, answered(party, at[1]), answered(other, at[1])) == ["applied"] * 2
    assert await told(member, answered(party, at[0], "no")) == ["applied"], "older than what stands"
    assert await taken(parts, party) == [1]
    maybe, yes, again = answered(party, at[0], "maybe"), answered(party, at[1]), answered(other, at[2])
    assert await told(fellow, maybe, yes, again) == ["applied", "rsvp.full", "rsvp.full"]
    assert await told(fellow, answered(party, at[2]), answered(party, at[3], "no")) == ["applied"] * 2
    assert await told(member, answered(party, at[3], "no")) == ["applied"]
    # a refused id is not used up
    assert await told(fellow, maybe, yes) == ["duplicate", "applied"]
    assert await taken(parts, party) == [0], "the last that they said was no"
    assert await told(fellow, answered(party, clock.at), again) == ["applied", "rsvp.full"]
    assert (await taken(parts, party), await taken(parts, other)) == ([1], [1])
    (mine,) = [one for one in (await state(fellow))["rsvps"] if one["notice_id"] == str(party.id)]
    assert mine["answer"] == "yes"


async def test_a_refused_event_that_came_twice_is_refused_twice(
    acting_as: As, desk: Desk, clock: StandingClock, database: Database
) -> None:
    party = await call_to(desk, clock.at, capacity=1)
    await answers(acting_as("member"), party)
    one = answered(party, clock.at)
    before = await rows(database)
    assert await told(acting_as("fellow"), one, one, {**one, "answer": "maybe"}) == [
        "rsvp.full",
        "rsvp.full",
        "event.id_reused",
    ]
    assert {**(await rows(database)), "member_state": 1} == before


async def test_places_that_come_later_are_counted(
    acting_as: As, secretary: Client, meeting: Meeting, desk: Desk, parts: Parts, clock: StandingClock
) -> None:
    for name in ("member", "fellow"):
        await answers(acting_as(name), meeting)
    assert await taken(parts, meeting) == [0], "nobody counts without need"
    activity = terms(meeting)
    notice = meeting.notice.model_dump(mode="json")
    assert_problem(await change(secretary, notice, {**activity, "capacity": 1}), 409, "activity.capacity_taken")
    assert (await change(secretary, notice, {**activity, "capacity": 2})).status_code == 200
    assert await taken(parts, meeting) == [2]
    assert_problem(await answers(acting_as("secretary"), meeting), 409, "rsvp.full")
    clock.advance(minutes=1)
    assert (await answers(acting_as("fellow"), meeting, "no")).status_code == 200
    assert (await answers(acting_as("secretary"), meeting)).status_code == 200


async def test_who_answers_while_places_are_set_is_counted(
    acting_as: As, secretary: Client, organisation: Organisation, meeting: Meeting, parts: Parts, clock: StandingClock
) -> None:
    people = await enrol(parts, organisation, 12)
    for name in people:
        await answers(acting_as(name), meeting, "no")
    clock.advance(minutes=1)
    activity = terms(meeting)
    _, *found = await asyncio.gather(
        change(secretary, meeting.notice.model_dump(mode="json"), {**activity, "capacity": 100}),
        *(answers(acting_as(name), meeting) for name in people),
    )
    assert {one.status_code for one in found} == {200}
    assert await taken(parts, meeting) == [12]


async def test_what_the_tallies_note_of_an_answer_is_left_to_them(
    member: Client, meeting: Meeting, parts: Parts, clock: StandingClock
) -> None:
    await answers(member, meeting)
    async with parts.transaction() as session:
        await session.execute(update(Rsvp).values(counted=Answer.YES, also_no=1))
    clock.advance(minutes=1)
    await answers(member, meeting, "no")
    (row,) = await stored(parts, Rsvp)
    assert (row.answer, row.counted, row.also_no) == (Answer.NO, Answer.YES, 1)


# --- cost ---


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_an_answer_takes_few_round_trips(
    desk: Desk, organisation: Organisation, meeting: Meeting, parts: Parts, clock: StandingClock
) -> None:
    """Who asks and of what; the member's number; what was answered; the answer. One more where places are counted."""
    party = await call_to(desk, clock.at, capacity=5)
    async with phone_of(desk.app, organisation.person("member")) as phone:
        for answer, one, most in (("yes", meeting, 6), ("no", meeting, 6), ("yes", party, 7), ("no", party, 7)):
            clock.advance(seconds=1)
            with round_trips(parts.database) as sent:
                assert (await answers(phone, one, answer)).status_code == 200
            assert len(sent) <= most, sent


async def test_a_batch_of_answers_takes_as_many_statements_whatever_its_size(
    member: Client, desk: Desk, parts: Parts, clock: StandingClock
) -> None:
    series = [
        await call_to(desk, clock.at, capacity=3, recurrence={"frequency": "weekly", "count": 50}) for _ in range(4)
    ]
    sizes = []
    for turn, size in enumerate((4, 200)):
        clock.advance(minutes=1)
        each = [(one, no) for no in range(1, 51) for one in series][:size]
        events = [answered(one, clock.at, "yes" if (n + turn) % 2 else "no", no) for n, (one, no) in enumerate(each)]
        with counting(parts.database) as statements:
            assert await told(member, *events) == ["applied"] * size
        sizes.append(len(statements))
    assert sizes[1] <= sizes[0] + 1, sizes
