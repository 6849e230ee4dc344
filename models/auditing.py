"""Reading the audit: auditors their branches, members who looked at them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.audit import AuditEvent, AuditEventPublic, AuditSubject
from models.base import Shape
from models.branches import Branch
from models.errors import Forbidden
from models.members.table import Member, MemberCard
from models.paging import Order, Page, PageRequest, paginate
from models.permissions import Permission, Viewer, visible

LOOKS = ("member.read", "member.read_phones", "member.export")
_NEWEST = [Order(col(AuditEvent.id), descending=True)]


class Look(Shape):
    """Somebody opened or exported my file. `by` is null for the operator."""

    at: datetime
    action: str
    by: MemberCard | None


async def list_events(session: AsyncSession, viewer: Viewer, page: PageRequest) -> Page[AuditEventPublic]:
    if not viewer.paths(Permission.AUDIT_READ):
        raise Forbidden(permission=Permission.AUDIT_READ.value)
    statement = (
        select(AuditEvent)
        .join(Branch, col(Branch.no) == col(AuditEvent.branch_no))
        .where(visible(viewer, Permission.AUDIT_READ, Branch.path))
    )
    return await paginate(session, statement, page, _NEWEST, AuditEventPublic.model_validate)


async def list_looks(session: AsyncSession, member_id: UUID, page: PageRequest) -> Page[Look]:
    """Who opened the member's file, or a list that showed their phone or took them out of here."""
    event = col(AuditEvent.id)
    looks = union_all(
        select(event).where(
            col(AuditEvent.target_kind) == "member",
            col(AuditEvent.target_id) == member_id,
            col(AuditEvent.action).in_(LOOKS),
        ),
        select(col(AuditSubject.event_id)).where(col(AuditSubject.member_id) == member_id),
    ).subquery()
    statement = (
        select(AuditEvent, Member)
        .join(looks, looks.c.id == event)
        .outerjoin(Member, col(Member.id) == col(AuditEvent.actor_id))
    )
    return await paginate(
        session,
        statement,
        page,
        _NEWEST,
        lambda row: Look(
            at=row[0].at, action=row[0].action, by=MemberCard.model_validate(row[1]) if row[1] is not None else None
        ),
    )
