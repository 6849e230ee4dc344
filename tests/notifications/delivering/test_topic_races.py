"""Topics while several are at it: nobody is left out of what is urgent, and nobody stays who left."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

from api.transactions import transaction
from models import audiences
from models.branches import move_branch
from models.database import Database
from models.deliveries import handing, topics
from models.deliveries.table import SubscriptionState, TopicSubscription
from models.deliveries.telling_topics import take_turn, write_turn
from models.deliveries.topics import CHECK_TOPICS, FOLLOW_TOPICS
from models.devices import rules
from models.devices.rules import put_device
from models.devices.shapes import DeviceProvider, DevicePut
from models.devices.table import Device
from models.permissions import OPERATOR
from models.sessions import IDLE_MOST, DeviceSession, end_sessions
from notifications.channels.protocol import Outcome, Sent
from notifications.fanout import hand_out_some
from notifications.subscriptions import tell_subscriptions
from tests.api.happenings import transfer
from tests.clock import StandingClock
from tests.notifications.delivering.phones import Post, do_due, give_phone, number, publish
from tests.notifications.delivering.test_topics import CELL, cell_with_topic, opened
from tests.organisation import Organisation, Person

LEASE = timedelta(minutes=1)


async def end_phone(database: Database, person: Person, clock: StandingClock) -> None:
    async with transaction(database) as session:
        await session.execute(update(Device).where(col(Device.member_id) == person.id).values(ended_at=clock()))


async def sign_out(database: Database, person: Person) -> None:
    async with transaction(database) as session:
        await end_sessions(session, person.id, "signed_out")


@pytest.mark.parametrize("small", [0, 30])
async def test_who_subscribes_while_it_is_handed_out_is_told_too(
    database: Database, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    """The topic was sent before they were there, and their own part comes after."""
    monkeypatch.setattr(audiences, "_SMALL", small)
    monkeypatch.setattr(handing, "PART", 2)
    post, _ = await cell_with_topic(database, organisation)
    late = ("clerk", "deputy", "auditor")
    for name in late:
        await give_phone(database, organisation.person(name))
    clock.advance(days=1)
    await do_due(database, [CHECK_TOPICS])
    await publish(database, organisation, title="Khẩn", priority="urgent")
    await hand_out_some(post.means)
    assert await tell_subscriptions(post.means, post.fcm)
    assert await post.told() == sorted([*post.fcm.topics, *number(organisation, *late)])


async def test_who_was_subscribed_a_moment_ago_is_told_by_themselves(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    post, _ = await cell_with_topic(database, organisation)
    await publish(database, organisation, title="Khẩn", priority="urgent")
    assert await post.told() == number(organisation, *CELL), "the provider may not know it everywhere"


async def test_a_phone_that_changes_hands_while_its_provider_is_told(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    """That its old owner left it may reach the provider after that its new owner subscribes."""
    for name in CELL:
        await give_phone(database, organisation.person(name), name=name)
    post = Post(database, topics_above=2)
    subscribed = await opened(database, organisation, post)
    await end_phone(database, organisation.person("member"), clock)
    clock.advance(days=1)
    await do_due(database, [CHECK_TOPICS])
    async with transaction(database) as session:
        leaving = await take_turn(session, clock(), 100, LEASE)
    await give_phone(database, organisation.person("clerk"), name="member")
    clock.advance(days=1)
    await do_due(database, [CHECK_TOPICS])
    async with transaction(database) as session:
        await session.execute(
            update(TopicSubscription)
            .where(col(TopicSubscription.state) == SubscriptionState.UNWANTED)
            .values(due_at=clock() + LEASE)
        )
        joining = await take_turn(session, clock(), 100, LEASE)
    assert leaving is not None
    assert joining is not None
    (old,), (new,) = leaving.subscribers, joining.subscribers
    assert old.address == new.address == "member"
    async with transaction(database) as session:
        await write_turn(session, leaving, clock(), done=[old.device_id], dropped=(), again=())
    subscribed.remove("member")  # it came last
    async with transaction(database) as session:
        await write_turn(session, joining, clock(), done=[new.device_id], dropped=(), again=())
    await post.deliver()
    assert subscribed == {*CELL}


async def test_who_leaves_while_they_are_subscribed_is_unsubscribed_after_it(
    database: Database, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CELL:
        await give_phone(database, organisation.person(name))
    post = Post(database, topics_above=2)
    subscribe = post.fcm.subscribe

    async def slowly(topic: str, addresses: Sequence[str]) -> Sequence[Sent]:
        await sign_out(database, organisation.person("member"))
        await do_due(database, [FOLLOW_TOPICS])
        assert not await tell_subscriptions(post.means, post.fcm), "not before this has ended"
        return await subscribe(topic, addresses)

    monkeypatch.setattr(post.fcm, "subscribe", slowly)
    subscribed = await opened(database, organisation, post)
    clock.advance(minutes=1)
    await post.deliver()
    assert subscribed == set(number(organisation, "fellow", "grouped"))


async def test_that_somebody_left_is_told_until_it_is_heard(
    database: Database, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    post, subscribed = await cell_with_topic(database, organisation)

    async def refuse(_topic: str, addresses: Sequence[str]) -> Sequence[Sent]:
        return [Sent(Outcome.REFUSED) for _ in addresses]

    with monkeypatch.context() as ill:
        ill.setattr(post.fcm, "unsubscribe", refuse)
        await transfer(database, organisation.person("member"), organisation.branch("kh_chibo"))
        await do_due(database, [FOLLOW_TOPICS])
        await post.deliver()
        assert len(subscribed) == 3
    clock.advance(hours=1)
    await post.deliver()
    assert subscribed == set(number(organisation, "fellow", "grouped"))


async def test_who_did_not_come_for_long_is_no_subscriber(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    post, subscribed = await cell_with_topic(database, organisation)
    async with transaction(database) as session:
        asleep = col(DeviceSession.member_id) == organisation.person("member").id
        await session.execute(update(DeviceSession).where(asleep).values(used_at=clock() - IDLE_MOST))
    clock.advance(days=1)
    await do_due(database, [CHECK_TOPICS])
    await post.deliver()
    assert subscribed == set(number(organisation, "fellow", "grouped"))


async def test_who_leaves_is_not_passed_over_by_a_look_through_all(
    database: Database, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins before they leave, and comes to them last."""
    people = sorted((organisation.person(name) for name in CELL), key=lambda person: person.id)
    for person in people:
        await give_phone(database, person)
    post = Post(database, topics_above=2)
    subscribed = await opened(database, organisation, post)
    monkeypatch.setattr(topics, "_PART", 1)
    await sign_out(database, people[-1])
    clock.advance(days=1)
    await do_due(database, [CHECK_TOPICS])
    await do_due(database, [FOLLOW_TOPICS])
    await post.deliver()
    assert subscribed == {f"fcm:{person.member_no}" for person in people[:-1]}


async def test_more_changes_at_once_than_are_gone_through_begin_the_look_anew(
    database: Database, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    post, subscribed = await cell_with_topic(database, organisation)
    monkeypatch.setattr(topics, "_PART", 1)
    async with transaction(database) as session:
        for name in ("member", "fellow"):
            await end_sessions(session, organisation.person(name).id, "signed_out")
    for _ in range(10):
        await do_due(database, [FOLLOW_TOPICS, CHECK_TOPICS])
    await post.deliver()
    assert subscribed == set(number(organisation, "grouped"))


async def test_a_branch_that_moves_takes_its_subscribers_along(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    for name in (*CELL, "neighbour"):
        await give_phone(database, organisation.person(name))
    post = Post(database, topics_above=2)
    subscribed = await opened(database, organisation, post, "coso")
    async with transaction(database) as session:
        moved, parent = organisation.branch("chibo").id, organisation.branch("tinh").id
        await move_branch(session, OPERATOR, moved, parent)
    await do_due(database)
    await post.deliver()
    assert subscribed == set(number(organisation, "neighbour"))


async def test_a_look_goes_through_those_who_hear_it_alone(
    database: Database, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a channel of few among many, that is; of one of nearly all it goes through all."""
    for name in (*CELL, "neighbour", "stranger"):
        await give_phone(database, organisation.person(name))
    looked_at: list[int] = []
    look = topics.subscribers

    async def counted(*said: object) -> int:
        looked_at.append(len(said[2]))  # type: ignore[arg-type]  # members
        return await look(*said)  # type: ignore[arg-type]

    monkeypatch.setattr(topics, "subscribers", counted)
    post = Post(database, topics_above=2)
    expected = set(number(organisation, *CELL))
    assert await opened(database, organisation, post) == expected
    assert max(looked_at) == 3
    monkeypatch.setattr(audiences, "_SMALL", 0)
    clock.advance(days=1)
    await do_due(database, [CHECK_TOPICS])
    assert max(looked_at) == 5
    await post.deliver()
    assert set(*post.fcm.topics.values()) == expected
    async with transaction(database, writes=False) as session:
        assert await session.scalar(select(func.count()).select_from(TopicSubscription)) == 3


async def test_a_new_token_and_the_news_that_the_old_one_is_dead_wait_for_each_other_in_no_circle(
    database: Database, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones = {name: await give_phone(database, organisation.person(name)) for name in CELL}
    post = Post(database, topics_above=2)
    subscribed = await opened(database, organisation, post)
    async with transaction(database) as session:
        await session.execute(
            update(TopicSubscription)
            .where(col(TopicSubscription.device_id) == phones["member"])
            .values(state=SubscriptionState.WANTED, due_at=clock())
        )
    begun, again = asyncio.Event(), rules._subscribe_again

    async def slowly(*said: Any) -> None:
        begun.set()  # the device is locked, its subscriptions are not
        await asyncio.sleep(0.2)
        await again(*said)

    async def nobody_there(_topic: str, addresses: Sequence[str]) -> Sequence[Sent]:
        registering = asyncio.create_task(register())
        tasks.append(registering)
        await begun.wait()
        return [Sent(Outcome.GONE) for _ in addresses]

    async def register() -> None:
        async with transaction(database) as session:
            viewer = await organisation.viewer(session, "member")
            put = DevicePut(provider=DeviceProvider.FCM, token="new")
            await put_device(session, viewer, phones["member"], put, ())

    tasks: list[asyncio.Task[None]] = []
    monkeypatch.setattr(rules, "_subscribe_again", slowly)
    with monkeypatch.context() as ill:
        ill.setattr(post.fcm, "subscribe", nobody_there)
        assert await tell_subscriptions(post.means, post.fcm)
        await asyncio.gather(*tasks)
    clock.advance(minutes=1)
    await post.deliver()
    assert subscribed == {*number(organisation, "fellow", "grouped"), "new"}
