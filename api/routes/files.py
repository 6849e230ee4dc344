"""Files by their content, for whoever may see what holds them."""

from typing import Annotated

from fastapi import Path
from starlette.responses import StreamingResponse

from api.deps import PartsDep, SessionDep, ViewerDep
from api.routing import Access, Cached, declare, router
from content.files import FileMissing
from models.errors import NotFound
from models.photos import get_photo

routes = router("files")

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="The SHA-256 of the file's bytes, in hex.")]


@routes.get(
    "/files/{sha256}",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}, "description": "The file"}
    },
)
@declare(Access.MEMBER, Cached.IMMUTABLE)
async def download_file(sha256: Sha256, session: SessionDep, viewer: ViewerDep, parts: PartsDep) -> StreamingResponse:
    """The bytes. What has this name never changes."""
    file = await get_photo(session, viewer, sha256)
    try:
        chunks = await parts.files.open(sha256)
    except FileMissing:
        raise NotFound from None
    headers = {"Content-Length": str(file.size), "ETag": f'"{sha256}"'}
    return StreamingResponse(chunks, headers=headers, media_type=file.media_type)
