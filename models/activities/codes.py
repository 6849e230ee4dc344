"""Codes to check in by: made for who takes attendance, judged when a member brings one, which may be hours later."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from content.checkin import CheckIn, code, read_code, steps, valid_at, verifies
from content.malformed import Malformed
from models.activities.occasions import Occasion, get_occasion
from models.activities.shapes import CheckInCode, CheckInCodes
from models.database import keyring, now
from models.errors import Conflict, FieldError, Invalid
from models.keyring import Keyring
from models.notices.reading import get_notice
from models.notices.table import NoticeState
from models.permissions import Permission, Viewer, require

TOLERANCE = timedelta(seconds=120)
"""By how much a phone's clock, corrected by the server's, may still be wrong."""
_PURPOSE = "check-in"
_DAY = timedelta(days=1)
_BEFORE = timedelta(hours=1)


def read(ring: Keyring, text: str, notice_id: UUID | None = None, occurrence: int | None = None) -> CheckIn:
    """What a code says that one of our keys has signed; `notice_id` and `occurrence` are what it must be of.

    Raises Invalid `code.malformed`, `code.forged`, `code.other_activity`.
    """
    try:
        checkin = read_code(text)
    except Malformed:
        raise _refused("malformed") from None
    if not any(verifies(key.derive(_PURPOSE), checkin) for key in ring.keys):
        raise _refused("forged")
    if notice_id not in {None, checkin.notice_id} or occurrence not in {None, checkin.occurrence}:
        raise _refused("other_activity")
    return checkin


def admit(checkin: CheckIn, occasion: Occasion, at: datetime) -> None:
    """Whether whoever scanned the code then was there. Raises Conflict `activity.cancelled`, Invalid
    `code.outside_window`, `code.expired`.
    """
    if occasion.is_cancelled:
        raise Conflict("activity.cancelled")
    shown_from, until = valid_at(checkin.step)
    if until <= occasion.opens_at or shown_from >= occasion.ends_at:
        raise _refused("outside_window")
    if not shown_from - TOLERANCE <= at < until + TOLERANCE:
        raise _refused("expired")


def _refused(why: str) -> Invalid:
    return Invalid([FieldError("/code", f"code.{why}")], f"code.{why}")


async def list_codes(session: AsyncSession, viewer: Viewer, notice_id: UUID, no: int | None) -> CheckInCodes:
    """For who takes attendance over the branch that speaks: with these whoever it is for can be checked in.

    Raises NotFound, Forbidden, Conflict `notice.not_published`, `notice.not_activity`, `activity.cancelled`,
    `activity.over`, Invalid `occurrence.missing`, `occurrence.unknown`.
    """
    notice, branch = await get_notice(session, viewer, notice_id)
    require(viewer, Permission.ATTENDANCE_MARK, branch.path)
    if notice.state is not NoticeState.PUBLISHED:
        raise Conflict("notice.not_published")
    occasion, at = await get_occasion(session, notice.id, no), now(session)
    if occasion.is_cancelled:
        raise Conflict("activity.cancelled")
    if occasion.ends_at <= at:
        raise Conflict("activity.over")
    first = occasion.opens_at
    if occasion.ends_at - first > _DAY:
        first = max(first, at - _BEFORE)
    key = keyring(session).newest.derive(_PURPOSE)
    codes = [
        CheckInCode(code=code(key, notice.id, occasion.no, step), shown_from=valid_at(step)[0], until=valid_at(step)[1])
        for step in steps(first, min(occasion.ends_at, first + _DAY))
    ]
    return CheckInCodes(
        notice_id=notice.id,
        occurrence=occasion.no,
        opens_at=occasion.opens_at,
        closes_at=occasion.ends_at,
        codes=codes,
    )
