"""Collections: what belongs together, in order, with a day by which to have studied it."""

from api.cache.listings import COLLECTIONS
from api.cache.shared_pages import first_page, thing_page
from api.deps import Id, PageDep, RevisionDep, SessionDep, TagDep, ViewerDep
from api.routing import Access, Cached, declare, router
from models.paging import Page
from models.permissions import Permission
from models.study.collections import (
    CollectionCreate,
    CollectionDraft,
    CollectionPublic,
    CollectionSummary,
    CollectionUpdate,
)
from models.study.life import (
    create_study,
    get_draft,
    publish_study,
    supersede_study,
    update_study,
    withdraw_study,
)
from models.study.reading import drafted, list_studies, list_versions, open_study
from models.study.shapes import StudyHistory, StudyPublish, StudySupersede, StudyWithdraw
from models.study.table import StudyKind

routes = router("collections")

_KIND = StudyKind.COLLECTION


@routes.get("/collections")
@declare(Access.MEMBER, Cached.MEMBER, shared=first_page(COLLECTIONS))
async def list_collections(session: SessionDep, viewer: ViewerDep, page: PageDep) -> Page[CollectionSummary]:
    """My collections: what is published for me, newest first."""
    return await list_studies(session, viewer, _KIND, page)


@routes.post("/collections", status_code=201)
@declare(Permission.MATERIAL_WRITE, idempotent=True)
async def write_collection(
    body: CollectionCreate, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> CollectionDraft:
    """A draft, or with `publish` a collection that its audience has at once."""
    return tag(drafted(CollectionDraft, *await create_study(session, viewer, _KIND, body)))


@routes.get("/collections/{collection_id}")
@declare(Access.MEMBER, Cached.MEMBER, shared=thing_page(COLLECTIONS))
async def open_collection(collection_id: Id, session: SessionDep, viewer: ViewerDep) -> CollectionPublic:
    """What it holds now, in order."""
    shown: CollectionPublic = await open_study(session, viewer, _KIND, collection_id)
    return shown


@routes.patch("/collections/{collection_id}")
@declare(Permission.MATERIAL_WRITE, revisioned=True)
async def edit_collection(
    collection_id: Id,
    body: CollectionUpdate,
    revision: RevisionDep,
    tag: TagDep,
    session: SessionDep,
    viewer: ViewerDep,
) -> CollectionDraft:
    """Change the draft. Members read what was published until it is published anew."""
    return tag(drafted(CollectionDraft, *await update_study(session, viewer, _KIND, collection_id, body, revision)))


@routes.get("/collections/{collection_id}/draft")
@declare(Permission.MATERIAL_WRITE)
async def open_collection_draft(
    collection_id: Id, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> CollectionDraft:
    """As its editors see it; with the ETag that changes need."""
    return tag(drafted(CollectionDraft, *await get_draft(session, viewer, _KIND, collection_id)))


@routes.post("/collections/{collection_id}/publish")
@declare(Permission.MATERIAL_PUBLISH, revisioned=True)
async def publish_collection(
    collection_id: Id, body: StudyPublish, revision: RevisionDep, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> CollectionDraft:
    """The draft becomes the next version, which never changes."""
    return tag(drafted(CollectionDraft, *await publish_study(session, viewer, _KIND, collection_id, body, revision)))


@routes.post("/collections/{collection_id}/withdraw")
@declare(Permission.MATERIAL_PUBLISH, revisioned=True)
async def withdraw_collection(
    collection_id: Id, body: StudyWithdraw, revision: RevisionDep, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> CollectionDraft:
    """Take it back: members no longer see it. Its versions stay for its editors."""
    return tag(drafted(CollectionDraft, *await withdraw_study(session, viewer, _KIND, collection_id, body, revision)))


@routes.post("/collections/{collection_id}/supersede")
@declare(Permission.MATERIAL_PUBLISH, revisioned=True)
async def supersede_collection(
    collection_id: Id, body: StudySupersede, revision: RevisionDep, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> CollectionDraft:
    """Put another in its place: links to this one lead there from now on."""
    return tag(drafted(CollectionDraft, *await supersede_study(session, viewer, _KIND, collection_id, body, revision)))


@routes.get("/collections/{collection_id}/versions")
@declare(Access.MEMBER, Cached.MEMBER)
async def list_collection_versions(collection_id: Id, session: SessionDep, viewer: ViewerDep) -> StudyHistory:
    """The publish log: what each version changed, the newest first."""
    return await list_versions(session, viewer, _KIND, collection_id)
