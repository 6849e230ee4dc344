"""Receipts: who has taken note; and before a notice is published, how many would."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CompoundSelect, Select, distinct, func, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col
from sqlmodel.sql.sqltypes import UTCDateTime

from models.branches import Branch
from models.channels import Reach, reach_of
from models.database import now, upsert
from models.errors import Conflict, Forbidden, NotFound
from models.memberships import Membership
from models.notices.rules import get_notice, heard
from models.notices.shapes import AudiencePreview, ReceiptPublic, ReceiptPut
from models.notices.table import Notice, NoticeState, Receipt, ReceiptMethod
from models.permissions import Permission, Viewer, below, require
from models.roles import RoleGrant, in_force


async def put_receipt(session: AsyncSession, viewer: Viewer, notice_id: UUID, data: ReceiptPut) -> ReceiptPublic:
    """The viewer has read today's revision, or acknowledges it. Saying it again changes nothing.

    Raises NotFound, Forbidden `receipt.not_audience`, Conflict `notice.not_published`.
    """
    member_id = viewer.the_member
    revision = await session.scalar(select(col(Notice.revision)).where(col(Notice.id) == notice_id, heard(viewer)))
    if revision is None:
        notice, _ = await get_notice(session, viewer, notice_id)
        if notice.state is not NoticeState.PUBLISHED:
            raise Conflict("notice.not_published")
        raise Forbidden("receipt.not_audience")
    at = now(session)
    row = {
        "notice_id": notice_id,
        "member_id": member_id,
        "revision": revision,
        "read_at": at,
        "acknowledged_at": at if data.acknowledged else None,
        "method": ReceiptMethod.SELF,
    }
    first = func.coalesce(col(Receipt.acknowledged_at), literal(at, UTCDateTime()))
    await upsert(
        session,
        Receipt,
        [row],
        keys=("notice_id", "member_id", "revision"),
        update={"acknowledged_at": first} if data.acknowledged else {},
    )
    key = (notice_id, member_id, revision)
    return ReceiptPublic.model_validate(await session.get_one(Receipt, key, populate_existing=True))


async def get_receipt(session: AsyncSession, viewer: Viewer, notice_id: UUID) -> ReceiptPublic:
    """The viewer's own, for today's revision. Raises NotFound, also where there is none yet."""
    notice, _ = await get_notice(session, viewer, notice_id)
    receipt = await session.get(Receipt, (notice_id, viewer.the_member, notice.revision))
    if receipt is None:
        raise NotFound
    return ReceiptPublic.model_validate(receipt)


async def preview_audience(session: AsyncSession, viewer: Viewer, notice_id: UUID) -> AudiencePreview:
    """How many people the notice's channel holds now: for those who write there."""
    notice, branch = await get_notice(session, viewer, notice_id)
    require(viewer, Permission.NOTICE_WRITE, branch.path)
    reached = _reached(branch, notice.who, now(session)).subquery()
    people = await session.scalar(select(func.count(distinct(reached.c.member_id))))
    return AudiencePreview(people=people or 0)


def _reached(branch: Branch, who: int, at: datetime) -> Select[UUID] | CompoundSelect[UUID]:
    """`channels.hears` asked the other way round: members' ids, some of them more than once.

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
