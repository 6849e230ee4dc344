"""Counting an audience once: how many people of it stand in each branch, with all that is below."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    FromClause,
    Integer,
    Select,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.activities.table import Attendance, Rsvp
from models.audiences import Audience, Tree, audience_of_all, make_room
from models.branches import Branch
from models.database import is_postgresql, now, table_of, upsert
from models.notices.occurrences import Occurrence
from models.notices.table import Notice
from models.permissions import Place
from models.tallies.table import EVERY, RECEIPTS, Tally, TallyHead

_BRANCH, _HEAD, _TALLY = table_of(Branch), table_of(TallyHead), table_of(Tally)
_PLACED = ("branch_no", "parent_no", "path", "eligible")
_ROW = ("notice_id", "occurrence", *EVERY[1:], *_PLACED)


def kept(notice_id: UUID, occurrence: int) -> Tree:
    """The tree as it was when the audience was counted, of branches below which somebody heard."""

    def tree() -> FromClause:
        of_this = (_TALLY.c.notice_id == notice_id, _TALLY.c.occurrence == occurrence, _TALLY.c.eligible > 0)
        return select(_TALLY.c.branch_no.label("no"), _TALLY.c.path).where(*of_this).subquery()

    return tree


async def count_notice(session: AsyncSession, notice: Notice) -> None:
    """As of its publication. The caller holds the notice, so that it is counted once."""
    if notice.published_at is None:
        raise ValueError(f"{notice.id} was never published")
    if await _begin(session, notice, RECEIPTS, notice.published_at):
        await _count(session, notice, RECEIPTS, notice.published_at)
    notice.is_counted = True
    await session.flush()


async def count_occurrence(session: AsyncSession, occurrence: Occurrence) -> None:
    """As of its beginning, for good; what was counted before is counted anew. The caller holds the occurrence."""
    notice = await session.get_one(Notice, occurrence.notice_id)
    if not await _begin(session, notice, occurrence.no, occurrence.starts_at):
        await _empty(session, notice.id, occurrence)
    await _count(session, notice, occurrence.no, occurrence.starts_at)
    occurrence.counted_for = occurrence.starts_at
    await session.flush()


async def expect_occurrence(session: AsyncSession, notice: Notice, occurrence: int) -> None:
    """Until it begins, those are expected who heard of it at its publication. Nothing where that is not counted yet."""
    head = await hold_head(session, notice.id, RECEIPTS)
    if head is None or not await _begin(session, notice, occurrence, head.at):
        return
    is_kept = or_(_TALLY.c.eligible > 0, _TALLY.c.branch_no == notice.branch_no)
    counted = (_TALLY.c.notice_id == notice.id, _TALLY.c.occurrence == RECEIPTS, is_kept)
    await _keep(session, notice.id, occurrence, select(*(_TALLY.c[name] for name in _PLACED)).where(*counted))


async def hold_head(
    session: AsyncSession, notice_id: UUID, occurrence: int, *, waiting: bool = True
) -> TallyHead | None:
    """The head, to the end of the transaction; None where there is none or, not `waiting`, another holds it."""
    return await session.scalar(
        select(TallyHead)
        .where(col(TallyHead.notice_id) == notice_id, col(TallyHead.occurrence) == occurrence)
        .with_for_update(skip_locked=not waiting)
        .execution_options(populate_existing=True)
    )


async def _begin(session: AsyncSession, notice: Notice, occurrence: int, at: datetime) -> bool:
    """Whether this is the first to count: of two at once the other waits for it."""
    head = {
        "notice_id": notice.id,
        "occurrence": occurrence,
        "at": at,
        "ack_revision": notice.ack_revision,
        "counted_at": now(session),
    }
    insert_head = (postgresql if is_postgresql(session) else sqlite).insert(_HEAD).values(head)
    begun = await session.execute(insert_head.on_conflict_do_nothing().returning(_HEAD.c.occurrence))
    return begun.scalar_one_or_none() is not None


async def _empty(session: AsyncSession, notice_id: UUID, occurrence: Occurrence) -> None:
    """Nothing is counted, and all that was said is to be."""
    head = await hold_head(session, notice_id, occurrence.no)
    if head is not None:
        head.at, head.counted_at = occurrence.starts_at, now(session)
    of_this = {"notice_id": notice_id, "occurrence": occurrence.no}
    await session.execute(delete(_TALLY).filter_by(**of_this))
    for answers in (table_of(Rsvp), table_of(Attendance)):
        told = update(answers).filter_by(**of_this).where(answers.c.counted.is_not(None))
        await session.execute(told.values(counted=None, also_no=None))


async def _count(session: AsyncSession, notice: Notice, occurrence: int, at: datetime) -> None:
    top = (await session.get_one(Branch, notice.branch_no)).place
    await make_room(session)
    audience = await audience_of_all(session, Audience(top, notice.who, at))
    await _keep(session, notice.id, occurrence, _summed(audience, top))
    # where nobody hears it, somebody may yet
    empty = {"notice_id": notice.id, "occurrence": occurrence, "branch_no": top.no, "path": top.path}
    await upsert(session, Tally, [empty], keys=("notice_id", "occurrence", "branch_no"), update=())


def _summed(audience: Audience, top: Place) -> Select[Any]:
    """How many stand in each branch and below it: every place is carried up to the top, level by level."""
    counted = audience.counted(top.path).subquery()
    up = select(counted.c.branch_no.label("no"), counted.c.people).cte("up", recursive=True)
    child = _BRANCH.alias()
    up = up.union_all(
        select(child.c.parent_no, up.c.people).join_from(up, child, child.c.no == up.c.no).where(up.c.no != top.no)
    )
    summed = select(up.c.no, cast(func.sum(up.c.people), Integer).label("eligible")).group_by(up.c.no).subquery()
    parent_no = case((_BRANCH.c.no == top.no, null()), else_=_BRANCH.c.parent_no)
    return select(_BRANCH.c.no, parent_no, _BRANCH.c.path, summed.c.eligible).join_from(
        summed, _BRANCH, _BRANCH.c.no == summed.c.no
    )


async def _keep(session: AsyncSession, notice_id: UUID, occurrence: int, placed: Select[Any]) -> None:
    """Write the rows of these branches, in which nobody has said anything yet."""
    rows = placed.subquery()
    nothing = [literal(0, Integer()).label(name) for name in EVERY[1:]]
    said = [bindparam("of", notice_id, type_=_TALLY.c.notice_id.type), literal(occurrence, _TALLY.c.occurrence.type)]
    await session.execute(insert(_TALLY).from_select(_ROW, select(*said, *nothing, *rows.c), include_defaults=False))
