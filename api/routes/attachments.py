"""Files that go with notices: sent before a notice is published, fetched by whoever may read it."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.deps import Id, PartsDep, RevisionDep, SessionDep, Sha256, TagDep, ViewerDep
from api.downloads import SENDS_FILES, Content, DownloadsDep
from api.routing import Access, Cached, declare, router
from api.uploads import FileName, declared_size, promised, takes, uploaded
from content.filetypes import FILE_TYPES, LARGEST
from models.attachments.rules import attach, check_room, detach, get_attachment
from models.attachments.shapes import AttachmentPublic
from models.notices.shapes import NoticePublic
from models.permissions import Permission
from models.viewers import resolve_viewer

routes = router("attachments")


@routes.post(
    "/notices/{notice_id}/attachments", status_code=201, max_body_size=LARGEST, openapi_extra=takes(FILE_TYPES)
)
@declare(Permission.NOTICE_WRITE, transaction=False, writes=True, revisioned=True)
async def attach_file(
    notice_id: Id,
    name: FileName,
    revision: RevisionDep,
    request: Request,
    tag: TagDep,
    viewer: ViewerDep,
    parts: PartsDep,
) -> NoticePublic:
    """Add a file to a draft. PDF, pictures, office documents without macros, text, MP3, M4A
    and MP4 are taken, up to ten files and 50 MiB together.
    """
    kind = promised(request, name)
    async with parts.transaction(writes=False) as session:
        await check_room(session, viewer, notice_id, revision, declared_size(request))
    async with uploaded(request, parts.files, kind) as arrived:
        file = AttachmentPublic(name=name, media_type=kind.media_type, **asdict(arrived.file))
        async with parts.transaction(request_id=request.scope.get("handbook.request_id")) as session:
            writer = await resolve_viewer(session, viewer.the_member, viewer.the_session)
            notice = await attach(session, writer, notice_id, file, revision, arrived.file.crc32)
            await arrived.keep()
    return tag(notice)


@routes.delete("/notices/{notice_id}/attachments/{sha256}")
@declare(Permission.NOTICE_WRITE, revisioned=True)
async def detach_file(
    notice_id: Id, sha256: Sha256, revision: RevisionDep, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> NoticePublic:
    """Take a file away from a draft."""
    return tag(await detach(session, viewer, notice_id, sha256, revision))


@routes.get("/notices/{notice_id}/attachments/{sha256}", response_class=StreamingResponse, responses=SENDS_FILES)
@declare(Access.MEMBER, Cached.IMMUTABLE, refuses=(416,))
async def download_attachment(
    notice_id: Id, sha256: Sha256, session: SessionDep, viewer: ViewerDep, parts: PartsDep, send: DownloadsDep
) -> Response:
    """The bytes under the name that the notice gives them."""
    file = await get_attachment(session, viewer, notice_id, sha256)
    return await send(parts.files, Content(**file.model_dump()))
