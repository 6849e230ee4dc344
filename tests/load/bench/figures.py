"""From repeated measurements to a figure, a ratio, a spread and a verdict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Series:
    """One figure, measured several times. ValueError without any value."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("nothing was measured")

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """The quartiles of five values or more, else the least and the greatest."""
        if len(self.values) < 5:
            return min(self.values), max(self.values)
        low, _, high = quantiles(self.values, n=4, method="inclusive")
        return low, high

    def over(self, other: "Series") -> "Series":
        """Ratios pair by pair: what disturbed a repetition disturbed both, for they were measured side by side."""
        return Series(tuple(ours / theirs for ours, theirs in zip(self.values, other.values, strict=True)))


class Bound(StrEnum):
    AT_LEAST = "≥"
    AT_MOST = "≤"


class Verdict(StrEnum):
    KEPT = "kept"
    MISSED = "missed"
    SHOWN = "shown"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Promise:
    """A line of promises.md. `against` names the baseline of a ratio; without one the bound is absolute.

    Without a bound the figure is shown, not judged.
    """

    what: str
    unit: str
    against: str | None = None
    sense: Bound = Bound.AT_LEAST
    bound: float | None = None

    @property
    def text(self) -> str:
        if self.bound is None:
            return "–"
        return f"{self.sense} {self.bound:g}" + (f" × {self.against}" if self.against else f" {self.unit}")

    def judge(self, found: float) -> Verdict:
        if self.bound is None:
            return Verdict.SHOWN
        kept = found >= self.bound if self.sense is Bound.AT_LEAST else found <= self.bound
        return Verdict.KEPT if kept else Verdict.MISSED


@dataclass(frozen=True, slots=True)
class Row:
    """A promise with what was found, or with why nothing was."""

    promise: Promise
    figure: Series | None = None
    ratio: Series | None = None
    why: str = ""
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        judged = self.figure if self.promise.against is None else self.ratio
        return Verdict.NOT_MEASURED if judged is None else self.promise.judge(judged.median)


class NotMeasured(Exception):
    """Something that a scenario needs is not there; the message says what."""


Figures = dict[str, Series]
"""Figures by what was measured: `handbook` or a baseline's name."""


def compared(promise: Promise, ours: Series, figures: Figures) -> Row:
    """The row of a promise that is a ratio; one whose baseline did not run is not measured."""
    if promise.against is None:
        return Row(promise, ours)
    theirs = figures.get(promise.against)
    if theirs is None:
        return Row(promise, ours, why=f"{promise.against} did not run")
    return Row(promise, ours, ours.over(theirs))


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that at least this share of the values do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, ceil(len(ranked) * share) - 1)]


def interleaved(
    contestants: Sequence[tuple[str, Callable[[], float]]],
    repetitions: int,
    enough: Callable[[], bool] = lambda: False,
) -> Figures:
    """A B C A B C …: a machine that slows down slows all of them down. Between rounds `enough` may end it."""
    found: dict[str, list[float]] = {name: [] for name, _ in contestants}
    for turn in range(repetitions):
        if turn and enough():
            break
        for name, measure in contestants:
            found[name].append(measure())
    return {name: Series(tuple(values)) for name, values in found.items()}
