"""Notices to begin from: templates of a branch, and notices written before."""

from api.deps import Id, PageDep, RevisionDep, SessionDep, TagDep, ViewerDep
from api.routing import declare, router
from models.notices.duplicates import duplicate_notice
from models.notices.shapes import NoticePublic
from models.paging import Page
from models.permissions import Permission
from models.templates.rules import (
    create_template,
    delete_template,
    draft_from_template,
    list_templates,
    read_template,
    update_template,
)
from models.templates.shapes import TemplateCreate, TemplateDraft, TemplatePublic, TemplateSummary, TemplateUpdate

routes = router("notices")


@routes.get("/branches/{branch_id}/notice-templates")
@declare(Permission.NOTICE_WRITE)
async def list_notice_templates(
    branch_id: Id, session: SessionDep, viewer: ViewerDep, page: PageDep
) -> Page[TemplateSummary]:
    """What the branch may begin a notice from, by name: its own templates and those of the branches above it."""
    return await list_templates(session, viewer, branch_id, page)


@routes.post("/branches/{branch_id}/notice-templates", status_code=201)
@declare(Permission.NOTICE_WRITE, idempotent=True)
async def add_notice_template(
    branch_id: Id, body: TemplateCreate, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> TemplatePublic:
    """Keep something that the branch says again and again. Branches below may begin from it too."""
    return tag(await create_template(session, viewer, branch_id, body))


@routes.get("/notice-templates/{template_id}")
@declare(Permission.NOTICE_WRITE)
async def open_notice_template(template_id: Id, tag: TagDep, session: SessionDep, viewer: ViewerDep) -> TemplatePublic:
    """A template with its text, for whoever writes notices in its branch, above it or below it."""
    return tag(await read_template(session, viewer, template_id))


@routes.patch("/notice-templates/{template_id}")
@declare(Permission.NOTICE_WRITE, revisioned=True)
async def change_notice_template(
    template_id: Id, body: TemplateUpdate, revision: RevisionDep, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> TemplatePublic:
    """Rename a template, or say something else in it."""
    return tag(await update_template(session, viewer, template_id, body, revision))


@routes.delete("/notice-templates/{template_id}", status_code=204)
@declare(Permission.NOTICE_WRITE, revisioned=True)
async def remove_notice_template(
    template_id: Id, revision: RevisionDep, session: SessionDep, viewer: ViewerDep
) -> None:
    """Notices that began from it stay."""
    await delete_template(session, viewer, template_id, revision)


@routes.post("/notice-templates/{template_id}/draft", status_code=201)
@declare(Permission.NOTICE_WRITE, idempotent=True)
async def begin_from_template(
    template_id: Id, body: TemplateDraft, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> NoticePublic:
    """A draft that says what the template says; of an activity on the day that `on` names."""
    return tag(await draft_from_template(session, viewer, template_id, body))


@routes.post("/notices/{notice_id}/duplicate", status_code=201)
@declare(Permission.NOTICE_WRITE, idempotent=True)
async def begin_from_notice(notice_id: Id, tag: TagDep, session: SessionDep, viewer: ViewerDep) -> NoticePublic:
    """A draft of the same branch that says what this notice says, whatever became of it."""
    return tag(await duplicate_notice(session, viewer, notice_id))
