"""Taking quizzes without a network, on several phones."""

from pathlib import Path
from typing import Any

import pytest

from tests.client.account import Account
from tests.client.fake import Server, play
from tests.client.opening import open_phone
from tests.client.quizzes import NoAttemptLeft, drawn, next_draw, shown_attempts
from tests.client.wire import Request
from tests.clock import StandingClock

QUIZ: dict[str, Any] = {
    "id": "q1",
    "kind": "quiz",
    "version": 3,
    "questions_asked": 1,
    "attempts_most": 2,
    "questions": [{"id": "aa", "text": "?", "options": []}, {"id": "bb", "text": "?", "options": []}],
}
RIGHT = {"aa": ["1"]}


@pytest.fixture
def server() -> Server:
    server = Server(page=9)
    server.heard = {"1:0"}
    server.publish("1:0", "q1", **{name: said for name, said in QUIZ.items() if name != "id"})
    server.right["q1"] = RIGHT
    return server


@pytest.fixture
def phones(tmp_path: Path, server: Server) -> tuple[Account, Account]:
    clock = StandingClock()
    return open_phone(tmp_path, "one", server, clock), open_phone(tmp_path, "two", server, clock)


def test_what_was_taken_without_a_network_counts_on_both(phones: tuple[Account, Account], server: Server) -> None:
    one, two = phones
    one.take("q1", "a1", RIGHT)
    (waiting,) = shown_attempts(one.store, "q1")
    assert (waiting["draw_no"], waiting["is_passed"]) == (1, None), "only the server knows what is right"
    for phone in (one, two):
        play(phone.bring_up_to_date(pulled=True), server.send)
        assert [(each["id"], each["is_passed"]) for each in shown_attempts(phone.store, "q1")] == [("a1", True)]
    two.take("q1", "a2", {})
    with pytest.raises(NoAttemptLeft):
        two.take("q1", "a3", RIGHT)
    for phone in (two, one):
        play(phone.bring_up_to_date(pulled=True), server.send)
        assert {each["id"]: each["is_passed"] for each in shown_attempts(phone.store, "q1")} == {
            "a1": True,
            "a2": False,
        }


def test_what_was_sent_twice_counts_once(phones: tuple[Account, Account], server: Server) -> None:
    one, _ = phones
    one.take("q1", "a1", RIGHT)
    steps = one.bring_up_to_date()
    request = next(steps)
    assert isinstance(request, Request)
    server.send(request)  # it arrived, and the answer was lost
    steps.close()
    play(one.bring_up_to_date(pulled=True), server.send)
    assert len(server.attempts) == 1
    assert [each["is_passed"] for each in shown_attempts(one.store, "q1")] == [True]
    assert next_draw(one.store, one.store.things("quiz")["q1"]) == 2


def test_questions_are_drawn_as_the_guide_says() -> None:
    questions = [{"id": letter * 12} for letter in "abcd"]
    quiz = {"id": "01970000-0000-7000-8000-00000000abcd", "version": 3, "questions_asked": 2, "questions": questions}
    asked = drawn("01970000-0000-7000-8000-000000000001", quiz, 2)
    assert [question["id"] for question in asked] == ["cccccccccccc", "bbbbbbbbbbbb"]
