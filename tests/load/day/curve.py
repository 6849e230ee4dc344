"""When people open the app: the day's curve, and arrivals drawn from it.

An open model: arrivals are fixed before the first request, so that a server that slows down gets no less to do. They
are a Poisson process whose rate follows the curve, given its total: so many independent draws from the curve.
"""

from bisect import bisect_right
from dataclasses import dataclass
from math import erf, sqrt
from random import Random
from typing import Literal, Protocol

HOURS = 24
DAY_ACCESSES = 160_000
COMPRESSION = 100
DAY_SECONDS = HOURS * 3600 / COMPRESSION
QUICK_SECONDS = 96.0
"""A day at the full day's rates, and so with fewer accesses."""
BURST_SECONDS = 90.0
BURST_PUBLISHED = 10.0
"""The second at which the urgent notice is published."""
BURST_PEOPLE_MOST = 7_500
_BURST_OPENED = 15.0
"""Seconds after the notice in which a person opens it, on average: a notification's minutes, compressed."""
_BURST_AROUND = 50.0
"""Accesses a second that have nothing to do with the notice."""
_STEPS = 24 * 60


@dataclass(frozen=True, slots=True)
class _Peak:
    """`share` of the day's accesses around `hour` (Asia/Ho_Chi_Minh), with a standard deviation of `width` hours."""

    hour: float
    width: float
    share: float


_PEAKS = (
    _Peak(7.25, 0.9, 0.24),  # before work
    _Peak(12.0, 0.75, 0.17),  # the noon rest
    _Peak(16.5, 1.6, 0.13),  # the end of work
    _Peak(20.25, 1.4, 0.38),  # after dinner
)
_EVEN = 1 - sum(peak.share for peak in _PEAKS)
"""What is spread over the whole day and night."""


def _until(hour: float) -> float:
    """The share of accesses before this hour, not yet cut off at midnight."""
    bells = sum(peak.share * (1 + erf((hour - peak.hour) / (peak.width * sqrt(2)))) / 2 for peak in _PEAKS)
    return bells + _EVEN * hour / HOURS


_TABLE = [(_until(step / 60) - _until(0)) / (_until(HOURS) - _until(0)) for step in range(_STEPS + 1)]
"""The curve's integral from 0 to 1, minute by minute."""


class Arrivals(Protocol):
    """A scenario's timetable. `seconds` is how long people keep arriving."""

    seconds: float

    @property
    def expected(self) -> float:
        """How many arrive in all."""
        ...

    def draw(self, rng: Random) -> list[float]:
        """Seconds from the start, ascending; the same for the same seed."""
        ...

    def state_due(self, rng: Random) -> float:
        """Seconds from the start after which a phone that was in use before asks for its member's state, once."""
        ...


@dataclass(frozen=True, slots=True)
class Day:
    """`accesses` from midnight to midnight, within `seconds`."""

    accesses: int = DAY_ACCESSES
    seconds: float = DAY_SECONDS

    @property
    def expected(self) -> float:
        return self.accesses

    def between(self, first: float, last: float) -> float:
        """Accesses to be expected between two hours."""
        return self.accesses * (_share(last) - _share(first))

    def draw(self, rng: Random) -> list[float]:
        return sorted(_hour(rng.random()) * self.seconds / HOURS for _ in range(self.accesses))

    def state_due(self, rng: Random) -> float:
        """When a phone is to ask for its state again: a day after it did so on an earlier visit."""
        return _hour(rng.random()) * self.seconds / HOURS

    @property
    def peak(self) -> tuple[float, float]:
        """The busiest hour of the day, as seconds from and to."""
        hour = max(range(HOURS), key=lambda hour: self.between(hour, hour + 1))
        return hour * self.seconds / HOURS, (hour + 1) * self.seconds / HOURS


def quick_day() -> Day:
    return Day(accesses=round(DAY_ACCESSES * QUICK_SECONDS / DAY_SECONDS), seconds=QUICK_SECONDS)


@dataclass(frozen=True, slots=True)
class Burst:
    """An urgent notice for everyone: each of `people` opens it once, most of them soon, among some everyday traffic."""

    people: int
    seconds: float = BURST_SECONDS

    @property
    def expected(self) -> float:
        return self.people + _BURST_AROUND * self.seconds

    def draw(self, rng: Random) -> list[float]:
        rest = self.seconds - BURST_PUBLISHED
        openings = [BURST_PUBLISHED + rng.expovariate(1 / _BURST_OPENED) % rest for _ in range(self.people)]
        around = [rng.random() * self.seconds for _ in range(round(_BURST_AROUND * self.seconds))]
        return sorted(openings + around)

    def state_due(self, rng: Random) -> float:
        """At any time of the day, of which this is a small part."""
        return rng.random() * DAY_SECONDS

    @property
    def peak(self) -> tuple[float, float]:
        """The seconds in which the first two thirds open it."""
        return BURST_PUBLISHED, BURST_PUBLISHED + _BURST_OPENED


Scenario = Literal["day", "burst"]


def _share(hour: float) -> float:
    minute = min(max(hour, 0.0), HOURS) * 60
    whole = min(int(minute), _STEPS - 1)
    return _TABLE[whole] + (_TABLE[whole + 1] - _TABLE[whole]) * (minute - whole)


def _hour(share: float) -> float:
    """The curve's integral the other way round."""
    step = min(bisect_right(_TABLE, share), _STEPS) - 1
    return (step + (share - _TABLE[step]) / (_TABLE[step + 1] - _TABLE[step])) / 60
