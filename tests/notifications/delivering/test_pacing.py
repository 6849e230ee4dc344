"""How fast providers are asked, by a clock that the test moves on: at small quotas too everything goes out."""

from types import SimpleNamespace

import pytest

from models.database import Database
from notifications import lanes, pacing
from notifications.channels.protocol import Provider
from notifications.pacing import Pace
from tests.notifications.delivering.phones import Post, give_phone, publish
from tests.organisation import Organisation


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(pacing, "time", time)
    monkeypatch.setattr(pacing, "asyncio", SimpleNamespace(sleep=time.sleep))
    monkeypatch.setattr(lanes, "time", time)
    return time


async def test_turns_are_even_and_what_was_not_used_is_not_made_up_for(time: Time) -> None:
    pace, turns = Pace(60), []
    for pause in (0, 0, 0, 100, 0):
        time.now += pause
        assert await pace.turn(time.now + 10)
        turns.append(round(time.now - 1000))
    assert turns == [0, 1, 2, 102, 103]


async def test_who_will_not_wait_uses_up_no_turn(time: Time) -> None:
    pace = Pace(1)
    assert await pace.turn(time.now)
    for _ in range(100):
        assert not await pace.turn(time.now + 59)
    assert await pace.turn(time.now + 60)


@pytest.mark.parametrize("per_minute", [1, 4, 60, 1_000, 600_000])
async def test_there_is_room_for_as_many_as_have_their_turn(time: Time, per_minute: int) -> None:
    pace = Pace(per_minute)
    for _ in range(3):
        room = pace.room(7.5)
        by = time.now + 7.5 + 1e-6
        for _ in range(min(room, 2_000)):
            assert await pace.turn(by)
        time.now += 60


@pytest.mark.parametrize("per_minute", [1, 4, 30])
async def test_at_small_quotas_too_all_are_told(
    database: Database, organisation: Organisation, time: Time, per_minute: int
) -> None:
    for person in organisation.people.values():
        await give_phone(database, person)
    post = Post(database, per_minute={Provider.FCM: per_minute})
    await publish(database, organisation, "tw")
    began, people = time.now, len(organisation.people)
    while not all(each.finished_at for each in await post.deliveries()) or not post.fcm.sent:
        await post.deliver()
        time.now += 15 / per_minute
        assert time.now - began < (people + 1) * 60 / per_minute, "it does not stand still"
    assert all(each.attempts <= 1 for each in await post.deliveries())
    assert len(post.fcm.sent) > 8
    assert time.now - began >= (len(post.fcm.sent) - 1) * 60 / per_minute
