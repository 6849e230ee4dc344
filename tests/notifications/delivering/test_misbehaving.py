"""Providers that refuse, break and ask to be left alone: all comes to an end, and nothing waits for anything else."""

from collections import Counter
from collections.abc import Sequence
from itertools import cycle
from typing import Any
from uuid import UUID

import pytest

from api.transactions import transaction
from models.database import Database
from models.deliveries.dead import dead_letters, requeue
from models.deliveries.facts import Thing, things_of
from models.deliveries.table import DeliveryState
from models.devices.table import Device
from models.outbox import OutboxMessage
from notifications import looking, pacing
from notifications.channels.protocol import Outcome, Provider, Push, Sent
from notifications.pacing import Breaker
from notifications.retries import pause_after
from tests.clock import StandingClock
from tests.notifications.delivering.phones import Post, give_phone, number, publish
from tests.organisation import Organisation
from tests.serving import until

NAMES = ("member", "fellow", "grouped", "clerk", "deputy", "secretary", "editor", "auditor", "leader")


async def equip(database: Database, organisation: Organisation) -> None:
    for name in NAMES:
        for provider in (Provider.FCM, Provider.WEB_PUSH):
            await give_phone(database, organisation.person(name), provider)


async def pass_hours(post: Post, clock: StandingClock, hours: int) -> None:
    for _ in range(hours * 12):
        await post.deliver()
        clock.advance(minutes=5)
    await post.deliver()


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
    await pass_hours(post, clock, 3)
    ends = Counter((each.provider, each.state) for each in await post.deliveries())
    assert ends[Provider.FCM, DeliveryState.SENT] > 0 < ends[Provider.FCM, DeliveryState.GONE]
    assert (Provider.FCM, DeliveryState.WAITING) not in ends
    assert ends[Provider.WEB_PUSH, DeliveryState.WAITING] == len(NAMES), "while it has something to say it is tried"
    clock.advance(days=7)
    await post.deliver()
    tried = [each for each in await post.deliveries() if each.provider == Provider.WEB_PUSH]
    assert {(each.state, each.detail) for each in tried} == {(DeliveryState.DEAD, "ValueError")}
    assert all(9 < each.attempts < 20 for each in tried)


async def test_nothing_is_given_up_while_our_own_credentials_are_wrong(
    database: Database, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "_FAILURES", 10**6)
    for name in NAMES:
        await give_phone(database, organisation.person(name))
    post = Post(database)
    post.fcm.answers = lambda *_: Sent(Outcome.RETRY, detail="403 PERMISSION_DENIED")
    await publish(database, organisation)
    await pass_hours(post, clock, 24)
    post.fcm.sent.clear()
    post.fcm.answers = lambda *_: Sent(Outcome.SENT)
    clock.advance(hours=1)
    assert await post.told() == number(organisation, *NAMES)


async def test_what_cannot_be_looked_up_holds_up_nothing_else(
    database: Database, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        await give_phone(database, organisation.person(name))
    post = Post(database)
    broken = await publish(database, organisation)
    await publish(database, organisation, "tw")

    async def stumble(session: Any, messages: Sequence[OutboxMessage]) -> dict[UUID, Thing]:
        if any(message.thing_id == broken.id for message in messages):
            raise ValueError("a row that nobody foresaw")
        return await things_of(session, messages)

    monkeypatch.setattr(looking, "things_of", stumble)
    assert await post.told() == number(organisation, *NAMES)
    monkeypatch.undo()
    clock.advance(minutes=1)
    assert await post.told() == number(organisation, *NAMES)


async def test_an_address_that_no_key_opens_waits_for_one(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    device_id = await give_phone(database, organisation.person("member"))
    await give_phone(database, organisation.person("fellow"))
    async with transaction(database) as session:
        device = await session.get_one(Device, device_id)
        well, device.destination = device.destination, "lost" + device.destination
    post = Post(database)
    await publish(database, organisation)
    assert await post.told() == number(organisation, "fellow")
    async with transaction(database) as session:
        (await session.get_one(Device, device_id)).destination = well
    clock.advance(minutes=1)
    assert await post.told() == number(organisation, "member")


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


@pytest.mark.parametrize("attempts", [*range(1, 12), 1025, 32_767])
def test_pauses_grow_and_are_bounded(attempts: int) -> None:
    pauses = {pause_after(attempts, None) for _ in range(50)}
    longest = min(5 * 2 ** (attempts - 1), 3600)
    assert len(pauses) > 1, "they are spread"
    assert all(longest / 2 <= pause <= longest for pause in pauses)
    assert pause_after(attempts, 10_000) == 10_000
    assert pause_after(attempts, None, 60) <= 60


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
    post.fcm.sent.clear()
    clock.advance(minutes=1)

    async def is_asked() -> bool:
        await post.deliver()
        return bool(post.fcm.sent)

    await until(is_asked)
    assert len(post.fcm.sent) == 1, "by one, to see whether it is well"
    post.fcm.answers = lambda *_: Sent(Outcome.SENT)
    clock.advance(minutes=1)

    async def is_told() -> bool:
        await post.deliver()
        return all(each.finished_at for each in await post.deliveries())

    await until(is_told)
    assert all(each.attempts <= 3 for each in await post.deliveries())


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


async def test_no_more_is_sent_again_than_an_operator_says(database: Database, organisation: Organisation) -> None:
    for name in NAMES:
        await give_phone(database, organisation.person(name))
    post = Post(database)
    post.fcm.answers = lambda *_: Sent(Outcome.REFUSED)
    for _ in range(3):
        await publish(database, organisation)
    await post.deliver()
    async with transaction(database) as session:
        assert await requeue(session, database.clock(), None, 10) == 10
    waiting = [each for each in await post.deliveries() if each.state is DeliveryState.WAITING]
    assert len(waiting) == 10
