"""From messages to deliveries: a part of each in turn, so that one to the whole nation keeps no other waiting."""

import logging
from uuid import UUID

from models.database import is_lost
from models.deliveries.facts import things_of
from models.deliveries.handing import hand_out, hold_message, unsent, want_topic
from notifications.decide import TABLE, judge_message, needs_person
from notifications.means import Means

_MESSAGES_MOST = 50
_log = logging.getLogger("handbook")


async def hand_out_some(means: Means) -> bool:
    """One part of each message that waits, urgent ones first; gives whether more is left.

    A message that cannot be handed out leaves the others be.
    """
    async with means.read() as session:
        waiting = await unsent(session, _MESSAGES_MOST)
    more, held = False, 0
    for message_id in waiting:
        try:
            left = await _hand_out(means, message_id)
        except Exception as error:
            if is_lost(error):
                raise
            _log.exception("message %s is not handed out", message_id)
            continue
        held += left is not None
        more = more or left is True
    return more or (held > 0 and len(waiting) == _MESSAGES_MOST)


async def _hand_out(means: Means, message_id: UUID) -> bool | None:
    """Whether more of it is left; None where another is at it."""
    async with means.begin() as session:
        message = await hold_message(session, message_id)
        if message is None:
            return None
        at = await means.clock(session)
        thing = (await things_of(session, [message])).get(message.id)
        if judge_message(message, thing, at) is not None:
            message.begun_at = message.begun_at or at
            message.sent_at = at
            return False
        urgent = TABLE[message.cause].is_urgent(message)
        by_topic = urgent and not needs_person(message.cause)
        more = await hand_out(session, message, at, urgent=urgent, per_minute=means.spread, topics=by_topic)
        if message.member_id is None and message.planned > means.topics_above:
            await want_topic(session, message)
        return more
