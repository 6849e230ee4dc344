"""Attempts that are handed in, from wherever they come: each counts once, and no more than there may be."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, case, null, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.database import table_of, upsert
from models.errors import Conflict, HandbookError
from models.own_state import advance, give_back
from models.quizzes.papers import Paper
from models.quizzes.table import Attempt

DRAWS_MOST = 1000
"""Attempts at one quiz by one member where it sets no limit of its own."""
GRACE = timedelta(seconds=30)
"""For what was sent in time and came late."""

_ATTEMPT = table_of(Attempt)
_IS_ONE = _ATTEMPT.c.id.in_(bindparam("ids", expanding=True))
# made once: making a statement takes longer than sending it
_OF_QUIZZES: Select[*tuple[Any, ...]] = select(
    *(_ATTEMPT.c[name] for name in ("id", "quiz_id", "version", "draw_no", "started_at", "due_at", "submitted_at")),
    *(_ATTEMPT.c[name] for name in ("points", "of", "percent", "is_passed")),
    case((_IS_ONE, _ATTEMPT.c.answers), else_=null()).label("answers"),
).where(
    _ATTEMPT.c.member_id == bindparam("member_id"),
    _ATTEMPT.c.quiz_id.in_(bindparam("quiz_ids", expanding=True)) | _IS_ONE,
)


@dataclass(frozen=True, slots=True)
class Submitted:
    """An attempt with what its answers are worth: the columns of its row but for `seq`. Of one that is known already
    `started_at` and `due_at` are those of its row.
    """

    member_id: UUID
    id: UUID
    quiz_id: UUID
    version: int
    draw_no: int
    started_at: datetime
    due_at: datetime | None
    submitted_at: datetime
    answers: dict[str, list[str]]
    points: int
    of: int
    percent: int
    is_passed: bool


@dataclass(frozen=True, slots=True)
class Handed:
    """An attempt on its way in, and how many its quiz allows."""

    attempt: Submitted
    most: int

    @property
    def member_id(self) -> UUID:
        return self.attempt.member_id


@dataclass(frozen=True, slots=True)
class Standing:
    """The number that the member's state has reached, if anything changed, and by its place each that was refused."""

    reached: Mapping[UUID, int]
    refused: Mapping[int, HandbookError]


def handed(
    paper: Paper,
    member_id: UUID,
    attempt_id: UUID,
    draw_no: int,
    started_at: datetime,
    submitted_at: datetime,
    answers: Mapping[str, Sequence[str]],
) -> Handed:
    """Marked by the server. Raises Invalid, with pointers into what was sent."""
    marked = paper.mark(member_id, draw_no, answers)
    attempt = Submitted(
        member_id=member_id,
        id=attempt_id,
        quiz_id=paper.quiz_id,
        version=paper.version,
        draw_no=draw_no,
        started_at=started_at,
        due_at=paper.due_at(started_at),
        submitted_at=submitted_at,
        answers=paper.normal(answers),
        points=marked.points,
        of=marked.of,
        percent=marked.percent,
        is_passed=marked.percent >= paper.content.pass_mark,
    )
    return Handed(attempt, attempts_of(paper))


def attempts_of(paper: Paper) -> int:
    return paper.content.attempts_most or DRAWS_MOST


def is_late(due_at: datetime | None, at: datetime) -> bool:
    return due_at is not None and at > due_at + GRACE


async def attempts_at(
    session: AsyncSession, member_id: UUID, quiz_ids: Sequence[UUID], ids: Sequence[UUID] = ()
) -> Sequence[Row[Any]]:
    """A member's attempts at these quizzes, and those of these ids, which alone come with their answers."""
    asked = {"member_id": member_id, "quiz_ids": sorted(set(quiz_ids)), "ids": sorted(set(ids))}
    return (await session.execute(_OF_QUIZZES, asked)).all()


async def submit(session: AsyncSession, member_id: UUID, sent: Sequence[Handed]) -> Standing:
    """Write what one member handed in: the rule by which every result comes about.

    The member's state is locked before the look at what there is, so that of the same attempt sent twice one counts,
    and nobody has more attempts than there may be. Refused by its place: Conflict `attempt.submitted` (with other
    answers), `attempt.late`, `attempt.unlike` (another quiz, version or draw), `quiz.no_attempts_left`.
    """
    keys = {one.attempt.id for one in sent}
    last = (await advance(session, {member_id: len(keys)}))[member_id]
    numbers = count(last - len(keys) + 1)
    found = await attempts_at(session, member_id, [one.attempt.quiz_id for one in sent], sorted(keys))
    standing: dict[UUID, Row[Any] | Submitted] = {row.id: row for row in found}
    used = Counter(row.quiz_id for row in found)
    refused: dict[int, HandbookError] = {}
    rows: list[dict[str, Any]] = []
    for place in sorted(range(len(sent)), key=lambda one: (sent[one].attempt.submitted_at, sent[one].attempt.id)):
        new, known = sent[place].attempt, standing.get(sent[place].attempt.id)
        refusal = _refusal(new, known, used[new.quiz_id], sent[place].most)
        if refusal is not None:
            refused[place] = refusal
        elif known is None or known.submitted_at is None:
            used[new.quiz_id] += known is None
            row = asdict(new)
            if known is not None:
                row |= {"started_at": known.started_at, "due_at": known.due_at}
            standing[new.id] = new
            rows.append({**row, "seq": next(numbers)})
    await upsert(session, Attempt, rows, keys=("member_id", "id"), update=_CHANGED)
    await give_back(session, {member_id: len(keys) - len(rows)})
    return Standing({member_id: last - len(keys) + len(rows)} if rows else {}, refused)


_CHANGED = ("submitted_at", "answers", "points", "of", "percent", "is_passed", "seq")


def _refusal(new: Submitted, known: Row[Any] | Submitted | None, used: int, most: int) -> HandbookError | None:
    if known is None:
        if used >= most:
            return Conflict("quiz.no_attempts_left")
    elif (known.quiz_id, known.version, known.draw_no) != (new.quiz_id, new.version, new.draw_no):
        return Conflict("attempt.unlike")
    elif known.submitted_at is not None:
        return None if known.answers == new.answers else Conflict("attempt.submitted")
    due_at = new.due_at if known is None else known.due_at
    return Conflict("attempt.late") if is_late(due_at, new.submitted_at) else None
