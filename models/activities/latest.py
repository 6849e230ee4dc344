"""Keeping of several things said of the same what was said last, in whatever order they come.

Whoever writes such a row has taken a number of its member's own state before, and so holds it: between looking and
writing nobody else writes it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Insert, Row, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.database import is_postgresql
from models.own_state import advance, give_back

Key = tuple[UUID, int, UUID]
"""Notice, occurrence, member."""


class Said(Protocol):
    """A dataclass with the columns of its table but for `seq`."""

    @property
    def notice_id(self) -> UUID: ...
    @property
    def occurrence(self) -> int: ...
    @property
    def member_id(self) -> UUID: ...
    @property
    def at(self) -> datetime: ...
    @property
    def said_id(self) -> UUID: ...


SaidT = TypeVar("SaidT", bound=Said)


_TALLIED = frozenset({"counted", "also_no"})
"""What the tallies note of a row is theirs."""
_OTHERS = _TALLIED | {"seq"}


class Kept(Generic[SaidT]):
    """How rows of `table` are kept. `outdoes` orders all that can be said of one thing, so that of any of them the
    same one is last; `shown` are the columns that members see of their own.
    """

    def __init__(
        self, table: Table, outdoes: Callable[[SaidT | Row[Any], SaidT | Row[Any]], bool], shown: Sequence[str]
    ) -> None:
        self.outdoes = outdoes
        self.columns = [column.name for column in table.columns if column.name not in _OTHERS]
        self.upsert = {True: _upsert(postgresql.insert(table)), False: _upsert(sqlite.insert(table))}
        """By whether it is for PostgreSQL."""
        self._shown = tuple(shown)

    def said_alike(self, one: SaidT | Row[Any], other: SaidT | Row[Any]) -> bool:
        return all(getattr(one, name) == getattr(other, name) for name in self._shown)


def _upsert(insert: postgresql.Insert | sqlite.Insert) -> Insert:
    changing = [column.name for column in insert.table.columns if not column.primary_key]
    new = {name: insert.excluded[name] for name in changing if name not in _TALLIED}
    return insert.on_conflict_do_update(index_elements=list(insert.table.primary_key), set_=new)


@dataclass(frozen=True, slots=True)
class Held:
    """The counters of all members concerned, locked: how far each was taken, and by how much."""

    reached: Mapping[UUID, int]
    steps: Mapping[UUID, int]

    def numbers(self) -> dict[UUID, Iterator[int]]:
        return {member_id: count(number - self.steps[member_id] + 1) for member_id, number in self.reached.items()}


def key_of(said: Said | Row[Any]) -> Key:
    return said.notice_id, said.occurrence, said.member_id


async def hold_states(session: AsyncSession, said: Iterable[Said]) -> Held:
    """Take as many numbers as can be needed, before anything is looked at."""
    steps = Counter(member_id for *_, member_id in {key_of(one) for one in said})
    return Held(await advance(session, steps), steps)


def last_of(kept: Kept[SaidT], said: Iterable[SaidT], before: Mapping[Key, Row[Any]]) -> dict[Key, SaidT | Row[Any]]:
    """What is to stand of each thing that something was said of."""
    last: dict[Key, SaidT | Row[Any]] = {}
    for one in said:
        key = key_of(one)
        standing = last.get(key) or before.get(key)
        last[key] = one if standing is None or kept.outdoes(one, standing) else standing
    return last


async def write(
    session: AsyncSession,
    kept: Kept[SaidT],
    held: Held,
    said: Sequence[SaidT],
    last: Mapping[Key, SaidT | Row[Any]],
    before: Mapping[Key, Row[Any]],
) -> dict[UUID, int]:
    """Write what stands now; gives the numbers that states have reached.

    A number is taken where others see something else than before, and where what was said is not what stands: whoever
    said it hears what is so. What is said again moves its time alone.
    """
    unlike: set[Key] = {key_of(one) for one in said if not kept.said_alike(one, last[key_of(one)])}
    numbers, taken = held.numbers(), Counter[UUID]()
    rows: list[dict[str, Any]] = []
    for key in sorted(last):
        one, old = last[key], before.get(key)
        is_news = key in unlike or old is None or not kept.said_alike(one, old)
        if is_news or one is not old:
            seq = next(numbers[one.member_id]) if is_news or old is None else old.seq
            taken[one.member_id] += is_news
            rows.append({**{name: getattr(one, name) for name in kept.columns}, "seq": seq})
    if rows:
        connection = await session.connection()
        await connection.execute(kept.upsert[is_postgresql(session)], rows)
    await give_back(session, {member_id: number - taken[member_id] for member_id, number in held.steps.items()})
    return {
        member_id: number - held.steps[member_id] + taken[member_id]
        for member_id, number in held.reached.items()
        if taken[member_id]
    }
