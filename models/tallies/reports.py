"""A notice's report: how many of a branch have taken note, answered and come, and of each branch below it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.branches import Branch
from models.database import now, table_of
from models.notices.shapes import NoticeBranch
from models.notices.table import UNCOUNTED_RECEIPT, Receipt
from models.paging import Order, Page, PageRequest, paginate
from models.permissions import Viewer
from models.tallies.access import Asked, get_reported, head_for
from models.tallies.catching_up import catch_up
from models.tallies.folding import ATTENDANCE, RSVPS
from models.tallies.shapes import Counted, Counts, NoticeReport, ReportPart
from models.tallies.table import EVERY, Tally, TallyHead

_TALLY = table_of(Tally)
_NUMBERS = [_TALLY.c[name] for name in EVERY]
_OF_RECEIPTS = ("read", "acknowledged")
_OF_TIMES = ("yes", "no", "maybe", "present", "excused", "absent")


async def read_report(
    session: AsyncSession,
    viewer: Viewer,
    notice_id: UUID,
    page: PageRequest,
    *,
    branch_id: UUID | None = None,
    occurrence: int | None = None,
) -> NoticeReport:
    """By a few rows of the tallies, whatever the size. What is small is brought up to date first.

    Raises what `get_reported` raises.
    """
    asked = await get_reported(session, viewer, notice_id, branch_id, occurrence)
    await catch_up(session, asked)
    head = await head_for(session, asked)
    branch = NoticeBranch.model_validate(asked.branch)
    if head is None:
        at = asked.audience_at(now(session))
        return NoticeReport(
            branch=branch, audience_at=at, counted_at=None, total=None, here=None, items=[], next_cursor=None
        )
    tell = _telling(asked, head)
    of_head = (_TALLY.c.notice_id == head.notice_id, _TALLY.c.occurrence == head.occurrence)
    own = (
        await session.execute(select(*_NUMBERS).where(*of_head, _TALLY.c.branch_no == asked.branch.no))
    ).one_or_none()
    is_below = _TALLY.c.parent_no == asked.branch.no
    below = (await session.execute(select(*(func.sum(number) for number in _NUMBERS)).where(*of_head, is_below))).one()
    total = list(own) if own is not None else [0] * len(EVERY)
    here = [whole - (part or 0) for whole, part in zip(total, below, strict=True)]
    children = select(col(Branch.id), col(Branch.code), col(Branch.name), *_NUMBERS)
    found: Page[ReportPart] = await paginate(
        session,
        children.join(_TALLY, _TALLY.c.branch_no == col(Branch.no)).where(*of_head, is_below),
        page,
        [Order(col(Branch.code))],
        lambda row: ReportPart(branch=NoticeBranch(id=row[0], code=row[1], name=row[2]), counts=tell(row[3:])),
    )
    return NoticeReport(
        branch=branch,
        audience_at=head.at,
        counted_at=await _counted_at(session, asked, head),
        total=tell(total),
        here=tell(here),
        items=found.items,
        next_cursor=found.next_cursor,
    )


def _telling(asked: Asked, head: TallyHead) -> Callable[[Sequence[int]], Counts]:
    """What is told of the numbers of a row. Of receipts that an amendment asked for anew, none is counted yet."""
    names = _OF_RECEIPTS if asked.occurrence is None else _OF_TIMES
    is_old = asked.occurrence is None and head.ack_revision < asked.notice.ack_revision

    def tell(numbers: Sequence[int]) -> Counts:
        said = dict(zip(EVERY, numbers, strict=True))
        shown = {name: 0 if is_old else said[name] for name in names}
        also = {name: 0 if is_old else said[f"also_{name}"] for name in names}
        return Counts(eligible=said["eligible"], also=Counted(**also), **shown)

    return tell


async def _counted_at(session: AsyncSession, asked: Asked, head: TallyHead) -> datetime:
    """Now, unless something waits to be counted."""
    if asked.occurrence is None:
        waits = [exists().where(col(Receipt.notice_id) == asked.notice.id, UNCOUNTED_RECEIPT)]
    else:
        waits = [
            exists().where(
                answers.table.c.notice_id == asked.notice.id,
                answers.table.c.occurrence == asked.no,
                answers.is_uncounted,
            )
            for answers in (RSVPS, ATTENDANCE)
        ]
    return head.counted_at if await session.scalar(select(or_(*waits))) else now(session)
