"""Merging: what becomes of a branch's people, officers and children when another branch takes it over."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.audit import audit
from models.base import Request, new_id
from models.branches import TREE, Branch, BranchStatus, above, get_branch, hang
from models.changes import Topic, record
from models.channels import ALL, channel, member_channel
from models.database import lock, now
from models.errors import Conflict, Invalid
from models.members.table import Member
from models.memberships import EndReason, Membership, MembershipKind
from models.permissions import Permission, Viewer, require
from models.roles import RoleGrant

ENDED = "merged"
"""Why a role ended."""


class BranchMerge(Request):
    into_id: UUID


async def merge_branch(session: AsyncSession, viewer: Viewer, branch_id: UUID, into_id: UUID) -> Branch:
    """A branch becomes part of another, its successor. The right is needed at both ends, as for a move. Repeating it
    changes nothing.

    - Its children hang under the successor, with all below them. The branch itself stays where it was, and with it
      what was merged into it before.
    - Its members belong to the successor from now on, in the same way and for as long. Nobody is in one branch twice:
      who would be stays as a primary member.
    - Its roles end, and nobody gets one in the successor: a right over a larger branch is given, not inherited.
    - What it published stays as it is, for those with a right over where it was; nobody hears its channels any more, so
      members' devices drop them. Drafts stay there too, and cannot be published.

    Everyone who belonged there is told through one record of the branch, whatever their number; those who had a role
    one by one.

    Raises NotFound, Invalid `branch.unknown`, Conflict `branch.not_active`, `branch.merge_into_itself`,
    `branch.too_deep`.
    """
    await lock(session, TREE)
    branch = await get_branch(session, branch_id, fresh=True)
    into = await _held(session, branch, into_id)
    require(viewer, Permission.BRANCH_MANAGE, above(branch.path))
    require(viewer, Permission.BRANCH_MANAGE, into.path)
    if branch.status is BranchStatus.MERGED and branch.successor_no == into.no:
        return branch
    if {branch.status, into.status} != {BranchStatus.ACTIVE}:
        raise Conflict("branch.not_active")
    if into.path.startswith(branch.path):
        raise Conflict("branch.merge_into_itself")
    children = await _rehang(session, branch, into)
    members = await _transfer(session, viewer, branch, into)
    officers = await _end_grants(session, viewer, branch)
    branch.status, branch.successor_no = BranchStatus.MERGED, into.no
    await session.flush()
    audit(
        session,
        viewer,
        "branch.merge",
        "branch",
        branch.id,
        branch_no=branch.no,
        before={"status": BranchStatus.ACTIVE.value, "roles": officers},
        after={"status": branch.status.value, "successor": into.code, "members": members, "children": children},
    )
    for each in (branch, into):
        record(session, channel(each.no, ALL), Topic.BRANCH, "branch", each.id)
    record(session, channel(branch.no, ALL), Topic.ACCESS, "access", branch.id)
    return branch


async def _held(session: AsyncSession, branch: Branch, into_id: UUID) -> Branch:
    """The successor. Both are locked, so that nobody joins, is appointed or publishes meanwhile."""
    found = await session.scalars(
        select(Branch)
        .where(or_(col(Branch.no) == branch.no, col(Branch.id) == into_id))
        .order_by(col(Branch.no))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    for each in found.all():
        if each.id == into_id:
            return each
    raise Invalid.at("/into_id", "branch.unknown")


async def _rehang(session: AsyncSession, branch: Branch, into: Branch) -> list[str]:
    """Gives the children's codes."""
    children = await session.scalars(
        select(Branch)
        .where(col(Branch.parent_no) == branch.no, col(Branch.status) == BranchStatus.ACTIVE)
        .order_by(col(Branch.code))
        .execution_options(populate_existing=True)
    )
    codes = []
    for child in children.all():
        await hang(session, child, into)
        codes.append(child.code)
    return codes


async def _transfer(session: AsyncSession, viewer: Viewer, branch: Branch, into: Branch) -> int:
    """The branch's members to its successor, in six statements whatever their number; gives how many there were."""
    at = now(session)
    here = and_(col(Membership.branch_no) == branch.no, col(Membership.ended_at).is_(None))
    there = and_(col(Membership.branch_no) == into.no, col(Membership.ended_at).is_(None))
    primary = col(Membership.kind) == MembershipKind.PRIMARY
    await session.execute(
        select(col(Member.id))
        .where(col(Member.id).in_(select(col(Membership.member_id)).where(here)))
        .order_by(col(Member.id))
        .with_for_update(key_share=True)
    )
    for member_id in await _end(session, and_(here, col(Membership.until) <= at), EndReason.EXPIRED, Membership.until):
        # they hear the same as before: the branch's record would not tell their phones
        record(session, member_channel(member_id), Topic.ACCESS, "access", member_id)
    staying = set(await session.scalars(select(col(Membership.member_id)).where(or_(here, there), primary)))
    rows = await session.execute(
        select(col(Membership.member_id), col(Membership.kind), col(Membership.until)).where(here)
    )
    wanted = [
        {"member_id": member_id, "kind": kind, "until": until}
        for member_id, kind, until in rows
        if kind is MembershipKind.PRIMARY or member_id not in staying
    ]
    arriving = select(col(Membership.member_id)).where(here, primary)
    await _end(session, and_(there, ~primary, col(Membership.member_id).in_(arriving)), EndReason.MERGED)
    await _end(session, here, EndReason.MERGED)
    if wanted:
        opened = {"branch_no": into.no, "started_at": at, "granted_by": viewer.member_id}
        await session.execute(insert(Membership), [{"id": new_id(), **opened, **row} for row in wanted])
    return len(wanted)


async def _end(session: AsyncSession, which: ColumnElement[bool], reason: EndReason, at: Any = None) -> Sequence[UUID]:
    """Now, or `at` a column. Gives whose they were."""
    ended = await session.scalars(
        update(Membership)
        .where(which)
        .values(ended_at=now(session) if at is None else at, end_reason=reason)
        .returning(col(Membership.member_id))
        .execution_options(synchronize_session=False)
    )
    return ended.all()


async def _end_grants(session: AsyncSession, viewer: Viewer, branch: Branch) -> list[dict[str, str]]:
    """Gives who held which role, for the audit."""
    ended = await session.execute(
        update(RoleGrant)
        .where(col(RoleGrant.branch_no) == branch.no, col(RoleGrant.ended_at).is_(None))
        .values(ended_at=now(session), end_reason=ENDED, ended_by=viewer.member_id)
        .returning(col(RoleGrant.id), col(RoleGrant.member_id), col(RoleGrant.role))
        .execution_options(synchronize_session=False)
    )
    officers = sorted(ended.all())
    for _, member_id, _ in officers:
        record(session, member_channel(member_id), Topic.ACCESS, "access", member_id)
    return [{"member_id": str(member_id), "role": role.value} for _, member_id, role in officers]
