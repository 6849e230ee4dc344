"""Rules about notices: who writes, publishes and withdraws them, and who reads what."""

from collections.abc import Mapping, Sequence, Set
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.render import render_markdown, summarise
from models.audit import audit
from models.branches import Branch, BranchStatus, get_branch, hold_active
from models.changes import Topic, record
from models.channels import channel, hears
from models.database import now
from models.errors import Conflict, Invalid, NotFound, Stale
from models.notices.shapes import (
    Audience,
    NoticeAmend,
    NoticeBranch,
    NoticeCreate,
    NoticeEdition,
    NoticeHistory,
    NoticePublic,
    NoticeSummary,
    NoticeUpdate,
    NoticeWithdraw,
)
from models.notices.table import Category, Notice, NoticeRevision, NoticeState, Receipt
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
    is_draft = col(Notice.state) == NoticeState.DRAFT
    return or_(
        heard(viewer),
        and_(~is_draft, visible(viewer, Permission.REPORT_READ, Branch.path)),
        and_(is_draft, visible(viewer, Permission.NOTICE_WRITE, Branch.path)),
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
    """What one branch itself said, newest first, for holders of `report.read`; drafts for those of `notice.write`."""
    require(viewer, Permission.REPORT_READ, branch.path)
    statement = _summaries().where(col(Notice.branch_no) == branch.no)
    if state is NoticeState.DRAFT:
        require(viewer, Permission.NOTICE_WRITE, branch.path)
    if state is not None:
        statement = statement.where(col(Notice.state) == state)
    elif not allowed(viewer, Permission.NOTICE_WRITE, branch.path):
        statement = statement.where(col(Notice.state) != NoticeState.DRAFT)
    return await _listed(session, statement, page, [Order(col(Notice.id), descending=True)])


async def create_notice(session: AsyncSession, viewer: Viewer, data: NoticeCreate) -> NoticePublic:
    """A draft, or with `publish` a published notice.

    Raises Invalid `branch.unknown`, Conflict `branch.not_active`.
    """
    try:
        branch = await get_branch(session, data.branch_id)
    except NotFound:
        raise Invalid.at("/branch_id", "branch.unknown") from None
    require(viewer, Permission.NOTICE_WRITE, branch.path)
    values = data.model_dump(include={"title", "body", "category", "priority", "requires_ack"})
    notice = Notice(
        branch_no=branch.no,
        who=data.audience.who,
        author_id=viewer.member_id,
        created_at=now(session),
        **_rendered(values),
    )
    if data.publish:
        require(viewer, Permission.NOTICE_PUBLISH, branch.path)
        await _speak(session, notice, branch)
    else:
        await hold_active(session, branch)
    session.add(notice)
    await session.flush()
    action = "notice.publish" if data.publish else "notice.create"
    after = _noted({**values, "audience": data.audience}) | {"state": notice.state.value}
    audit(session, viewer, action, "notice", notice.id, branch_no=branch.no, after=after)
    return public(notice, branch)


async def update_notice(
    session: AsyncSession, viewer: Viewer, notice_id: UUID, data: NoticeUpdate, revision: int
) -> NoticePublic:
    """Rewrite a draft. Raises Conflict `notice.not_draft`, Stale."""
    notice, branch = await _held(
        session, viewer, notice_id, revision, right=Permission.NOTICE_WRITE, state=NoticeState.DRAFT
    )
    changes = _changed(notice, data, but={"classification"})
    if not changes:
        return public(notice, branch)
    before = {name: _said(notice, name) for name in changes}
    _say(notice, changes)
    await session.flush()
    audit(
        session,
        viewer,
        "notice.update",
        "notice",
        notice.id,
        branch_no=branch.no,
        before=_noted(before),
        after=_noted(changes),
    )
    return public(notice, branch)


async def publish_notice(session: AsyncSession, viewer: Viewer, notice_id: UUID, revision: int) -> NoticePublic:
    """From now on its channel hears it. Of two who publish at once, one does.

    Raises Conflict `notice.already_published`, `notice.withdrawn`, `branch.not_active`, Stale.
    """
    notice, branch = await get_notice(session, viewer, notice_id)
    require(viewer, Permission.NOTICE_PUBLISH, branch.path)
    await _speak(session, notice, branch, revision)
    await session.flush()
    before, after = {"state": NoticeState.DRAFT.value}, {"state": notice.state.value, "revision": notice.revision}
    audit(session, viewer, "notice.publish", "notice", notice.id, branch_no=branch.no, before=before, after=after)
    return public(notice, branch)


async def amend_notice(
    session: AsyncSession, viewer: Viewer, notice_id: UUID, data: NoticeAmend, revision: int
) -> NoticePublic:
    """Say something else in the place of what is published, as a new revision; what was said before stays readable.

    Raises Conflict `notice.not_published`, `notice.nothing_changed`, Stale, Invalid `missing` for a null.
    """
    notice, branch = await _held(session, viewer, notice_id, revision)
    changes = _changed(notice, data, but={"classification", "change", "acknowledge_again"})
    if not changes:
        raise Conflict("notice.nothing_changed")
    said = {name: getattr(notice, name) for name in NoticeRevision.model_fields if name != "notice_id"}
    session.add(NoticeRevision(notice_id=notice.id, **said))
    before = {name: _said(notice, name) for name in changes} | {"revision": notice.revision}
    _say(notice, changes)
    notice.amended_at, notice.change, notice.author_id = now(session), data.change, viewer.member_id
    if data.acknowledge_again:
        notice.ack_revision = notice.revision
    await session.flush()
    after = changes | {"revision": notice.revision, "change": data.change, "ack_revision": notice.ack_revision}
    audit(
        session,
        viewer,
        "notice.amend",
        "notice",
        notice.id,
        branch_no=branch.no,
        before=_noted(before),
        after=_noted(after),
    )
    _record(session, notice)
    return public(notice, branch)


async def list_editions(session: AsyncSession, viewer: Viewer, notice_id: UUID) -> NoticeHistory:
    """All that a published notice has said, the newest first, for whoever may read it."""
    notice, _ = await get_notice(session, viewer, notice_id)
    if notice.state is NoticeState.DRAFT:
        return NoticeHistory(items=[])
    earlier = await session.scalars(
        select(NoticeRevision)
        .where(col(NoticeRevision.notice_id) == notice.id)
        .order_by(col(NoticeRevision.revision).desc())
    )
    return NoticeHistory(items=[NoticeEdition.model_validate(each) for each in (notice, *earlier)])


async def withdraw_notice(
    session: AsyncSession, viewer: Viewer, notice_id: UUID, data: NoticeWithdraw, revision: int
) -> NoticePublic:
    """Its channel no longer hears it; the branch's history keeps it. Raises Conflict `notice.not_published`, Stale."""
    notice, branch = await _held(session, viewer, notice_id, revision)
    notice.state = NoticeState.WITHDRAWN
    notice.withdrawn_at = now(session)
    notice.withdrawn_reason = data.reason or None
    notice.revision += 1
    await session.flush()
    before = {"state": NoticeState.PUBLISHED.value}
    after = {"state": notice.state.value, "reason": notice.withdrawn_reason, "revision": notice.revision}
    audit(session, viewer, "notice.withdraw", "notice", notice.id, branch_no=branch.no, before=before, after=after)
    _record(session, notice)
    return public(notice, branch)


async def _speak(session: AsyncSession, notice: Notice, branch: Branch, revision: int | None = None) -> None:
    """Publish a new notice, or with `revision` a stored one. The branch is held so that it cannot be closed
    meanwhile; it is locked before the notice, as everywhere.
    """
    await session.refresh(branch, with_for_update={"read": True})
    if revision is not None:
        await _lock(session, notice)
        if notice.state is not NoticeState.DRAFT:
            is_published = notice.state is NoticeState.PUBLISHED
            raise Conflict("notice.already_published" if is_published else "notice.withdrawn")
        if notice.revision != revision:
            raise Stale
    if branch.status is not BranchStatus.ACTIVE:
        raise Conflict("branch.not_active")
    if revision is not None:
        notice.revision += 1
    notice.state = NoticeState.PUBLISHED
    notice.published_at = now(session)
    notice.ack_revision = notice.revision
    _record(session, notice)


async def _held(
    session: AsyncSession,
    viewer: Viewer,
    notice_id: UUID,
    revision: int,
    *,
    right: Permission = Permission.NOTICE_PUBLISH,
    state: NoticeState = NoticeState.PUBLISHED,
) -> tuple[Notice, Branch]:
    """A notice to change, locked, for who has the right to. Raises Conflict where it is not in that state, Stale."""
    notice, branch = await get_notice(session, viewer, notice_id)
    require(viewer, right, branch.path)
    await _lock(session, notice)
    if notice.state is not state:
        raise Conflict(f"notice.not_{state}")
    if notice.revision != revision:
        raise Stale
    return notice, branch


async def _lock(session: AsyncSession, notice: Notice) -> None:
    """Read anew and hold to the end of the transaction, without keeping receipts waiting for their foreign key."""
    await session.refresh(notice, with_for_update={"key_share": True})


def _record(session: AsyncSession, notice: Notice) -> None:
    record(session, channel(notice.branch_no, notice.who), Topic.NOTICES, "notice", notice.id)


def _changed(notice: Notice, data: NoticeUpdate | NoticeAmend, *, but: Set[str]) -> dict[str, Any]:
    """The fields that were sent and say something else than the notice. Raises Invalid for a null: none may be
    unknown.
    """
    sent = {name: getattr(data, name) for name in data.model_fields_set - but}
    missing = sorted(name for name, value in sent.items() if value is None)
    if missing:
        raise Invalid.at(f"/{missing[0]}", "missing")
    return {name: value for name, value in sent.items() if value != _said(notice, name)}


def _say(notice: Notice, changes: Mapping[str, Any]) -> None:
    """A new revision that says this."""
    for name, value in _rendered(changes).items():
        if name == "audience":
            notice.who = value.who
        else:
            setattr(notice, name, value)
    notice.revision += 1


def _said(notice: Notice, name: str) -> Any:
    return Audience.of(notice.who) if name == "audience" else getattr(notice, name)


def _rendered(values: Mapping[str, Any]) -> dict[str, Any]:
    """With what is derived from a body, if there is one among them."""
    if "body" not in values:
        return dict(values)
    body = values["body"]
    return {**values, "body_html": render_markdown(body), "summary": summarise(body)}


def _noted(values: Mapping[str, Any]) -> dict[str, Any]:
    """As the audit keeps it: of a body the length alone."""
    noted = {name: value for name, value in values.items() if name != "body"}
    if "audience" in noted:
        noted["audience"] = noted["audience"].model_dump(mode="json", exclude_none=True)
    if "body" in values:
        noted["body_length"] = len(values["body"])
    return noted


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
