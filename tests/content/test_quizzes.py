import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.malformed import Malformed
from content.quizzes import (
    OPTIONS_MOST,
    QUESTIONS_MOST,
    Answers,
    Option,
    Question,
    QuestionKind,
    check_pool,
    check_question,
    check_questions,
    draw,
    draw_order,
    mark,
    public,
)
from tests.content.quizzed import ALL, CAPITAL, EARTH, MEETING, PRIMES, all_right, answered, pools, questions

MEMBER = UUID("01970000-0000-7000-8000-000000000001")
QUIZ = UUID("01970000-0000-7000-8000-00000000abcd")
HANOI = CAPITAL.right[0]


def refusal(question: Question) -> tuple[str, object]:
    with pytest.raises(Malformed) as caught:
        check_question(question)
    return caught.value.code, caught.value.details["pointer"]


def refused(asked: Sequence[Question], answers: Answers) -> tuple[str, object]:
    with pytest.raises(Malformed) as caught:
        mark(asked, answers)
    return caught.value.code, caught.value.details["pointer"]


@given(questions())
def test_a_question_with_a_clear_answer_stands(question: Question) -> None:
    check_question(question)


@pytest.mark.parametrize(
    ("question", "code", "pointer"),
    [
        (replace(CAPITAL, options=(Option("Huế"), Option("Hà Nội"))), "quiz.no_right_answer", "/options"),
        (replace(PRIMES, options=(Option("4"), Option("9"))), "quiz.no_right_answer", "/options"),
        (replace(EARTH, options=(Option("Đúng"), Option("Sai"))), "quiz.no_right_answer", "/options"),
        (
            replace(CAPITAL, options=(Option("Huế", is_right=True), Option("Vinh"), Option("Hà Nội", is_right=True))),
            "quiz.right_too_many",
            "/options/2",
        ),
        (
            replace(EARTH, options=(Option("Đúng", is_right=True), Option("Sai", is_right=True))),
            "quiz.right_too_many",
            "/options/1",
        ),
        (replace(CAPITAL, options=(Option("Hà Nội", is_right=True),)), "quiz.options_too_few", "/options"),
        (replace(MEETING, options=()), "quiz.options_too_few", "/options"),
        (
            replace(PRIMES, options=tuple(Option(str(n), n == 2) for n in range(OPTIONS_MOST + 1))),
            "quiz.options_too_many",
            "/options",
        ),
        (replace(EARTH, options=(*EARTH.options, Option("Không rõ"))), "quiz.true_false_options", "/options"),
        (replace(EARTH, options=EARTH.options[:1]), "quiz.true_false_options", "/options"),
        (replace(CAPITAL, options=(*CAPITAL.options, Option("HUẾ"))), "quiz.option_twice", "/options/3"),
        (
            replace(MEETING, options=(Option("Khai mạc"), Option("Bế mạc", is_right=True))),
            "quiz.right_unexpected",
            "/options/1",
        ),
        (replace(CAPITAL, points=0), "quiz.points", "/points"),
        (replace(CAPITAL, points=101), "quiz.points", "/points"),
    ],
)
def test_a_question_without_a_clear_answer_is_refused(question: Question, code: str, pointer: str) -> None:
    assert refusal(question) == (code, pointer)


@pytest.mark.parametrize(
    ("pool", "most", "code", "pointer"),
    [
        ([], None, "quiz.no_questions", ""),
        ([CAPITAL, replace(EARTH, options=())], None, "quiz.true_false_options", "/1/options"),
        ([CAPITAL, EARTH, replace(PRIMES, text=CAPITAL.text.upper())], None, "quiz.question_twice", "/2/text"),
        ([replace(CAPITAL, text=str(n)) for n in range(QUESTIONS_MOST + 1)], None, "quiz.questions_too_many", ""),
        (ALL, 5, "quiz.draw_too_large", None),
        (ALL, 0, "quiz.draw_too_large", None),
    ],
)
def test_a_pool_that_cannot_be_taken_is_refused(
    pool: Sequence[Question], most: int | None, code: str, pointer: str | None
) -> None:
    with pytest.raises(Malformed) as caught:
        check_pool(pool, most)
    assert (caught.value.code, caught.value.details.get("pointer")) == (code, pointer)


def test_a_draft_may_be_empty() -> None:
    check_questions([])
    check_pool(ALL, 4)


@given(pools().flatmap(lambda asked: st.tuples(st.just(asked), answered(asked))))
def test_marks_do_not_depend_on_the_order_in_which_answers_are_given(
    given_answers: tuple[list[Question], dict[str, list[str]]],
) -> None:
    asked, answers = given_answers
    shuffled = {
        question.id: answers[question.id]
        if question.kind is QuestionKind.ORDERING
        else sorted(answers[question.id], reverse=True)
        for question in reversed(asked)
        if question.id in answers
    }
    assert mark(list(reversed(asked)), shuffled) == mark(asked, answers)


@given(pools().flatmap(lambda asked: st.tuples(st.just(asked), answered(asked))))
def test_points_are_those_of_questions_answered_right(
    given_answers: tuple[list[Question], dict[str, list[str]]],
) -> None:
    asked, answers = given_answers
    marked = mark(asked, answers)
    by_hand = {
        question.id: answers.get(question.id, []) == list(question.right)
        if question.kind is QuestionKind.ORDERING
        else sorted(answers.get(question.id, [])) == sorted(question.right)
        for question in asked
    }
    assert marked.right == by_hand
    assert marked.points == sum(question.points for question in asked if by_hand[question.id])
    assert marked.of == sum(question.points for question in asked)
    assert 0 <= marked.percent <= 100
    assert (marked.percent == 100) == (marked.points == marked.of) == all(by_hand.values())


@given(pools())
def test_all_right_is_full_marks_and_nothing_is_none(asked: list[Question]) -> None:
    assert mark(asked, all_right(asked)).percent == 100
    assert mark(asked, {}).points == 0
    assert mark(asked, {question.id: [] for question in asked}).points == 0


@given(pools())
def test_one_wrong_is_not_full_marks(asked: list[Question]) -> None:
    answers = dict(all_right(asked))
    wrong = asked[-1]
    answers[wrong.id] = tuple(reversed(wrong.right)) if wrong.kind is QuestionKind.ORDERING else ()
    assert mark(asked, answers).percent < 100


def test_part_of_what_is_right_is_wrong() -> None:
    two, four, seven, _ = (PRIMES.option_id(option) for option in PRIMES.options)
    assert not mark([PRIMES], {PRIMES.id: [two]}).points
    assert not mark([PRIMES], {PRIMES.id: [two, four, seven]}).points
    assert mark([PRIMES], {PRIMES.id: [seven, two]}).points == 2
    assert not mark([CAPITAL], {CAPITAL.id: [CAPITAL.option_id(option) for option in CAPITAL.options]}).points
    assert not mark([MEETING], {MEETING.id: MEETING.right[:3]}).points
    assert not mark([MEETING], {MEETING.id: MEETING.right[::-1]}).points


def test_answers_to_something_else_are_refused() -> None:
    assert refused([CAPITAL], {EARTH.id: EARTH.right}) == ("quiz.question_unknown", "")
    assert refused([CAPITAL], {CAPITAL.id: [HANOI, EARTH.right[0]]}) == ("quiz.option_unknown", f"/{CAPITAL.id}/1")
    assert refused([CAPITAL], {CAPITAL.id: [HANOI, HANOI]}) == ("quiz.option_repeated", f"/{CAPITAL.id}/1")
    assert refused([], {}) == ("quiz.no_questions", "")


@given(pools(), st.data(), st.uuids(), st.uuids(), st.integers(1, 50), st.integers(1, 50))
def test_a_draw_is_part_of_the_pool_without_repetition(
    pool: list[Question], data: st.DataObject, member_id: UUID, quiz: UUID, version: int, no: int
) -> None:
    most = data.draw(st.none() | st.integers(1, len(pool)))
    drawn = draw(pool, most, member_id, quiz, version, no)
    assert len(drawn) == (most or len(pool)) == len({question.id for question in drawn})
    assert all(question in pool for question in drawn)
    assert drawn == draw(list(reversed(pool)), most, member_id, quiz, version, no)


def test_draws_differ_by_number_member_and_version() -> None:
    ids = [f"{n:012x}" for n in range(40)]
    drawn = draw_order(ids, 10, MEMBER, QUIZ, 1, 1)
    others = [
        draw_order(ids, 10, MEMBER, QUIZ, 1, 2),
        draw_order(ids, 10, MEMBER, QUIZ, 2, 1),
        draw_order(ids, 10, QUIZ, QUIZ, 1, 1),
        draw_order(ids, 10, MEMBER, MEMBER, 1, 1),
    ]
    assert all(set(other) != set(drawn) for other in others)


def test_the_draw_of_the_guide_is_what_it_says() -> None:
    ids = [letter * 12 for letter in "abcd"]
    first, second = draw_order(ids, 2, MEMBER, QUIZ, 3, 2)
    guide = Path(__file__).parents[2] / "api" / "guides" / "quizzes.md"
    assert f"two are asked: `{first}`, then `{second}`." in " ".join(guide.read_text().split())


def test_every_question_comes_up_about_as_often_as_any_other() -> None:
    ids = [f"{n:012x}" for n in range(10)]
    times = dict.fromkeys(ids, 0)
    for no in range(1, 1001):
        for one in draw_order(ids, 3, MEMBER, QUIZ, 1, no):
            times[one] += 1
    assert all(240 <= count <= 360 for count in times.values())


def test_a_draw_is_made_as_app_developers_read_it() -> None:
    ids = [question.id for question in ALL]
    beginning = "01970000-0000-7000-8000-000000000001:01970000-0000-7000-8000-00000000abcd:3:2:"
    by_digest = {sha256((beginning + one).encode()).hexdigest(): one for one in ids}
    assert draw_order(ids, 3, MEMBER, QUIZ, 3, 2) == [by_digest[digest] for digest in sorted(by_digest)][:3]


@given(questions())
def test_the_public_form_says_nothing_of_answers(question: Question) -> None:
    shown = asdict(public(question))
    assert set(shown) == {"id", "kind", "text", "options", "points"}
    assert all(set(option) == {"id", "text"} for option in shown["options"])
    assert {option["id"] for option in shown["options"]} == {question.option_id(each) for each in question.options}
    explained = replace(question, explanation="Vì đúng là thế, không thể khác được.")
    assert "không thể khác" not in json.dumps(asdict(public(explained)), ensure_ascii=False)


@given(questions())
def test_options_stand_in_the_same_order_whatever_is_right(question: Question) -> None:
    turned = tuple(reversed(question.options))
    other = replace(question, options=turned, explanation="Vì đúng là thế.")
    assert public(other) == public(question)
    if question.kind is QuestionKind.MULTIPLE:
        inverse = tuple(Option(option.text, not option.is_right) for option in question.options)
        assert public(replace(question, options=inverse)) == public(question)


def test_the_order_of_an_ordering_is_not_the_right_one_more_often_than_by_chance() -> None:
    same = sum(
        tuple(option.id for option in public(one).options) == one.right
        for one in (replace(MEETING, text=f"Câu {n}") for n in range(960))
    )
    assert 15 <= same <= 75  # 960 / 4! = 40


def test_true_comes_before_false() -> None:
    assert [option.text for option in public(EARTH).options] == ["Đúng", "Sai"]
