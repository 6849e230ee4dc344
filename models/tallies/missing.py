"""The missing list: who of the audience then has not read, acknowledged, answered or attended, to call them."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.accounts import Account
from models.activities.table import Attendance, AttendanceStatus, Rsvp
from models.audiences import Audience, make_room
from models.audit import AuditEvent, audit, name_subjects
from models.branches import Branch
from models.channels import ancestors
from models.database import now
from models.errors import Conflict
from models.members.table import Member
from models.memberships import Membership, MembershipKind, is_standing
from models.notices.table import Receipt
from models.paging import Order, Page, PageRequest, paginate
from models.permissions import Permission, Viewer, allowed
from models.tallies.access import Asked, get_reported, head_for, kept_path
from models.tallies.adding import kept_top
from models.tallies.counting import kept
from models.tallies.shapes import Missing, MissingBranch, MissingEntry
from models.tallies.table import Tally

EXPORT_MOST = 100_000
"""People of one export: who has more to call looks at the branches below."""
MANY = 50_000
_CHUNK = 500
_ORDER = [Order(col(Member.sort_key)), Order(col(Member.id))]
_OF_TIMES = frozenset({Missing.RSVP, Missing.ATTENDED})


class Wanted(NamedTuple):
    """Which list: of what, in which branch (the viewer's own choice if None), of which of an activity's times (its
    first if None), and of whom: the audience then, or those who `arrived` since.
    """

    kind: Missing
    branch_id: UUID | None = None
    occurrence: int | None = None
    arrived: bool = False


async def list_missing(
    session: AsyncSession, viewer: Viewer, notice_id: UUID, wanted: Wanted, page: PageRequest
) -> Page[MissingEntry]:
    """In Vietnamese order. Where phones are seen, it leaves an audit event that each of those people can read.

    Raises what `get_reported` raises.
    """
    asked = await _asked(session, viewer, notice_id, wanted)
    found: Page[Any] = await paginate(session, await _missing(session, asked, wanted), page, _ORDER, tuple)
    entries = await _entries(session, viewer, asked, found.items)
    seen = [entry.id for entry in entries if entry.phone is not None]
    if seen:
        await name_subjects(session, _audit(session, viewer, "member.read_phones", asked, wanted, len(seen)), seen)
    return Page(items=entries, next_cursor=found.next_cursor)


async def export_missing(
    session: AsyncSession, viewer: Viewer, notice_id: UUID, wanted: Wanted
) -> tuple[Branch, AsyncIterator[Sequence[MissingEntry]]]:
    """The branch that is asked of, and the whole list, some hundred people at a time. It leaves one audit event that
    each of them can read.

    Raises what `get_reported` raises, Conflict `report.too_many_people`.
    """
    asked = await _asked(session, viewer, notice_id, wanted)
    ordered = (await _missing(session, asked, wanted)).order_by(*(order.column for order in _ORDER))
    rows = (await session.execute(ordered.limit(EXPORT_MOST + 1))).all()
    if len(rows) > EXPORT_MOST:
        raise Conflict("report.too_many_people", most=EXPORT_MOST)
    event = _audit(session, viewer, "member.export", asked, wanted, len(rows))
    return asked.branch, _chunks(session, viewer, asked, rows, event)


async def _chunks(
    session: AsyncSession, viewer: Viewer, asked: Asked, rows: Sequence[Row[Any]], event: AuditEvent
) -> AsyncIterator[Sequence[MissingEntry]]:
    for start in range(0, len(rows), _CHUNK):
        entries = await _entries(session, viewer, asked, rows[start : start + _CHUNK])
        await name_subjects(session, event, [entry.id for entry in entries])
        yield entries


async def _asked(session: AsyncSession, viewer: Viewer, notice_id: UUID, wanted: Wanted) -> Asked:
    occurrence = (wanted.occurrence or 1) if wanted.kind in _OF_TIMES else None
    return await get_reported(session, viewer, notice_id, wanted.branch_id, occurrence)


def _audit(session: AsyncSession, viewer: Viewer, action: str, asked: Asked, wanted: Wanted, people: int) -> AuditEvent:
    after = {"missing": wanted.kind.value, "people": people}
    if asked.occurrence is not None:
        after["occurrence"] = asked.occurrence.no
    if wanted.arrived:
        after["arrived"] = True
    return audit(session, viewer, action, "notice", asked.notice.id, branch_no=asked.branch.no, after=after)


async def _missing(session: AsyncSession, asked: Asked, wanted: Wanted) -> Select[Any]:
    """(`member_id`, and the branch's number or path) of everybody who is on the list."""
    await make_room(session)
    then, path = await _then(session, asked)
    if wanted.arrived:
        today, within = _now(session, asked), asked.branch.path
        new = today.arrivals(within, then)
        people = today.people(within, lambda member_id: member_id.in_(select(new.c.member_id))).subquery()
        clauses = [~_has(asked, wanted.kind), ~then.hears(people.c.member_id)]
    elif await _are_many(session, asked, wanted.kind):
        place = then.place(col(Member.id))
        is_below = func.substr(place, 1, len(path)) == path  # a range would look for the place twice
        placed: tuple[Any, ...] = (col(Member.id), place.label("place"))
        return select(*placed).where(~_has(asked, wanted.kind), is_below)
    else:
        people = then.people(path).subquery()
        clauses = [~_has(asked, wanted.kind)]
    chosen = select(people.c.member_id, people.c.branch_no).join(Member, col(Member.id) == people.c.member_id)
    return chosen.where(*clauses)


async def _are_many(session: AsyncSession, asked: Asked, kind: Missing) -> bool:
    """By the tallies: whether it takes less to go through the members there are, in their order, until a page is full,
    than to find all who are missing and put them in order.
    """
    tally = await session.get(Tally, (asked.notice.id, asked.no, asked.branch.no))
    if tally is None:
        return False
    said = {
        Missing.READ: tally.read,
        Missing.ACKNOWLEDGED: tally.acknowledged,
        Missing.RSVP: tally.yes + tally.no + tally.maybe,
        Missing.ATTENDED: tally.present,
    }
    return tally.eligible - said[kind] > MANY


async def _then(session: AsyncSession, asked: Asked) -> tuple[Audience, str]:
    """The audience that counts, in the tree that was kept when it was counted, and the branch's path there."""
    notice, at = asked.notice, asked.audience_at(now(session))
    head = await head_for(session, asked)
    if head is None or head.at != at:
        return Audience(asked.speaking.place, notice.who, at), asked.branch.path
    path = await kept_path(session, notice, head.occurrence, asked.branch)
    top = await kept_top(session, notice, head.occurrence)
    return Audience(top, notice.who, at, kept(notice.id, head.occurrence)), path or asked.branch.path


def _now(session: AsyncSession, asked: Asked) -> Audience:
    return Audience(asked.speaking.place, asked.notice.who, now(session))


def _has(asked: Asked, kind: Missing) -> ColumnElement[bool]:
    """Whether they have read it and so on, over `Member`."""
    of_time = {Missing.RSVP: Rsvp, Missing.ATTENDED: Attendance}
    if kind in of_time:
        answers: Any = of_time[kind]
        said = [answers.notice_id == asked.notice.id, answers.occurrence == asked.no]
        said += [answers.status == AttendanceStatus.PRESENT] if kind is Missing.ATTENDED else []
        return exists().where(*said, answers.member_id == col(Member.id))
    receipts = _receipts(asked)
    if kind is Missing.ACKNOWLEDGED:
        receipts &= col(Receipt.acknowledged_at).is_not(None)
    return exists().where(receipts)


def _receipts(asked: Asked) -> ColumnElement[bool]:
    """Of the revisions that count, over `Receipt` and `Member`."""
    return and_(
        col(Receipt.notice_id) == asked.notice.id,
        col(Receipt.member_id) == col(Member.id),
        col(Receipt.revision) >= asked.notice.ack_revision,
    )


async def _entries(
    session: AsyncSession, viewer: Viewer, asked: Asked, places: Sequence[Sequence[Any]]
) -> list[MissingEntry]:
    """These people, of whom (`member_id`, the branch's number or path) is known, as they are shown: in two
    statements.
    """
    places = [(member_id, place if isinstance(place, int) else ancestors(place)[-1]) for member_id, place in places]
    numbers = {branch_no for _, branch_no in places}
    branches = {
        branch.no: MissingBranch.model_validate(branch)
        for branch in await session.scalars(select(Branch).where(col(Branch.no).in_(numbers)))
    }
    details = _details(session, asked).where(col(Member.id).in_([member_id for member_id, _ in places]))
    shown = {row["id"]: dict(row) for row in (await session.execute(details)).mappings()}
    for said in shown.values():
        home = said.pop("home")
        if home is None or not allowed(viewer, Permission.MEMBER_READ_SENSITIVE, home):
            said["phone"] = None
    return [MissingEntry(branch=branches[branch_no], **shown[member_id]) for member_id, branch_no in places]


def _details(session: AsyncSession, asked: Asked) -> Select[Any]:
    """What a line says of somebody, and the path of the branch whose officers may see their phone."""
    read_at = select(func.min(col(Receipt.read_at))).where(_receipts(asked))
    home = (
        select(col(Branch.path))
        .join(Membership, col(Membership.branch_no) == col(Branch.no))
        .where(
            col(Membership.member_id) == col(Member.id),
            col(Membership.kind) == MembershipKind.PRIMARY,
            is_standing(),
        )
        .order_by(col(Membership.started_at).desc())
        .limit(1)
    )
    answer, attendance = (
        select(getattr(answers, name))
        .where(
            col(answers.notice_id) == asked.notice.id,
            col(answers.occurrence) == asked.no,
            col(answers.member_id) == col(Member.id),
        )
        .scalar_subquery()
        for answers, name in ((Rsvp, "answer"), (Attendance, "status"))
    )
    return select(
        *(getattr(Member, name) for name in ("id", "full_name", "photo", "member_no", "phone")),
        col(Account.password_hash).is_not(None).label("has_signed_in"),
        (~_now(session, asked).hears(col(Member.id))).label("has_left"),
        read_at.scalar_subquery().label("read_at"),
        answer.label("answer"),
        attendance.label("attendance"),
        home.scalar_subquery().label("home"),
    ).outerjoin(Account, col(Account.member_id) == col(Member.id))
