"""Files by their content, for whoever may see what holds them."""

from enum import IntEnum
from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator
from starlette.responses import Response, StreamingResponse

from api.deps import PartsDep, SaveDataDep, SessionDep, Sha256, ViewerDep, digits
from api.downloads import SENDS_FILES, Content, DownloadsDep
from api.routing import Access, Cached, declare, router
from models.file_access import get_file

routes = router("files")

SAVING_WIDTH = 256


class Width(IntEnum):
    """In pixels; the two of `PHOTO_WIDTHS`."""

    LIST = 96
    PAGE = 256


@routes.get("/files/{sha256}", response_class=StreamingResponse, responses=SENDS_FILES)
@declare(Access.MEMBER, Cached.IMMUTABLE, refuses=(416,))
async def download_file(
    sha256: Sha256,
    session: SessionDep,
    viewer: ViewerDep,
    parts: PartsDep,
    send: DownloadsDep,
    saves_data: SaveDataDep,
    width: Annotated[
        Width | None,
        BeforeValidator(digits),
        Query(description="A picture so many pixels wide, or whole where it is no wider. Without it, the whole."),
    ] = None,
) -> Response:
    """The bytes. What has this address never changes. With `Save-Data: on` and without a width, a photo comes 256
    pixels wide.
    """
    chosen = SAVING_WIDTH if width is None and saves_data else width
    file = await get_file(session, viewer, sha256, chosen)
    vary = "Save-Data" if width is None else ""
    return await send(parts.files, Content(file.sha256, file.size, file.media_type), vary)
