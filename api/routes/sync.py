"""Sync: what an app that works offline asks."""

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from api.cache.cursors import MOST
from api.cache.shared_pages import sync_page
from api.cache.syncing import AGAIN_MOST, SyncQuery
from api.deps import PartsDep
from api.languages import language_of
from api.routing import Access, Cached, declare, router
from models.errors import Unavailable
from models.sync import Sync

routes = router("sync")


@routes.get("/sync", response_model=Sync)
@declare(Access.MEMBER, Cached.MEMBER, shared=sync_page, transaction=False)
async def sync(
    request: Request,
    parts: PartsDep,
    cursor: Annotated[str | None, Query(min_length=1, max_length=MOST)] = None,
    again: Annotated[list[str], Query(max_length=AGAIN_MOST)] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """What is new since the cursor, or everything without one. See the guide on keeping the handbook on a phone."""
    query = SyncQuery.of(cursor, again, request.headers.get("save-data", ""))
    page = await parts.cache.syncing.answer(request.state.known, query, language_of(request.scope), render=True)
    if page is None:
        raise Unavailable
    return page.routed()
