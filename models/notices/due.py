"""What time makes of notices: published, expired, reminded of; and of activities: over."""

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped
from sqlmodel import col

from models.branches import Branch, BranchStatus
from models.database import now
from models.notices.life import back_to_draft, remind, speak, tell_published
from models.notices.occurrences import Occurrence
from models.notices.table import Notice, NoticeState
from models.notices.writing import audit_state, tell_channel
from models.permissions import OPERATOR
from models.schedule import Duty, Find, finding


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
    await tell_published(session, notice)
    audit_state(session, OPERATOR, "notice.publish", notice, before=NoticeState.SCHEDULED)


async def _expire(session: AsyncSession, notice: Notice) -> None:
    notice.state, notice.expired_at = NoticeState.EXPIRED, now(session)
    notice.revision += 1
    audit_state(session, OPERATOR, "notice.expire", notice, before=NoticeState.PUBLISHED)
    await tell_channel(session, notice)


async def _remind(session: AsyncSession, notice: Notice) -> None:
    await remind(session, OPERATOR, notice)


async def _end(session: AsyncSession, occurrence: Occurrence) -> None:
    occurrence.ended_at = now(session)


def _due(due: Mapped[datetime | None], state: NoticeState) -> Find[Notice]:
    return finding(
        select(Notice)
        .where(col(Notice.state) == state, due <= bindparam("at"))
        .order_by(due, col(Notice.id))
        .limit(bindparam("most"))
        .with_for_update(key_share=True, skip_locked=True)
    )


_OVER = (
    select(Occurrence)
    .where(col(Occurrence.ended_at).is_(None), col(Occurrence.ends_at) <= bindparam("at"))
    .order_by(col(Occurrence.ends_at), col(Occurrence.notice_id), col(Occurrence.no))
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
PUBLISH_NOTICES = Duty("notice.publish", _due(col(Notice.publish_at), NoticeState.SCHEDULED), _publish)
EXPIRE_NOTICES = Duty("notice.expire", _due(col(Notice.expires_at), NoticeState.PUBLISHED), _expire)
REMIND_OF_NOTICES = Duty("notice.remind", _due(col(Notice.remind_at), NoticeState.PUBLISHED), _remind)
END_ACTIVITIES = Duty("activity.end", finding(_OVER), _end, key=lambda each: f"{each.notice_id}:{each.no}")
