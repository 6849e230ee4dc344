"""Files by their content: sent by whoever writes what holds them, for whoever may see it."""

from enum import IntEnum
from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.deps import PartsDep, SaveDataDep, SessionDep, Sha256, ViewerDep, digits
from api.downloads import SENDS_FILES, Content, DownloadsDep
from api.routing import Access, Cached, declare, router
from api.uploads import StudyFileName, must_hold, promised, takes, uploaded
from content.extract import extract
from content.filetypes import STUDY_TYPES, largest
from models.file_access import get_file
from models.permissions import Permission
from models.uploads import UploadPublic, note_upload, require_sending
from models.viewers import resolve_viewer

routes = router("files")

SAVING_WIDTH = 256


@routes.post("/files", status_code=201, max_body_size=largest(STUDY_TYPES), openapi_extra=takes(STUDY_TYPES))
@declare(Permission.MATERIAL_WRITE, transaction=False, writes=True)
async def upload_file(name: StudyFileName, request: Request, viewer: ViewerDep, parts: PartsDep) -> UploadPublic:
    """Send a file, to be named by its hash in something to study within a day. PDF and EPUB without scripts, JPEG, PNG,
    WebP, MP3, M4A and MP4 are taken. Sending the same again changes nothing.
    """
    require_sending(viewer)
    kind = promised(request, name, STUDY_TYPES)
    async with uploaded(request, parts.files, kind) as arrived:
        found = await extract(kind.media_type, arrived.path)
        # before the transaction: to a bucket it takes as long as the file is large
        file = await arrived.keep()
        async with parts.transaction(request_id=request.scope.get("handbook.request_id")) as session:
            writer = await resolve_viewer(session, viewer.the_member, viewer.the_session)
            sent = await note_upload(session, writer, file, kind.media_type, name, found)
            await must_hold(parts.files, file.sha256)
    return sent


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
