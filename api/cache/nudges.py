"""Nudges between processes: "something changed, look". They carry nothing, so that nothing in them can be wrong."""

import asyncio
import logging
from contextlib import suppress

import redis.asyncio as redis

from api.cache.breaker import Breaker

CHANNEL = "handbook:nudge"
_RETRY = 1.0
_log = logging.getLogger("handbook")


class Nudges:
    """Through Redis pub/sub where there is one; otherwise `wait` only sleeps."""

    def __init__(self, client: "redis.Redis | None", breaker: Breaker) -> None:
        self._client = client
        self._breaker = breaker
        self._woken = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._client is not None:
            self._listening = asyncio.create_task(self._listen(self._client), name="listen for nudges")

    async def stop(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening

    async def send(self) -> None:
        if self._client is not None:
            await self._breaker.call(self._client.publish(CHANNEL, b""))

    def wake(self) -> None:
        self._woken.set()

    async def wait(self, seconds: float) -> None:
        """Until nudged, at most so long. Nudges that came meanwhile count as one."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)
        self._woken.clear()

    async def _listen(self, client: "redis.Redis") -> None:
        while True:
            try:
                async with client.pubsub() as subscription:
                    await subscription.subscribe(CHANNEL)
                    self._woken.set()  # what was published while we were away is not told again
                    async for _ in subscription.listen():
                        self._woken.set()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next connection may be better
                _log.warning("nudges are not heard: %s", type(error).__name__)
            await asyncio.sleep(_RETRY)
