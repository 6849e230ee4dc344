"""What was promised of the day, and whether it held."""

from dataclasses import dataclass

from tests.load.day.plan import Plan
from tests.load.day.samples import Samples, Summary, percentile, seen_after, summarise

P99_MOST = 50.0
"""Milliseconds, at the peak."""
MEMORY_MOST = 300.0
"""MiB, of each process."""
SEEN_MOST = 1.0
"""Seconds from an acknowledged publication until every list has it."""
LATE_MOST = 10.0
"""Milliseconds that the load generator may be late (p99) before the figures speak of it rather than of the server."""


@dataclass(frozen=True, slots=True)
class Line:
    """`held` is None where it could not be measured."""

    what: str
    promised: str
    measured: str
    held: bool | None


@dataclass(frozen=True, slots=True)
class Verdict:
    lines: tuple[Line, ...]
    overall: Summary
    peak: Summary
    late: float
    """Milliseconds, p99."""

    @property
    def held(self) -> bool:
        return all(line.held is not False for line in self.lines)


def judge(plan: Plan, samples: Samples, memory: float | None) -> Verdict:
    """`memory` is the server's most, in MiB, or None for a server that is not ours to look at."""
    peak = summarise(samples.between(*plan.timetable.peak))
    late = percentile((late for _, late in samples.opened), 0.99)
    errors = samples.errors.total()
    expected, came = round(plan.timetable.expected), len(samples.opened)
    lines = [
        Line("accesses", f"{expected:,}", f"{came:,}", came == expected),
        Line("errors", "0", f"{errors:,}", errors == 0),
        Line("p99 at the peak", f"≤ {P99_MOST:.0f} ms", f"{peak.p99:,.1f} ms", 0 < peak.p99 <= P99_MOST),
        Line(
            "memory of a process",
            f"≤ {MEMORY_MOST:.0f} MiB",
            "not ours to see" if memory is None else f"{memory:,.0f} MiB",
            None if memory is None else memory <= MEMORY_MOST,
        ),
        Line("load generator on time, p99", f"≤ {LATE_MOST:.0f} ms", f"{late:,.1f} ms", late <= LATE_MOST),
    ]
    if plan.scenario == "burst":
        seen = seen_after(samples.looks)
        measured = "nobody saw it" if seen is None else f"{seen * 1000:,.0f} ms"
        lines.append(
            Line("publish → seen by all", f"≤ {SEEN_MOST:.0f} s", measured, seen is not None and seen <= SEEN_MOST)
        )
    return Verdict(tuple(lines), summarise(samples.between(0, float("inf"))), peak, late)
