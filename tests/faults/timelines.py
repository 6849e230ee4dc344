"""What may be true while an answer is on its way: facts that change, each change between its request and its answer."""

import time
from collections import defaultdict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

SLACK = 1.0
"""Seconds after the acknowledgement of a write for which an answer from before it is allowed."""


@dataclass
class _Change:
    began: float
    ended: float
    value: Any


@dataclass
class Timelines:
    """Facts by name; one writer a fact at a time."""

    _changes: dict[Hashable, list[_Change]] = field(default_factory=lambda: defaultdict(list))

    def begin(self, fact: Hashable, value: Any) -> None:
        """What holds from the beginning."""
        self._changes[fact] = [_Change(float("-inf"), float("-inf"), value)]

    @contextmanager
    def changing(self, fact: Hashable, value: Any) -> Iterator[None]:
        """The write is under way inside; without an acknowledgement it may or may not have happened, from now on."""
        change = _Change(time.monotonic(), float("inf"), value)
        self._changes[fact].append(change)
        yield
        change.ended = time.monotonic()

    def possible(self, fact: Hashable, began: float, ended: float) -> set[Any]:
        """The values that an answer may show which was asked for at `began` and had come by `ended`."""
        values: set[Any] = set()
        for change in self._changes[fact]:
            if change.began > ended:
                continue
            if change.ended + SLACK < began:
                values = {change.value}
            else:
                values.add(change.value)
        return values
