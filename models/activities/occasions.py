"""An activity's times as answers and attendance are judged by them: when each is, and who was spoken to."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Integer

from models.branches import Branch
from models.database import table_of
from models.errors import Conflict, HandbookError, Invalid, NotFound
from models.histories import History
from models.notices.occurrences import Occurrence
from models.notices.table import Notice
from models.permissions import Permission, allowed

OPENS_BEFORE = timedelta(minutes=30)
"""How long before its start people may check in."""

OccasionKey = tuple[UUID, int]
"""The notice and the number of the occurrence."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """`ended_at` is when it was over or called off; by the clock it is over at `ends_at`, also where the worker is
    late.
    """

    notice_id: UUID
    no: int
    branch_no: int
    who: int
    starts_at: datetime
    ends_at: datetime
    rsvp_by: datetime
    capacity: int | None
    ended_at: datetime | None
    is_cancelled: bool

    @property
    def opens_at(self) -> datetime:
        return self.starts_at - OPENS_BEFORE

    def closed_to_answers(self, at: datetime) -> HandbookError | None:
        if at >= self.ends_at or (self.ended_at is not None and at >= self.ended_at):
            return Conflict("activity.over")
        return Conflict("rsvp.closed") if at > self.rsvp_by else None


@dataclass(frozen=True, slots=True)
class Call:
    """The notice that calls to an activity. `path` is where the branch that speaks stands."""

    notice_id: UUID
    branch_no: int
    path: str
    who: int
    published_at: datetime | None
    withdrawn_at: datetime | None
    expired_at: datetime | None

    def was_heard(self, history: History, at: datetime) -> bool:
        """By whoever's history it is, then."""
        return self._lasted(at, self.withdrawn_at, self.expired_at) and history.hearing(at).hears(
            self.branch_no, self.who
        )

    def was_known(self, history: History, at: datetime) -> bool:
        """Or read by right over the branch, as what has expired still is."""
        has_right = allowed(history.viewer(at), Permission.REPORT_READ, self.path)
        return self.was_heard(history, at) or (has_right and self._lasted(at, self.withdrawn_at))

    def _lasted(self, at: datetime, *ends: datetime | None) -> bool:
        return not any(end is not None and end <= at for end in ends)


class Occasions:
    """Those times that were asked for, and the notices that call to them."""

    def __init__(self, rows: Iterable[Row[Any]]) -> None:
        self._calls: dict[UUID, Call] = {}
        self._times: dict[OccasionKey, Occasion] = {}
        for row in rows:
            self._calls[row.id] = Call(
                row.id, row.branch_no, row.path, row.who, row.published_at, row.withdrawn_at, row.expired_at
            )
            if row.no is not None:
                self._times[row.id, row.no] = occasion_of(row)

    @property
    def starts(self) -> list[datetime]:
        return [occasion.starts_at for occasion in self._times.values()]

    def heard(self, history: History, at: datetime, key: OccasionKey) -> tuple[Occasion, datetime]:
        """What somebody heard of then, and when that was: what they did before it was published, by a clock that was
        wrong, they did when it was. Raises NotFound `event.notice_unknown`, Invalid `occurrence.unknown`.
        """
        return self._find(key, at, lambda call, then: call.was_heard(history, then))

    def known(self, history: History, at: datetime, key: OccasionKey) -> tuple[Occasion, datetime]:
        """The same of an officer, who also reads by right."""
        return self._find(key, at, lambda call, then: call.was_known(history, then))

    def _find(
        self, key: OccasionKey, at: datetime, is_known: Callable[[Call, datetime], bool]
    ) -> tuple[Occasion, datetime]:
        call = self._calls.get(key[0])
        if call is None or call.published_at is None:
            raise NotFound("event.notice_unknown")
        then = max(at, call.published_at)
        if not is_known(call, then):
            raise NotFound("event.notice_unknown")
        if key not in self._times:
            raise Invalid.at("/occurrence", "occurrence.unknown")
        return self._times[key], then


_NOTICE, _BRANCH, _OCCURRENCE = table_of(Notice), table_of(Branch), table_of(Occurrence)
TIMES = (
    *(_OCCURRENCE.c[name] for name in ("no", "starts_at", "ends_at", "rsvp_by", "capacity", "is_cancelled")),
    _OCCURRENCE.c.ended_at.label("occurrence_ended_at"),
)


def occasion_of(row: Row[Any]) -> Occasion:
    """A row with TIMES and its notice's `id`, `branch_no` and `who`."""
    return Occasion(
        row.id,
        row.no,
        row.branch_no,
        row.who,
        row.starts_at,
        row.ends_at,
        row.rsvp_by,
        row.capacity,
        row.occurrence_ended_at,
        row.is_cancelled,
    )


_CALLS = (_NOTICE.c.id, _NOTICE.c.branch_no, _NOTICE.c.who, _NOTICE.c.published_at, _NOTICE.c.withdrawn_at)
_ASKED: Select[*tuple[Any, ...]] = (
    select(*_CALLS, _NOTICE.c.expired_at, _BRANCH.c.path, *TIMES)
    .select_from(
        _NOTICE.join(_BRANCH, _BRANCH.c.no == _NOTICE.c.branch_no).outerjoin(
            _OCCURRENCE,
            and_(
                _OCCURRENCE.c.notice_id == _NOTICE.c.id,
                tuple_(_OCCURRENCE.c.notice_id, _OCCURRENCE.c.no).in_(bindparam("keys", expanding=True)),
            ),
        )
    )
    .where(_NOTICE.c.id.in_(bindparam("ids", expanding=True)))
)


async def occasions(session: AsyncSession, keys: Collection[OccasionKey]) -> Occasions:
    """All of these that there are, in one statement."""
    ids = sorted({notice_id for notice_id, _ in keys})
    return Occasions(await session.execute(_ASKED, {"ids": ids, "keys": sorted(set(keys))}))


# made once: making a statement takes longer than sending it
_NO = bindparam("no", type_=Integer())
IS_MEANT = or_(_NO.is_(None), _OCCURRENCE.c.no == _NO)
"""Over `Occurrence`: the one that `:no` names, any where it is null."""
_OF_NOTICE = (
    select(_NOTICE.c.id, _NOTICE.c.branch_no, _NOTICE.c.who, *TIMES)
    .join(_OCCURRENCE, _OCCURRENCE.c.notice_id == _NOTICE.c.id)
    .where(_NOTICE.c.id == bindparam("notice_id"), IS_MEANT)
    .order_by(_OCCURRENCE.c.no)
    .limit(2)
)


async def get_occasion(session: AsyncSession, notice_id: UUID, no: int | None) -> Occasion:
    """Of a notice that was found readable: the time that is meant, which may be left unsaid where there is one alone.

    Raises Conflict `notice.not_activity`, Invalid `occurrence.missing`, `occurrence.unknown`.
    """
    return meant((await session.execute(_OF_NOTICE, {"notice_id": notice_id, "no": no})).all(), no)


def meant(rows: Sequence[Row[Any]], no: int | None) -> Occasion:
    """Of the first two that may be. Raises as `get_occasion` does."""
    if not rows:
        raise Conflict("notice.not_activity") if no is None else Invalid.at("/occurrence", "occurrence.unknown")
    if len(rows) > 1:
        raise Invalid.at("/occurrence", "occurrence.missing")
    return occasion_of(rows[0])
