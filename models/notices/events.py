"""Reading and acknowledging as it happened, on a phone that may have been without a network."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import Row, Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Count
from models.database import table_of
from models.errors import HandbookError, Invalid, NotFound
from models.events.shapes import EventSent, Rule, Told
from models.histories import History
from models.notices.receipts import Noted, take_note
from models.notices.table import Notice


class NoticeRead(EventSent):
    notice_id: UUID
    revision: Annotated[Count, Field(ge=1)]


class NoticeAcknowledged(NoticeRead):
    """Who takes note has read it."""


_NOTICE = table_of(Notice).c
_ASKED: Select[*tuple[Any, ...]] = select(
    *(_NOTICE.id, _NOTICE.branch_no, _NOTICE.who, _NOTICE.revision, _NOTICE.published_at),
    func.coalesce(_NOTICE.withdrawn_at, _NOTICE.expired_at).label("ended_at"),
).where(_NOTICE.id.in_(bindparam("ids", expanding=True)))


async def _judge(
    session: AsyncSession, history: History, events: Sequence[Told[NoticeRead]]
) -> Sequence[Noted | HandbookError]:
    """Whether the member heard the notice when they read it. What they did before it was published, by a clock that
    was wrong, they did when it was.
    """
    ids = sorted({one.sent.notice_id for one in events})
    found = await session.execute(_ASKED, {"ids": ids})
    notices = {notice.id: notice for notice in found}
    return [_verdict(history, one, notices.get(one.sent.notice_id)) for one in events]


def _verdict(history: History, event: Told[NoticeRead], notice: Row[Any] | None) -> Noted | HandbookError:
    if notice is None or notice.published_at is None:
        return NotFound("event.notice_unknown")
    at: datetime = max(event.at, notice.published_at)
    had_ended = notice.ended_at is not None and notice.ended_at <= at
    if had_ended or not history.hearing(at).hears(notice.branch_no, notice.who):
        return NotFound("event.notice_unknown")
    if event.sent.revision > notice.revision:
        return Invalid.at("/revision", "revision.unknown")
    is_acknowledged = isinstance(event.sent, NoticeAcknowledged)
    return Noted(history.member_id, notice.id, event.sent.revision, at, at if is_acknowledged else None)


async def _do(session: AsyncSession, noted: Sequence[Noted]) -> Mapping[UUID, int]:
    return (await take_note(session, noted)).reached


RECEIPTS: Rule[NoticeRead, Noted] = Rule(_judge, _do)
