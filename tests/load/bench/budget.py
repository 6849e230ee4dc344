"""How long a run may take, shared out among its scenarios."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tests.load.bench.figures import NotMeasured


class OutOfTime(NotMeasured):
    """The run was to be over by now."""


class Budget:
    """`seconds` for everything, from now; None for as long as it takes."""

    def __init__(self, seconds: float | None = None) -> None:
        self._began = time.monotonic()
        self._seconds = seconds
        self._share_ends = float("inf")

    @property
    def spent(self) -> float:
        return time.monotonic() - self._began

    @property
    def left(self) -> float:
        return float("inf") if self._seconds is None else self._seconds - self.spent

    def used_up(self) -> bool:
        """Has the scenario under way had its share? It ends what it began, and repeats nothing more."""
        return time.monotonic() >= self._share_ends

    @contextmanager
    def share(self, scenarios: int) -> Iterator[None]:
        """For the first of so many scenarios to come: an equal part of what is left, and raises OutOfTime in the middle
        of whatever it does once nothing is left at all.
        """
        if self._seconds is None:
            yield
            return
        if self.left <= 0:
            raise OutOfTime(self._said())
        self._share_ends = time.monotonic() + self.left / scenarios
        before = signal.signal(signal.SIGALRM, self._ring)
        signal.setitimer(signal.ITIMER_REAL, self.left)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def _ring(self, _number: int, _frame: FrameType | None) -> None:
        raise OutOfTime(self._said())

    def _said(self) -> str:
        return f"out of time: this run was to end after {self._seconds:.0f} s"
