"""Everything that goes to devices, from the outbox on: handing messages out, a lane a provider, and topics."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from notifications.channels.protocol import Provider, PushChannel, TopicChannel
from notifications.fanout import hand_out_some
from notifications.lanes import Lane
from notifications.means import Means
from notifications.subscriptions import tell_subscriptions

_IDLE = 1.0
_LONGEST_PAUSE = 30.0
_log = logging.getLogger("handbook")


class Deliverer:
    """`run` until told to leave; any number of processes may. What is under way is finished, and what is claimed is
    given back.
    """

    def __init__(
        self, means: Means, channels: Mapping[Provider, PushChannel], topics: TopicChannel | None = None
    ) -> None:
        self._means = means
        self._topics = topics
        self._lanes = [
            Lane(provider, channel, topics if provider is Provider.FCM else None, means)
            for provider, channel in channels.items()
        ]
        self._leaving = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._running = asyncio.create_task(self.run(), name="deliver")

    async def stop(self) -> None:
        self.leave()
        if self._running is not None:
            await self._running

    def leave(self) -> None:
        self._leaving.set()
        for lane in self._lanes:
            lane.leave()

    async def run(self) -> None:
        await asyncio.gather(
            *(lane.run() for lane in self._lanes),
            self._repeat(self.hand_out, "messages are not handed out"),
            self._repeat(self.subscribe, "topics are not told of devices"),
        )

    async def drain(self) -> int:
        """All that is due now, to the end; gives how many deliveries were looked at."""
        while await self.hand_out():
            pass
        while await self.subscribe():
            pass
        return sum([await lane.drain() for lane in self._lanes])

    async def hand_out(self) -> bool:
        """A part of each message; gives whether more is left."""
        more = await hand_out_some(self._means)
        for lane in self._lanes:
            lane.wake()
        return more

    async def subscribe(self) -> bool:
        return self._topics is not None and await tell_subscriptions(self._means, self._topics)

    async def _repeat(self, step: Callable[[], Awaitable[bool]], failing: str) -> None:
        pause = _IDLE
        while not self._leaving.is_set():
            more = False
            try:
                more = await step()
                pause = _IDLE
            except Exception as error:  # noqa: BLE001 - whatever a database that is gone, slow or starting answers with
                _log.warning("%s for now: %s", failing, type(error).__name__)
                pause = min(2 * pause, _LONGEST_PAUSE)
            if not more:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._leaving.wait(), pause * random.uniform(0.8, 1.2))  # noqa: S311
