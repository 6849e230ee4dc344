"""What the worker counts: audiences of what was published or has begun, and then what is said of it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.database import table_of
from models.notices.occurrences import UNCOUNTED_OCCURRENCE, Occurrence
from models.notices.table import UNCOUNTED_NOTICE, UNCOUNTED_RECEIPT, Notice, Receipt
from models.schedule import Duty
from models.tallies.counting import count_notice, count_occurrence
from models.tallies.folding import ATTENDANCE, BATCH, RSVPS, Answers, fold_answers, fold_receipts
from models.tallies.table import RECEIPTS, TallyHead

_RECEIPT = table_of(Receipt)
_TURNS = 4
"""Batches of one notice in a transaction."""
_LOOKED_AT = 5000


class Told(NamedTuple):
    """An occurrence of which something was said that is not counted."""

    notice_id: UUID
    occurrence: int


async def _uncounted(session: AsyncSession, _at: datetime, most: int) -> Sequence[Notice]:
    found = await session.scalars(
        select(Notice)
        .where(UNCOUNTED_NOTICE)
        .order_by(col(Notice.published_at))
        .limit(most)
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return found.all()


async def _begun(session: AsyncSession, at: datetime, most: int) -> Sequence[Occurrence]:
    found = await session.scalars(
        select(Occurrence)
        .where(UNCOUNTED_OCCURRENCE, col(Occurrence.starts_at) <= at)
        .order_by(col(Occurrence.starts_at))
        .limit(most)
        .with_for_update(key_share=True, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return found.all()


async def _read(session: AsyncSession, _at: datetime, most: int) -> Sequence[UUID]:
    """Notices of which receipts are not counted: from one to the next, however many receipts lie between."""
    receipts = select(_RECEIPT.c.notice_id).where(UNCOUNTED_RECEIPT).order_by(_RECEIPT.c.notice_id).limit(1)
    found = select(receipts.scalar_subquery().label("id")).cte("found", recursive=True)
    following = receipts.where(_RECEIPT.c.notice_id > found.c.id).correlate(found).scalar_subquery()
    found = found.union_all(select(following).where(found.c.id.is_not(None)))
    is_begun = and_(col(TallyHead.notice_id) == found.c.id, col(TallyHead.occurrence) == RECEIPTS)
    chosen = select(found.c.id).join(TallyHead, is_begun).limit(most)
    return list(await session.scalars(chosen))


def _told(answers: Answers) -> Callable[[AsyncSession, datetime, int], Awaitable[Sequence[Told]]]:
    columns = answers.table.c

    async def find(session: AsyncSession, _at: datetime, most: int) -> Sequence[Told]:
        some = select(columns.notice_id, columns.occurrence).where(answers.is_uncounted).limit(_LOOKED_AT).subquery()
        is_begun = and_(col(TallyHead.notice_id) == some.c.notice_id, col(TallyHead.occurrence) == RECEIPTS)
        rows = await session.execute(select(some).distinct().join(TallyHead, is_begun).limit(most))
        return [Told(*row) for row in rows]

    return find


async def _fold_receipts(session: AsyncSession, notice_id: UUID) -> None:
    for _ in range(_TURNS):
        if await fold_receipts(session, notice_id) < BATCH:
            break


def _fold(answers: Answers) -> Callable[[AsyncSession, Told], Awaitable[None]]:
    async def fold(session: AsyncSession, told: Told) -> None:
        await fold_answers(session, answers, *told)

    return fold


def _named(thing: Any) -> str:
    return ":".join(map(str, thing))


COUNT_NOTICES = Duty("tally.notice", _uncounted, count_notice)
COUNT_OCCURRENCES = Duty("tally.occurrence", _begun, count_occurrence, key=lambda each: f"{each.notice_id}:{each.no}")
FOLD_RECEIPTS = Duty("tally.receipts", _read, _fold_receipts, key=str)
FOLD_RSVPS = Duty("tally.rsvps", _told(RSVPS), _fold(RSVPS), key=_named)
FOLD_ATTENDANCE = Duty("tally.attendance", _told(ATTENDANCE), _fold(ATTENDANCE), key=_named)
TALLY_DUTIES: tuple[Duty[Any], ...] = (COUNT_NOTICES, COUNT_OCCURRENCES, FOLD_RECEIPTS, FOLD_RSVPS, FOLD_ATTENDANCE)
