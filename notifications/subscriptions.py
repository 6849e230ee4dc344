"""Telling a provider who subscribes to the topics of large channels."""

from datetime import timedelta

from models.deliveries.devices import forget_devices
from models.deliveries.table import SubscriptionState
from models.deliveries.telling_topics import drop_subscribers, take_turn, write_turn
from notifications.channels.protocol import Outcome, TopicChannel
from notifications.means import Means
from notifications.retries import pause_after

_AT_ONCE = 1000


async def tell_subscriptions(means: Means, topics: TopicChannel) -> bool:
    """A thousand devices at most; gives whether there may be more."""
    async with means.begin() as session:
        turn = await take_turn(session, await means.clock(session), _AT_ONCE, means.lease)
    if turn is None:
        return False
    tell = topics.subscribe if turn.state is SubscriptionState.WANTED else topics.unsubscribe
    answers = await tell(turn.name, [each.address for each in turn.subscribers])
    told = list(zip(turn.subscribers, answers, strict=True))
    gone = [each for each, sent in told if sent.outcome is Outcome.GONE]
    refused = [each for each, sent in told if sent.outcome is Outcome.REFUSED]
    done = [each for each, sent in told if sent.outcome is Outcome.SENT]
    again = [(each, sent) for each, sent in told if sent.outcome is Outcome.RETRY]
    async with means.begin() as session:
        at = await means.clock(session)
        later = [
            (each.device_id, at + timedelta(seconds=pause_after(each.attempts + 1, sent.retry_after)))
            for each, sent in again
        ]
        await write_turn(session, turn, done, later)
        await drop_subscribers(session, turn, [*gone, *refused])
        if gone:
            await forget_devices(session, [(each.device_id, each.address) for each in gone])
    return True
