"""Attempts made without a network: judged by when they were made, counted once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from api.parts import Parts
from models.base import new_id
from models.quizzes.table import Attempt
from tests.api.conftest import As, Client
from tests.api.happenings import days, send, state, told, transfer, written
from tests.api.quizzing.sittings import HALF, WRONG, Room, begun, hand_in, handed_in, right_to, sat
from tests.clock import StandingClock
from tests.content.quizzed import CAPITAL, EARTH, all_right
from tests.organisation import Organisation

MINUTE = timedelta(minutes=1)


async def attempts(parts: Parts) -> list[Attempt]:
    async with parts.database.reading() as session:
        return list(await session.scalars(select(Attempt).order_by(col(Attempt.submitted_at))))


async def test_an_attempt_without_a_network_is_marked_by_the_server(
    room: Room, member: Client, clock: StandingClock
) -> None:
    clock.advance(days=-10)
    quiz = await room.set(time_limit_minutes=10, closes_at=clock.at + days(7), pass_mark=40)
    clock.advance(days=10)
    at = clock.at - days(5)
    made = sat(quiz, at - 9 * MINUTE, at, HALF)
    assert await told(member, made) == ["applied"]
    shown = (await member.get(f"{quiz.attempts}/{made['attempt_id']}")).json()
    assert (shown["points"], shown["percent"], shown["is_passed"]) == (3, 42, True)
    assert (shown["started_at"], shown["submitted_at"]) == (written(at - 9 * MINUTE), written(at))


async def test_the_drawn_questions_are_those_of_the_draw_that_is_said(
    room: Room, member: Client, organisation: Organisation, clock: StandingClock
) -> None:
    quiz = await room.set(draw=2)
    mine = organisation.person("member").id
    for no in (1, 2, 3):
        drawn = quiz.drawn(mine, no)
        assert await told(member, sat(quiz, clock.at, clock.at, all_right(drawn), no)) == ["applied"]
        others = [question for question in quiz.pool if question not in drawn]
        (refused,) = await send(member, sat(quiz, clock.at, clock.at, all_right(others), no))
        assert refused["problem"]["errors"][0]["code"] == "quiz.question_unknown"
    assert [one["percent"] for one in (await member.get(quiz.attempts)).json()["items"]] == [100, 100, 100]


async def test_an_attempt_that_is_submitted_twice_counts_once(
    room: Room, member: Client, parts: Parts, clock: StandingClock
) -> None:
    quiz = await room.set(attempts_most=1)
    clock.advance(hours=1)
    made = sat(quiz, clock.at - 5 * MINUTE, clock.at - MINUTE, HALF)
    assert await told(member, made, made) == ["applied", "duplicate"]
    assert await told(member, made) == ["duplicate"]
    again = made | {"id": str(new_id()), "at": written(clock.at)}
    assert await told(member, again) == ["applied"], "as another event, with the same answers"
    other = made | {"id": str(new_id()), "answers": WRONG}
    assert await told(member, other) == ["attempt.submitted"]
    assert await told(member, sat(quiz, clock.at, clock.at, HALF)) == ["quiz.no_attempts_left"]
    (attempt,) = await attempts(parts)
    assert (attempt.points, attempt.submitted_at) == (3, clock.at - MINUTE)


async def test_the_same_in_several_requests_at_once_counts_once(
    room: Room, member: Client, parts: Parts, clock: StandingClock
) -> None:
    quiz = await room.set(attempts_most=2)
    made = sat(quiz, clock.at - 5 * MINUTE, clock.at, HALF)
    more = [sat(quiz, clock.at - 5 * MINUTE, clock.at, WRONG) for _ in range(3)]
    said = await asyncio.gather(*(told(member, each) for each in (made, made, made, *more)))
    outcomes = [outcome for (outcome,) in said]
    assert outcomes.count("applied") == len(await attempts(parts)) == 2
    assert set(outcomes) <= {"applied", "duplicate", "quiz.no_attempts_left"}


async def test_what_was_begun_on_the_server_is_handed_in_without_a_network(
    room: Room, member: Client, parts: Parts, clock: StandingClock
) -> None:
    quiz = await room.set(time_limit_minutes=10, attempts_most=1)
    attempt = await begun(member, quiz)
    clock.advance(days=3)
    member = room.acting_as("member")
    at = clock.at - days(3) + 8 * MINUTE
    made = sat(quiz, at - 8 * MINUTE, at, right_to(quiz, attempt), attempt_id=attempt["id"])
    assert await told(member, made) == ["applied"]
    (kept,) = await attempts(parts)
    assert (kept.percent, kept.started_at, kept.submitted_at) == (100, at - 8 * MINUTE, at)
    assert (await handed_in(member, attempt, right_to(quiz, attempt)))["percent"] == 100


async def test_the_servers_beginning_stands_against_what_a_phone_says(
    room: Room, member: Client, clock: StandingClock
) -> None:
    quiz = await room.set(time_limit_minutes=10)
    attempt = await begun(member, quiz)
    clock.advance(hours=1)
    late = sat(quiz, clock.at - MINUTE, clock.at, HALF, attempt_id=attempt["id"])
    assert await told(member, late) == ["attempt.late"]
    other = await room.set()
    for made in (
        sat(other, clock.at, clock.at, HALF, attempt_id=attempt["id"]),
        sat(quiz, clock.at, clock.at, HALF, no=2, attempt_id=attempt["id"]),
    ):
        assert await told(member, made) == ["attempt.unlike"]


async def test_time_and_close_are_by_the_phones_clock(room: Room, member: Client, clock: StandingClock) -> None:
    clock.advance(days=-10)
    quiz = await room.set(time_limit_minutes=10, closes_at=clock.at + days(5))
    clock.advance(days=10)
    closed = clock.at - days(5)
    for started_at, at, outcome in (
        (closed - 60 * MINUTE, closed - 49 * MINUTE, "attempt.late"),
        (closed - 5 * MINUTE, closed + MINUTE, "attempt.late"),
        (closed, closed + MINUTE, "quiz.closed"),
        (closed - 5 * MINUTE, closed, "applied"),
        (closed - 10 * MINUTE, closed, "applied"),
    ):
        assert await told(member, sat(quiz, started_at, at, HALF)) == [outcome], (started_at, at)
    wrong_clock = sat(quiz, closed - 5 * MINUTE + days(9000), closed + days(9000), HALF)
    assert await told(member, wrong_clock, sent_at=clock.at + days(9000)) == ["applied"]


async def test_an_older_version_may_be_on_the_phone_and_what_took_its_place_unknown(
    room: Room, member: Client, clock: StandingClock
) -> None:
    quiz = await room.set(pass_mark=40)
    await room.revise(quiz, pass_mark=90)
    first, second = (sat(quiz, clock.at, clock.at, HALF, version=version) for version in (1, 2))
    assert await told(member, first, second) == ["applied", "applied"]
    passed = {one["version"]: one["is_passed"] for one in (await member.get(quiz.attempts)).json()["items"]}
    assert passed == {1: True, 2: False}
    (refused,) = await send(member, sat(quiz, clock.at, clock.at, HALF, version=3))
    assert refused["problem"]["errors"][0]["code"] == "version.unknown"
    await room.supersede(quiz, await room.set())
    assert await told(member, sat(quiz, clock.at, clock.at, HALF)) == ["applied"]


async def test_what_could_not_be_seen_could_not_be_taken(
    room: Room,
    member: Client,
    parts: Parts,
    organisation: Organisation,
    acting_as: As,
    clock: StandingClock,
) -> None:
    quiz, draft = await room.set(), await room.set(publish=False)
    made = sat(quiz, clock.at, clock.at, HALF)
    for name in ("neighbour", "stranger", "admin"):
        assert await told(acting_as(name), made) == ["event.quiz_unknown"]
    assert await told(member, sat(draft, clock.at, clock.at, HALF)) == ["event.quiz_unknown"]
    assert await told(member, made | {"quiz_id": str(new_id())}) == ["event.quiz_unknown"]
    clock.advance(days=2)
    member = acting_as("member")
    await room.withdraw(quiz)
    assert await told(member, sat(quiz, clock.at, clock.at, HALF)) == ["event.quiz_unknown"]
    await transfer(parts.database, organisation.person("member"), organisation.branch("kh_chibo"))
    before = clock.at - days(1)
    assert await told(member, sat(quiz, before, before, HALF)) == ["applied"], "then it was to be seen"
    assert len(await attempts(parts)) == 1


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"draw_no": 0}, "greater_than_equal"),
        ({"draw_no": 4}, "attempt.draw_unknown"),
        ({"draw_no": 1001}, "less_than_equal"),
        ({"answers": {CAPITAL.id: EARTH.right}}, "quiz.option_unknown"),
        ({"answers": {"x": []}}, "string_pattern_mismatch"),
        ({"started_at": "2100-01-01T00:00:00Z"}, "attempt.ends_before_start"),
        ({"started_at": None}, "string_type"),
    ],
)
async def test_what_is_malformed_is_refused(
    room: Room, member: Client, parts: Parts, clock: StandingClock, said: dict[str, Any], code: str
) -> None:
    quiz = await room.set(attempts_most=3)
    (refused,) = await send(member, sat(quiz, clock.at, clock.at, HALF) | said)
    assert [error["code"] for error in refused["problem"]["errors"]] == [code]
    assert await attempts(parts) == []


async def test_an_attempt_of_ages_ago_is_short_enough_for_any_calendar(
    room: Room, member: Client, clock: StandingClock
) -> None:
    quiz = await room.set()
    made = sat(quiz, clock.at, clock.at, HALF) | {"started_at": "0001-01-01T00:00:00Z"}
    assert await told(member, made) == ["applied"]


async def test_of_attempts_that_come_together_the_earlier_count(
    room: Room, member: Client, clock: StandingClock
) -> None:
    quiz = await room.set(attempts_most=2)
    clock.advance(hours=1)
    first, second, third = (
        sat(quiz, clock.at - n * MINUTE, clock.at - n * MINUTE, answers, no)
        for n, no, answers in ((30, 1, WRONG), (20, 2, HALF), (10, 2, WRONG))
    )
    assert await told(member, third, second, first) == ["quiz.no_attempts_left", "applied", "applied"]
    kept = (await member.get(quiz.attempts)).json()["items"]
    assert [one["id"] for one in kept] == [second["attempt_id"], first["attempt_id"]]


async def test_other_phones_hear_of_attempts(room: Room, member: Client, clock: StandingClock) -> None:
    quiz = await room.set(attempts_most=5)
    before = (await state(member))["state"]
    attempt = await begun(member, quiz)
    heard = await state(member, before)
    assert [(one["id"], one["submitted_at"]) for one in heard["attempts"]] == [(attempt["id"], None)]
    result = await handed_in(member, attempt, HALF)
    after = await state(member, heard["state"])
    (shown,) = after["attempts"]
    assert shown.items() <= result.items()
    assert (await state(member, after["state"]))["attempts"] == []
    assert (await hand_in(member, attempt, HALF)).status_code == 200
    assert (await state(member, after["state"]))["state"] == after["state"], "the same again is no news"
    made = sat(quiz, clock.at, clock.at, WRONG, 2)
    answer = await member.post("/v1/me/events", json={"events": [made]})
    (told_back,) = answer.json()["attempts"]
    assert (told_back["id"], told_back["points"], told_back["of"]) == (made["attempt_id"], 0, 7)
    assert (await state(member, after["state"]))["attempts"] == [told_back]
