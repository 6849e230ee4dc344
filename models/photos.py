"""Members' photos: whose they are and who may see them."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.files import StoredFile
from models.branches import Branch
from models.changes import Topic, record
from models.channels import ancestors, member_channel
from models.database import now, upsert
from models.files import FileVariant, keep_file
from models.members.table import Member, lock_person
from models.memberships import Membership, is_standing
from models.permissions import Permission, Viewer, visible
from models.roles import RoleGrant, in_force


async def set_photo(
    session: AsyncSession,
    viewer: Viewer,
    photo: StoredFile | None,
    media_type: str = "",
    narrower: Mapping[int, StoredFile] | None = None,
) -> Member:
    """The member's own photo, already in the storage, with `narrower` ones by their width; None takes it away."""
    member = await lock_person(session, viewer.the_member)
    if photo is not None:
        variants = dict(narrower or {})
        for each in (photo, *variants.values()):
            await keep_file(session, each.sha256, each.size, media_type, each.crc32)
        rows = [{"of": photo.sha256, "width": width, "sha256": each.sha256} for width, each in variants.items()]
        await upsert(session, FileVariant, rows, keys=("of", "width"), update=())
    member.photo = photo.sha256 if photo else None
    member.revision += 1
    await session.flush()
    record(session, member_channel(member.id), Topic.PROFILE, "member", member.id)
    return member


def pictured(session: AsyncSession, viewer: Viewer, sha256: str) -> ColumnElement[bool]:
    """Is this a photo that the viewer may see? It is for the member, fellow members, those below an officer, and
    holders of `member.read`.
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
    return select(col(Member.id)).where(col(Member.photo) == sha256, seen).exists()
