"""Materials: texts and files to study."""

from typing import Annotated

from fastapi import Path
from pydantic import BeforeValidator

from api.cache.listings import MATERIALS
from api.cache.shared_pages import first_page, thing_page
from api.deps import Id, PageDep, RevisionDep, SessionDep, TagDep, ViewerDep, digits
from api.routing import Access, Cached, declare, router
from models.paging import Page
from models.permissions import Permission
from models.study.life import (
    create_study,
    get_draft,
    publish_study,
    supersede_study,
    update_study,
    withdraw_study,
)
from models.study.materials import Level, MaterialCreate, MaterialDraft, MaterialPublic, MaterialSummary, MaterialUpdate
from models.study.reading import drafted, list_studies, list_versions, open_study, open_version
from models.study.shapes import StudyHistory, StudyPublish, StudySupersede, StudyWithdraw
from models.study.table import StudyKind

routes = router("materials")

_KIND = StudyKind.MATERIAL
Version = Annotated[
    int, BeforeValidator(digits), Path(ge=1, le=1_000_000, description="As the publish log numbers it.")
]


@routes.get("/materials")
@declare(Access.MEMBER, Cached.MEMBER, shared=first_page(MATERIALS))
async def list_materials(
    session: SessionDep, viewer: ViewerDep, page: PageDep, level: Level | None = None
) -> Page[MaterialSummary]:
    """My materials: what is published for me, newest first."""
    return await list_studies(session, viewer, _KIND, page, level=level)


@routes.post("/materials", status_code=201)
@declare(Permission.MATERIAL_WRITE, idempotent=True)
async def write_material(body: MaterialCreate, tag: TagDep, session: SessionDep, viewer: ViewerDep) -> MaterialDraft:
    """A draft, or with `publish` a material that its audience has at once."""
    return tag(drafted(MaterialDraft, *await create_study(session, viewer, _KIND, body)))


@routes.get("/materials/{material_id}")
@declare(Access.MEMBER, Cached.MEMBER, shared=thing_page(MATERIALS))
async def open_material(material_id: Id, session: SessionDep, viewer: ViewerDep) -> MaterialPublic:
    """The published version, whole. An old link leads to what took its place."""
    shown: MaterialPublic = await open_study(session, viewer, _KIND, material_id)
    return shown


@routes.patch("/materials/{material_id}")
@declare(Permission.MATERIAL_WRITE, revisioned=True)
async def edit_material(
    material_id: Id, body: MaterialUpdate, revision: RevisionDep, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> MaterialDraft:
    """Change the draft. Members read what was published until it is published anew."""
    return tag(drafted(MaterialDraft, *await update_study(session, viewer, _KIND, material_id, body, revision)))


@routes.get("/materials/{material_id}/draft")
@declare(Permission.MATERIAL_WRITE)
async def open_material_draft(material_id: Id, tag: TagDep, session: SessionDep, viewer: ViewerDep) -> MaterialDraft:
    """As its editors see it; with the ETag that changes need."""
    return tag(drafted(MaterialDraft, *await get_draft(session, viewer, _KIND, material_id)))


@routes.post("/materials/{material_id}/publish")
@declare(Permission.MATERIAL_PUBLISH, revisioned=True)
async def publish_material(
    material_id: Id, body: StudyPublish, revision: RevisionDep, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> MaterialDraft:
    """The draft becomes the next version, which never changes."""
    return tag(drafted(MaterialDraft, *await publish_study(session, viewer, _KIND, material_id, body, revision)))


@routes.post("/materials/{material_id}/withdraw")
@declare(Permission.MATERIAL_PUBLISH, revisioned=True)
async def withdraw_material(
    material_id: Id, body: StudyWithdraw, revision: RevisionDep, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> MaterialDraft:
    """Take it back: members no longer see it. Its versions stay for its editors."""
    return tag(drafted(MaterialDraft, *await withdraw_study(session, viewer, _KIND, material_id, body, revision)))


@routes.post("/materials/{material_id}/supersede")
@declare(Permission.MATERIAL_PUBLISH, revisioned=True)
async def supersede_material(
    material_id: Id, body: StudySupersede, revision: RevisionDep, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> MaterialDraft:
    """Put another in its place: links to this one lead there from now on."""
    return tag(drafted(MaterialDraft, *await supersede_study(session, viewer, _KIND, material_id, body, revision)))


@routes.get("/materials/{material_id}/versions")
@declare(Access.MEMBER, Cached.MEMBER)
async def list_material_versions(material_id: Id, session: SessionDep, viewer: ViewerDep) -> StudyHistory:
    """The publish log: what each version changed, the newest first."""
    return await list_versions(session, viewer, _KIND, material_id)


@routes.get("/materials/{material_id}/versions/{version}")
@declare(Access.MEMBER, Cached.MEMBER)
async def open_material_version(
    material_id: Id, version: Version, session: SessionDep, viewer: ViewerDep
) -> MaterialPublic:
    """An earlier version, as it was."""
    shown: MaterialPublic = await open_version(session, viewer, _KIND, material_id, version)
    return shown
