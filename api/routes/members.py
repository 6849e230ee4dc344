"""Members, for those who look after them."""

from api.deps import Id, PageDep, RevisionDep, Search, SessionDep, TagDep, ViewerDep
from api.routing import declare, router
from models.accounts import ActivationCodePublic
from models.activation import issue_code, sign_out
from models.base import Shape
from models.members.profile import MemberCreate, MemberDetail, MemberProfile, MemberUpdate
from models.members.rules import create_member, profile_of, read_member, search_members, update_member
from models.members.table import RosterEntry
from models.paging import Page
from models.permissions import Permission

routes = router("members")


class SignedOut(Shape):
    """How many devices were signed in until now."""

    sessions: int


@routes.get("/members")
@declare(Permission.MEMBER_READ)
async def find_members(session: SessionDep, viewer: ViewerDep, page: PageDep, q: Search = "") -> Page[RosterEntry]:
    """Everyone below my roles, by words of the name or by the whole member number, in Vietnamese order."""
    return await search_members(session, viewer, q, page)


@routes.post("/members", status_code=201)
@declare(Permission.MEMBER_CREATE, idempotent=True)
async def add_member(body: MemberCreate, tag: TagDep, session: SessionDep, viewer: ViewerDep) -> MemberProfile:
    """A new member of a branch, who can sign in once they have a code."""
    member = await create_member(session, viewer, body)
    return tag(await profile_of(session, member))


@routes.get("/members/{member_id}")
@declare(Permission.MEMBER_READ, writes=True)
async def open_member(
    member_id: Id, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> MemberProfile | MemberDetail:
    """One person's file. With `member.read_sensitive` it is whole, and the person sees that I opened it."""
    return tag(await read_member(session, viewer, member_id))


@routes.patch("/members/{member_id}")
@declare(Permission.MEMBER_UPDATE, revisioned=True)
async def correct_member(
    member_id: Id,
    body: MemberUpdate,
    revision: RevisionDep,
    tag: TagDep,
    session: SessionDep,
    viewer: ViewerDep,
) -> MemberProfile:
    """Correct a file, or change a status. Whoever leaves or dies loses memberships, roles and sessions at once."""
    member = await update_member(session, viewer, member_id, body, revision)
    return tag(await profile_of(session, member))


@routes.post("/members/{member_id}/activation-code", status_code=201)
@declare(Permission.MEMBER_ACTIVATE)
async def issue_activation_code(member_id: Id, session: SessionDep, viewer: ViewerDep) -> ActivationCodePublic:
    """A code for signing in the first time or again, to be handed over in person. It is shown this once."""
    member, code = await issue_code(session, viewer, member_id)
    return ActivationCodePublic(login=member.member_no, activation_code=code.code, expires_at=code.expires_at)


@routes.post("/members/{member_id}/sign-out")
@declare(Permission.MEMBER_ACTIVATE)
async def sign_member_out(member_id: Id, session: SessionDep, viewer: ViewerDep) -> SignedOut:
    """End all sessions of somebody whose phone was lost or taken."""
    return SignedOut(sessions=await sign_out(session, viewer, member_id))
