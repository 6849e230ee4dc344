"""One provider's deliveries: claim, look again, send, write down what became of it.

At least once: what was sent when a process died is sent again, under the same collapse id, and by nobody before its
lease has run out.
"""

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from models.base import new_id
from models.deliveries.claims import Lease, claim, give_back
from models.deliveries.devices import forget_devices
from models.deliveries.outcomes import Ending, write_endings
from models.deliveries.table import Delivery
from models.outbox import OutboxMessage
from notifications.channels.protocol import Outcome, Provider, PushChannel, Sent, TopicChannel
from notifications.looking import Ready, look_again
from notifications.means import Means
from notifications.pacing import Breaker, Pace
from notifications.retries import ending_of

_QUEUED = 3
"""How many times as many are claimed as are under way: so many are handed on before the database is asked again."""
_MOST = 500
_IDLE = 1.0
_GATHERING = 0.02
"""Seconds in which outcomes come together to be written at once."""

_log = logging.getLogger("handbook")


class Lane:
    """Whatever goes by one provider. `run` until told to stop; what is under way then is finished."""

    def __init__(self, provider: Provider, channel: PushChannel, topics: TopicChannel | None, means: Means) -> None:
        self._provider = provider
        self._channel = channel
        self._topics = topics
        self._means = means
        self._most = min(_MOST, max(channel.concurrency, 1) * (1 + _QUEUED))
        self._free = asyncio.Semaphore(max(channel.concurrency, 1))
        self._pace = Pace(means.per_minute.get(provider, 600_000))
        self._breaker = Breaker()
        self._tasks: set[asyncio.Task[None]] = set()
        self._endings: list[Ending] = []
        self._gone: list[tuple[UUID, str]] = []
        self._unsent: list[Delivery] = []
        self._moved = asyncio.Event()
        self._stopping = False
        lease = means.lease.total_seconds()
        self._patience, self._safe = lease / 2, lease / 4
        """Seconds that a channel gets, whose own limits are shorter, and that what was claimed may wait here: who
        sends later than that may not be the only one.
        """

    def leave(self) -> None:
        self._stopping = True
        self._moved.set()

    def wake(self) -> None:
        self._moved.set()

    async def run(self) -> None:
        while not self._stopping or self._tasks or self._has_words:
            try:
                began = 0
                if not self._stopping and len(self._tasks) <= self._most // 2:
                    began = await self._begin()
                if not began:
                    await self._rest()
                await self._write()
            except Exception as error:  # noqa: BLE001 - a database that is gone or slow; what is known is kept
                _log.warning("pushes by %s wait for the database: %s", self._provider, type(error).__name__)
                if self._stopping and not self._tasks:
                    return  # the leases run out
                await asyncio.sleep(_IDLE * random.uniform(0.8, 1.2))  # noqa: S311 - to spread

    async def drain(self) -> int:
        """All that is due now and may be sent, to the end; gives how many were looked at."""
        done = 0
        while began := await self._begin():
            done += began
            while self._tasks:
                await asyncio.wait(self._tasks)
            await self._write()
        await self._write()
        return done

    @property
    def _room(self) -> int:
        """How many more may be claimed: as many as have their turn long before their lease runs out."""
        if self._breaker.is_open:
            return 0
        if self._breaker.is_trying:
            return 0 if self._tasks else min(1, self._pace.room(self._safe))
        return min(self._most, self._pace.room(self._safe / 2)) - len(self._tasks)

    async def _begin(self) -> int:
        self._means.figures.open_breakers[self._provider] = self._breaker.is_open
        room = self._room
        if room <= 0:
            return 0
        async with self._means.begin() as session:
            at = await self._means.clock(session)
            deliveries, messages = await claim(session, self._provider, at, room, Lease(new_id(), self._means.lease))
        oldest = min((delivery.due_at for delivery in deliveries), default=at)
        self._means.figures.behind[self._provider] = max((at - oldest).total_seconds(), 0.0)
        until = time.monotonic() + self._safe
        left = defaultdict(list)
        for delivery in deliveries:
            left[delivery.message_id].append(delivery)
        try:
            for message_id in list(left):
                await self._look_again(messages[message_id], left[message_id], at, until)
                del left[message_id]
        except BaseException:
            self._unsent += [delivery for mine in left.values() for delivery in mine]
            raise
        return len(deliveries)

    async def _look_again(self, message: OutboxMessage, mine: Sequence[Delivery], at: datetime, until: float) -> None:
        for each in await look_again(self._means, self._provider, message, mine, at):
            if isinstance(each, Ending):
                self._endings.append(each)
                continue
            task = asyncio.create_task(self._deliver(each, until), name=f"push by {self._provider}")
            self._tasks.add(task)
            task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._moved.set()

    async def _deliver(self, ready: Ready, until: float) -> None:
        async with self._free:
            if self._is_held or not await self._pace.turn(until) or self._is_held:
                self._unsent.append(ready.delivery)
                return
            began = time.monotonic()
            sent = await self._send(ready)
            self._means.figures.time(self._provider, time.monotonic() - began)
        self._breaker.note(failed=sent.outcome is Outcome.RETRY)
        self._means.figures.count(self._provider, sent.outcome)
        delivery = ready.delivery
        if sent.outcome is Outcome.GONE and ready.to is not None and delivery.device_id is not None:
            self._gone.append((delivery.device_id, ready.to.address))
        if ready.to is None and sent.outcome is not Outcome.SENT:
            _log.error("all who subscribed wait for message %s: %s", delivery.message_id, sent.detail)
        self._endings.append(ending_of(delivery, sent))

    async def _send(self, ready: Ready) -> Sent:
        try:
            async with asyncio.timeout(self._patience):
                if ready.to is not None:
                    return await self._channel.send(ready.to, ready.push)
                if self._topics is None:
                    return Sent(Outcome.REFUSED, detail="no provider has topics any more")
                return await self._topics.send_to_topic(ready.delivery.topic or "", ready.push)
        except TimeoutError:
            return Sent(Outcome.RETRY, detail="no answer")
        except Exception as error:  # noqa: BLE001 - whatever a channel did not foresee ends none of the others
            _log.exception("a push by %s was not sent", self._provider)
            return Sent(Outcome.RETRY, detail=type(error).__name__)

    @property
    def _is_held(self) -> bool:
        return self._stopping or self._breaker.is_open

    @property
    def _has_words(self) -> bool:
        return bool(self._endings or self._unsent or self._gone)

    async def _write(self) -> None:
        if not self._has_words:
            return
        endings, unsent, gone = self._endings, self._unsent, self._gone
        self._endings, self._unsent, self._gone = [], [], []
        try:
            async with self._means.begin() as session:
                at = await self._means.clock(session)
                await write_endings(session, endings, at)
                await give_back(session, unsent)
                if gone:
                    await forget_devices(session, gone)
        except BaseException:
            self._endings, self._unsent, self._gone = endings + self._endings, unsent + self._unsent, gone + self._gone
            raise

    async def _rest(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_IDLE * random.uniform(0.8, 1.2)):  # noqa: S311 - to spread
                await self._moved.wait()
                if self._tasks and not self._stopping:
                    await asyncio.sleep(_GATHERING)
        self._moved.clear()
