"""What a member did, for the member's other phones."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    CompoundSelect,
    Integer,
    Row,
    Select,
    String,
    Uuid,
    bindparam,
    cast,
    literal_column,
    null,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from models.activities.shapes import AttendancePublic, RsvpPublic
from models.activities.table import Answer, Attendance, AttendanceMethod, AttendanceStatus, Rsvp
from models.base import Shape
from models.changes import JUMP, LogHead
from models.database import table_of
from models.notices.shapes import ReceiptPublic
from models.notices.table import Receipt, ReceiptMethod
from models.own_state import MemberState, seq_of, state_number
from models.permissions import Viewer
from models.progress.shapes import BookmarkState, ProgressPublic
from models.progress.table import Bookmark, Progress
from models.quizzes.shapes import AttemptPublic
from models.quizzes.table import Attempt

PAGE = 500


class OwnState(Shape):
    """What changed since a state. With `reset` whatever the app holds is replaced: all of it follows from the start."""

    state: int
    reset: bool
    more: bool
    receipts: list[ReceiptPublic]
    rsvps: list[RsvpPublic]
    attendance: list[AttendancePublic]
    progress: list[ProgressPublic]
    bookmarks: list[BookmarkState]
    attempts: list[AttemptPublic]


def unchanged(state: int) -> OwnState:
    return _own(state, (), reset=False, more=False)


async def read_state(session: AsyncSession, viewer: Viewer, since: int | None) -> OwnState:
    """The next things after `since`, in the order in which they changed, at most PAGE. One statement, and another
    where `since` is no number of this database: then all of them from the first.
    """
    member_id = viewer.the_member
    head, counter, rows = await _after(session, member_id, 0 if since is None else since % JUMP)
    known = None if since is None else seq_of(since, head)
    reset = known is None or known > counter
    if reset and since is not None:
        head, counter, rows = await _after(session, member_id, 0)
    page = rows[:PAGE]
    more = len(rows) > PAGE
    return _own(state_number(head, page[-1].seq if more else counter), page, reset=reset, more=more)


def _own(state: int, rows: Sequence[Row[Any]], *, reset: bool, more: bool) -> OwnState:
    return OwnState(
        state=state,
        reset=reset,
        more=more,
        receipts=[_receipt(row) for row in rows if row.kind == _RECEIPT],
        rsvps=[_rsvp(row) for row in rows if row.kind == _RSVP],
        attendance=[_attendance(row) for row in rows if row.kind == _ATTENDANCE],
        progress=[_progress(row) for row in rows if row.kind == _PROGRESS],
        bookmarks=[_bookmark(row) for row in rows if row.kind == _BOOKMARK],
        attempts=[_attempt(row) for row in rows if row.kind == _ATTEMPT],
    )


def _receipt(row: Row[Any]) -> ReceiptPublic:
    return ReceiptPublic(
        notice_id=row.thing_id,
        revision=row.number,
        read_at=row.at,
        acknowledged_at=row.later_at,
        method=ReceiptMethod(row.word),
    )


def _rsvp(row: Row[Any]) -> RsvpPublic:
    return RsvpPublic(notice_id=row.thing_id, occurrence=row.number, answer=Answer(row.word), note=row.more)


def _attendance(row: Row[Any]) -> AttendancePublic:
    status, method = AttendanceStatus(row.word), AttendanceMethod(row.more)
    return AttendancePublic(notice_id=row.thing_id, occurrence=row.number, status=status, method=method)


def _progress(row: Row[Any]) -> ProgressPublic:
    return ProgressPublic(
        material_id=row.thing_id, version=row.number, position=row.word, share=row.amount, completed_at=row.at
    )


def _bookmark(row: Row[Any]) -> BookmarkState:
    return BookmarkState(
        id=row.own_id,
        is_removed=row.thing_id is None,
        material_id=row.thing_id,
        version=row.number,
        locator=row.word,
        note=row.more,
    )


def _attempt(row: Row[Any]) -> AttemptPublic:
    return AttemptPublic(
        id=row.own_id,
        quiz_id=row.thing_id,
        version=row.number,
        draw_no=row.amount,
        started_at=row.at,
        due_at=row.due_at,
        submitted_at=row.later_at,
        points=row.points,
        of=row.of,
        percent=row.percent,
        is_passed=row.is_passed,
    )


_HEAD, _COUNTER, _RECEIPT, _RSVP, _ATTENDANCE, _PROGRESS, _BOOKMARK, _ATTEMPT = range(-2, 6)
_COLUMNS: dict[str, TypeEngine[Any]] = {
    "thing_id": Uuid(),
    "own_id": Uuid(),
    "amount": Integer(),
    "word": String(),
    "more": String(),
    "at": UTCDateTime(),
    "later_at": UTCDateTime(),
    "due_at": UTCDateTime(),
    "points": Integer(),
    "of": Integer(),
    "percent": Integer(),
    "is_passed": Boolean(),
}


def _part(
    kind: int, model: type[SQLModel], number: Any, seq: Any, said: Mapping[str, str], *where: ColumnElement[bool]
) -> Select[*tuple[Any, ...]]:
    """Rows of one table in columns that all have; `said` names those that it has itself."""
    table = table_of(model)

    def of(name: str, type_: TypeEngine[Any]) -> ColumnElement[Any]:
        # without a cast PostgreSQL takes a null for text
        return type_coerce(table.c[said[name]], type_) if name in said else cast(null(), type_)

    shown: list[ColumnElement[Any]] = [literal_column(str(kind)).label("kind"), seq.label("seq")]
    shown.append(type_coerce(number, BigInteger()).label("number"))
    shown += (of(name, type_).label(name) for name, type_ in _COLUMNS.items())
    return select(*shown).where(*where)


def _changed(kind: int, model: type[SQLModel], number: str, **said: str) -> Select[*tuple[Any, ...]]:
    table = table_of(model).c
    after = table.member_id == bindparam("member_id"), table.seq > bindparam("after")
    return _part(kind, model, table[number], table.seq, said, *after)


def _after_a_number() -> CompoundSelect[*tuple[Any, ...]]:
    """The head and the counter, if there is one, and each thing after `:after`, in the order of change: each table has
    an index in it.
    """
    head, counter = table_of(LogHead).c, table_of(MemberState).c
    mine = counter.member_id == bindparam("member_id")
    notice = {"thing_id": "notice_id"}
    material = {"thing_id": "material_id"}
    attempt = {"thing_id": "quiz_id", "own_id": "id", "amount": "draw_no", "at": "started_at"}
    result = {"later_at": "submitted_at", **{name: name for name in ("due_at", "points", "of", "percent", "is_passed")}}
    changed = union_all(
        _part(_HEAD, LogHead, head.seq, literal_column(str(_HEAD)), {}),
        _part(_COUNTER, MemberState, counter.seq, literal_column(str(_COUNTER)), {}, mine),
        _changed(_RECEIPT, Receipt, "revision", **notice, word="method", at="read_at", later_at="acknowledged_at"),
        _changed(_RSVP, Rsvp, "occurrence", **notice, word="answer", more="note"),
        _changed(_ATTENDANCE, Attendance, "occurrence", **notice, word="status", more="method"),
        _changed(_PROGRESS, Progress, "version", **material, word="position", amount="share", at="completed_at"),
        _changed(_BOOKMARK, Bookmark, "version", **material, own_id="id", word="locator", more="note"),
        _changed(_ATTEMPT, Attempt, "version", **attempt, **result),
    )
    return changed.order_by(changed.selected_columns.seq).limit(PAGE + 3)


# made once: making a statement takes longer than sending it
_CHANGED_AFTER = _after_a_number()


async def _after(session: AsyncSession, member_id: UUID, seq: int) -> tuple[int, int, Sequence[Row[Any]]]:
    """The head, the counter, and what changed: one more than a page, where there is one."""
    rows = (await session.execute(_CHANGED_AFTER, {"member_id": member_id, "after": seq})).all()
    is_counted = len(rows) > 1 and rows[1].kind == _COUNTER
    return rows[0].number, rows[1].number if is_counted else 0, rows[2:] if is_counted else []
