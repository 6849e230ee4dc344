"""Telling in person: a receipt for who has no phone, written by whoever told them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit
from models.base import Flag, Request
from models.database import now
from models.errors import Conflict, FieldError, Forbidden, Invalid
from models.histories import histories_of
from models.notices.reading import get_notice
from models.notices.receipts import Noted, Taken, take_note
from models.notices.table import Notice, NoticeState, ReceiptMethod
from models.permissions import Permission, Viewer, allowed

TOLD_MOST = 500


class TellPost(Request):
    """Who was told of a notice in person; with `acknowledged` they took note of it."""

    member_ids: Annotated[list[UUID], Field(min_length=1, max_length=TOLD_MOST)]
    acknowledged: Flag = False


@dataclass(frozen=True, slots=True)
class Telling:
    """What somebody took note of because `teller` told them. `branch_no` is the branch that speaks."""

    noted: Noted
    teller: UUID
    branch_no: int

    @property
    def member_id(self) -> UUID:
        return self.noted.member_id


def may_tell(teller: Viewer, paths: Iterable[str]) -> bool:
    """`paths` are the places through which somebody is spoken to: one of them lies below the teller's right."""
    return any(allowed(teller, Permission.RECEIPT_TELL, path) for path in paths)


async def tell_in_person(session: AsyncSession, viewer: Viewer, notice_id: UUID, data: TellPost) -> None:
    """All of these were told of today's revision, or nobody was.

    Raises NotFound, Forbidden, Conflict `notice.not_published`, Invalid `member.unknown` for each who does not hear the
    notice now through a place below the viewer's right: to others they are strangers.
    """
    notice, _ = await get_notice(session, viewer, notice_id)
    if not viewer.paths(Permission.RECEIPT_TELL):
        raise Forbidden(permission=Permission.RECEIPT_TELL.value)
    if notice.state is not NoticeState.PUBLISHED:
        raise Conflict("notice.not_published")
    at = now(session)
    audience = await histories_of(session, set(data.member_ids), at)
    unknown = [
        FieldError(f"/member_ids/{place}", "member.unknown")
        for place, member_id in enumerate(data.member_ids)
        if not may_tell(viewer, audience[member_id].spoken_to(at, notice.branch_no, notice.who))
    ]
    if unknown:
        raise Invalid(unknown)
    await tell(session, [_telling(viewer, notice, member_id, at, data) for member_id in data.member_ids])


def _telling(viewer: Viewer, notice: Notice, member_id: UUID, at: datetime, data: TellPost) -> Telling:
    acknowledged_at = at if data.acknowledged else None
    noted = Noted(member_id, notice.id, notice.revision, at, acknowledged_at, ReceiptMethod.TOLD)
    return Telling(noted, viewer.the_member, notice.branch_no)


async def tell(session: AsyncSession, deeds: Sequence[Noted | Telling]) -> Taken:
    """Write what members noted themselves and what they were told; the audit keeps what of the latter was news."""
    tellings = [deed for deed in deeds if isinstance(deed, Telling)]
    taken = await take_note(session, [deed.noted if isinstance(deed, Telling) else deed for deed in deeds])
    if tellings:
        news = {(row.member_id, row.notice_id, row.revision) for row in taken.receipts}
        _audit(session, [one for one in tellings if (one.member_id, one.noted.notice_id, one.noted.revision) in news])
    return taken


def _audit(session: AsyncSession, tellings: Iterable[Telling]) -> None:
    """One event a notice, revision and teller."""

    def about(one: Telling) -> tuple[UUID, int, UUID, int]:
        return one.noted.notice_id, one.noted.revision, one.teller, one.branch_no

    for (notice_id, revision, teller, branch_no), told in groupby(sorted(tellings, key=about), about):
        each = list(told)
        taken_note = [one for one in each if one.noted.acknowledged_at is not None]
        after = {"revision": revision, "told": _ids(each), "acknowledged": _ids(taken_note)}
        audit(session, Viewer(teller), "receipt.tell", "notice", notice_id, branch_no=branch_no, after=after)


def _ids(tellings: Iterable[Telling]) -> list[str]:
    return sorted({str(one.member_id) for one in tellings})
