"""Telling a provider who subscribes to the topics of large channels."""

from collections import defaultdict
from datetime import timedelta

from models.deliveries.devices import forget_devices
from models.deliveries.table import SubscriptionState
from models.deliveries.telling_topics import Subscriber, take_turn, write_turn
from notifications.channels.protocol import Outcome, Sent, TopicChannel
from notifications.means import Means
from notifications.retries import pause_after

_AT_ONCE = 1000


async def tell_subscriptions(means: Means, topics: TopicChannel) -> bool:
    """A thousand devices at most; gives whether there may be more."""
    async with means.begin() as session:
        turn = await take_turn(session, await means.clock(session), _AT_ONCE, means.lease)
    if turn is None:
        return False
    joins = turn.state is SubscriptionState.WANTED
    tell = topics.subscribe if joins else topics.unsubscribe
    answers = await tell(turn.name, [each.address for each in turn.subscribers])
    told: dict[Outcome, list[tuple[Subscriber, Sent]]] = defaultdict(list)
    for subscriber, sent in zip(turn.subscribers, answers, strict=True):
        # of who was not unsubscribed it must not be forgotten that they are to be
        outcome = Outcome.RETRY if sent.outcome is Outcome.REFUSED and not joins else sent.outcome
        told[outcome].append((subscriber, sent))
    gone = [(each.device_id, each.address) for each, _ in told[Outcome.GONE]]
    async with means.begin() as session:
        at = await means.clock(session)
        if gone:  # first: whoever registers a device locks it before its subscriptions
            await forget_devices(session, gone)
        await write_turn(
            session,
            turn,
            at,
            done=[each.device_id for each, _ in told[Outcome.SENT]],
            dropped=[each.device_id for each, _ in (*told[Outcome.GONE], *told[Outcome.REFUSED])],
            again=[
                (each, at + timedelta(seconds=pause_after(each.attempts + 1, sent.retry_after)))
                for each, sent in told[Outcome.RETRY]
            ],
        )
    return True
