"""What time makes of notices: published, expired, reminded of; and of activities: over."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped
from sqlmodel import col

from models.audit import audit
from models.branches import Branch, BranchStatus
from models.database import now
from models.notices.life import back_to_draft, remind, speak
from models.notices.occurrences import Occurrence
from models.notices.table import Notice, NoticeState
from models.notices.writing import tell_channel
from models.permissions import OPERATOR
from models.schedule import Duty


async def _publish(session: AsyncSession, notice: Notice) -> None:
    """Who scheduled it had the right to. Where its branch is no more, it is a draft again."""
    status = await session.scalar(
        select(col(Branch.status)).where(col(Branch.no) == notice.branch_no).with_for_update(read=True)
    )
    if status is not BranchStatus.ACTIVE:
        back_to_draft(session, OPERATOR, notice)
        return
    notice.revision += 1
    notice.ack_revision = notice.revision
    await speak(session, notice)
    before, after = {"state": NoticeState.SCHEDULED.value}, {"state": notice.state.value, "revision": notice.revision}
    _audit(session, notice, "notice.publish", before, after)


async def _expire(session: AsyncSession, notice: Notice) -> None:
    notice.state, notice.expired_at = NoticeState.EXPIRED, now(session)
    notice.revision += 1
    before, after = {"state": NoticeState.PUBLISHED.value}, {"state": notice.state.value, "revision": notice.revision}
    _audit(session, notice, "notice.expire", before, after)
    tell_channel(session, notice)


async def _remind(session: AsyncSession, notice: Notice) -> None:
    remind(session, OPERATOR, notice)


async def _end(session: AsyncSession, occurrence: Occurrence) -> None:
    occurrence.ended_at = now(session)


def _audit(
    session: AsyncSession, notice: Notice, action: str, before: Mapping[str, object], after: Mapping[str, object]
) -> None:
    audit(session, OPERATOR, action, "notice", notice.id, branch_no=notice.branch_no, before=before, after=after)


_Find = Callable[[AsyncSession, datetime, int], Awaitable[Sequence[Notice]]]


def _due(due: Mapped[datetime | None], state: NoticeState) -> _Find:
    async def find(session: AsyncSession, at: datetime, most: int) -> Sequence[Notice]:
        found = await session.scalars(
            select(Notice)
            .where(col(Notice.state) == state, due <= at)
            .order_by(due, col(Notice.id))
            .limit(most)
            .with_for_update(key_share=True, skip_locked=True)
            .execution_options(populate_existing=True)
        )
        return found.all()

    return find


async def _over(session: AsyncSession, at: datetime, most: int) -> Sequence[Occurrence]:
    found = await session.scalars(
        select(Occurrence)
        .where(col(Occurrence.ended_at).is_(None), col(Occurrence.ends_at) <= at)
        .order_by(col(Occurrence.ends_at), col(Occurrence.notice_id), col(Occurrence.no))
        .limit(most)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return found.all()


PUBLISH_NOTICES = Duty("notice.publish", _due(col(Notice.publish_at), NoticeState.SCHEDULED), _publish)
EXPIRE_NOTICES = Duty("notice.expire", _due(col(Notice.expires_at), NoticeState.PUBLISHED), _expire)
REMIND_OF_NOTICES = Duty("notice.remind", _due(col(Notice.remind_at), NoticeState.PUBLISHED), _remind)
END_ACTIVITIES = Duty("activity.end", _over, _end, key=lambda each: f"{each.notice_id}:{each.no}")
