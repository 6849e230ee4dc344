"""What becomes of a delivery by what its provider said, and when it is tried again."""

import random

from models.deliveries.outcomes import Ending
from models.deliveries.table import Delivery, DeliveryState
from notifications.channels.protocol import Outcome, Sent

_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 3600.0
"""Seconds before the second attempt, and between any two; a provider may ask for more."""
_LONGEST_FOR_TOPIC = 60.0
"""All who subscribed wait for it, and it is one call."""
_DOUBLINGS_MOST = 16
_FINAL = {Outcome.GONE: DeliveryState.GONE, Outcome.REFUSED: DeliveryState.DEAD}


def ending_of(delivery: Delivery, sent: Sent) -> Ending:
    """It is tried again for as long as its message has something to say; whether that is so is seen at the next
    attempt. The one of a topic is tried again even where it was refused: no device is at fault, but something that an
    operator can mend while all who subscribed wait.
    """
    if sent.outcome is Outcome.SENT:
        return Ending(delivery, DeliveryState.SENT, attempts=1)
    if sent.outcome in _FINAL and delivery.topic is None:
        return Ending(delivery, _FINAL[sent.outcome], sent.detail, attempts=1)
    longest = _LONGEST_PAUSE if delivery.topic is None else _LONGEST_FOR_TOPIC
    pause = pause_after(delivery.attempts + 1, sent.retry_after, longest)
    return Ending(delivery, DeliveryState.WAITING, sent.detail, pause=pause, attempts=1)


def pause_after(attempts: int, retry_after: float | None, longest: float = _LONGEST_PAUSE) -> float:
    """Seconds: twice as long each time, spread, and never shorter than the provider asks for."""
    pause: float = min(_FIRST_PAUSE * 2 ** min(attempts - 1, _DOUBLINGS_MOST), longest)
    return max(pause * random.uniform(0.5, 1.0), retry_after or 0.0)  # noqa: S311 - to spread
