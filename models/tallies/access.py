"""Whose report on a notice somebody may read: of the branch that speaks, or of one below it that they look after."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.branches import Branch, get_branch
from models.channels import HERE, Hearing
from models.errors import Conflict, Forbidden, NotFound
from models.notices.occurrences import Occurrence
from models.notices.table import UNSAID, Notice, NoticeState
from models.permissions import Permission, Viewer, allowed
from models.tallies.table import RECEIPTS, Tally, TallyHead


@dataclass(frozen=True, slots=True)
class Asked:
    """A notice, the branch that speaks, and the branch whose report is asked for; of an activity's time, or of the
    receipts.
    """

    notice: Notice
    speaking: Branch
    branch: Branch
    occurrence: Occurrence | None

    @property
    def no(self) -> int:
        return self.occurrence.no if self.occurrence is not None else RECEIPTS

    def audience_at(self, at: datetime) -> datetime:
        """Rule 6: a notice's audience is that of its publication, an activity's that of its beginning, once it has
        begun.
        """
        time = self.occurrence
        if time is not None and time.starts_at <= at and not time.is_cancelled:
            return time.starts_at
        return self.notice.published_at or at


async def get_reported(
    session: AsyncSession, viewer: Viewer, notice_id: UUID, branch_id: UUID | None, occurrence: int | None
) -> Asked:
    """Without a branch, the whole if that is the viewer's to see, else the first of their branches below.

    Raises NotFound, also for a branch that is not theirs or not of this notice's subtree, Forbidden for those who only
    hear it, Conflict `notice.not_published`.
    """
    found = await session.execute(
        select(Notice, Branch, Occurrence)
        .join(Branch, col(Branch.no) == col(Notice.branch_no))
        .outerjoin(Occurrence, (col(Occurrence.notice_id) == col(Notice.id)) & (col(Occurrence.no) == occurrence))
        .where(col(Notice.id) == notice_id)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound
    notice, speaking, time = row
    mine = _mine(viewer, notice, speaking)
    if not mine:
        is_heard = notice.state is NoticeState.PUBLISHED and Hearing.of(viewer).hears(notice.branch_no, notice.who)
        raise Forbidden(permission=Permission.REPORT_READ.value) if is_heard else NotFound
    if notice.state in UNSAID:
        raise Conflict("notice.not_published") if allowed(viewer, Permission.NOTICE_WRITE, speaking.path) else NotFound
    if occurrence is not None and time is None:
        raise NotFound
    branch = await _branch(session, viewer, notice, speaking, mine[0], branch_id)
    return Asked(notice, speaking, branch, time)


def _mine(viewer: Viewer, notice: Notice, speaking: Branch) -> list[str]:
    """The tops of what the viewer may see of the notice's subtree."""
    tops = viewer.paths(Permission.REPORT_READ)
    if any(speaking.path.startswith(top) for top in tops):
        return [speaking.path]
    return [] if notice.who == HERE else [top for top in tops if top.startswith(speaking.path)]


async def _branch(
    session: AsyncSession, viewer: Viewer, notice: Notice, speaking: Branch, top: str, branch_id: UUID | None
) -> Branch:
    if branch_id is None:
        if top == speaking.path:
            return speaking
        return (await session.scalars(select(Branch).where(col(Branch.path) == top))).one()
    branch = await get_branch(session, branch_id)
    is_below = branch.no == speaking.no if notice.who == HERE else branch.path.startswith(speaking.path)
    if not allowed(viewer, Permission.REPORT_READ, branch.path):
        raise NotFound
    if not is_below and await kept_path(session, notice, RECEIPTS, branch) is None:
        raise NotFound
    return branch


async def kept_path(session: AsyncSession, notice: Notice, occurrence: int, branch: Branch) -> str | None:
    """Where a branch stood when the audience was counted; None if nobody heard it there."""
    of_this = (col(Tally.notice_id) == notice.id, col(Tally.occurrence) == occurrence)
    return await session.scalar(select(col(Tally.path)).where(*of_this, col(Tally.branch_no) == branch.no))


async def head_for(session: AsyncSession, asked: Asked) -> TallyHead | None:
    """What was counted for it. For a time that nobody has counted or answered to yet: its notice's audience."""
    heads = await session.scalars(
        select(TallyHead)
        .where(col(TallyHead.notice_id) == asked.notice.id, col(TallyHead.occurrence).in_({asked.no, RECEIPTS}))
        .order_by(col(TallyHead.occurrence).desc())
        .limit(1)
    )
    return heads.one_or_none()
