"""No answer of the API tells what is right before it may."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlmodel import col

from models.quizzes.table import Attempt
from models.study.quizzes import Reveal
from tests.api.conftest import Client
from tests.api.happenings import EVENTS, STATE
from tests.api.quizzing.sittings import HALF, WRONG, Room, Set, begun, handed_in, right_to, sat
from tests.clock import StandingClock
from tests.content.quizzed import CAPITAL, MEETING, PRIMES, all_right

ANSWERS = Reveal.ANSWERS
TELLING = {"is_right", "right", "explanation"}
"""Names of fields that tell; `solutions` may only be null."""


def keys_of(said: Any) -> set[str]:
    if isinstance(said, dict):
        return {key for key, value in said.items() if value is not None}.union(*map(keys_of, said.values()))
    if isinstance(said, list):
        return set().union(*map(keys_of, said))
    return set()


def assert_untold(answer: httpx.Response) -> None:
    for explanation in (CAPITAL.explanation, MEETING.explanation):
        assert explanation is not None
        assert explanation not in answer.text
        assert json.dumps(explanation)[1:-1] not in answer.text
    if answer.headers.get("content-type", "").startswith("application/json"):
        assert not keys_of(answer.json()) & (TELLING | {"solutions"}), answer.request.url
        for found in lists_in(answer.json()):
            # whoever knows which options of a multiple are right knows it from a list of them alone
            assert sorted(PRIMES.right) != sorted(found), answer.request.url
            assert list(MEETING.right) != found, answer.request.url


def lists_in(said: Any) -> list[list[str]]:
    """Every list of ids, of whatever they are."""
    found = []
    if isinstance(said, dict):
        found = [each for value in said.values() for each in lists_in(value)]
    elif isinstance(said, list):
        ids = [each.get("id") if isinstance(each, dict) else each for each in said]
        found = [[each for each in ids if isinstance(each, str)]]
        found += [each for value in said for each in lists_in(value)]
    return found


def paths_of(document: dict[str, Any], quiz: Set, attempt_id: str, collection_id: str) -> list[str]:
    """Every GET of the API that a member may call without more than these ids."""
    ids = {
        "{quiz_id}": str(quiz.id),
        "{attempt_id}": attempt_id,
        "{version}": "1",
        "{collection_id}": collection_id,
    }
    found = []
    for path, item in document["paths"].items():
        if "get" in item:
            for name, value in ids.items():
                path = path.replace(name, value)  # noqa: PLW2901 - one after the other
            if "{" not in path:
                found.append(path)
    return found


@pytest.mark.parametrize("reveal", list(Reveal))
async def test_nothing_that_a_member_may_ask_tells_before_it_is_handed_in(
    app: FastAPI, room: Room, member: Client, clock: StandingClock, reveal: Reveal
) -> None:
    quiz = await room.set(reveal=reveal, attempts_most=3)
    items = [{"kind": "quiz", "id": str(quiz.id)}]
    collected = {"branch_id": str(room.organisation.branch("chibo").id), "title": "Chuyên đề", "items": items}
    made = await room.acting_as("editor").post("/v1/collections", json=collected | {"publish": True})
    assert made.status_code == 201, made.text
    started = await member.post(quiz.attempts)
    assert_untold(started)
    document = app.openapi()
    paths = paths_of(document, quiz, started.json()["id"], made.json()["id"])
    assert {quiz.url, "/v1/sync", STATE, "/v1/home", "/v1/quizzes"} <= set(paths)
    mentioned = 0
    for path in [*paths, "/v1/sync?cursor="]:
        answer = await member.get(path)
        assert_untold(answer)
        mentioned += str(quiz.id) in answer.text
    assert mentioned >= 6
    failed = await member.put(f"{quiz.attempts}/{started.json()['id']}", json={"answers": WRONG})
    assert failed.json()["submitted_at"]
    assert_untold(failed)
    told = await member.post(EVENTS, json={"events": [sat(quiz, clock.at, clock.at, WRONG, 2)]})
    assert_untold(told)
    for path in paths:
        assert_untold(await member.get(path))


async def test_what_is_right_is_told_after_passing(room: Room, member: Client) -> None:
    quiz = await room.set(reveal=ANSWERS, pass_mark=100)
    first = await handed_in(member, await begun(member, quiz), HALF)
    assert first["solutions"] is None
    attempt = await begun(member, quiz)
    passed = await handed_in(member, attempt, right_to(quiz, attempt))
    assert [one["question_id"] for one in passed["solutions"]] == [one["id"] for one in passed["questions"]]
    told = {one["question_id"]: one for one in passed["solutions"]}
    assert told[CAPITAL.id] == {
        "question_id": CAPITAL.id,
        "is_right": True,
        "right": list(CAPITAL.right),
        "explanation": CAPITAL.explanation,
    }
    assert told[MEETING.id]["right"] == list(MEETING.right)
    before = (await member.get(f"{quiz.attempts}/{first['id']}")).json()
    assert {one["question_id"]: one["is_right"] for one in before["solutions"]} == {
        question.id: question.id in HALF for question in quiz.pool
    }


async def test_or_once_no_attempt_is_left(room: Room, member: Client, clock: StandingClock) -> None:
    quiz = await room.set(reveal=ANSWERS, attempts_most=2, time_limit_minutes=10)
    first = await handed_in(member, await begun(member, quiz), WRONG)
    last = await begun(member, quiz)
    for shown in (first, last):
        assert (await member.get(f"{quiz.attempts}/{shown['id']}")).json()["solutions"] is None, "one is still open"
    clock.advance(minutes=11)
    assert (await member.get(f"{quiz.attempts}/{first['id']}")).json()["solutions"] is None, "a phone may still send it"
    began, ended = clock.at - timedelta(minutes=10), clock.at - timedelta(minutes=3)
    told = sat(quiz, began, ended, WRONG, last["draw_no"], attempt_id=last["id"])
    assert (await member.post(EVENTS, json={"events": [told]})).json()["results"][0]["result"] == "applied"
    assert (await member.get(f"{quiz.attempts}/{first['id']}")).json()["solutions"]


async def test_what_was_lost_tells_once_no_phone_may_send_it(room: Room, member: Client, clock: StandingClock) -> None:
    quiz = await room.set(reveal=ANSWERS, attempts_most=2, time_limit_minutes=10)
    first = await handed_in(member, await begun(member, quiz), WRONG)
    last = await begun(member, quiz)
    for ago, is_told in ((timedelta(days=179), False), (timedelta(days=181), True)):
        async with room.parts.transaction() as session:
            await session.execute(
                update(Attempt).where(col(Attempt.id) == UUID(last["id"])).values(due_at=clock.at - ago)
            )
        told = (await member.get(f"{quiz.attempts}/{first['id']}")).json()["solutions"]
        assert (told is not None) is is_told
    shown = (await member.get(f"{quiz.attempts}/{last['id']}")).json()
    assert (shown["submitted_at"], shown["solutions"]) == (None, None)


async def test_nothing_is_told_while_another_version_has_attempts_left(room: Room, member: Client) -> None:
    quiz = await room.set(reveal=ANSWERS, attempts_most=1)
    first = await handed_in(member, await begun(member, quiz), WRONG)
    assert first["solutions"]
    await room.revise(quiz, attempts_most=2)
    assert (await member.get(f"{quiz.attempts}/{first['id']}")).json()["solutions"] is None


async def test_a_quiz_that_tells_the_score_alone_never_tells_more(room: Room, member: Client) -> None:
    quiz = await room.set(attempts_most=1)
    attempt = await begun(member, quiz)
    result = await handed_in(member, attempt, right_to(quiz, attempt))
    assert (result["is_passed"], result["solutions"]) == (True, None)
    assert (await member.get(f"{quiz.attempts}/{attempt['id']}")).json()["solutions"] is None


async def test_one_members_pass_tells_another_nothing(room: Room, member: Client) -> None:
    quiz = await room.set(reveal=ANSWERS)
    passing, other = await begun(member, quiz), await begun(room.acting_as("fellow"), quiz)
    assert (await handed_in(member, passing, right_to(quiz, passing)))["solutions"]
    failed = await handed_in(room.acting_as("fellow"), other, WRONG)
    assert failed["solutions"] is None


async def test_a_closed_quiz_is_not_told_as_phones_may_still_send_theirs(
    room: Room, member: Client, clock: StandingClock
) -> None:
    quiz = await room.set(reveal=ANSWERS, closes_at=clock.at + timedelta(hours=1))
    failed = await handed_in(member, await begun(member, quiz), all_right([CAPITAL]))
    clock.advance(hours=2)
    assert (await member.get(f"{quiz.attempts}/{failed['id']}")).json()["solutions"] is None


async def test_the_draft_with_its_answers_is_for_editors(room: Room, member: Client) -> None:
    quiz = await room.set()
    assert (await member.get(f"{quiz.url}/draft")).status_code == 403
    draft = await room.acting_as("editor").get(f"{quiz.url}/draft")
    assert draft.json()["content"]["questions"][0]["explanation"] == CAPITAL.explanation
