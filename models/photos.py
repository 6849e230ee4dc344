"""Members' photos: whose they are and who may see them."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.files import StoredFile
from models.branches import Branch
from models.changes import Topic, record
from models.channels import ancestors, member_channel
from models.database import now
from models.errors import NotFound
from models.files import File, keep_file
from models.members.table import Member, lock_person
from models.memberships import Membership, is_standing
from models.permissions import Permission, Viewer, visible
from models.roles import RoleGrant, in_force


async def set_photo(session: AsyncSession, viewer: Viewer, photo: StoredFile | None, media_type: str = "") -> Member:
    """The member's own photo, already in the storage; None takes it away."""
    member = await lock_person(session, viewer.the_member)
    if photo is not None:
        await keep_file(session, photo.sha256, photo.size, media_type)
    member.photo = photo.sha256 if photo else None
    member.revision += 1
    await session.flush()
    record(session, member_channel(member.id), Topic.PROFILE, "member", member.id)
    return member


async def get_photo(session: AsyncSession, viewer: Viewer, sha256: str) -> File:
    """A photo is for the member, fellow members, those below an officer, and holders of `member.read`. Raises
    NotFound.
    """
    mine = [place.no for place in viewer.branches]
    above = sorted({no for place in viewer.branches for no in ancestors(place.path)})
    belongs = (
        select(col(Membership.id))
        .join(Branch, col(Branch.no) == col(Membership.branch_no))
        .where(
            col(Membership.member_id) == col(Member.id),
            is_standing(),
            visible(viewer, Permission.MEMBER_READ, Branch.path) | col(Branch.no).in_(mine),
        )
    )
    officer = select(col(RoleGrant.id)).where(
        col(RoleGrant.member_id) == col(Member.id),
        in_force(now(session)),
        col(RoleGrant.branch_no).in_(above),
    )
    seen = (col(Member.id) == viewer.member_id) | belongs.exists() | officer.exists()
    file = await session.scalar(
        select(File)
        .join(Member, col(Member.photo) == col(File.sha256))
        .where(col(File.sha256) == sha256, seen)
        .limit(1)
    )
    if file is None:
        raise NotFound
    return file
