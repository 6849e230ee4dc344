"""Answering, checking in and taking attendance as they happened, on a phone that may have been without a network."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from content.checkin import CheckIn
from models.activities.attendance import Marked, attend, checked_in, closed_to_marks, marked, may_mark
from models.activities.codes import admit, read
from models.activities.occasions import Occasions, occasions
from models.activities.rsvps import Answered, answer
from models.activities.shapes import AttendanceEntry, No, Note, WrittenCode
from models.activities.table import Answer
from models.database import keyring
from models.errors import Forbidden, HandbookError, Invalid
from models.events.shapes import Done, EventSent, Rule, Told
from models.histories import History, histories_of
from models.permissions import Permission


class RsvpSent(EventSent):
    notice_id: UUID
    occurrence: No
    answer: Answer
    note: Note | None = None


class CheckInSent(EventSent):
    """The code that was scanned says what it is of."""

    code: WrittenCode


class AttendedSent(AttendanceEntry, EventSent):
    """By who takes attendance."""

    notice_id: UUID
    occurrence: No


async def _judge_answers(
    session: AsyncSession, history: History, events: Sequence[Told[RsvpSent]]
) -> Sequence[Answered | HandbookError]:
    """By what the member heard when they answered, and by the times as they are now."""
    found = await occasions(session, [(one.sent.notice_id, one.sent.occurrence) for one in events])
    return [_answered(history, one, found) for one in events]


def _answered(history: History, event: Told[RsvpSent], found: Occasions) -> Answered | HandbookError:
    said = event.sent
    try:
        occasion, at = found.heard(history, event.at, (said.notice_id, said.occurrence))
    except HandbookError as refusal:
        return refusal
    return occasion.closed_to_answers(at) or Answered(
        occasion.notice_id, occasion.no, history.member_id, said.answer, said.note or None, at, said.id
    )


async def _answer(session: AsyncSession, deeds: Sequence[Answered]) -> Done:
    answers = await answer(session, deeds[0].member_id, deeds)
    return Done(answers.reached, answers.refused)


async def _judge_check_ins(
    session: AsyncSession, history: History, events: Sequence[Told[CheckInSent]]
) -> Sequence[Marked | HandbookError]:
    """By what the member heard when they scanned the code."""
    codes = [_read(session, one.sent.code) for one in events]
    keys = [(code.notice_id, code.occurrence) for code in codes if isinstance(code, CheckIn)]
    found = await occasions(session, keys)
    return [
        _checked_in(history, one, code, found) if isinstance(code, CheckIn) else code
        for one, code in zip(events, codes, strict=True)
    ]


def _read(session: AsyncSession, code: str) -> CheckIn | HandbookError:
    try:
        return read(keyring(session), code)
    except HandbookError as refusal:
        return refusal


def _checked_in(history: History, event: Told[CheckInSent], code: CheckIn, found: Occasions) -> Marked | HandbookError:
    try:
        occasion, at = found.heard(history, event.at, (code.notice_id, code.occurrence))
        admit(code, occasion, at)
    except HandbookError as refusal:
        return refusal
    return checked_in(occasion, history.member_id, at, event.sent.id)


async def _judge_marks(
    session: AsyncSession, history: History, events: Sequence[Told[AttendedSent]]
) -> Sequence[Marked | HandbookError]:
    """By the right that the officer had then, and by whom the activity was for."""
    found = await occasions(session, [(one.sent.notice_id, one.sent.occurrence) for one in events])
    since = min([*found.starts, *(one.at for one in events)])
    audience = await histories_of(session, {one.sent.member_id for one in events}, since)
    return [_marked(history, one, found, audience) for one in events]


def _marked(
    history: History, event: Told[AttendedSent], found: Occasions, audience: Mapping[UUID, History]
) -> Marked | HandbookError:
    said = event.sent
    try:
        occasion, at = found.known(history, event.at, (said.notice_id, said.occurrence))
    except HandbookError as refusal:
        return refusal
    officer = history.viewer(at)
    if not officer.paths(Permission.ATTENDANCE_MARK):
        return Forbidden(permission=Permission.ATTENDANCE_MARK.value)
    if not may_mark(officer, audience[said.member_id], occasion, at):
        return Invalid.at("/member_id", "member.unknown")
    return closed_to_marks(occasion, said.status, at) or marked(occasion, said, at, said.id, officer.the_member)


async def _attend(session: AsyncSession, deeds: Sequence[Marked]) -> Done:
    return Done((await attend(session, deeds)).reached)


RSVPS: Rule[RsvpSent, Answered] = Rule(_judge_answers, _answer)
CHECK_INS: Rule[CheckInSent, Marked] = Rule(_judge_check_ins, _attend)
MARKS: Rule[AttendedSent, Marked] = Rule(_judge_marks, _attend)
