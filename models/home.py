"""What a thin client shows first."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.activities.table import Answer, Rsvp
from models.base import Shape
from models.channels import hears
from models.errors import NotFound
from models.members.table import Member, MemberCard
from models.notices.occurrences import Occurrence
from models.notices.reading import heard, not_read
from models.notices.shapes import NoticeSummary
from models.notices.table import Notice, NoticeState
from models.paging import Page
from models.permissions import Viewer
from models.progress.due import NextStudy, next_studies

UNREAD_MOST = 100
NEXT_MOST = 5


class NextActivity(Shape):
    """One time that an activity takes place, and what I answered."""

    notice_id: UUID
    occurrence: int
    title: str
    starts_at: datetime
    ends_at: datetime
    place: str | None
    online_url: str | None
    answer: Answer | None


class OwnSummary(Shape):
    """`unread` counts to 100 and no further. `activities` are the next five times, those that go on just now included;
    what is over leaves the list when the schedule says so. `study` is what I have yet to study by some day.
    """

    member: MemberCard
    unread: int
    activities: list[NextActivity]
    study: list[NextStudy]


class Home(OwnSummary):
    """`notices` is the beginning of `/v1/notices`, which goes on from its `next_cursor`."""

    notices: Page[NoticeSummary]


async def own_summary(session: AsyncSession, viewer: Viewer) -> OwnSummary:
    """The personal part, in three statements."""
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
    card = MemberCard(id=member_id, full_name=full_name, photo=photo)
    activities = await _next_activities(session, viewer)
    return OwnSummary(member=card, unread=count, activities=activities, study=await next_studies(session, viewer))


async def _next_activities(session: AsyncSession, viewer: Viewer) -> list[NextActivity]:
    mine = and_(
        col(Rsvp.notice_id) == col(Occurrence.notice_id),
        col(Rsvp.occurrence) == col(Occurrence.no),
        col(Rsvp.member_id) == viewer.the_member,
    )
    found = await session.execute(
        select(Occurrence, col(Notice.title), col(Notice.activity), col(Rsvp.answer))
        .join(Notice, col(Notice.id) == col(Occurrence.notice_id))
        .outerjoin(Rsvp, mine)
        .where(
            hears(viewer, col(Occurrence.branch_no), col(Occurrence.who)),
            col(Occurrence.ended_at).is_(None),
            col(Notice.state) == NoticeState.PUBLISHED,
        )
        .order_by(col(Occurrence.starts_at), col(Occurrence.notice_id))
        .limit(NEXT_MOST)
    )
    return [_next(*row) for row in found]


def _next(occurrence: Occurrence, title: str, activity: dict[str, Any], answer: Answer | None) -> NextActivity:
    return NextActivity(
        notice_id=occurrence.notice_id,
        occurrence=occurrence.no,
        title=title,
        starts_at=occurrence.starts_at,
        ends_at=occurrence.ends_at,
        place=activity["place"],
        online_url=activity["online_url"],
        answer=answer,
    )
