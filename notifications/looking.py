"""Looking again, right before sending: what is claimed of one message, and to whom it still goes."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.database import is_lost
from models.deliveries.facts import Recipient, Thing, recipients_of, things_of
from models.deliveries.outcomes import Ending
from models.deliveries.table import Delivery, DeliveryState
from models.outbox import OutboxMessage
from notifications.channels.protocol import Endpoint, Outcome, Provider, Push, Sent
from notifications.decide import Go, Later, Skip, Why, judge, judge_message, push_of
from notifications.means import Means
from notifications.retries import ending_of

_log = logging.getLogger("handbook")


@dataclass(frozen=True, slots=True)
class Ready:
    """To be sent."""

    delivery: Delivery
    push: Push
    to: Endpoint | None
    """None for a topic."""


async def look_again(
    means: Means, provider: Provider, message: OutboxMessage, deliveries: Sequence[Delivery], at: datetime
) -> Sequence[Ready | Ending]:
    """One that cannot be looked up is put off, and no other message with it. Raises what says that the database is
    lost.
    """
    to_devices = [delivery for delivery in deliveries if delivery.topic is None]
    known: dict[UUID, Recipient] = {}
    try:
        async with means.read() as session:
            thing = (await things_of(session, [message])).get(message.id)
            if thing is not None and to_devices:
                known = await recipients_of(session, message, to_devices, thing, at)
    except Exception as error:
        if is_lost(error):
            raise
        _log.exception("message %s cannot be looked up", message.id)
        failed = Sent(Outcome.RETRY, detail=type(error).__name__)
        return [ending_of(delivery, failed) for delivery in deliveries]
    judged = list(_judged(provider, message, thing, deliveries, known, at))
    for each in judged:
        if isinstance(each, Ending) and each.state is DeliveryState.SKIPPED:
            means.figures.count(provider, each.detail or "")
    return judged


def _judged(
    provider: Provider,
    message: OutboxMessage,
    thing: Thing | None,
    deliveries: Sequence[Delivery],
    known: dict[UUID, Recipient],
    at: datetime,
) -> Iterator[Ready | Ending]:
    why = judge_message(message, thing, at)
    if thing is None or why is not None:
        yield from (_ended(delivery, why or Why.STALE) for delivery in deliveries)
        return
    push = push_of(message, thing, at)
    for delivery in deliveries:
        if delivery.topic is not None:
            yield Ready(delivery, push, None)
        elif (to := known.get(delivery.id)) is None:
            yield _ended(delivery, Why.SIGNED_OUT)
        else:
            match judge(message, thing, to, at):
                case Skip(reason):
                    yield _ended(delivery, reason)
                case Later(until):
                    yield Ending(delivery, DeliveryState.WAITING, "quiet hours", until)
                case Go() if to.destination is None:
                    yield ending_of(delivery, Sent(Outcome.RETRY, detail="its address cannot be opened"))
                case Go():
                    yield Ready(delivery, push, Endpoint(provider, *to.destination, to.language))


def _ended(delivery: Delivery, why: Why) -> Ending:
    if why is Why.EXPIRED and delivery.attempts:  # tried in vain to the end
        return Ending(delivery, DeliveryState.DEAD, delivery.detail)
    return Ending(delivery, DeliveryState.SKIPPED, why)
