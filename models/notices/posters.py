"""Notices for the noticeboard."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from content.posters import Poster, PosterActivity
from content.recurrence import zone_named
from models.database import now
from models.errors import Conflict, Forbidden
from models.notices.activity import HOME_ZONE, ActivityPublic
from models.notices.reading import get_notice
from models.notices.table import Notice, NoticeState, Priority
from models.permissions import Permission, Viewer


async def read_poster(session: AsyncSession, viewer: Viewer, notice_id: UUID, link: Callable[[UUID], str]) -> Poster:
    """A published notice on paper, for whoever reads it and writes notices somewhere: a cell's secretary hangs up what
    the province says. Raises NotFound, Forbidden, Conflict `notice.not_published`.
    """
    notice, branch = await get_notice(session, viewer, notice_id)
    if not viewer.paths(Permission.NOTICE_WRITE):
        raise Forbidden(permission=Permission.NOTICE_WRITE.value)
    if notice.state is not NoticeState.PUBLISHED:
        raise Conflict("notice.not_published")
    return Poster(
        branch_name=branch.name,
        title=notice.title,
        body_html=notice.body_html,
        dated_on=notice.said_at.astimezone(zone_named(HOME_ZONE)).date(),
        url=link(notice.id),
        urgent=notice.priority is Priority.URGENT,
        activity=_activity(notice, now(session)),
    )


def _activity(notice: Notice, at: datetime) -> PosterActivity | None:
    """With the times that are not over yet."""
    if notice.activity is None:
        return None
    activity = ActivityPublic.model_validate(notice.activity)
    return PosterActivity(
        times=[(one.starts_at, one.ends_at) for one in activity.occurrences if one.ends_at > at],
        timezone=activity.timezone,
        place=activity.place,
        online_url=activity.online_url,
        rsvp_by=activity.rsvp_by if activity.rsvp_by is not None and activity.rsvp_by > at else None,
    )
