"""What was measured, as columns, and what is read from them."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self


@dataclass(slots=True)
class Samples:
    """One entry a request: when it was due (seconds from the start), milliseconds from then, what it was, and the
    kind of its failure or "". `opened` has an entry an access: when it was due, and by how many milliseconds the
    load generator was late. `looks` are from the burst: seconds from the notice's acknowledged publication to when
    a list was asked for, and whether the notice was in it.
    """

    due: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    what: list[str] = field(default_factory=list)
    failure: list[str] = field(default_factory=list)
    opened: list[tuple[float, float]] = field(default_factory=list)
    looks: list[tuple[float, bool]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Answers that came in time with the right status, and were wrong."""
    unfinished: int = 0
    began: float = 0.0
    """When the first could arrive, by `time.monotonic`: before it phones were set up."""
    cpu_share: float = 0.0
    """Of a core, the load generator's own in the busiest second."""

    def add(self, due: float, took: float, what: str, failure: str | None) -> None:
        self.due.append(round(due, 4))
        self.took.append(round(took, 3))
        self.what.append(what)
        self.failure.append(failure or "")

    @property
    def errors(self) -> Counter[str]:
        """Failures by `what: kind`."""
        pairs = zip(self.what, self.failure, strict=True)
        found = Counter(f"{what}: {failure}" for what, failure in pairs if failure)
        found.update(self.refused)
        if self.unfinished:
            found["accesses that did not end"] = self.unfinished
        return found

    def between(self, first: float, last: float) -> list[float]:
        """Milliseconds of the answered requests that were due in these seconds."""
        rows = zip(self.due, self.took, self.failure, strict=True)
        return [took for due, took, failure in rows if first <= due < last and not failure]

    def write(self, path: Path) -> None:
        document = {name: getattr(self, name) for name in self.__slots__}
        path.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        document: dict[str, Any] = json.loads(path.read_bytes())
        document |= {name: [tuple(pair) for pair in document[name]] for name in ("opened", "looks")}
        return cls(**document)


def percentile(values: Iterable[float], share: float) -> float:
    """The nearest rank: the least value that so large a share does not exceed. 0 where there are none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


@dataclass(frozen=True, slots=True)
class Summary:
    """Milliseconds."""

    count: int
    p50: float
    p90: float
    p99: float
    most: float


def summarise(took: Sequence[float]) -> Summary:
    ordered = sorted(took)
    return Summary(len(ordered), *(percentile(ordered, share) for share in (0.5, 0.9, 0.99, 1.0)))


@dataclass(frozen=True, slots=True)
class Bin:
    """A stretch of time; rates are a second."""

    at: float
    accesses: float
    requests: float
    errors: float
    took: Summary


def bins(samples: Samples, seconds: float, count: int) -> list[Bin]:
    width = seconds / count
    accesses, errors = [0] * count, [0] * count
    took: list[list[float]] = [[] for _ in range(count)]

    def index(at: float) -> int:
        return min(max(int(at / width), 0), count - 1)

    for due, _ in samples.opened:
        accesses[index(due)] += 1
    for due, milliseconds, failure in zip(samples.due, samples.took, samples.failure, strict=True):
        if failure:
            errors[index(due)] += 1
        else:
            took[index(due)].append(milliseconds)
    return [
        Bin(
            at=(number + 0.5) * width,
            accesses=accesses[number] / width,
            requests=(len(took[number]) + errors[number]) / width,
            errors=errors[number] / width,
            took=summarise(took[number]),
        )
        for number in range(count)
    ]


def seen_after(looks: Iterable[tuple[float, bool]]) -> float | None:
    """Seconds from an acknowledged publication after which no list was asked for that lacked the notice.

    None where nobody looked.
    """
    found = list(looks)
    if not any(seen for _, seen in found):
        return None
    return max((asked for asked, seen in found if not seen), default=0.0)
