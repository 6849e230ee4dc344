"""Notices: what branches say, and who has taken note."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.requests import Request

from api.cache.listings import NOTICES
from api.cache.shared_pages import first_page, thing_page
from api.deps import Id, PageDep, PartsDep, RevisionDep, SessionDep, TagDep, ViewerDep
from api.routing import Access, Cached, declare, router
from models.branches import get_branch
from models.notices.drafts import create_notice, update_notice
from models.notices.life import (
    amend_notice,
    approve_notice,
    publish_notice,
    remind_of_notice,
    unschedule_notice,
    withdraw_notice,
)
from models.notices.preview import preview_audience
from models.notices.reading import list_branch_notices, list_editions, list_feed, read_notice
from models.notices.receipts import get_receipt, put_receipt
from models.notices.shapes import (
    AudiencePreview,
    NoticeAmend,
    NoticeCreate,
    NoticeHistory,
    NoticePublic,
    NoticeSummary,
    NoticeUpdate,
    NoticeWithdraw,
    ReceiptPublic,
    ReceiptPut,
)
from models.notices.table import Category, NoticeState
from models.paging import Page
from models.permissions import Permission

routes = router("notices")

Below = Annotated[UUID | None, Query(description="A branch below the one that speaks, to look at alone.")]
Unread = Annotated[bool, Query(description="Only what I have not read in its present revision.")]


@routes.get("/notices")
@declare(Access.MEMBER, Cached.MEMBER, shared=first_page(NOTICES))
async def list_notices(
    session: SessionDep, viewer: ViewerDep, page: PageDep, category: Category | None = None, unread: Unread = False
) -> Page[NoticeSummary]:
    """My feed: what is published for me, newest first."""
    return await list_feed(session, viewer, page, category=category, unread=unread)


@routes.post("/notices", status_code=201)
@declare(Permission.NOTICE_WRITE, idempotent=True)
async def write_notice(
    body: NoticeCreate, tag: TagDep, session: SessionDep, viewer: ViewerDep, parts: PartsDep
) -> NoticePublic:
    """A draft, or with `publish` a notice that its audience sees at once, or from `publish_at` on."""
    return tag(await create_notice(session, viewer, body, approval_above=parts.settings.approval_above))


@routes.get("/notices/{notice_id}")
@declare(Access.MEMBER, Cached.MEMBER, shared=thing_page(NOTICES))
async def open_notice(notice_id: Id, tag: TagDep, session: SessionDep, viewer: ViewerDep) -> NoticePublic:
    """A notice with its text."""
    return tag(await read_notice(session, viewer, notice_id))


@routes.patch("/notices/{notice_id}")
@declare(Permission.NOTICE_WRITE, revisioned=True)
async def edit_notice(
    notice_id: Id,
    body: NoticeUpdate,
    revision: RevisionDep,
    tag: TagDep,
    session: SessionDep,
    viewer: ViewerDep,
) -> NoticePublic:
    """Change a draft. What is published is not edited."""
    return tag(await update_notice(session, viewer, notice_id, body, revision))


@routes.post("/notices/{notice_id}/publish")
@declare(Permission.NOTICE_PUBLISH, revisioned=True)
async def send_notice(
    notice_id: Id,
    revision: RevisionDep,
    tag: TagDep,
    session: SessionDep,
    viewer: ViewerDep,
    parts: PartsDep,
) -> NoticePublic:
    """Publish a draft: its audience sees it from now on, or from `publish_at` on where that is to come."""
    most = parts.settings.approval_above
    return tag(await publish_notice(session, viewer, notice_id, revision, approval_above=most))


@routes.post("/notices/{notice_id}/unschedule")
@declare(Permission.NOTICE_PUBLISH, revisioned=True)
async def unschedule(
    notice_id: Id, revision: RevisionDep, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> NoticePublic:
    """Make what is scheduled a draft again."""
    return tag(await unschedule_notice(session, viewer, notice_id, revision))


@routes.post("/notices/{notice_id}/approve")
@declare(Permission.NOTICE_PUBLISH, revisioned=True)
async def approve(
    notice_id: Id, revision: RevisionDep, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> NoticePublic:
    """Agree, as a second person, to an urgent notice for very many, in this revision."""
    return tag(await approve_notice(session, viewer, notice_id, revision))


@routes.post("/notices/{notice_id}/remind")
@declare(Permission.NOTICE_PUBLISH)
async def remind(notice_id: Id, tag: TagDep, session: SessionDep, viewer: ViewerDep) -> NoticePublic:
    """Have those reminded who have not taken note of it, at most twice a day."""
    return tag(await remind_of_notice(session, viewer, notice_id))


@routes.post("/notices/{notice_id}/amend")
@declare(Permission.NOTICE_PUBLISH, revisioned=True)
async def change_notice(
    notice_id: Id,
    body: NoticeAmend,
    revision: RevisionDep,
    tag: TagDep,
    session: SessionDep,
    viewer: ViewerDep,
    parts: PartsDep,
) -> NoticePublic:
    """Put something else in the place of what is published: a new revision that says what changed."""
    most = parts.settings.approval_above
    return tag(await amend_notice(session, viewer, notice_id, body, revision, approval_above=most))


@routes.get("/notices/{notice_id}/revisions")
@declare(Access.MEMBER, Cached.MEMBER)
async def list_notice_revisions(notice_id: Id, session: SessionDep, viewer: ViewerDep) -> NoticeHistory:
    """All that a published notice has said, the newest first."""
    return await list_editions(session, viewer, notice_id)


@routes.post("/notices/{notice_id}/withdraw")
@declare(Permission.NOTICE_PUBLISH, revisioned=True)
async def take_notice_back(
    notice_id: Id,
    body: NoticeWithdraw,
    revision: RevisionDep,
    tag: TagDep,
    session: SessionDep,
    viewer: ViewerDep,
) -> NoticePublic:
    """Take a published notice back: members no longer see it; the branch's history keeps it."""
    return tag(await withdraw_notice(session, viewer, notice_id, body, revision))


@routes.get("/notices/{notice_id}/audience")
@declare(Permission.NOTICE_WRITE)
async def count_audience(
    notice_id: Id, session: SessionDep, viewer: ViewerDep, branch_id: Below = None
) -> AudiencePreview:
    """How many people the notice reaches now, by branch."""
    return await preview_audience(session, viewer, notice_id, branch_id)


@routes.get("/notices/{notice_id}/receipt")
@declare(Access.MEMBER)
async def read_receipt(notice_id: Id, session: SessionDep, viewer: ViewerDep) -> ReceiptPublic:
    """Whether I have read and acknowledged it."""
    return await get_receipt(session, viewer, notice_id)


@routes.put("/notices/{notice_id}/receipt")
@declare(Access.MEMBER, transaction=False, writes=True)
async def acknowledge_notice(
    notice_id: Id, body: ReceiptPut, request: Request, viewer: ViewerDep, parts: PartsDep
) -> ReceiptPublic:
    """I have read it, or with `acknowledged` taken note of it. Saying so again changes nothing."""
    request_id = request.scope.get("handbook.request_id")
    return await parts.write(lambda session: put_receipt(session, viewer, notice_id, body), request_id=request_id)


@routes.get("/branches/{branch_id}/notices")
@declare(Permission.REPORT_READ)
async def list_notices_of_branch(
    branch_id: Id, session: SessionDep, viewer: ViewerDep, page: PageDep, state: NoticeState | None = None
) -> Page[NoticeSummary]:
    """What one branch has said, withdrawn notices and, for writers, drafts too."""
    return await list_branch_notices(session, viewer, await get_branch(session, branch_id), page, state=state)
