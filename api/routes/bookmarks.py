"""What I marked and noted in what I study, for nobody else to read."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.requests import Request

from api.deps import Id, PageDep, PartsDep, SessionDep, ViewerDep
from api.routing import Access, Cached, declare, router
from models.paging import Page
from models.progress.rules import delete_bookmark, list_bookmarks, put_bookmark
from models.progress.shapes import BookmarkPublic, BookmarkPut

routes = router("me")

Material = Annotated[UUID | None, Query(description="Of this material alone.")]


@routes.get("/me/bookmarks")
@declare(Access.MEMBER, Cached.MEMBER)
async def list_my_bookmarks(
    session: SessionDep, viewer: ViewerDep, page: PageDep, material_id: Material = None
) -> Page[BookmarkPublic]:
    """My bookmarks and notes, the newest first."""
    return await list_bookmarks(session, viewer, page, material_id=material_id)


@routes.put("/me/bookmarks/{bookmark_id}")
@declare(Access.MEMBER, transaction=False, writes=True)
async def keep_bookmark(
    bookmark_id: Id, body: BookmarkPut, request: Request, viewer: ViewerDep, parts: PartsDep
) -> BookmarkPublic:
    """Mark a place, under an id that the app makes; or say otherwise of one that is marked."""
    request_id = request.scope.get("handbook.request_id")
    return await parts.write(lambda session: put_bookmark(session, viewer, bookmark_id, body), request_id=request_id)


@routes.delete("/me/bookmarks/{bookmark_id}", status_code=204)
@declare(Access.MEMBER)
async def remove_bookmark(bookmark_id: Id, session: SessionDep, viewer: ViewerDep) -> None:
    """The place and the note are gone for good."""
    await delete_bookmark(session, viewer, bookmark_id)
