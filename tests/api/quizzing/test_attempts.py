"""Attempts on the server: begun, handed in once, marked, and told."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from api.parts import Parts
from models.quizzes.table import Attempt
from tests.api.conftest import As, Client
from tests.api.happenings import transfer, written
from tests.api.problem_details import assert_problem, codes
from tests.api.quizzing.sittings import HALF, WRONG, Room, begun, hand_in, handed_in, right_to
from tests.clock import StandingClock
from tests.content.quizzed import ALL, CAPITAL, EARTH, MEETING, PRIMES, all_right
from tests.organisation import Organisation

NO_ATTEMPT = "01900000-0000-7000-8000-000000000000"


async def count(parts: Parts) -> int:
    async with parts.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Attempt)) or 0


async def test_an_attempt_has_the_questions_that_a_phone_would_draw(
    room: Room, member: Client, organisation: Organisation, clock: StandingClock
) -> None:
    quiz = await room.set(draw=2, time_limit_minutes=15)
    attempt = await begun(member, quiz)
    drawn = quiz.drawn(organisation.person("member").id)
    assert [question["id"] for question in attempt["questions"]] == [question.id for question in drawn]
    assert (attempt["version"], attempt["draw_no"], attempt["submitted_at"]) == (1, 1, None)
    assert attempt["started_at"] == written(clock.at)
    assert attempt["due_at"] == written(clock.at + timedelta(minutes=15))
    other = await begun(room.acting_as("fellow"), quiz)
    drawn = quiz.drawn(organisation.person("fellow").id)
    assert [question["id"] for question in other["questions"]] == [question.id for question in drawn]


async def test_all_right_is_full_marks(room: Room, member: Client, clock: StandingClock) -> None:
    quiz = await room.set(pass_mark=100)
    attempt = await begun(member, quiz)
    clock.advance(minutes=3)
    result = await handed_in(member, attempt, right_to(quiz, attempt))
    assert (result["points"], result["of"], result["percent"], result["is_passed"]) == (7, 7, 100, True)
    assert result["submitted_at"] == written(clock.at)
    assert result["answers"] == {
        one: sorted(chosen) if one != MEETING.id else list(chosen) for one, chosen in all_right(list(ALL)).items()
    }
    shown = (await member.get(f"{quiz.attempts}/{attempt['id']}")).json()
    assert shown == result
    (listed,) = (await member.get(quiz.attempts)).json()["items"]
    assert listed.items() <= result.items()


@pytest.mark.parametrize(("pass_mark", "is_passed"), [(42, True), (43, False)])
async def test_the_pass_mark_is_of_the_points(room: Room, member: Client, pass_mark: int, *, is_passed: bool) -> None:
    quiz = await room.set(pass_mark=pass_mark)
    result = await handed_in(member, await begun(member, quiz), HALF)
    assert (result["points"], result["percent"], result["is_passed"]) == (3, 42, is_passed)


async def test_it_is_marked_once(room: Room, member: Client, parts: Parts, clock: StandingClock) -> None:
    quiz = await room.set()
    attempt = await begun(member, quiz)
    first = await handed_in(member, attempt, HALF)
    clock.advance(hours=1)
    turned = {one: chosen[::-1] for one, chosen in reversed(HALF.items())} | {CAPITAL.id: []}
    assert await handed_in(member, attempt, turned) == first
    assert_problem(await hand_in(member, attempt, right_to(quiz, attempt)), 409, "attempt.submitted")
    assert (await member.get(f"{quiz.attempts}/{attempt['id']}")).json() == first
    assert await count(parts) == 1


async def test_answers_to_something_else_are_refused(room: Room, member: Client) -> None:
    quiz = await room.set(pool=[CAPITAL, PRIMES])
    attempt = await begun(member, quiz)
    for answers, pointer, code in (
        (all_right([EARTH]), "/answers", "quiz.question_unknown"),
        ({CAPITAL.id: PRIMES.right}, f"/answers/{CAPITAL.id}/0", "quiz.option_unknown"),
        ({CAPITAL.id: CAPITAL.right * 2}, f"/answers/{CAPITAL.id}/1", "quiz.option_repeated"),
        ({CAPITAL.id: ["A"]}, f"/answers/{CAPITAL.id}/0", "string_pattern_mismatch"),
        ({CAPITAL.id: CAPITAL.right * 11}, f"/answers/{CAPITAL.id}", "too_long"),
    ):
        problem = assert_problem(await hand_in(member, attempt, answers), 422)
        assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, code)]
    assert (await member.get(f"{quiz.attempts}/{attempt['id']}")).json()["submitted_at"] is None


async def test_two_taps_begin_one_attempt(room: Room, member: Client, parts: Parts) -> None:
    quiz = await room.set(attempts_most=2)
    answers = await asyncio.gather(*(member.post(quiz.attempts) for _ in range(5)))
    assert [answer.status_code for answer in answers] == [201] * 5
    assert len({answer.text for answer in answers}) == 1
    assert await count(parts) == 1


async def test_of_several_that_are_handed_in_at_once_one_counts(room: Room, member: Client) -> None:
    quiz = await room.set()
    attempt = await begun(member, quiz)
    said = [WRONG, HALF, right_to(quiz, attempt), HALF, WRONG]
    answers = await asyncio.gather(*(hand_in(member, attempt, each) for each in said))
    won = {answer.json()["points"] for answer in answers if answer.status_code == 200}
    assert len(won) == 1
    assert {answer.status_code for answer in answers} == {200, 409}


async def test_there_are_only_so_many_attempts(
    room: Room, member: Client, organisation: Organisation, parts: Parts
) -> None:
    quiz = await room.set(attempts_most=2, draw=2)
    for no in (1, 2):
        attempt = await begun(member, quiz)
        drawn = quiz.drawn(organisation.person("member").id, no)
        assert [question["id"] for question in attempt["questions"]] == [question.id for question in drawn]
        await handed_in(member, attempt, {})
    answers = await asyncio.gather(*(member.post(quiz.attempts) for _ in range(3)))
    for answer in answers:
        assert_problem(answer, 409, "quiz.no_attempts_left")
    assert await count(parts) == 2
    assert (await room.acting_as("fellow").post(quiz.attempts)).status_code == 201


async def test_time_runs_out(room: Room, member: Client, clock: StandingClock) -> None:
    quiz = await room.set(time_limit_minutes=10, attempts_most=3)
    in_time, too_late = await begun(member, quiz), None
    clock.advance(minutes=10, seconds=30)  # what was sent in time may take a while
    assert (await handed_in(member, in_time, HALF))["points"] == 3
    too_late = await begun(member, quiz)
    clock.advance(minutes=10, seconds=31)
    assert_problem(await hand_in(member, too_late, HALF), 409, "attempt.late")
    third = await begun(member, quiz)
    assert third["id"] != too_late["id"], "what ran out is used up"
    shown = (await member.get(f"{quiz.attempts}/{too_late['id']}")).json()
    assert (shown["submitted_at"], shown["points"], shown["answers"]) == (None, None, None)
    assert [one["draw_no"] for one in (await member.get(quiz.attempts)).json()["items"]] == [3, 2, 1]


async def test_a_quiz_closes(room: Room, member: Client, clock: StandingClock) -> None:
    quiz = await room.set(time_limit_minutes=60, closes_at=clock.at + timedelta(minutes=30))
    attempt = await begun(member, quiz)
    assert attempt["due_at"] == written(clock.at + timedelta(minutes=30))
    clock.advance(minutes=31)
    assert_problem(await hand_in(member, attempt, HALF), 409, "attempt.late")
    assert_problem(await member.post(quiz.attempts), 409, "quiz.closed")
    assert (await member.get(quiz.url)).status_code == 200, "it can still be read"


async def test_an_attempt_is_marked_by_the_version_that_it_began_with(room: Room, member: Client) -> None:
    quiz = await room.set(pass_mark=40)
    attempt = await begun(member, quiz)
    await room.revise(quiz, pass_mark=100)
    again = await begun(member, quiz)
    assert again == attempt
    result = await handed_in(member, attempt, HALF)
    assert (result["version"], result["is_passed"]) == (1, True)
    newer = await begun(member, quiz)
    assert newer["version"] == 2
    assert not (await handed_in(member, newer, HALF))["is_passed"]


async def test_what_took_a_quizzes_place_is_begun_by_the_old_link(room: Room, member: Client) -> None:
    old, new = await room.set(), await room.set(pool=[CAPITAL])
    attempt = await begun(member, old)
    await room.supersede(old, new)
    assert (await handed_in(member, attempt, HALF))["points"] == 3
    assert len((await member.get(old.attempts)).json()["items"]) == 1
    assert (await begun(member, old))["quiz_id"] == str(new.id)


async def test_others_and_their_attempts_are_strangers(room: Room, member: Client, parts: Parts, acting_as: As) -> None:
    quiz = await room.set()
    attempt = await begun(member, quiz)
    url = f"{quiz.attempts}/{attempt['id']}"
    before = await count(parts)
    for name in ("neighbour", "stranger"):
        other = acting_as(name)
        for answer in (
            await other.get(quiz.url),
            await other.post(quiz.attempts),
            await other.get(quiz.attempts),
            await other.get(url),
            await other.put(url, json={"answers": {}}),
            await other.get(f"{quiz.url}/report"),
        ):
            assert_problem(answer, 404)
    fellow = acting_as("fellow")
    assert (await fellow.get(quiz.attempts)).json()["items"] == []
    assert_problem(await fellow.get(url), 404)
    assert_problem(await fellow.put(url, json={"answers": {}}), 404)
    assert_problem(await member.get(f"{quiz.attempts}/{NO_ATTEMPT}"), 404)
    assert_problem(await member.get(f"/v1/quizzes/{(await room.set()).id}/attempts/{attempt['id']}"), 404)
    assert await count(parts) == before


async def test_who_was_transferred_or_whose_quiz_was_withdrawn_goes_on_no_more(
    room: Room, member: Client, parts: Parts, organisation: Organisation, acting_as: As
) -> None:
    quiz = await room.set()
    attempt, other = await begun(member, quiz), await begun(acting_as("fellow"), quiz)
    await transfer(parts.database, organisation.person("member"), organisation.branch("kh_chibo"))
    assert_problem(await hand_in(member, attempt, HALF), 404)
    await room.withdraw(quiz)
    assert_problem(await hand_in(acting_as("fellow"), other, HALF), 404)
    assert_problem(await acting_as("fellow").post(quiz.attempts), 404)


async def test_editors_above_may_read_but_not_take(room: Room, acting_as: As) -> None:
    quiz = await room.set()
    assert_problem(await acting_as("admin").post(quiz.attempts), 403, "quiz.not_audience")
    await room.withdraw(quiz)
    assert_problem(await acting_as("admin").post(quiz.attempts), 409, "study.not_published")


async def test_a_draft_is_nothing_to_take(room: Room, member: Client, acting_as: As) -> None:
    quiz = await room.set(publish=False)
    for name in ("member", "editor"):
        assert_problem(await acting_as(name).post(quiz.attempts), 404)


async def test_a_lost_answer_is_given_again(room: Room, member: Client) -> None:
    quiz = await room.set(attempts_most=1)
    keyed = {"Idempotency-Key": "mot"}
    first = await member.post(quiz.attempts, headers=keyed)
    await handed_in(member, first.json(), HALF)
    again = await member.post(quiz.attempts, headers=keyed)
    assert (again.status_code, again.json()) == (201, first.json())


@pytest.mark.parametrize(
    "body", [{}, {"answers": None}, {"answers": []}, {"answers": {"x": []}}, {"answers": {}, "x": 1}]
)
async def test_what_is_malformed_is_refused(room: Room, member: Client, body: object) -> None:
    quiz = await room.set()
    attempt = await begun(member, quiz)
    answer = await member.put(f"{quiz.attempts}/{attempt['id']}", json=body)
    assert codes(answer)
    assert answer.status_code == 422
