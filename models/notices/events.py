"""Reading, acknowledging and telling as it happened, on a phone that may have been without a network."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from pydantic import Field
from sqlalchemy import Row, Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Count, Flag
from models.branches import Branch
from models.database import table_of
from models.errors import Forbidden, HandbookError, Invalid, NotFound
from models.events.shapes import Done, EventSent, Rule, Told
from models.histories import History, histories_of
from models.notices.receipts import Noted
from models.notices.table import Notice, ReceiptMethod
from models.notices.telling import Telling, may_tell, tell
from models.permissions import Permission, allowed


class NoticeRead(EventSent):
    notice_id: UUID
    revision: Annotated[Count, Field(ge=1)]


class NoticeAcknowledged(NoticeRead):
    """Who takes note has read it."""


class NoticeTold(NoticeRead):
    """Somebody was told of it in person: who they are, and whether they took note."""

    member_id: UUID
    acknowledged: Flag = False


Deed: TypeAlias = Noted | Telling

_NOTICE, _BRANCH = table_of(Notice).c, table_of(Branch)
_ASKED: Select[*tuple[Any, ...]] = select(
    *(_NOTICE.id, _NOTICE.branch_no, _NOTICE.who, _NOTICE.revision, _NOTICE.published_at),
    func.coalesce(_NOTICE.withdrawn_at, _NOTICE.expired_at).label("ended_at"),
).where(_NOTICE.id.in_(bindparam("ids", expanding=True)))
_ASKED_BY_OFFICERS = _ASKED.add_columns(_BRANCH.c.path).join(_BRANCH, _BRANCH.c.no == _NOTICE.branch_no)


async def _judge(
    session: AsyncSession, history: History, events: Sequence[Told[NoticeRead]]
) -> Sequence[Deed | HandbookError]:
    """Whether the member heard the notice when they read it. What they did before it was published, by a clock that
    was wrong, they did when it was.
    """
    ids = sorted({one.sent.notice_id for one in events})
    telling = [one for one in events if isinstance(one.sent, NoticeTold)]
    found = await session.execute(_ASKED_BY_OFFICERS if telling else _ASKED, {"ids": ids})
    notices = {notice.id: notice for notice in found}
    audience: Mapping[UUID, History] = {}
    if telling:
        whose = {one.sent.member_id for one in telling if isinstance(one.sent, NoticeTold)}
        audience = await histories_of(session, whose, min(one.at for one in telling))
    return [_verdict(history, one, notices.get(one.sent.notice_id), audience) for one in events]


def _verdict(
    history: History, event: Told[NoticeRead], notice: Row[Any] | None, audience: Mapping[UUID, History]
) -> Deed | HandbookError:
    if notice is None or notice.published_at is None:
        return NotFound("event.notice_unknown")
    said = event.sent
    at: datetime = max(event.at, notice.published_at)
    had_ended = notice.ended_at is not None and notice.ended_at <= at
    is_heard = history.hearing(at).hears(notice.branch_no, notice.who)
    if isinstance(said, NoticeTold):
        is_heard = is_heard or allowed(history.viewer(at), Permission.REPORT_READ, notice.path)
    if had_ended or not is_heard:
        return NotFound("event.notice_unknown")
    if said.revision > notice.revision:
        return Invalid.at("/revision", "revision.unknown")
    if isinstance(said, NoticeTold):
        return _told(history, said, at, notice, audience[said.member_id])
    is_acknowledged = isinstance(said, NoticeAcknowledged)
    return Noted(history.member_id, notice.id, said.revision, at, at if is_acknowledged else None)


def _told(history: History, said: NoticeTold, at: datetime, notice: Row[Any], told: History) -> Telling | HandbookError:
    """By who had the right to then, to who heard it then."""
    teller = history.viewer(at)
    if not teller.paths(Permission.RECEIPT_TELL):
        return Forbidden(permission=Permission.RECEIPT_TELL.value)
    if not may_tell(teller, told.spoken_to(at, notice.branch_no, notice.who)):
        return Invalid.at("/member_id", "member.unknown")
    acknowledged_at = at if said.acknowledged else None
    noted = Noted(told.member_id, notice.id, said.revision, at, acknowledged_at, ReceiptMethod.TOLD)
    return Telling(noted, teller.the_member, notice.branch_no)


async def _do(session: AsyncSession, deeds: Sequence[Deed]) -> Done:
    return Done((await tell(session, deeds)).reached)


RECEIPTS: Rule[NoticeRead, Deed] = Rule(_judge, _do)
