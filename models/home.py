"""What a thin client shows first."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.base import Shape
from models.errors import NotFound
from models.members.table import Member, MemberCard
from models.notices.reading import heard, not_read
from models.notices.shapes import NoticeSummary
from models.notices.table import Notice
from models.paging import Page
from models.permissions import Viewer

UNREAD_MOST = 100


class OwnSummary(Shape):
    """`unread` counts to 100 and no further."""

    member: MemberCard
    unread: int


class Home(OwnSummary):
    """`notices` is the beginning of `/v1/notices`, which goes on from its `next_cursor`."""

    notices: Page[NoticeSummary]


async def own_summary(session: AsyncSession, viewer: Viewer) -> OwnSummary:
    """The personal part, in one statement."""
    unread = select(col(Notice.id)).where(heard(viewer), not_read(viewer)).limit(UNREAD_MOST).subquery()
    row = (
        await session.execute(
            select(
                col(Member.id),
                col(Member.full_name),
                col(Member.photo),
                select(func.count()).select_from(unread).scalar_subquery(),
            ).where(col(Member.id) == viewer.the_member)
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    member_id, full_name, photo, count = row
    return OwnSummary(member=MemberCard(id=member_id, full_name=full_name, photo=photo), unread=count)
