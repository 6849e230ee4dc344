"""Letting somebody in for the first time or again, and locking a lost phone out. Rule 3 guards both: they reach for
the account.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.accounts import Account, ActivationCode, new_codes
from models.audit import audit
from models.branches import Branch
from models.changes import Topic, record
from models.channels import member_channel
from models.database import now
from models.errors import Conflict
from models.members.rules import get_member
from models.members.table import Member
from models.memberships import Membership, MembershipKind, standing
from models.permissions import Permission, Viewer, outranks, require, require_above
from models.roles import seats, seats_of
from models.sessions import end_sessions

SHEET_MOST = 200


async def issue_code(session: AsyncSession, viewer: Viewer, member_id: UUID) -> tuple[Member, ActivationCode]:
    """A code for handing over in person; one issued before stops working. Raises Conflict `member.not_active`."""
    member = await get_member(session, viewer, member_id, Permission.MEMBER_ACTIVATE)
    require_above(viewer, Permission.MEMBER_ACTIVATE, await seats(session, member_id))
    codes = await new_codes(session, [member_id]) if member.is_active else []
    if not codes:
        raise Conflict("member.not_active")
    await _audit(session, viewer, "member.activate", member_id)
    return member, codes[0]


async def issue_sheet(session: AsyncSession, viewer: Viewer, branch: Branch) -> list[tuple[Member, ActivationCode]]:
    """Codes for the branch's own members who have never signed in, in roster order, at most `SHEET_MOST`.

    Those whom rule 3 keeps from the viewer are left out.
    """
    require(viewer, Permission.MEMBER_ACTIVATE, branch.path)
    rows = await session.scalars(
        select(Member)
        .join(Membership, col(Membership.member_id) == col(Member.id))
        .join(Account, col(Account.member_id) == col(Member.id))
        .where(
            col(Membership.branch_no) == branch.no,
            col(Membership.kind) == MembershipKind.PRIMARY,
            col(Membership.ended_at).is_(None),
            col(Account.password_hash).is_(None),
            col(Account.disabled_at).is_(None),
        )
        .order_by(col(Member.sort_key), col(Member.id))
        .limit(SHEET_MOST)
    )
    people = {member.id: member for member in rows}
    held = await seats_of(session, list(people))
    reachable = [id_ for id_ in people if outranks(viewer, Permission.MEMBER_ACTIVATE, held.get(id_, []))]
    codes = {code.member_id: code for code in await new_codes(session, reachable)}
    for member_id in reachable:
        audit(session, viewer, "member.activate", "member", member_id, branch_no=branch.no)
    return [(people[member_id], codes[member_id]) for member_id in reachable]


async def sign_out(session: AsyncSession, viewer: Viewer, member_id: UUID) -> int:
    """End all sessions of somebody whose phone was lost or taken; gives how many were open."""
    await get_member(session, viewer, member_id, Permission.MEMBER_ACTIVATE)
    require_above(viewer, Permission.MEMBER_ACTIVATE, await seats(session, member_id))
    await _audit(session, viewer, "member.sign_out", member_id)
    return await end_sessions(session, member_id, "signed_out")


async def switch_account(session: AsyncSession, viewer: Viewer, member_id: UUID, *, disabled: bool) -> None:
    """Close an account, whose sessions end and whose app is told to wipe what it holds, or open it again.

    For the operator, who answers to nobody here: the caller has checked the right to.
    """
    account = await session.get_one(Account, member_id)
    account.disabled_at = now(session) if disabled else None
    if disabled:
        await end_sessions(session, member_id, "disabled")
    audit(session, viewer, f"user.{'disable' if disabled else 'enable'}", "member", member_id, branch_no=None)
    record(session, member_channel(member_id), Topic.ACCESS, "access", member_id)


async def _audit(session: AsyncSession, viewer: Viewer, action: str, member_id: UUID) -> None:
    primary, _ = await standing(session, member_id)
    audit(session, viewer, action, "member", member_id, branch_no=primary.no if primary else None)
