"""Topics of large channels: who subscribes, and that what is urgent goes once for all of them."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

from api.transactions import transaction
from models import audiences
from models.database import Database
from models.deliveries import handing
from models.deliveries.table import DeliveryState, TopicSubscription
from models.deliveries.topics import CHECK_TOPICS, FOLLOW_TOPICS
from models.devices.table import Device
from models.members.table import Member
from models.sessions import end_sessions
from notifications.channels.protocol import Outcome, Provider, Sent
from tests.api.happenings import transfer
from tests.clock import StandingClock
from tests.notifications.delivering.phones import Post, do_due, give_phone, number, prefer, publish
from tests.organisation import Organisation

CELL = ("member", "fellow", "grouped")


async def opened(database: Database, organisation: Organisation, post: Post, branch: str = "chibo") -> set[str]:
    """A topic of the channel, after some phones were given out; gives who the provider knows to have subscribed."""
    await publish(database, organisation, branch)
    await post.deliver()
    await do_due(database)
    await post.deliver()
    for each in post.channels.values():
        each.sent.clear()
    (subscribed,) = post.fcm.topics.values()
    return subscribed


async def cell_with_topic(database: Database, organisation: Organisation) -> tuple[Post, set[str]]:
    """A phone for each of the cell, all of which subscribed to its topic."""
    for name in CELL:
        await give_phone(database, organisation.person(name))
    post = Post(database, topics_above=2)
    return post, await opened(database, organisation, post)


async def test_what_is_urgent_goes_once_for_all_who_subscribed(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    for name in (*CELL, "neighbour"):
        await give_phone(database, organisation.person(name))
    await give_phone(database, organisation.person("fellow"), Provider.WEB_PUSH)
    post = Post(database, topics_above=2)
    await publish(database, organisation)
    expected = [*number(organisation, *CELL), *number(organisation, "fellow", provider=Provider.WEB_PUSH)]
    assert await post.told() == sorted(expected), "until there is a topic, each by itself"
    await do_due(database)
    await post.deliver()
    ((topic, subscribed),) = post.fcm.topics.items()
    assert subscribed == set(number(organisation, *CELL))
    assert len(topic) == 41, "160 bits that nobody guesses"

    clock.advance(minutes=1)
    await publish(database, organisation, title="Khẩn", priority="urgent")
    assert await post.told() == sorted([topic, *number(organisation, "fellow", provider=Provider.WEB_PUSH)])
    await do_due(database)
    (*_, message) = await post.messages()
    assert (message.by_topic, message.finished_at is not None, message.delivered) == (3, True, 2)

    # one by one as before
    await publish(database, organisation, title="Thường")
    assert await post.told() == sorted(expected)
    # a phone that came since is told by itself until it is subscribed
    await give_phone(database, organisation.person("clerk"))
    await publish(database, organisation, title="Khẩn nữa", priority="urgent")
    assert await post.told() == sorted(
        [topic, *number(organisation, "clerk"), *number(organisation, "fellow", provider=Provider.WEB_PUSH)]
    )


async def test_subscriptions_follow_who_comes_and_goes(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    for name in (*CELL, "neighbour"):
        await give_phone(database, organisation.person(name))
    post = Post(database, topics_above=2)
    subscribed = await opened(database, organisation, post)
    await transfer(database, organisation.person("member"), organisation.branch("kh_chibo"))
    await transfer(database, organisation.person("neighbour"), organisation.branch("chibo"))
    async with transaction(database) as session:
        await end_sessions(session, organisation.person("fellow").id, "signed_out")
    await do_due(database, [FOLLOW_TOPICS])
    await post.deliver()
    assert subscribed == set(number(organisation, "grouped", "neighbour"))


async def test_a_phone_that_is_somebody_elses_by_now_stays_subscribed(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    for name in CELL:
        await give_phone(database, organisation.person(name), name=name)
    post = Post(database, topics_above=2)
    subscribed = await opened(database, organisation, post)
    async with transaction(database) as session:
        await session.execute(
            update(Device).where(col(Device.member_id) == organisation.person("member").id).values(ended_at=clock())
        )
    await give_phone(database, organisation.person("clerk"), name="member")
    clock.advance(days=1)
    await do_due(database, [CHECK_TOPICS])
    await post.deliver()
    assert subscribed == {*CELL}


async def test_a_phone_that_is_somebody_elses_stays_subscribed_whoever_is_told_of_first(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    for name in CELL:
        await give_phone(database, organisation.person(name), name=name)
    post = Post(database, topics_above=2)
    subscribed = await opened(database, organisation, post)
    before = col(TopicSubscription.member_id) == organisation.person("member").id
    async with transaction(database) as session:
        await session.execute(
            update(Device).where(col(Device.member_id) == organisation.person("member").id).values(ended_at=clock())
        )
    await give_phone(database, organisation.person("clerk"), name="member")
    clock.advance(days=1)
    await do_due(database, [CHECK_TOPICS])
    async with transaction(database) as session:
        await session.execute(update(TopicSubscription).where(before).values(due_at=clock() + timedelta(minutes=1)))
    await post.deliver()
    clock.advance(minutes=2)
    await post.deliver()
    assert subscribed == {*CELL}
    async with transaction(database, writes=False) as session:
        assert await session.scalar(select(func.count()).where(before)) == 0, "and nothing is left to be told of it"


async def test_one_look_through_all_makes_subscriptions_right(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    post, subscribed = await cell_with_topic(database, organisation)
    await give_phone(database, organisation.person("clerk"))
    await transfer(database, organisation.person("grouped"), organisation.branch("chibo2"))
    clock.advance(days=1)
    await do_due(database, [CHECK_TOPICS])
    # and the provider is told until it listens
    well = post.fcm.subscribe

    async def refuse(_topic: str, addresses: list[str]) -> list[Sent]:
        return [Sent(Outcome.RETRY) for _ in addresses]

    post.fcm.subscribe = refuse  # type: ignore[method-assign,assignment]  # as long as it is not well
    await post.deliver()
    assert subscribed == set(number(organisation, "member", "fellow"))
    post.fcm.subscribe = well  # type: ignore[method-assign]  # it is again
    clock.advance(minutes=1)
    await post.deliver()
    assert subscribed == set(number(organisation, "member", "fellow", "clerk"))
    assert all(each.state is DeliveryState.SENT for each in await post.deliveries())


async def test_the_same_is_told_however_many_there_are(
    database: Database, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By looking among devices for people, and in more parts than one."""
    monkeypatch.setattr(audiences, "_SMALL", 0)
    monkeypatch.setattr(handing, "PART", 4)
    for name in (*CELL, "neighbour", "clerk", "deputy"):
        await give_phone(database, organisation.person(name))
    for name in ("fellow", "clerk"):
        await give_phone(database, organisation.person(name), Provider.WEB_PUSH)
    for name in ("editor", "auditor", "leader", "sibling_secretary"):  # letters, but for one who does not hear it
        await prefer(database, organisation.person(name), email=True)
        async with transaction(database) as session:
            (await session.get_one(Member, organisation.person(name).id)).email = f"{name}@example.org"
    everyone = [*number(organisation, *CELL, "clerk", "deputy")]
    letters = ["auditor@example.org", "editor@example.org", "leader@example.org"]
    browsers = [*number(organisation, "fellow", "clerk", provider=Provider.WEB_PUSH), *letters]
    post = Post(database, topics_above=2)
    await publish(database, organisation)
    assert await post.told() == sorted([*everyone, *browsers])
    await do_due(database)
    await post.deliver()
    ((topic, subscribed),) = post.fcm.topics.items()
    assert subscribed == set(everyone)
    clock.advance(minutes=1)
    await publish(database, organisation, title="Khẩn", priority="urgent")
    assert await post.told() == sorted([topic, *browsers])


async def test_all_who_subscribed_are_told_once_an_operator_has_mended_what_was_wrong(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    post, _ = await cell_with_topic(database, organisation)
    clock.advance(minutes=1)
    post.fcm.answers = lambda *_: Sent(Outcome.REFUSED, detail="400 INVALID_ARGUMENT")
    await publish(database, organisation, title="Khẩn", priority="urgent")
    for _ in range(10):
        await post.deliver()
        clock.advance(minutes=1)
    assert len(post.fcm.sent) == 10, "a minute is the longest pause"
    post.fcm.sent.clear()
    post.fcm.answers = lambda *_: Sent(Outcome.SENT)
    assert await post.told() == [*post.fcm.topics]
