"""The tree of branches, and who is in them."""

from fastapi import Request, Response

from api.activation_sheets import printable
from api.deps import Id, PageDep, PartsDep, Search, SessionDep, ViewerDep
from api.languages import language_of
from api.printing import PRINTED
from api.routing import Access, Cached, declare, router
from models.activation import issue_sheet
from models.branches import (
    BranchCreate,
    BranchMove,
    BranchPublic,
    BranchUpdate,
    branch_card,
    create_branch,
    get_branch,
    list_children,
    move_branch,
    search_branches,
    update_branch,
)
from models.members.rules import list_branch_members
from models.members.table import RosterEntry
from models.merging import BranchMerge, merge_branch
from models.paging import Page
from models.permissions import Permission
from models.roles import (
    OfficerPublic,
    RoleGrantCreate,
    RoleGrantPublic,
    end_grant,
    grant_role,
    list_grants,
    list_officers,
)

routes = router("branches")


@routes.get("/branches")
@declare(Access.MEMBER, Cached.MEMBER)
async def find_branches(session: SessionDep, page: PageDep, q: Search = "") -> Page[BranchPublic]:
    """Branches by words of their name, or by their whole code."""
    return await search_branches(session, q, page)


@routes.post("/branches", status_code=201)
@declare(Permission.BRANCH_MANAGE, idempotent=True)
async def add_branch(body: BranchCreate, session: SessionDep, viewer: ViewerDep) -> BranchPublic:
    """Add a branch below another."""
    return await branch_card(session, await create_branch(session, viewer, body))


@routes.get("/branches/{branch_id}")
@declare(Access.MEMBER, Cached.MEMBER)
async def read_branch(branch_id: Id, session: SessionDep) -> BranchPublic:
    """A branch and its path."""
    return await branch_card(session, await get_branch(session, branch_id))


@routes.patch("/branches/{branch_id}")
@declare(Permission.BRANCH_MANAGE)
async def change_branch(branch_id: Id, body: BranchUpdate, session: SessionDep, viewer: ViewerDep) -> BranchPublic:
    """Rename a branch, or change its code or kind."""
    branch = await get_branch(session, branch_id)
    return await branch_card(session, await update_branch(session, viewer, branch, body))


@routes.post("/branches/{branch_id}/move")
@declare(Permission.BRANCH_MANAGE)
async def relocate_branch(branch_id: Id, body: BranchMove, session: SessionDep, viewer: ViewerDep) -> BranchPublic:
    """Hang a branch, with all below it, under another parent."""
    return await branch_card(session, await move_branch(session, viewer, branch_id, body.parent_id))


@routes.post("/branches/{branch_id}/merge")
@declare(Permission.BRANCH_MANAGE)
async def merge_into(branch_id: Id, body: BranchMerge, session: SessionDep, viewer: ViewerDep) -> BranchPublic:
    """Let another branch, the successor, take this one over with its members and the branches below it.

    Members keep their kind of membership and its end; roles over the merged branch end. What it published stays
    readable for those with a right over where it was, and is no longer heard.
    """
    return await branch_card(session, await merge_branch(session, viewer, branch_id, body.into_id))


@routes.get("/branches/{branch_id}/children")
@declare(Access.MEMBER, Cached.MEMBER)
async def list_branch_children(branch_id: Id, session: SessionDep, page: PageDep) -> Page[BranchPublic]:
    """The branches directly below, by code."""
    return await list_children(session, branch_id, page)


@routes.get("/branches/{branch_id}/members")
@declare(Access.MEMBER, Cached.MEMBER)
async def list_members_of_branch(
    branch_id: Id, session: SessionDep, viewer: ViewerDep, page: PageDep, q: Search = ""
) -> Page[RosterEntry]:
    """Who belongs to the branch itself: for its members, and for role holders with `member.read`."""
    return await list_branch_members(session, viewer, await get_branch(session, branch_id), q, page)


@routes.get("/branches/{branch_id}/officers")
@declare(Access.MEMBER, Cached.MEMBER)
async def list_branch_officers(
    branch_id: Id, session: SessionDep, viewer: ViewerDep, page: PageDep
) -> Page[OfficerPublic]:
    """Who holds which role: for everyone in the branch or below it, and for role holders with `member.read`."""
    return await list_officers(session, viewer, await get_branch(session, branch_id), page)


@routes.get("/branches/{branch_id}/role-grants")
@declare(Permission.MEMBER_READ)
async def list_role_grants(
    branch_id: Id, session: SessionDep, viewer: ViewerDep, page: PageDep
) -> Page[RoleGrantPublic]:
    """The branch's roles, past ones too, newest first."""
    return await list_grants(session, viewer, await get_branch(session, branch_id), page)


@routes.post("/branches/{branch_id}/role-grants", status_code=201)
@declare(Permission.ROLE_GRANT, idempotent=True)
async def add_role_grant(
    branch_id: Id, body: RoleGrantCreate, session: SessionDep, viewer: ViewerDep
) -> RoleGrantPublic:
    """Give somebody a role below one's own."""
    return await grant_role(session, viewer, await get_branch(session, branch_id), body)


@routes.post("/role-grants/{grant_id}/end")
@declare(Permission.ROLE_GRANT)
async def take_role_back(grant_id: Id, session: SessionDep, viewer: ViewerDep) -> RoleGrantPublic:
    """Take a role back. Doing so twice changes nothing more."""
    return await end_grant(session, viewer, grant_id)


@routes.post(
    "/branches/{branch_id}/activation-sheet",
    response_class=Response,
    responses=PRINTED,
)
@declare(Permission.MEMBER_ACTIVATE)
async def print_activation_sheet(
    branch_id: Id, request: Request, session: SessionDep, viewer: ViewerDep, parts: PartsDep
) -> Response:
    """One printable page with a code and a QR for each member of the branch who has never signed in."""
    branch = await get_branch(session, branch_id)
    people = await issue_sheet(session, viewer, branch)
    return printable(parts.settings, branch, people, language_of(request.scope), parts.database.clock())
