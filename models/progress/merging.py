"""Keeping of a member's own things what several phones said of them, in whatever order it comes.

A thing said is a frozen dataclass with the columns of its table but for `seq`. Two of the same thing merge into one,
and it does not matter which comes first, nor how often.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from itertools import count
from operator import attrgetter
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Insert, Table, bindparam, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.database import is_postgresql
from models.own_state import advance, give_back

Key = tuple[object, ...]
"""The values of a table's primary key, in its order."""


class Said(Protocol):
    """`said_id` orders what was said at the same instant."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def member_id(self) -> UUID: ...
    @property
    def said_at(self) -> datetime: ...
    @property
    def said_id(self) -> UUID: ...


SaidT = TypeVar("SaidT", bound=Said)


def later(one: SaidT, other: SaidT) -> SaidT:
    return max(one, other, key=lambda said: (said.said_at, said.said_id))


class Kept(Generic[SaidT]):
    """How rows of `table` are kept: what two things said come to. `shown` are the columns that members see of their
    own, `claimed` those of them that whoever says something holds to be so until they are told otherwise.
    """

    def __init__(
        self,
        table: Table,
        said: type[SaidT],
        merge: Callable[[SaidT, SaidT], SaidT],
        shown: Sequence[str],
        claimed: Sequence[str],
    ) -> None:
        self.said, self.merge = said, merge
        self.shown, self.claimed = attrgetter(*shown), attrgetter(*claimed)
        self.names = tuple(said.__dataclass_fields__)
        self._key = tuple(column.name for column in table.primary_key)
        mine = table.c.member_id == bindparam("member_id")
        # made once: making a statement takes longer than sending it
        self.before = select(*(table.c[name] for name in self.names), table.c.seq).where(
            mine, tuple_(*table.primary_key).in_(bindparam("keys", expanding=True))
        )
        self.upsert = {True: _upsert(postgresql.insert(table)), False: _upsert(sqlite.insert(table))}
        """By whether it is for PostgreSQL."""

    def key_of(self, said: SaidT) -> Key:
        return tuple(getattr(said, name) for name in self._key)

    def merged(self, said: Iterable[SaidT], before: Mapping[Key, SaidT]) -> dict[Key, SaidT]:
        """What is to stand of each thing that something was said of."""
        stands: dict[Key, SaidT] = {}
        for one in said:
            key = self.key_of(one)
            known = stands.get(key) or before.get(key)
            stands[key] = one if known is None else self.merge(known, one)
        return stands


def _upsert(insert: postgresql.Insert | sqlite.Insert) -> Insert:
    changing = [column.name for column in insert.table.columns if not column.primary_key]
    keys = list(insert.table.primary_key)
    return insert.on_conflict_do_update(index_elements=keys, set_={name: insert.excluded[name] for name in changing})


@dataclass(frozen=True, slots=True)
class Standing(Generic[SaidT]):
    """What stands now of what was said, and the number that the member's state has reached, if anything of it was
    news.
    """

    things: Mapping[Key, SaidT]
    reached: Mapping[UUID, int]


async def keep(session: AsyncSession, kept: Kept[SaidT], said: Sequence[SaidT]) -> Standing[SaidT]:
    """Write what one member said: the rule by which every such row comes about.

    The member's state is locked before the look at what was said, so that nobody else writes between it and the end. A
    number is taken where the member's phones see something else than before, and where what was said is not what
    stands: whoever said it hears what is so.
    """
    member_id = said[0].member_id
    keys = sorted({kept.key_of(one) for one in said})
    taken = (await advance(session, {member_id: len(keys)}))[member_id]
    numbers = count(taken - len(keys) + 1)
    found = (await session.execute(kept.before, {"member_id": member_id, "keys": keys})).all()
    seqs = {kept.key_of(kept.said(*row)): seq for *row, seq in found}
    before = {kept.key_of(one): one for one in (kept.said(*row) for *row, _ in found)}
    stands = kept.merged(said, before)
    unlike = {kept.key_of(one) for one in said if kept.claimed(one) != kept.claimed(stands[kept.key_of(one)])}
    rows: list[dict[str, Any]] = []
    news = 0
    for key in keys:
        old = before.get(key)
        is_news = key in unlike or old is None or kept.shown(stands[key]) != kept.shown(old)
        news += is_news
        if is_news or stands[key] != old:
            values = dict(zip(kept.names, astuple(stands[key]), strict=True))
            rows.append({**values, "seq": next(numbers) if is_news else seqs[key]})
    if rows:
        connection = await session.connection()
        await connection.execute(kept.upsert[is_postgresql(session)], rows)
    await give_back(session, {member_id: len(keys) - news})
    return Standing(stands, {member_id: taken - len(keys) + news} if news else {})
