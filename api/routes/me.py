"""What is mine: profile, memberships, photo, and who has looked at me."""

import asyncio

from starlette.requests import Request

from api.deps import PageDep, PartsDep, SessionDep, ViewerDep
from api.problems import Refused
from api.routing import Access, Cached, declare, router
from api.uploads import must_hold
from content.images import MEDIA_TYPES, reencode_photo
from content.malformed import Malformed
from models.auditing import Look, list_looks
from models.base import Shape
from models.errors import Invalid
from models.members.profile import MemberProfile
from models.members.rules import profile_of
from models.members.table import find_person
from models.memberships import MembershipPublic, membership_cards
from models.paging import Page
from models.photos import set_photo

routes = router("me")

PHOTO_MOST = 10 * 1024 * 1024
_pictures = asyncio.Semaphore(2)
"""A large picture takes some 100 MiB while it is decoded."""


class MembershipHistory(Shape):
    items: list[MembershipPublic]


class PhotoPublic(Shape):
    """`photo` is the SHA-256 under which `/v1/files` serves it, whole or narrower."""

    photo: str


@routes.get("/me")
@declare(Access.MEMBER, Cached.MEMBER)
async def read_me(session: SessionDep, viewer: ViewerDep) -> MemberProfile:
    """My profile, my memberships with their paths, and the roles that I hold."""
    return await profile_of(session, await find_person(session, viewer.the_member))


@routes.get("/me/memberships")
@declare(Access.MEMBER, Cached.MEMBER)
async def list_my_memberships(session: SessionDep, viewer: ViewerDep) -> MembershipHistory:
    """Where I belong and have belonged."""
    return MembershipHistory(items=await membership_cards(session, viewer.the_member, ended=True))


@routes.get("/me/access-log")
@declare(Access.MEMBER)
async def read_access_log(session: SessionDep, viewer: ViewerDep, page: PageDep) -> Page[Look]:
    """Who has opened my file or exported it, newest first."""
    return await list_looks(session, viewer.the_member, page)


@routes.put(
    "/me/photo",
    max_body_size=PHOTO_MOST,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES},
        }
    },
)
@declare(Access.MEMBER, transaction=False, writes=True, refuses=(413, 415, 422))
async def put_photo(request: Request, viewer: ViewerDep, parts: PartsDep) -> PhotoPublic:
    """My photo, as a JPEG, PNG or WebP image of at most 10 MiB; it is made small and loses all that it says of place
    and time.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in MEDIA_TYPES:
        raise Refused(415, "media_type.unsupported")
    data = await request.body()
    async with _pictures:
        try:
            photo = await asyncio.to_thread(reencode_photo, data)
        except Malformed as error:
            raise Invalid.at("", error.code) from None
    kept = await parts.files.put(photo.data)
    narrower = {each.width: await parts.files.put(each.data) for each in photo.narrower}
    async with parts.transaction(request_id=request.scope.get("handbook.request_id")) as session:
        await set_photo(session, viewer, kept, photo.media_type, narrower)
        await must_hold(parts.files, kept.sha256, *(each.sha256 for each in narrower.values()))
    return PhotoPublic(photo=kept.sha256)


@routes.delete("/me/photo", status_code=204)
@declare(Access.MEMBER)
async def remove_photo(session: SessionDep, viewer: ViewerDep) -> None:
    """Take my photo away."""
    await set_photo(session, viewer, None)
