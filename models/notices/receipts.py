"""Receipts: who has taken note."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Integer,
    Row,
    String,
    Uuid,
    and_,
    bindparam,
    case,
    column,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import TypeEngine

from models.channels import Hearing
from models.database import is_postgresql, now, table_of
from models.errors import Conflict, Forbidden, NotFound
from models.notices.reading import get_notice
from models.notices.shapes import ReceiptPublic, ReceiptPut
from models.notices.table import Notice, NoticeState, Receipt, ReceiptMethod
from models.own_state import advance, advancing, give_back
from models.permissions import Viewer
from models.standing import stands
from models.viewers import resolve_viewer

_NOTICE, _RECEIPT = table_of(Notice), table_of(Receipt)
_ARRAYS: dict[str, TypeEngine[Any]] = {
    "notice_id": Uuid(),
    "revision": Integer(),
    "read_at": DateTime(timezone=True),
    "acknowledged_at": DateTime(timezone=True),
    "method": String(),
}
_SHOWN = tuple(_RECEIPT.c[name] for name in ReceiptPublic.model_fields)


@dataclass(frozen=True, slots=True)
class Noted:
    """That a member has read a revision of a notice, or also taken note of it."""

    member_id: UUID
    notice_id: UUID
    revision: int
    read_at: datetime
    acknowledged_at: datetime | None
    method: ReceiptMethod = ReceiptMethod.SELF

    @property
    def columns(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__}

    def and_also(self, other: "Noted") -> "Noted":
        """What the two say together of one revision. `method` is of the most that is said, an acknowledgement or a
        reading, and of two who say as much the member's own.
        """
        acknowledged = [at for at in (self.acknowledged_at, other.acknowledged_at) if at is not None]
        most = max(self, other, key=lambda one: (one.acknowledged_at is not None, one.method is ReceiptMethod.SELF))
        return replace(
            self,
            read_at=min(self.read_at, other.read_at),
            acknowledged_at=min(acknowledged) if acknowledged else None,
            method=most.method,
        )


class Taken(NamedTuple):
    """Receipts that are new or say more than before, as rows with the columns of `ReceiptPublic`, and the numbers that
    the states of their members have reached.
    """

    receipts: Sequence[Row[Any]]
    reached: dict[UUID, int]


async def take_note(session: AsyncSession, noted: Iterable[Noted]) -> Taken:
    """Write receipts: the rule by which every receipt comes about.

    The earliest times are kept, in whatever order they come. What is said again changes nothing and takes no number
    of the member's state. Rows are written in one order, so that two who write for the same members never wait for
    each other.
    """
    merged: dict[tuple[UUID, UUID, int], Noted] = {}
    for one in noted:
        key = (one.member_id, one.notice_id, one.revision)
        merged[key] = merged[key].and_also(one) if key in merged else one
    if not merged:
        return Taken([], {})
    steps = Counter(member_id for member_id, _, _ in merged)
    connection = await session.connection()
    if len(steps) == 1 and is_postgresql(session):
        member_id, number = next(iter(steps.items()))
        ordered = [merged[key] for key in sorted(merged)]
        arrays = {name: [getattr(one, name) for one in ordered] for name in _ARRAYS}
        written = (await connection.execute(_UPSERT_OF_ONE, {"member_id": member_id, "steps": number, **arrays})).all()
        reached = {member_id: max(row.seq for row in written)} if written else {}
    else:
        reached = await advance(session, steps)
        numbers = {member_id: count(number - steps[member_id] + 1) for member_id, number in reached.items()}
        rows = [{**merged[key].columns, "seq": next(numbers[key[0]])} for key in sorted(merged)]
        written = (await connection.execute(_UPSERT[is_postgresql(session)], rows)).all()
    unchanged = {member_id: steps[member_id] for member_id in steps.keys() - {row.member_id for row in written}}
    await give_back(session, unchanged)
    return Taken(written, {member_id: number for member_id, number in reached.items() if member_id not in unchanged})


def _upsert(insert: postgresql.Insert | sqlite.Insert) -> ReturningInsert[Any]:
    """Rows that are new, or earlier than what is there, or the member's own word for it: see `Noted.and_also`."""
    new, old = insert.excluded, _RECEIPT.c
    is_earlier = new.read_at < old.read_at
    is_first = and_(new.acknowledged_at.is_not(None), old.acknowledged_at.is_(None))
    is_acknowledged = or_(is_first, new.acknowledged_at < old.acknowledged_at)
    says_as_much = or_(new.acknowledged_at.is_not(None), old.acknowledged_at.is_(None))
    is_own = and_(old.method != ReceiptMethod.SELF, new.method == ReceiptMethod.SELF, says_as_much)
    return insert.on_conflict_do_update(
        index_elements=[old.notice_id, old.member_id, old.revision],
        set_={
            "read_at": case((is_earlier, new.read_at), else_=old.read_at),
            "acknowledged_at": case((is_acknowledged, new.acknowledged_at), else_=old.acknowledged_at),
            "method": case((or_(is_first, is_own), new.method), else_=old.method),
            "seq": new.seq,
        },
        where=or_(is_earlier, is_acknowledged, is_own),
    ).returning(*_SHOWN, old.member_id, old.seq)


def _upsert_of_one() -> ReturningInsert[Any]:
    """The same for receipts of one member, their numbers taken in one statement with them, and each column sent as one
    array: what PostgreSQL can do beyond SQLite, for what is asked most.
    """
    said = func.unnest(*(bindparam(name, type_=ARRAY(type_)) for name, type_ in _ARRAYS.items()))
    columns = [column(name, type_) for name, type_ in _ARRAYS.items()]
    row = said.table_valued(*columns, with_ordinality="place", name="said").render_derived()
    counter = advancing()
    chosen = select(
        bindparam("member_id", type_=Uuid()),
        *(row.c[name] for name in _ARRAYS),
        counter.c.seq - bindparam("steps", type_=BigInteger()) + row.c.place,
    ).select_from(row.join(counter, true()))
    # the rest is the database's default: one of Python's would be a parameter that nobody gives
    named = ["member_id", *_ARRAYS, "seq"]
    return _upsert(postgresql.insert(_RECEIPT).from_select(named, chosen, include_defaults=False))


# made once: making a statement takes longer than sending it
_UPSERT = {True: _upsert(postgresql.insert(_RECEIPT)), False: _upsert(sqlite.insert(_RECEIPT))}
_UPSERT_OF_ONE = _upsert_of_one()
_ASKED = (
    select(
        stands().label("stands"),
        *(_NOTICE.c.branch_no, _NOTICE.c.who, _NOTICE.c.state, _NOTICE.c.revision.label("current")),
        *_SHOWN,
    )
    .select_from(_NOTICE)
    .outerjoin(
        _RECEIPT,
        and_(
            _RECEIPT.c.notice_id == _NOTICE.c.id,
            _RECEIPT.c.member_id == bindparam("member_id"),
            _RECEIPT.c.revision == _NOTICE.c.revision,
        ),
    )
    .where(_NOTICE.c.id == bindparam("asked"))
)


async def put_receipt(session: AsyncSession, viewer: Viewer, notice_id: UUID, data: ReceiptPut) -> ReceiptPublic:
    """The viewer has read today's revision, or acknowledges it. Saying it again changes nothing.

    `viewer` may be a second old, as whoever reads may: that the session and the account go on is asked here, and
    nobody is refused before the database was asked who they are. Raises Unauthenticated, NotFound, Forbidden
    `receipt.not_audience`, Conflict `notice.not_published`.
    """
    member_id = viewer.the_member
    connection = await session.connection()
    asked = {"asked": notice_id, "member_id": member_id, "session_id": viewer.session_id}
    row = (await connection.execute(_ASKED, asked)).one_or_none()
    if row is None or not (row.stands and _is_heard(viewer, row)):
        viewer = await resolve_viewer(session, member_id, viewer.the_session)
        if row is None or not _is_heard(viewer, row):
            notice, _ = await get_notice(session, viewer, notice_id)
            is_published = notice.state is NoticeState.PUBLISHED
            raise Forbidden("receipt.not_audience") if is_published else Conflict("notice.not_published")
    if not _says_more(data, row):
        return ReceiptPublic.model_validate(row)
    at = now(session)
    noted = Noted(member_id, notice_id, row.current, at, at if data.acknowledged else None)
    for receipt in (await take_note(session, [noted])).receipts:
        return ReceiptPublic.model_validate(receipt)
    # another request of the same member's was quicker
    return ReceiptPublic.model_validate(await session.get_one(Receipt, (notice_id, member_id, row.current)))


def _is_heard(viewer: Viewer, notice: Row[Any]) -> bool:
    return notice.state is NoticeState.PUBLISHED and Hearing.of(viewer).hears(notice.branch_no, notice.who)


def _says_more(data: ReceiptPut, known: Row[Any]) -> bool:
    """Than the receipt there is, if there is one; where somebody else said it, it is said by the member themself."""
    if known.read_at is None or (data.acknowledged and known.acknowledged_at is None):
        return True
    return known.method is not ReceiptMethod.SELF and (data.acknowledged or known.acknowledged_at is None)


async def get_receipt(session: AsyncSession, viewer: Viewer, notice_id: UUID) -> ReceiptPublic:
    """The viewer's own, for today's revision. Raises NotFound, also where there is none yet."""
    notice, _ = await get_notice(session, viewer, notice_id)
    receipt = await session.get(Receipt, (notice_id, viewer.the_member, notice.revision))
    if receipt is None:
        raise NotFound
    return ReceiptPublic.model_validate(receipt)
