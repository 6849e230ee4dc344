"""The same things told twice, each time in other batches, another order and with repeats."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
Batches = tuple[tuple[int, ...], ...]
"""Places in a list of what happened: each at least once."""


@dataclass(frozen=True)
class Plan(Generic[T]):
    happened: tuple[T, ...]
    one: Batches
    other: Batches


def planned(draw: st.DrawFn, happened: Sequence[T]) -> Plan[T]:
    return Plan(tuple(happened), _batches(draw, len(happened)), _batches(draw, len(happened)))


def _batches(draw: st.DrawFn, count: int) -> Batches:
    again = draw(st.lists(st.integers(0, count - 1), max_size=6))
    order = draw(st.permutations([*range(count), *again]))
    cuts = sorted(draw(st.sets(st.integers(0, len(order)), max_size=4)) | {0, len(order)})
    return tuple(tuple(order[start:end]) for start, end in pairwise(cuts))
