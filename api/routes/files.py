"""Files by their content, for whoever may see what holds them."""

from enum import IntEnum
from typing import Annotated

from fastapi import Path, Query
from pydantic import BeforeValidator
from starlette.responses import StreamingResponse

from api.deps import PartsDep, SaveDataDep, SessionDep, ViewerDep, digits
from api.routing import Access, Cached, declare, router
from content.files import FileMissing
from models.errors import NotFound
from models.photos import get_photo

routes = router("files")

SAVING_WIDTH = 256


class Width(IntEnum):
    """In pixels; the two of `PHOTO_WIDTHS`."""

    LIST = 96
    PAGE = 256


Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="The SHA-256 of the file's bytes, in hex.")]


@routes.get(
    "/files/{sha256}",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}, "description": "The file"}
    },
)
@declare(Access.MEMBER, Cached.IMMUTABLE)
async def download_file(
    sha256: Sha256,
    session: SessionDep,
    viewer: ViewerDep,
    parts: PartsDep,
    saves_data: SaveDataDep,
    width: Annotated[
        Width | None,
        BeforeValidator(digits),
        Query(description="A picture so many pixels wide, or whole where it is no wider. Without it, the whole."),
    ] = None,
) -> StreamingResponse:
    """The bytes. What has this address never changes. With `Save-Data: on` and without a width, a picture comes 256
    pixels wide.
    """
    chosen = SAVING_WIDTH if width is None and saves_data else width
    file = await get_photo(session, viewer, sha256, chosen)
    try:
        chunks = await parts.files.open(file.sha256)
    except FileMissing:
        raise NotFound from None
    headers = {"Content-Length": str(file.size), "ETag": f'"{file.sha256}"'}
    if width is None:
        headers["Vary"] = "Save-Data"
    return StreamingResponse(chunks, headers=headers, media_type=file.media_type)
