"""Who hears a channel: `channels.hears` asked the other way round."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CompoundSelect, Select, distinct, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.branches import Branch
from models.channels import Reach, reach_of
from models.memberships import Membership
from models.permissions import below
from models.roles import RoleGrant, in_force


async def count_people(session: AsyncSession, branch: Branch, who: int, at: datetime, most: int | None = None) -> int:
    """How many different people hear the channel; with `most` no further than one beyond that."""
    reached = _reached(branch, who, at).subquery()
    if most is not None:
        reached = select(reached.c.member_id).distinct().limit(most + 1).subquery()
    return await session.scalar(select(func.count(distinct(reached.c.member_id)))) or 0


def _reached(branch: Branch, who: int, at: datetime) -> Select[UUID] | CompoundSelect[UUID]:
    """Members' ids, some of them more than once.

    Status needs no look: whoever leaves or dies loses memberships and grants in the same breath.
    """
    reach, roles = reach_of(who)
    subtree = below(col(Branch.path), branch.path)
    belongs = select(col(Membership.member_id)).where(
        col(Membership.ended_at).is_(None), or_(col(Membership.until).is_(None), col(Membership.until) > at)
    )
    if reach is Reach.HERE:
        return belongs.where(col(Membership.branch_no) == branch.no)
    holds = select(col(RoleGrant.member_id)).join(Branch, col(Branch.no) == col(RoleGrant.branch_no))
    holds = holds.where(subtree, in_force(at))
    if reach is Reach.ROLES:
        return holds.where(col(RoleGrant.role).in_(roles))
    return union_all(belongs.join(Branch, col(Branch.no) == col(Membership.branch_no)).where(subtree), holds)
