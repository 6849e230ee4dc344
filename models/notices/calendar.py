"""Activities as calendar apps are told of them. Who hears a notice has its activity, by the clause of everything that
is published.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.calendar import CalendarEntry
from models.branches import Branch
from models.channels import hears
from models.database import now
from models.errors import Conflict, NotFound
from models.notices.activity import ActivityBrief
from models.notices.occurrences import Occurrence
from models.notices.reading import get_notice
from models.notices.table import UNSAID, Category, Notice, NoticeState
from models.permissions import Viewer

PAST_DAYS = 180
AHEAD_DAYS = 5 * 366
"""Calendars say what the clock does in all years that they speak of, and slips of the keyboard reach the year 9000."""
CALLED_OFF_DAYS = 90
ENTRIES_MOST = 1000
_TOOK_PLACE = (NoticeState.PUBLISHED, NoticeState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Wording:
    """What a calendar says beside the notice itself: where the notice is, and what stands in its place once it was
    withdrawn.
    """

    link: Callable[[UUID], str]
    withdrawn: str


async def list_calendar(session: AsyncSession, viewer: Viewer, wording: Wording) -> list[CalendarEntry]:
    """The activities that the viewer hears, from half a year back to five years ahead, and what of them was withdrawn
    in the last 90 days.

    What has expired stays, since it took place. One statement, at most `ENTRIES_MOST`, those published last.
    """
    # whole days, so that the same calendar reads the same until tomorrow
    today = datetime.combine(now(session), time(), UTC)
    rows = await session.execute(_asked(viewer, today))
    return [_entry(wording, row, row.speaking) for row in rows]


async def read_calendar_entry(
    session: AsyncSession, viewer: Viewer, notice_id: UUID, wording: Wording
) -> CalendarEntry:
    """One activity, for whoever may read its notice. Raises NotFound where it is none, Conflict
    `notice.not_published`.
    """
    notice, branch = await get_notice(session, viewer, notice_id)
    if notice.activity is None:
        raise NotFound
    if notice.state in UNSAID:
        raise Conflict("notice.not_published")
    return _entry(wording, notice, branch.name)


_READ = (
    *("id", "revision", "state", "title", "summary", "activity"),
    *("created_at", "published_at", "amended_at", "withdrawn_at"),
)
"""Bodies stay where they are."""


def _asked(viewer: Viewer, today: datetime) -> Select[*tuple[Any, ...]]:
    shown = select(col(Occurrence.no)).where(
        col(Occurrence.notice_id) == col(Notice.id),
        col(Occurrence.ends_at) >= today - timedelta(days=PAST_DAYS),
        col(Occurrence.starts_at) < today + timedelta(days=AHEAD_DAYS),
    )
    called_off = and_(
        col(Notice.state) == NoticeState.WITHDRAWN,
        col(Notice.withdrawn_at) >= today - timedelta(days=CALLED_OFF_DAYS),
    )
    return (
        select(*(getattr(Notice, name) for name in _READ), col(Branch.name).label("speaking"))
        .join(Branch, col(Branch.no) == col(Notice.branch_no))
        .where(
            hears(viewer, col(Notice.branch_no), col(Notice.who)),
            or_(col(Notice.state).in_(_TOOK_PLACE), called_off),
            col(Notice.category) == Category.ACTIVITY,
            shown.exists(),
        )
        .order_by(col(Notice.published_at).desc(), col(Notice.id))
        .limit(ENTRIES_MOST)
    )


def _entry(wording: Wording, notice: Notice | Row[Any], speaking: str) -> CalendarEntry:
    """Of what was withdrawn only that, and when it would have been: its text is no longer for anybody's eyes."""
    activity = ActivityBrief.model_validate(notice.activity)
    is_off = notice.state is NoticeState.WITHDRAWN
    return CalendarEntry(
        uid=str(notice.id),
        sequence=notice.revision,
        summary=wording.withdrawn if is_off else notice.title,
        description="" if is_off else notice.summary,
        starts_at=activity.starts_at,
        ends_at=activity.ends_at,
        timezone=activity.timezone,
        place=None if is_off else activity.place,
        url=wording.link(notice.id),
        online_url=None if is_off else activity.online_url,
        recurrence=activity.recurrence.rule if activity.recurrence else None,
        changed_at=notice.withdrawn_at or notice.amended_at or notice.published_at or notice.created_at,
        cancelled=is_off,
        organiser=speaking,
    )
