"""How fast a provider may be asked, and when it is better not asked at all."""

import asyncio
import random
import time

_BURST = 0.1
"""Seconds' worth of what was not used, which may go at once."""
_FAILURES = 20
"""In a row, without one that was sent between them."""
_SHORTEST, _LONGEST = 1.0, 60.0
"""Seconds."""


class Pace:
    """At most so many a minute, evenly."""

    def __init__(self, per_minute: int) -> None:
        self._step = 60 / per_minute
        self._next = 0.0

    def room(self, seconds: float) -> int:
        """How many could have their turn from now until then."""
        left = time.monotonic() + seconds - self._upcoming
        return 0 if left < 0 else 1 + int(left / self._step)

    async def turn(self, by: float) -> bool:
        """True when it is this one's turn, in the order of asking; False at once, and no turn is used up, where that
        would come later than `by` on the monotonic clock.
        """
        mine = self._upcoming
        if mine > by:
            return False
        self._next = mine + self._step
        wait = mine - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        return True

    @property
    def _upcoming(self) -> float:
        return max(self._next, time.monotonic() - _BURST)


class Breaker:
    """Open for a while after failures in a row, twice as long each time; then it lets one through to see."""

    def __init__(self) -> None:
        self._failures = 0
        self._pause = 0.0
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._until

    @property
    def is_trying(self) -> bool:
        """Whether the next will show if it is well again."""
        return self._pause > 0 and not self.is_open

    def note(self, *, failed: bool) -> None:
        if not failed:
            self._failures, self._pause, self._until = 0, 0.0, 0.0
            return
        self._failures += 1
        if self._failures >= _FAILURES and not self.is_open:
            self._pause = min(max(2 * self._pause, _SHORTEST), _LONGEST)
            self._until = time.monotonic() + self._pause * random.uniform(0.8, 1.2)  # noqa: S311 - to spread
