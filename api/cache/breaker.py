"""A budget of time for Redis, and not asking it for a while after it has failed."""

import asyncio
import logging
import time
from collections.abc import Awaitable
from typing import TypeVar

BUDGET = 0.05
"""Seconds that any request waits for Redis."""
_FAILURES = 3
_OPEN_SECONDS = 2.0

T = TypeVar("T")
_log = logging.getLogger("handbook")


class Breaker:
    """Closed, it passes calls on; after some failures in a row it is open for a while and refuses them at once."""

    def __init__(self) -> None:
        self._failures = 0
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._open_until

    async def call(self, work: Awaitable[T]) -> T | None:
        """The answer, or None where Redis is slow, gone or not asked: none of which is an error here."""
        if self.is_open:
            _close(work)
            return None
        try:
            answer = await asyncio.wait_for(work, BUDGET)
        except Exception as error:  # noqa: BLE001 - whatever a connection that was cut off raises: an answer is owed
            self._failures += 1
            if self._failures >= _FAILURES:
                self._open_until = time.monotonic() + _OPEN_SECONDS
                _log.warning("Redis is left alone for a while: %s", type(error).__name__)
            return None
        self._failures = 0
        return answer


def _close(work: Awaitable[object]) -> None:
    close = getattr(work, "close", None)
    if close is not None:
        close()
