"""Waiting grows, is never the same for two phones, and ends where a server says when."""

from collections.abc import Iterator

import pytest

from tests.client.fake import play, refused
from tests.client.patience import Patience, Unreachable
from tests.client.wire import Answer, Request

ASK = Request("GET", "/v1/sync")


def _waits(chance: float, answers: Iterator[Answer | None]) -> list[float]:
    waited: list[float] = []
    assert play(Patience(lambda: chance).insist(ASK), lambda _: next(answers), waited).status == 200
    return waited


@pytest.mark.parametrize("answer", [None, refused(429, "too_many"), refused(500, "fault"), refused(503, "unavailable")])
def test_each_wait_is_twice_the_one_before_up_to_five_minutes(answer: Answer | None) -> None:
    waited = _waits(0.5, iter([answer] * 9 + [Answer(200)]))
    assert waited == [2, 4, 8, 16, 32, 64, 128, 256, 300]


def test_chance_spreads_phones_between_half_and_one_and_a_half() -> None:
    assert _waits(0.0, iter([None, None, Answer(200)])) == [1, 2]
    assert _waits(1.0, iter([None, None, Answer(200)])) == [3, 6]


def test_a_server_that_says_when_is_heard() -> None:
    busy = refused(503, "unavailable", **{"retry-after": "7"})
    assert _waits(0.0, iter([busy, None, Answer(200)])) == [7, 2]


def test_whoever_will_not_wait_is_told() -> None:
    with pytest.raises(Unreachable):
        play(Patience(lambda: 0.5, tries=2).insist(ASK), lambda _: None)


def test_phones_ask_unprompted_at_different_times() -> None:
    assert Patience(lambda: 0.0).until_next(900, 60) == 900
    assert Patience(lambda: 0.5).until_next(900, 60) == 930
