"""A notice's report: how many of a branch have taken note, answered and come, and of each branch below it."""

from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.branches import Branch
from models.database import now, table_of
from models.notices.shapes import NoticeBranch
from models.paging import Order, Page, PageRequest, paginate
from models.permissions import Viewer
from models.tallies.access import Asked, get_reported
from models.tallies.catching_up import catch_up
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
    standing = await catch_up(session, asked)
    branch = NoticeBranch.model_validate(asked.branch)
    if standing is None:
        at = asked.audience_at(now(session))
        return NoticeReport(
            branch=branch, audience_at=at, counted_at=None, total=None, here=None, items=[], next_cursor=None
        )
    head = standing.head
    tell = _telling(asked, head)
    total, here, parts = await tallied(session, asked, head, page)
    return NoticeReport(
        branch=branch,
        audience_at=head.at,
        counted_at=head.counted_at if standing.waits else now(session),
        total=tell(total),
        here=tell(here),
        items=[ReportPart(branch=below, counts=tell(numbers)) for below, numbers in parts.items],
        next_cursor=parts.next_cursor,
    )


async def tallied(
    session: AsyncSession, asked: Asked, head: TallyHead, page: PageRequest
) -> tuple[Sequence[int], Sequence[int], Page[tuple[NoticeBranch, Sequence[int]]]]:
    """The numbers of `EVERY`: of the branch with all below it, of the branch itself, and of those right below it."""
    of_head = (_TALLY.c.notice_id == head.notice_id, _TALLY.c.occurrence == head.occurrence)
    is_below = _TALLY.c.parent_no == asked.branch.no
    sums = [
        select(literal(place), *(func.coalesce(func.sum(number), 0) for number in _NUMBERS)).where(*of_head, which)
        for place, which in enumerate((_TALLY.c.branch_no == asked.branch.no, is_below))
    ]
    (_, *total), (_, *below) = sorted(await session.execute(union_all(*sums)))
    here = [whole - part for whole, part in zip(total, below, strict=True)]
    children = select(col(Branch.id), col(Branch.code), col(Branch.name), *_NUMBERS)
    parts: Page[tuple[NoticeBranch, Sequence[int]]] = await paginate(
        session,
        children.join(_TALLY, _TALLY.c.branch_no == col(Branch.no)).where(*of_head, is_below),
        page,
        [Order(col(Branch.code))],
        lambda row: (NoticeBranch(id=row[0], code=row[1], name=row[2]), row[3:]),
    )
    return total, here, parts


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
