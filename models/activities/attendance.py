"""Who was there: marked by who takes attendance, or by a code that the member scanned."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from models.activities.codes import admit, read
from models.activities.latest import Kept, Key, hold_states, key_of, last_of, write
from models.activities.occasions import Occasion, get_occasion
from models.activities.shapes import AttendanceEntry, AttendancePost, AttendancePosted, AttendanceTaken
from models.activities.table import Attendance, AttendanceMethod, AttendanceStatus
from models.audit import audit
from models.base import new_id
from models.channels import Hearing
from models.database import keyring, now, table_of
from models.errors import Conflict, FieldError, Forbidden, HandbookError, Invalid
from models.histories import History, histories_of
from models.notices.reading import get_notice
from models.notices.table import UNSAID, Notice, NoticeState
from models.permissions import Permission, Viewer, allowed

_ATTENDANCE = table_of(Attendance)


@dataclass(frozen=True, slots=True)
class Marked:
    """That a member was there or not. `marked_by` is who says so, where it is not the member."""

    notice_id: UUID
    occurrence: int
    member_id: UUID
    status: AttendanceStatus
    method: AttendanceMethod
    at: datetime
    said_id: UUID
    marked_by: UUID | None
    branch_no: int
    """The branch that speaks."""


@dataclass(frozen=True, slots=True)
class Attended:
    """What stands now of what was said, and the numbers that states have reached."""

    standing: Mapping[Key, Marked | Row[Any]]
    reached: Mapping[UUID, int]


def _outdoes(one: Marked | Row[Any], other: Marked | Row[Any]) -> bool:
    """A code never stands against what somebody marked. Of marks the latest stands, of codes the first: that is when
    the member came.
    """
    by_code = [each.method is AttendanceMethod.CODE for each in (one, other)]
    if by_code[0] is not by_code[1]:
        return by_code[1]
    mine, theirs = (one.at, one.said_id), (other.at, other.said_id)
    return bool(mine < theirs if by_code[0] else mine > theirs)


_KEPT: Kept[Marked] = Kept(_ATTENDANCE, _outdoes, ("status", "method"))

# made once: making a statement takes longer than sending it
_BEFORE = select(*_ATTENDANCE.c).where(
    tuple_(*_ATTENDANCE.primary_key).in_(bindparam("keys", expanding=True)),
)


async def attend(session: AsyncSession, marks: Sequence[Marked]) -> Attended:
    """Write who was there: the rule by which every attendance comes about, whatever order things arrive in.

    Locks the states of the members, in their order. The audit keeps what an officer's mark has changed.
    """
    held = await hold_states(session, marks)
    keys = sorted({key_of(one) for one in marks})
    before = {key_of(row): row for row in await session.execute(_BEFORE, {"keys": keys})}
    last = last_of(_KEPT, marks, before)
    reached = await write(session, _KEPT, held, marks, last, before)
    _audit(session, last, before)
    return Attended(last, reached)


def _audit(session: AsyncSession, last: Mapping[Key, Marked | Row[Any]], before: Mapping[Key, Row[Any]]) -> None:
    """One event an occurrence and officer: whom they marked otherwise than before."""

    def about(one: Marked) -> tuple[UUID, int, UUID, int]:
        return one.notice_id, one.occurrence, one.marked_by or one.member_id, one.branch_no

    news = [one for one in last.values() if isinstance(one, Marked) and one.marked_by is not None]
    news = [one for one in news if (old := before.get(key_of(one))) is None or not _KEPT.said_alike(one, old)]
    for (notice_id, no, officer, branch_no), each in groupby(sorted(news, key=about), about):
        marks = list(each)
        then = {str(one.member_id): _noted(before.get(key_of(one))) for one in marks}
        marked_so = {str(one.member_id): _noted(one) for one in marks}
        audit(
            session,
            Viewer(officer),
            "attendance.mark",
            "notice",
            notice_id,
            branch_no=branch_no,
            before={"occurrence": no, "marks": then},
            after={"occurrence": no, "marks": marked_so},
        )


def _noted(one: Marked | Row[Any] | None) -> str | None:
    return None if one is None else f"{one.status} ({one.method})"


def may_mark(officer: Viewer, history: History, occasion: Occasion, at: datetime) -> bool:
    """Whether somebody was or is spoken to, when it begins or at that instant, through a place below the officer's
    right: a cell's secretary takes the attendance of the cell, whoever called to the activity.
    """
    paths = {
        *history.spoken_to(occasion.starts_at, occasion.branch_no, occasion.who),
        *history.spoken_to(at, occasion.branch_no, occasion.who),
    }
    return any(allowed(officer, Permission.ATTENDANCE_MARK, path) for path in paths)


def closed_to_marks(occasion: Occasion, status: AttendanceStatus, at: datetime) -> HandbookError | None:
    """Who is excused is known before; who was there is not."""
    if occasion.is_cancelled:
        return Conflict("activity.cancelled")
    is_early = at < occasion.opens_at and status is not AttendanceStatus.EXCUSED
    return Conflict("activity.not_begun") if is_early else None


async def post_attendance(
    session: AsyncSession, viewer: Viewer, notice_id: UUID, data: AttendancePost
) -> AttendancePosted:
    """All of the entries, or none; or the viewer's own code.

    Raises NotFound, Forbidden (without `attendance.mark`; `activity.not_audience`), Conflict `notice.not_published`,
    `notice.not_activity`, `activity.cancelled`, `activity.not_begun`, Invalid: `occurrence.missing`,
    `occurrence.unknown`; of entries `attendance.member_twice`, and `member.unknown` for each whom the activity is not
    for through a place below the viewer's right; what `codes` says of codes.
    """
    notice, _ = await get_notice(session, viewer, notice_id)
    if data.entries is None:
        marks = [await _scanned(session, viewer, notice, data)]
    else:
        marks = await _listed(session, viewer, notice, data.occurrence, data.entries)
    attended = await attend(session, marks)
    standing = [attended.standing[key] for key in sorted(attended.standing)]
    return AttendancePosted(attendance=[AttendanceTaken.model_validate(one) for one in standing])


async def _scanned(session: AsyncSession, viewer: Viewer, notice: Notice, data: AttendancePost) -> Marked:
    member_id, at = viewer.the_member, now(session)
    if notice.state is not NoticeState.PUBLISHED:
        raise Conflict("notice.not_published")
    if not Hearing.of(viewer).hears(notice.branch_no, notice.who):
        raise Forbidden("activity.not_audience")
    checkin = read(keyring(session), data.code or "", notice.id, data.occurrence)
    occasion = await get_occasion(session, notice.id, checkin.occurrence)
    admit(checkin, occasion, at)
    return checked_in(occasion, member_id, at, new_id())


def checked_in(occasion: Occasion, member_id: UUID, at: datetime, said_id: UUID) -> Marked:
    ids = occasion.notice_id, occasion.no, member_id
    here = AttendanceStatus.PRESENT, AttendanceMethod.CODE
    return Marked(*ids, *here, at, said_id, None, occasion.branch_no)


async def _listed(
    session: AsyncSession, viewer: Viewer, notice: Notice, no: int | None, entries: Sequence[AttendanceEntry]
) -> list[Marked]:
    if not viewer.paths(Permission.ATTENDANCE_MARK):
        raise Forbidden(permission=Permission.ATTENDANCE_MARK.value)
    if notice.state in UNSAID or notice.state is NoticeState.WITHDRAWN:
        raise Conflict("notice.not_published")
    occasion, at = await get_occasion(session, notice.id, no), now(session)
    for entry in entries:
        refusal = closed_to_marks(occasion, entry.status, at)
        if refusal is not None:
            raise refusal
    audience = await histories_of(session, {entry.member_id for entry in entries}, min(occasion.starts_at, at))
    wrong = [
        *_named_twice(entries),
        *(
            FieldError(f"/entries/{place}/member_id", "member.unknown")
            for place, entry in enumerate(entries)
            if not may_mark(viewer, audience[entry.member_id], occasion, at)
        ),
    ]
    if wrong:
        raise Invalid(wrong)
    return [marked(occasion, entry, at, new_id(), viewer.the_member) for entry in entries]


def marked(occasion: Occasion, said: AttendanceEntry, at: datetime, said_id: UUID, officer: UUID) -> Marked:
    ids = occasion.notice_id, occasion.no, said.member_id
    return Marked(*ids, said.status, said.method, at, said_id, officer, occasion.branch_no)


def _named_twice(entries: Sequence[AttendanceEntry]) -> Iterable[FieldError]:
    seen: set[UUID] = set()
    for place, entry in enumerate(entries):
        if entry.member_id in seen:
            yield FieldError(f"/entries/{place}/member_id", "attendance.member_twice")
        seen.add(entry.member_id)
