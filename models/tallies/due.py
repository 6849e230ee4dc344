"""What the worker counts: audiences of what was published or has begun, and then what is said of it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.database import table_of
from models.notices.occurrences import UNCOUNTED_OCCURRENCE, Occurrence
from models.notices.table import UNCOUNTED_NOTICE, UNCOUNTED_RECEIPT, Notice, Receipt
from models.schedule import Duty
from models.tallies.counting import count_notice, count_occurrence
from models.tallies.folding import ATTENDANCE, BATCH, RSVPS, Answers, fold_answers, fold_receipts
from models.tallies.table import RECEIPTS, TallyHead

_RECEIPT, _HEAD = table_of(Receipt), table_of(TallyHead)
_COUNTED_MOST = 10
"""Audiences of one transaction, which keeps them from being amended for as long: of a nation it is some seconds."""
_TURNS = 4
"""Batches of one notice in a transaction."""
_LOOKED_AT = 5000


class Told(NamedTuple):
    """An occurrence of which something was said that is not counted."""

    notice_id: UUID
    occurrence: int


def _answered(answers: Answers) -> Select[*tuple[Any, ...]]:
    columns = answers.table.c
    some = select(columns.notice_id, columns.occurrence).where(answers.is_uncounted).limit(_LOOKED_AT).subquery()
    is_counted = and_(_HEAD.c.notice_id == some.c.notice_id, _HEAD.c.occurrence == RECEIPTS)
    return select(some).distinct().join(_HEAD, is_counted).limit(bindparam("most"))


def _read() -> Select[UUID]:
    """Notices of which receipts are not counted: from one to the next, however many receipts lie between."""
    receipts = select(_RECEIPT.c.notice_id).where(UNCOUNTED_RECEIPT).order_by(_RECEIPT.c.notice_id).limit(1)
    found = select(receipts.scalar_subquery().label("id")).cte("found", recursive=True)
    following = receipts.where(_RECEIPT.c.notice_id > found.c.id).correlate(found).scalar_subquery()
    found = found.union_all(select(following).where(found.c.id.is_not(None)))
    is_counted = and_(_HEAD.c.notice_id == found.c.id, _HEAD.c.occurrence == RECEIPTS)
    # those that were added up longest ago: where there are more than can be, none comes again before the last
    return select(found.c.id).join(_HEAD, is_counted).order_by(_HEAD.c.counted_at).limit(bindparam("most"))


# made once: workers ask every second
_PUBLISHED = (
    select(Notice)
    .where(UNCOUNTED_NOTICE)
    .order_by(col(Notice.published_at).desc())  # what is new is looked at most
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True)
    .execution_options(populate_existing=True)
)
_BEGUN = (
    select(Occurrence)
    .where(UNCOUNTED_OCCURRENCE, col(Occurrence.starts_at) <= bindparam("at"))
    .order_by(col(Occurrence.starts_at).desc())
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True)
    .execution_options(populate_existing=True)
)
_READ = _read()


async def _find_published(session: AsyncSession, _at: datetime, most: int) -> Sequence[Notice]:
    return (await session.scalars(_PUBLISHED, {"most": min(most, _COUNTED_MOST)})).all()


async def _find_begun(session: AsyncSession, at: datetime, most: int) -> Sequence[Occurrence]:
    return (await session.scalars(_BEGUN, {"at": at, "most": min(most, _COUNTED_MOST)})).all()


async def _find_read(session: AsyncSession, _at: datetime, most: int) -> Sequence[UUID]:
    return (await session.scalars(_READ, {"most": most})).all()


def _find_answered(answers: Answers) -> Callable[[AsyncSession, datetime, int], Awaitable[Sequence[Told]]]:
    statement = _answered(answers)

    async def find(session: AsyncSession, _at: datetime, most: int) -> Sequence[Told]:
        return [Told(*row) for row in await session.execute(statement, {"most": most})]

    return find


async def _fold_receipts(session: AsyncSession, notice_id: UUID) -> None:
    for _ in range(_TURNS):
        if await fold_receipts(session, notice_id) < BATCH:
            break


def _fold(answers: Answers) -> Callable[[AsyncSession, Told], Awaitable[None]]:
    async def fold(session: AsyncSession, told: Told) -> None:
        await fold_answers(session, answers, *told)

    return fold


def _named(told: Told) -> str:
    return f"{told.notice_id}:{told.occurrence}"


COUNT_NOTICES = Duty("tally.notice", _find_published, count_notice)
COUNT_OCCURRENCES = Duty(
    "tally.occurrence", _find_begun, count_occurrence, key=lambda each: f"{each.notice_id}:{each.no}"
)
FOLD_RECEIPTS = Duty("tally.receipts", _find_read, _fold_receipts, key=str, is_small=True)
FOLD_RSVPS = Duty("tally.rsvps", _find_answered(RSVPS), _fold(RSVPS), key=_named, is_small=True)
FOLD_ATTENDANCE = Duty("tally.attendance", _find_answered(ATTENDANCE), _fold(ATTENDANCE), key=_named, is_small=True)
TALLY_DUTIES: tuple[Duty[Any], ...] = (COUNT_NOTICES, COUNT_OCCURRENCES, FOLD_RECEIPTS, FOLD_RSVPS, FOLD_ATTENDANCE)
