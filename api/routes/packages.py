"""Collections to take along."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Query
from starlette.responses import Response, StreamingResponse

from api.deps import Id, PartsDep, SessionDep, ViewerDep
from api.downloads import SENDS_FILES, Content, DownloadsDep
from api.routing import Access, Cached, declare, router
from models.study.packages import PackagePublic, pack, read_package

routes = router("collections")

Since = Annotated[
    str | None, Query(min_length=1, max_length=2_500, description="The `version` of the package that is held already.")
]


@routes.get("/collections/{collection_id}/package")
@declare(Access.MEMBER, Cached.MEMBER, refuses=(409,))
async def open_package(
    collection_id: Id, session: SessionDep, viewer: ViewerDep, parts: PartsDep, since: Since = None
) -> PackagePublic:
    """What a collection and all that it holds are, file by file, as pages that need neither a network nor the app."""
    return await read_package(session, viewer, parts.files, collection_id, since)


@routes.get("/collections/{collection_id}/package.zip", response_class=StreamingResponse, responses=SENDS_FILES)
@declare(Access.MEMBER, Cached.MEMBER, refuses=(409, 416))
async def download_package(
    collection_id: Id, session: SessionDep, viewer: ViewerDep, parts: PartsDep, send: DownloadsDep
) -> Response:
    """The whole package. What broke off is resumed with Range and If-Range: the same version has the same bytes."""
    package = await pack(session, viewer, parts.files, collection_id)

    async def read(start: int, end: int) -> AsyncIterator[bytes]:
        return package.read(parts.files, start, end)

    zipped = package.zipped
    return await send.send(Content(zipped.digest, zipped.size, "application/zip", f"{package.slug}.zip"), read)
