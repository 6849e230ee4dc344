"""How far I am in what I study."""

from starlette.requests import Request

from api.deps import Id, PartsDep, SessionDep, ViewerDep
from api.routing import Access, Cached, declare, router
from models.progress.rules import own_progress, put_progress
from models.progress.shapes import OwnProgress, ProgressPublic, ProgressPut

routes = router("materials")


@routes.get("/materials/{material_id}/progress")
@declare(Access.MEMBER, Cached.MEMBER)
async def read_progress(material_id: Id, session: SessionDep, viewer: ViewerDep) -> OwnProgress:
    """How far I am, and what I completed of it."""
    return await own_progress(session, viewer, material_id)


@routes.put("/materials/{material_id}/progress")
@declare(Access.MEMBER, transaction=False, writes=True)
async def tell_progress(
    material_id: Id, body: ProgressPut, request: Request, viewer: ViewerDep, parts: PartsDep
) -> ProgressPublic:
    """How far I am now. What I once completed stays completed."""
    request_id = request.scope.get("handbook.request_id")
    return await parts.write(lambda session: put_progress(session, viewer, material_id, body), request_id=request_id)
