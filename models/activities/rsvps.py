"""Answers to an activity: of each member the latest, and no more of them than there are places."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.activities.latest import Kept, Key, hold_states, key_of, last_of, write
from models.activities.occasions import IS_MEANT, TIMES, OccasionKey, meant
from models.activities.shapes import OwnRsvps, RsvpPublic, RsvpPut
from models.activities.table import Answer, Rsvp
from models.base import new_id
from models.channels import Hearing
from models.database import now, table_of
from models.errors import Conflict, Forbidden, HandbookError
from models.notices.occurrences import Occurrence
from models.notices.reading import get_notice
from models.notices.table import Notice, NoticeState
from models.permissions import Viewer
from models.standing import stands
from models.viewers import resolve_viewer

_NOTICE, _OCCURRENCE, _RSVP = table_of(Notice), table_of(Occurrence), table_of(Rsvp)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a member says of a time of an activity. `said_id` orders what was said at the same instant."""

    notice_id: UUID
    occurrence: int
    member_id: UUID
    answer: Answer
    note: str | None
    at: datetime
    said_id: UUID


@dataclass(frozen=True, slots=True)
class Answers:
    """What stands now of what was answered, the numbers that states have reached, and by its place each answer that
    was refused: there was no room.
    """

    standing: Mapping[Key, Answered | Row[Any]]
    reached: Mapping[UUID, int]
    refused: Mapping[int, HandbookError]


def _later(one: Answered | Row[Any], other: Answered | Row[Any]) -> bool:
    is_later: bool = (one.at, one.said_id) > (other.at, other.said_id)
    return is_later


_KEPT: Kept[Answered] = Kept(_RSVP, _later, ("answer", "note"))

# made once: making a statement takes longer than sending it
_IS_ONE = tuple_(_OCCURRENCE.c.notice_id, _OCCURRENCE.c.no).in_(bindparam("keys", expanding=True))
_IS_MINE = and_(
    _RSVP.c.notice_id == _OCCURRENCE.c.notice_id,
    _RSVP.c.occurrence == _OCCURRENCE.c.no,
    _RSVP.c.member_id == bindparam("member_id"),
)
_BEFORE = (
    select(_OCCURRENCE.c.notice_id.label("asked"), _OCCURRENCE.c.no, _OCCURRENCE.c.capacity, *_RSVP.c)
    .select_from(_OCCURRENCE.outerjoin(_RSVP, _IS_MINE))
    .where(_IS_ONE)
    .order_by(_OCCURRENCE.c.notice_id, _OCCURRENCE.c.no)
    .with_for_update(read=True, key_share=True, of=_OCCURRENCE)
)
_HOLD = (
    select(_OCCURRENCE.c.no)
    .where(_IS_ONE)
    .order_by(_OCCURRENCE.c.notice_id, _OCCURRENCE.c.no)
    .with_for_update(key_share=True)
)
_TAKE_PLACE = (
    update(_OCCURRENCE)
    .where(_IS_ONE, _OCCURRENCE.c.taken < _OCCURRENCE.c.capacity)
    .values(taken=_OCCURRENCE.c.taken + 1)
    .returning(_OCCURRENCE.c.notice_id, _OCCURRENCE.c.no)
)
_FREE_PLACE = (
    update(_OCCURRENCE).where(_IS_ONE, _OCCURRENCE.c.capacity.is_not(None)).values(taken=_OCCURRENCE.c.taken - 1)
)


async def answer(session: AsyncSession, member_id: UUID, answers: Sequence[Answered]) -> Answers:
    """Write a member's answers: the rule by which every answer comes about. The latest stands, whatever order they come
    in; a place is taken by who comes, and free again when they do not.

    Locks the member's state and then occurrences, in their order. These are held from before the look at what was
    answered until the end, but loosely: others answer meanwhile, and who arranges the activity anew waits.
    """
    held = await hold_states(session, answers)
    keys = sorted({(one.notice_id, one.occurrence) for one in answers})
    asked = {"member_id": member_id, "keys": keys}
    rows = (await session.execute(_BEFORE, asked)).all()
    before = {key_of(row): row for row in rows if row.member_id is not None}
    limited = {(row.asked, row.no) for row in rows if row.capacity is not None}
    last = last_of(_KEPT, answers, before)
    full = await _move(session, last, before, limited)
    refused = {
        place: Conflict("rsvp.full")
        for place, one in enumerate(answers)
        if (one.notice_id, one.occurrence) in full and one.answer is Answer.YES
    }
    left = [one for place, one in enumerate(answers) if place not in refused]
    if refused:
        last = last_of(_KEPT, left, before)
    return Answers(last, await write(session, _KEPT, held, left, last, before), refused)


async def _move(
    session: AsyncSession,
    last: Mapping[Key, Answered | Row[Any]],
    before: Mapping[Key, Row[Any]],
    limited: set[OccasionKey],
) -> set[OccasionKey]:
    """Take and free places; gives where there was none left."""
    comes = {key[:2] for key, one in last.items() if one.answer is Answer.YES} & limited
    came = {key[:2] for key in last if key in before and before[key].answer is Answer.YES} & limited
    taking, freeing = sorted(comes - came), sorted(came - comes)
    if len(taking) + len(freeing) > 1:
        await session.execute(_HOLD, {"keys": sorted([*taking, *freeing])})
    connection = await session.connection()
    if freeing:
        await connection.execute(_FREE_PLACE, {"keys": freeing})
    if not taking:
        return set()
    taken = await connection.execute(_TAKE_PLACE, {"keys": taking})
    return set(taking) - {(row.notice_id, row.no) for row in taken}


_ASKED = (
    select(
        stands().label("stands"),
        *(_NOTICE.c.id, _NOTICE.c.branch_no, _NOTICE.c.who, _NOTICE.c.state),
        *TIMES,
    )
    .select_from(_NOTICE.outerjoin(_OCCURRENCE, and_(_OCCURRENCE.c.notice_id == _NOTICE.c.id, IS_MEANT)))
    .where(_NOTICE.c.id == bindparam("asked"))
    .order_by(_OCCURRENCE.c.no)
    .limit(2)
)


async def put_rsvp(session: AsyncSession, viewer: Viewer, notice_id: UUID, data: RsvpPut) -> RsvpPublic:
    """What the viewer answers now. Saying it again changes nothing.

    `viewer` may be a second old, as in `put_receipt`. Raises Unauthenticated, NotFound, Forbidden
    `activity.not_audience`, Conflict `notice.not_published`, `notice.not_activity`, `activity.over`, `rsvp.closed`,
    `rsvp.full`, Invalid `occurrence.missing`, `occurrence.unknown`.
    """
    member_id = viewer.the_member
    connection = await session.connection()
    asked = {"asked": notice_id, "member_id": member_id, "session_id": viewer.session_id, "no": data.occurrence}
    rows = (await connection.execute(_ASKED, asked)).all()
    if not rows or not (rows[0].stands and _is_heard(viewer, rows[0])):
        viewer = await resolve_viewer(session, member_id, viewer.the_session)
        if not rows or not _is_heard(viewer, rows[0]):
            notice, _ = await get_notice(session, viewer, notice_id)
            is_published = notice.state is NoticeState.PUBLISHED
            raise Forbidden("activity.not_audience") if is_published else Conflict("notice.not_published")
    occasion = meant([row for row in rows if row.no is not None], data.occurrence)
    at = now(session)
    refusal = occasion.closed_to_answers(at)
    if refusal is not None:
        raise refusal
    said = Answered(notice_id, occasion.no, member_id, data.answer, data.note or None, at, new_id())
    answers = await answer(session, member_id, [said])
    for refused in answers.refused.values():
        raise refused
    return RsvpPublic.model_validate(answers.standing[key_of(said)])


def _is_heard(viewer: Viewer, notice: Row[Any]) -> bool:
    return notice.state is NoticeState.PUBLISHED and Hearing.of(viewer).hears(notice.branch_no, notice.who)


async def own_rsvps(session: AsyncSession, viewer: Viewer, notice_id: UUID) -> OwnRsvps:
    """The viewer's own, of what they may read. Raises NotFound."""
    notice, _ = await get_notice(session, viewer, notice_id)
    found = await session.execute(
        select(*(_RSVP.c[name] for name in RsvpPublic.model_fields))
        .where(_RSVP.c.notice_id == notice.id, _RSVP.c.member_id == viewer.the_member)
        .order_by(_RSVP.c.occurrence)
    )
    return OwnRsvps(rsvps=[RsvpPublic.model_validate(row) for row in found])
