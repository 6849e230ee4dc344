"""Who reads which notices, and how they are shown."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.branches import Branch
from models.channels import hears
from models.errors import NotFound
from models.notices.shapes import (
    Audience,
    NoticeBranch,
    NoticeEdition,
    NoticeHistory,
    NoticePublic,
    NoticeSummary,
)
from models.notices.table import UNSAID, Category, Notice, NoticeRevision, NoticeState, Receipt
from models.paging import Order, Page, PageRequest, paginate
from models.permissions import Permission, Viewer, allowed, require, visible

IN_LISTS = tuple(name for name in NoticeSummary.model_fields if name != "branch")
_IN_FULL = tuple(name for name in NoticePublic.model_fields if name not in {"branch", "audience"})


def heard(viewer: Viewer) -> ColumnElement[bool]:
    """What is published on the viewer's channels: the clause over `Notice` that feed, detail and receipts share."""
    return and_(col(Notice.state) == NoticeState.PUBLISHED, hears(viewer, col(Notice.branch_no), col(Notice.who)))


def not_read(viewer: Viewer) -> ColumnElement[bool]:
    """Without the viewer's receipt for today's revision. Over `Notice`."""
    receipt = select(col(Receipt.notice_id)).where(
        col(Receipt.notice_id) == col(Notice.id),
        col(Receipt.member_id) == viewer.the_member,
        col(Receipt.revision) == col(Notice.revision),
    )
    return ~receipt.exists()


def readable(viewer: Viewer) -> ColumnElement[bool]:
    """What is heard, and by right over the branch what is or was published, and drafts. Over `Notice` and `Branch`."""
    is_unsaid = col(Notice.state).in_(UNSAID)
    return or_(
        heard(viewer),
        and_(~is_unsaid, visible(viewer, Permission.REPORT_READ, Branch.path)),
        and_(is_unsaid, visible(viewer, Permission.NOTICE_WRITE, Branch.path)),
    )


async def get_notice(session: AsyncSession, viewer: Viewer, notice_id: UUID) -> tuple[Notice, Branch]:
    """A notice that this viewer may read, and the branch that speaks. Raises NotFound."""
    found = await session.execute(
        select(Notice, Branch)
        .join(Branch, col(Branch.no) == col(Notice.branch_no))
        .where(col(Notice.id) == notice_id, readable(viewer))
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound
    notice, branch = row
    return notice, branch


async def read_notice(session: AsyncSession, viewer: Viewer, notice_id: UUID) -> NoticePublic:
    """`get_notice` as it is shown: the same for all who may read it."""
    return public(*await get_notice(session, viewer, notice_id))


async def list_feed(
    session: AsyncSession,
    viewer: Viewer,
    page: PageRequest,
    *,
    category: Category | None = None,
    unread: bool = False,
) -> Page[NoticeSummary]:
    """What is published on the viewer's channels, newest first. `unread`: without a receipt for today's revision."""
    statement = _summaries().where(heard(viewer))
    if category is not None:
        statement = statement.where(col(Notice.category) == category)
    if unread:
        statement = statement.where(not_read(viewer))
    order = [Order(col(Notice.published_at), descending=True), Order(col(Notice.id), descending=True)]
    return await _listed(session, statement, page, order)


async def list_branch_notices(
    session: AsyncSession, viewer: Viewer, branch: Branch, page: PageRequest, *, state: NoticeState | None = None
) -> Page[NoticeSummary]:
    """What one branch itself said, newest first, for holders of `report.read`; what it has not said yet for those of
    `notice.write`.
    """
    require(viewer, Permission.REPORT_READ, branch.path)
    statement = _summaries().where(col(Notice.branch_no) == branch.no)
    if state in UNSAID:
        require(viewer, Permission.NOTICE_WRITE, branch.path)
    if state is not None:
        statement = statement.where(col(Notice.state) == state)
    elif not allowed(viewer, Permission.NOTICE_WRITE, branch.path):
        statement = statement.where(col(Notice.state).not_in(UNSAID))
    return await _listed(session, statement, page, [Order(col(Notice.id), descending=True)])


async def list_editions(session: AsyncSession, viewer: Viewer, notice_id: UUID) -> NoticeHistory:
    """All that a published notice has said, the newest first, for whoever may read it."""
    notice, _ = await get_notice(session, viewer, notice_id)
    if notice.state in UNSAID:
        return NoticeHistory(items=[])
    earlier = await session.scalars(
        select(NoticeRevision)
        .where(col(NoticeRevision.notice_id) == notice.id)
        .order_by(col(NoticeRevision.revision).desc())
    )
    return NoticeHistory(items=[NoticeEdition.model_validate(each) for each in (notice, *earlier)])


def _summaries() -> Select[Any]:
    # columns rather than rows of the table: SQLite would carry every body through the sort
    return select(*(getattr(Notice, name) for name in IN_LISTS), col(Notice.branch_no))


async def _listed(
    session: AsyncSession, statement: Select[Any], page: PageRequest, order: Sequence[Order]
) -> Page[NoticeSummary]:
    """Two statements, whatever the size. Joined, PostgreSQL would hash every branch there is before it sorts."""
    found: Page[Any] = await paginate(session, statement, page, order, tuple)
    numbers = sorted({branch_no for *_, branch_no in found.items})
    branches = await session.scalars(select(Branch).where(col(Branch.no).in_(numbers)))
    speaking = {branch.no: NoticeBranch.model_validate(branch) for branch in branches}
    items = [
        NoticeSummary(branch=speaking[branch_no], **dict(zip(IN_LISTS, shown, strict=True)))
        for *shown, branch_no in found.items
    ]
    return Page(items=items, next_cursor=found.next_cursor)


def public(notice: Notice, branch: Branch) -> NoticePublic:
    return NoticePublic(
        branch=NoticeBranch.model_validate(branch),
        audience=Audience.of(notice.who),
        **{name: getattr(notice, name) for name in _IN_FULL},
    )
