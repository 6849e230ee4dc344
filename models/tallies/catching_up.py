"""Bringing the tallies of what is small up to date before they are shown: nobody who looks after twenty people waits
for the worker.
"""

from datetime import datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.branches import Branch
from models.channels import HERE
from models.database import now
from models.notices.occurrences import UNCOUNTED_OCCURRENCE, Occurrence
from models.notices.table import UNCOUNTED_NOTICE, UNCOUNTED_RECEIPT, Notice, Receipt
from models.permissions import below
from models.tallies.access import Asked
from models.tallies.counting import count_notice, count_occurrence
from models.tallies.folding import ATTENDANCE, RSVPS, fold_answers, fold_receipts
from models.tallies.table import RECEIPTS, Tally, TallyHead

T = TypeVar("T")

BRANCHES_MOST = 500
"""Counted at once, with a branch's twenty or thirty members each, in some ten milliseconds."""
_FOLDED_MOST = 500
_PEOPLE_MOST = 10_000


class Standing(NamedTuple):
    """What is counted of what is asked for: of `eligible` people in all; and whether something `waits` to be."""

    head: TallyHead
    eligible: int
    waits: bool


async def catch_up(session: AsyncSession, asked: Asked) -> Standing | None:
    """How it stands, after what is small is brought up to date. What others are counting now is left to them."""
    found = await _standing(session, asked)
    if (found is None or _has_begun(asked, now(session))) and await _is_small(session, asked):
        await _count(session, asked)
        found = await _standing(session, asked)
    if found is None or not found.waits or found.eligible > _PEOPLE_MOST:
        return found
    if asked.occurrence is None:
        await fold_receipts(session, asked.notice.id, _FOLDED_MOST)
    else:
        for answers in (RSVPS, ATTENDANCE):
            await fold_answers(session, answers, asked.notice.id, asked.no, _FOLDED_MOST)
    return await _standing(session, asked)


def _has_begun(asked: Asked, at: datetime) -> bool:
    """Since its audience was counted."""
    time = asked.occurrence
    return time is not None and not time.is_cancelled and time.starts_at <= at and time.counted_for != time.starts_at


async def _standing(session: AsyncSession, asked: Asked) -> Standing | None:
    of_this = (col(TallyHead.notice_id) == asked.notice.id, col(TallyHead.occurrence).in_({asked.no, RECEIPTS}))
    is_top = and_(
        col(Tally.notice_id) == col(TallyHead.notice_id),
        col(Tally.occurrence) == col(TallyHead.occurrence),
        col(Tally.branch_no) == asked.notice.branch_no,
    )
    found = await session.execute(
        select(TallyHead, col(Tally.eligible), or_(*_waiting(asked)))
        .join(Tally, is_top)
        .where(*of_this)
        .order_by(col(TallyHead.occurrence).desc())
        .limit(1)
    )
    row = found.one_or_none()
    return Standing(*row) if row is not None else None


def _waiting(asked: Asked) -> list[ColumnElement[bool]]:
    if asked.occurrence is None:
        return [exists().where(col(Receipt.notice_id) == asked.notice.id, UNCOUNTED_RECEIPT)]
    return [
        exists().where(
            answers.table.c.notice_id == asked.notice.id,
            answers.table.c.occurrence == asked.no,
            answers.is_uncounted,
        )
        for answers in (RSVPS, ATTENDANCE)
    ]


async def _is_small(session: AsyncSession, asked: Asked) -> bool:
    if asked.notice.who == HERE:
        return True
    some = select(col(Branch.no)).where(below(col(Branch.path), asked.speaking.path)).limit(BRANCHES_MOST + 1)
    return (await session.scalar(select(func.count()).select_from(some.subquery())) or 0) <= BRANCHES_MOST


async def _count(session: AsyncSession, asked: Asked) -> None:
    notices = select(Notice).where(col(Notice.id) == asked.notice.id, UNCOUNTED_NOTICE)
    notice = await session.scalar(_mine(notices))
    if notice is not None:
        await count_notice(session, notice)
    if asked.occurrence is None:
        return
    of_this = (col(Occurrence.notice_id) == asked.notice.id, col(Occurrence.no) == asked.no)
    begun = (UNCOUNTED_OCCURRENCE, col(Occurrence.starts_at) <= now(session))
    occurrence = await session.scalar(_mine(select(Occurrence).where(*of_this, *begun)))
    if occurrence is not None:
        await count_occurrence(session, occurrence)


def _mine(statement: Select[T]) -> Select[T]:
    """Read anew and held, or passed over where another holds it."""
    held = statement.with_for_update(key_share=True, skip_locked=True)
    return held.execution_options(populate_existing=True)
