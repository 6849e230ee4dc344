"""Rules about templates: a branch writes its own, and may begin notices from those of all branches above it too."""

from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.audit import audit
from models.branches import Branch, get_branch, hold_active
from models.channels import ancestors
from models.database import now, translating
from models.errors import Conflict, Invalid, NotFound, Stale
from models.notices.drafts import create_notice
from models.notices.shapes import NoticeBranch, NoticeCreate, NoticePublic
from models.notices.writing import noted
from models.paging import Order, Page, PageRequest, paginate
from models.permissions import Permission, Viewer, allowed, require
from models.search import folded
from models.templates.shapes import (
    TemplateContent,
    TemplateCreate,
    TemplateDraft,
    TemplatePublic,
    TemplateSummary,
    TemplateUpdate,
)
from models.templates.table import TEMPLATE_NAME, NoticeTemplate


async def list_templates(
    session: AsyncSession, viewer: Viewer, branch_id: UUID, page: PageRequest
) -> Page[TemplateSummary]:
    """What a branch may begin from, by name: its own templates and those of the branches above it."""
    branch = await get_branch(session, branch_id)
    require(viewer, Permission.NOTICE_WRITE, branch.path)
    statement = (
        select(NoticeTemplate, Branch)
        .join(Branch, col(Branch.no) == col(NoticeTemplate.branch_no))
        .where(col(NoticeTemplate.branch_no).in_(ancestors(branch.path)))
    )
    order = [Order(col(NoticeTemplate.name_folded)), Order(col(NoticeTemplate.id))]
    return await paginate(session, statement, page, order, lambda row: _summary(*row))


async def create_template(
    session: AsyncSession, viewer: Viewer, branch_id: UUID, data: TemplateCreate
) -> TemplatePublic:
    """Raises Conflict `template.name_taken`, `branch.not_active`."""
    branch = await get_branch(session, branch_id)
    require(viewer, Permission.NOTICE_WRITE, branch.path)
    await hold_active(session, branch)
    template = NoticeTemplate(
        branch_no=branch.no,
        name=data.name,
        name_folded=folded(data.name),
        content=data.content.model_dump(mode="json"),
        created_at=now(session),
    )
    async with _named(session, data.name):
        session.add(template)
    _audit(session, viewer, "create", template, after={"name": data.name, **_kept(data.content)})
    return _public(template, branch)


async def read_template(session: AsyncSession, viewer: Viewer, template_id: UUID) -> TemplatePublic:
    """For whoever writes notices in its branch, above it, or below it. Raises NotFound."""
    return _public(*await _usable(session, viewer, template_id))


async def update_template(
    session: AsyncSession, viewer: Viewer, template_id: UUID, data: TemplateUpdate, revision: int
) -> TemplatePublic:
    """Raises Conflict `template.name_taken`, Stale, Invalid for a null."""
    template, branch = await _held(session, viewer, template_id, revision)
    sent = {name: getattr(data, name) for name in TemplateUpdate.model_fields if name in data.model_fields_set}
    missing = sorted(name for name, value in sent.items() if value is None)
    if missing:
        raise Invalid.at(f"/{missing[0]}", "missing")
    said = TemplateContent.model_validate(template.content)
    before, after = {"name": template.name, "content": said}, {"name": template.name, "content": said, **sent}
    if before == after:
        return _public(template, branch)
    async with _named(session, after["name"]):
        template.name, template.name_folded = after["name"], folded(after["name"])
        template.content = after["content"].model_dump(mode="json")
        template.revision += 1
    changed = {name for name in sent if sent[name] != before[name]}
    _audit(session, viewer, "update", template, before=_changed(before, changed), after=_changed(after, changed))
    return _public(template, branch)


async def delete_template(session: AsyncSession, viewer: Viewer, template_id: UUID, revision: int) -> None:
    """Notices that began from it stay as they are. Raises Stale."""
    template, _ = await _held(session, viewer, template_id, revision)
    await session.delete(template)
    await session.flush()
    said = TemplateContent.model_validate(template.content)
    _audit(session, viewer, "delete", template, before={"name": template.name, **_kept(said)})


async def draft_from_template(
    session: AsyncSession, viewer: Viewer, template_id: UUID, data: TemplateDraft
) -> NoticePublic:
    """A draft that says what the template says, but for what `data` says otherwise.

    Raises Invalid at `/on` where it is missing, unexpected or no day, and what `create_notice` raises.
    """
    template, branch = await _usable(session, viewer, template_id)
    content = TemplateContent.model_validate(template.content)
    if content.activity is not None and data.on is None:
        raise Invalid.at("/on", "missing")
    if content.activity is None and data.on is not None:
        raise Invalid.at("/on", "template.day_unexpected")
    said = {name: getattr(content, name) for name in TemplateContent.model_fields}
    said |= {name: value for name in ("title", "body") if (value := getattr(data, name)) is not None}
    if content.activity is not None and data.on is not None:
        said["activity"] = content.activity.on(data.on)
    return await create_notice(session, viewer, NoticeCreate(branch_id=data.branch_id or branch.id, **said))


async def _usable(session: AsyncSession, viewer: Viewer, template_id: UUID) -> tuple[NoticeTemplate, Branch]:
    found = await session.execute(
        select(NoticeTemplate, Branch)
        .join(Branch, col(Branch.no) == col(NoticeTemplate.branch_no))
        .where(col(NoticeTemplate.id) == template_id)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound
    template, branch = row
    writes_below = any(top.startswith(branch.path) for top in viewer.paths(Permission.NOTICE_WRITE))
    if not writes_below and not allowed(viewer, Permission.NOTICE_WRITE, branch.path):
        raise NotFound
    return template, branch


async def _held(
    session: AsyncSession, viewer: Viewer, template_id: UUID, revision: int
) -> tuple[NoticeTemplate, Branch]:
    """A template to change, locked, for who has the right to."""
    _, branch = await _usable(session, viewer, template_id)
    require(viewer, Permission.NOTICE_WRITE, branch.path)
    statement = select(NoticeTemplate).where(col(NoticeTemplate.id) == template_id).with_for_update()
    template = await session.scalar(statement.execution_options(populate_existing=True))
    if template is None:  # somebody deleted it meanwhile
        raise NotFound
    if template.revision != revision:
        raise Stale
    return template, branch


def _named(session: AsyncSession, name: str) -> AbstractAsyncContextManager[None]:
    """Two templates of a branch that are given one name at once: one of them is."""
    return translating(session, {TEMPLATE_NAME: Conflict("template.name_taken", name=name)})


def _kept(content: TemplateContent) -> dict[str, Any]:
    """As the audit keeps it: of a body the length alone."""
    return noted(
        {name: value for name in TemplateContent.model_fields if (value := getattr(content, name)) is not None}
    )


def _changed(said: dict[str, Any], names: set[str]) -> dict[str, Any]:
    kept = {"name": said["name"]} if "name" in names else {}
    return kept | (_kept(said["content"]) if "content" in names else {})


def _audit(session: AsyncSession, viewer: Viewer, verb: str, template: NoticeTemplate, **said: Any) -> None:
    audit(session, viewer, f"template.{verb}", "notice_template", template.id, branch_no=template.branch_no, **said)


def _summary(template: NoticeTemplate, branch: Branch) -> TemplateSummary:
    return TemplateSummary(
        id=template.id,
        branch=NoticeBranch.model_validate(branch),
        name=template.name,
        title=template.content["title"],
        category=template.content["category"],
        revision=template.revision,
    )


def _public(template: NoticeTemplate, branch: Branch) -> TemplatePublic:
    return TemplatePublic(
        id=template.id,
        branch=NoticeBranch.model_validate(branch),
        name=template.name,
        content=TemplateContent.model_validate(template.content),
        revision=template.revision,
        created_at=template.created_at,
    )
