"""The list by which attendance is taken."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.activities.occasions import Occasion, get_occasion
from models.activities.shapes import AnswerShown, Attendee, MarkShown
from models.activities.table import Attendance, Rsvp
from models.audiences import open_at
from models.branches import Branch
from models.channels import Reach, reach_of
from models.database import now, table_of
from models.errors import Conflict, Forbidden
from models.members.table import Member, MemberCard
from models.memberships import Membership
from models.notices.reading import get_notice
from models.notices.table import UNSAID
from models.paging import Order, Page, PageRequest, paginate
from models.permissions import Permission, Viewer, below, visible
from models.roles import RoleGrant

_SHOWN: tuple[Any, ...] = (
    *(col(Member.id), col(Member.full_name), col(Member.photo)),
    *(col(Rsvp.answer), col(Rsvp.note), col(Rsvp.at).label("answered_at")),
    *(col(Attendance.status), col(Attendance.method), col(Attendance.at), col(Attendance.marked_by)),
)


async def list_attendees(
    session: AsyncSession, viewer: Viewer, notice_id: UUID, no: int | None, page: PageRequest
) -> Page[Attendee]:
    """Whom the activity was for when it began, or is for now, through a place below the viewer's right, in Vietnamese
    order.

    Raises NotFound, Forbidden, Conflict `notice.not_published`, `notice.not_activity`, Invalid `occurrence.missing`,
    `occurrence.unknown`.
    """
    notice, branch = await get_notice(session, viewer, notice_id)
    if not viewer.paths(Permission.ATTENDANCE_MARK):
        raise Forbidden(permission=Permission.ATTENDANCE_MARK.value)
    if notice.state in UNSAID:
        raise Conflict("notice.not_published")
    occasion = await get_occasion(session, notice.id, no)
    audience = _audience(viewer, branch, occasion, now(session))
    statement = (
        select(*_SHOWN)
        .outerjoin(Rsvp, and_(*_is_of(Rsvp, occasion)))
        .outerjoin(Attendance, and_(*_is_of(Attendance, occasion)))
        .where(col(Member.id).in_(audience))
    )
    return await paginate(session, statement, page, [Order(col(Member.sort_key)), Order(col(Member.id))], _attendee)


def _is_of(model: Any, occasion: Occasion) -> tuple[ColumnElement[bool], ...]:
    return (
        model.notice_id == occasion.notice_id,
        model.occurrence == occasion.no,
        model.member_id == col(Member.id),
    )


def _audience(viewer: Viewer, branch: Branch, occasion: Occasion, at: datetime) -> Select[Any] | CompoundSelect[Any]:
    """Members' ids: `channels.hears` asked the other way round, of two instants."""
    reach, roles = reach_of(occasion.who)
    mine = visible(viewer, Permission.ATTENDANCE_MARK, Branch.path)

    def of(ties: Any, *where: ColumnElement[bool]) -> Select[UUID]:
        held = or_(*(open_at(table_of(ties), instant) for instant in (occasion.starts_at, at)))
        return select(col(ties.member_id)).join(Branch, col(Branch.no) == col(ties.branch_no)).where(mine, held, *where)

    subtree = below(col(Branch.path), branch.path)
    if reach is Reach.HERE:
        return of(Membership, col(Membership.branch_no) == branch.no)
    if reach is Reach.ROLES:
        return of(RoleGrant, subtree, col(RoleGrant.role).in_(roles))
    return union_all(of(Membership, subtree), of(RoleGrant, subtree))


def _attendee(row: Sequence[Any]) -> Attendee:
    member_id, full_name, photo, answer, note, answered_at, status, method, at, marked_by = row
    return Attendee(
        member=MemberCard(id=member_id, full_name=full_name, photo=photo),
        rsvp=AnswerShown(answer=answer, note=note, at=answered_at) if answer is not None else None,
        attendance=MarkShown(status=status, method=method, at=at, marked_by=marked_by) if status is not None else None,
    )
