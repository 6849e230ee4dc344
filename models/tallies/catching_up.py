"""Bringing the tallies of what is small up to date before they are shown: nobody who looks after twenty people waits
for the worker.
"""

from typing import TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.branches import Branch
from models.channels import HERE
from models.database import now
from models.notices.occurrences import UNCOUNTED_OCCURRENCE, Occurrence
from models.notices.table import UNCOUNTED_NOTICE, Notice
from models.permissions import below
from models.tallies.access import Asked
from models.tallies.counting import count_notice, count_occurrence
from models.tallies.folding import ATTENDANCE, RSVPS, fold_answers, fold_receipts
from models.tallies.table import RECEIPTS, Tally

T = TypeVar("T")

BRANCHES_MOST = 500
"""Counted at once, with a branch's twenty or thirty members each, in some ten milliseconds."""
_FOLDED_MOST = 500
_PEOPLE_MOST = 10_000


async def catch_up(session: AsyncSession, asked: Asked) -> None:
    """What others are counting at this moment is left to them."""
    notice, occurrence = asked.notice, asked.occurrence
    is_begun = occurrence is not None and occurrence.starts_at <= now(session)
    is_uncounted = is_begun and occurrence is not None and occurrence.counted_for != occurrence.starts_at
    if (is_uncounted or not notice.is_counted) and await _is_small(session, asked):
        await _count(session, asked)
    people = select(col(Tally.eligible)).where(
        col(Tally.notice_id) == notice.id, col(Tally.occurrence) == RECEIPTS, col(Tally.branch_no) == notice.branch_no
    )
    eligible = await session.scalar(people)
    if eligible is None or eligible > _PEOPLE_MOST:
        return
    if occurrence is None:
        await fold_receipts(session, notice.id, _FOLDED_MOST)
        return
    for answers in (RSVPS, ATTENDANCE):
        await fold_answers(session, answers, notice.id, occurrence.no, _FOLDED_MOST)


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
