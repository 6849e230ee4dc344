"""Providers that refuse, break and ask to be left alone: all comes to an end, and nothing waits for anything else."""

from collections import Counter
from itertools import cycle

import pytest

from api.transactions import transaction
from models.database import Database
from models.deliveries.dead import dead_letters, requeue
from models.deliveries.table import DeliveryState
from notifications import pacing
from notifications.channels.protocol import Outcome, Provider, Push, Sent
from notifications.lanes import ATTEMPTS_MOST, pause_after
from notifications.pacing import Breaker
from tests.clock import StandingClock
from tests.notifications.delivering.phones import Post, give_phone, number, publish
from tests.organisation import Organisation
from tests.serving import until

NAMES = ("member", "fellow", "grouped", "clerk", "deputy", "secretary", "editor", "auditor", "leader")


async def equip(database: Database, organisation: Organisation) -> None:
    for name in NAMES:
        for provider in (Provider.FCM, Provider.WEB_PUSH):
            await give_phone(database, organisation.person(name), provider)


async def until_all_is_over(post: Post, clock: StandingClock) -> int:
    """Gives how many hours went by."""
    for hour in range(24):
        for _ in range(60):
            await post.deliver()
            if all(each.finished_at for each in await post.deliveries()):
                return hour
            clock.advance(minutes=1)
    raise AssertionError("something is never done with")


async def test_all_comes_to_an_end_whatever_a_provider_answers(
    database: Database, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "_FAILURES", 10**6)  # nobody's clock but the test's is to matter
    await equip(database, organisation)
    post = Post(database)
    answers = cycle(
        [
            Sent(Outcome.SENT),
            Sent(Outcome.RETRY, retry_after=120, detail="429"),
            Sent(Outcome.RETRY, detail="500"),
            Sent(Outcome.GONE, detail="UNREGISTERED"),
            Sent(Outcome.REFUSED, detail="400"),
            Sent(Outcome.RETRY, detail="x" * 1000),
        ]
    )

    def misbehave(_address: str, _push: Push) -> Sent:
        return next(answers)

    def fail(_address: str, _push: Push) -> Sent:
        raise ValueError("what no channel should do")

    post.fcm.answers, post.channels[Provider.WEB_PUSH].answers = misbehave, fail
    await publish(database, organisation)
    assert await until_all_is_over(post, clock) < 3
    ends = Counter((each.provider, each.state) for each in await post.deliveries())
    assert ends[Provider.WEB_PUSH, DeliveryState.DEAD] == len(NAMES)
    assert ends[Provider.FCM, DeliveryState.SENT] > 0 < ends[Provider.FCM, DeliveryState.GONE]
    assert all(each.attempts == ATTEMPTS_MOST for each in await post.deliveries() if each.provider == Provider.WEB_PUSH)


async def test_a_provider_is_asked_no_sooner_than_it_says(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    await give_phone(database, organisation.person("member"))
    post = Post(database)
    post.fcm.answers = lambda *_: Sent(Outcome.RETRY, retry_after=600)
    await publish(database, organisation)
    await post.deliver()
    clock.advance(seconds=599)
    await post.deliver()
    assert len(post.fcm.sent) == 1
    clock.advance(seconds=1)
    await post.deliver()
    assert len(post.fcm.sent) == 2


@pytest.mark.parametrize("attempts", range(1, ATTEMPTS_MOST))
def test_pauses_grow_and_are_bounded(attempts: int) -> None:
    pauses = {pause_after(attempts, None) for _ in range(50)}
    assert len(pauses) > 1, "they are spread"
    assert all(2.5 * 2 ** (attempts - 1) <= pause <= 5 * 2 ** (attempts - 1) <= 900 for pause in pauses)
    assert pause_after(attempts, 10_000) == 10_000


def test_who_fails_again_and_again_is_left_alone() -> None:
    breaker = Breaker()
    for _ in range(30):
        breaker.note(failed=True)
    assert breaker.is_open
    breaker = Breaker()
    for _ in range(100):
        breaker.note(failed=True)
        breaker.note(failed=False)
    assert not breaker.is_open, "some that fail among others are no reason"


async def test_who_is_left_alone_is_asked_again_after_a_while(
    database: Database, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "_SHORTEST", 0.05)
    for person in organisation.people.values():
        for n in range(3):
            await give_phone(database, person, name=f"{person.member_no}.{n}")
    post = Post(database)
    post.fcm.answers = lambda *_: Sent(Outcome.RETRY, detail="503")
    await publish(database, organisation, "tw")
    await post.deliver()
    assert 20 <= len(post.fcm.sent) < 20 + post.fcm.concurrency
    post.fcm.answers = lambda *_: Sent(Outcome.SENT)
    clock.advance(minutes=1)

    async def is_told() -> bool:
        await post.deliver()
        return all(each.finished_at for each in await post.deliveries())

    await until(is_told)
    assert all(each.attempts <= 2 for each in await post.deliveries())


async def test_no_message_waits_for_another(database: Database, organisation: Organisation) -> None:
    """A large one that hangs, a small one behind it, and an urgent one behind both."""
    for person in organisation.people.values():
        await give_phone(database, person)
    post = Post(database, concurrency=2)
    large = await publish(database, organisation, "tw", title="Lớn")
    small = await publish(database, organisation, "to", title="Nhỏ")
    urgent = await publish(database, organisation, "to", title="Khẩn", priority="urgent")
    await post.deliver()
    order = [push.id for _, push in post.fcm.sent]
    count = Counter(order)
    assert (count[small.id], count[urgent.id]) == (1, 1)
    assert count[large.id] > 8
    assert order.index(urgent.id) < 8 > order.index(small.id), "in the first of several batches"


async def test_a_provider_that_hangs_holds_up_no_other(database: Database, organisation: Organisation) -> None:
    await equip(database, organisation)
    post = Post(database)
    post.fcm.gate.clear()
    web = post.channels[Provider.WEB_PUSH]
    await publish(database, organisation)
    post.deliverer.start()

    async def is_told() -> bool:
        return len(web.sent) == len(NAMES) and post.fcm.under_way == post.fcm.concurrency

    await until(is_told)
    assert post.fcm.sent == []
    post.deliverer.leave()
    post.fcm.gate.set()
    await post.deliverer.stop()
    assert len(post.fcm.sent) == post.fcm.concurrency, "what is under way is finished, and nothing is begun"
    held = [each for each in await post.deliveries() if each.lease is not None]
    assert held == []
    assert len([each for each in await post.deliveries() if each.state is DeliveryState.SENT]) == len(NAMES) + 8


async def test_what_was_given_up_is_sent_again_when_an_operator_says_so(
    database: Database, organisation: Organisation
) -> None:
    for name in NAMES:
        await give_phone(database, organisation.person(name))
    post = Post(database)
    post.fcm.answers = lambda *_: Sent(Outcome.REFUSED, detail="403 SENDER_ID_MISMATCH")
    notice = await publish(database, organisation)
    await post.deliver()
    async with transaction(database, writes=False) as session:
        (dead,) = await dead_letters(session, 10)
    assert (dead.thing_id, dead.number, dead.detail) == (notice.id, len(NAMES), "403 SENDER_ID_MISMATCH")
    post.fcm.answers = lambda *_: Sent(Outcome.SENT)
    post.fcm.sent.clear()
    async with transaction(database) as session:
        assert await requeue(session, database.clock(), dead.message_id, 500) == len(NAMES)
    assert await post.told() == number(organisation, *NAMES)
