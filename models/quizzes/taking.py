"""Taking a quiz: beginning an attempt, handing it in, and what came of it."""

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.base import new_id
from models.branches import Branch
from models.database import now, table_of, upsert
from models.errors import Conflict, NotFound
from models.events.rules import AGE_MOST
from models.own_state import advance, give_back
from models.paging import Order, Page, PageRequest, paginate
from models.permissions import Viewer
from models.quizzes.papers import Paper, known, paper_to_take, require_known
from models.quizzes.shapes import AttemptPublic, AttemptPut, AttemptResult, AttemptStarted
from models.quizzes.submitting import attempts_at, attempts_of, handed, is_late, submit
from models.quizzes.table import Attempt
from models.study.quizzes import Reveal
from models.study.table import Study, StudyKind, StudyVersion

_ATTEMPT, _VERSION = table_of(Attempt), table_of(StudyVersion)
_PUBLIC = tuple(AttemptPublic.model_fields)


async def start_attempt(session: AsyncSession, viewer: Viewer, quiz_id: UUID) -> AttemptStarted:
    """Begin an attempt, or go on with the one that is open: two taps, or two phones, do not use up two.

    Raises what `paper_to_take` does, Conflict `quiz.closed`, `quiz.no_attempts_left`.
    """
    member_id = viewer.the_member
    paper = await paper_to_take(session, viewer, quiz_id)
    seq = (await advance(session, {member_id: 1}))[member_id]  # locked: what is looked at stays as it is
    at = now(session)
    mine = await attempts_at(session, member_id, [paper.quiz_id])
    goes_on = next((row for row in mine if _is_open(row, at)), None)
    if goes_on is not None:
        await give_back(session, {member_id: 1})
        return _started(await _paper(session, goes_on, paper), member_id, _shown(goes_on))
    paper.require_open(at)
    if len(mine) >= attempts_of(paper):
        raise Conflict("quiz.no_attempts_left")
    used = {row.draw_no for row in mine}
    row = {
        "member_id": member_id,
        "id": new_id(),
        "quiz_id": paper.quiz_id,
        "version": paper.version,
        "draw_no": next(no for no in count(1) if no not in used),
        "started_at": at,
        "due_at": paper.due_at(at),
        "seq": seq,
    }
    await upsert(session, Attempt, [row], keys=("member_id", "id"), update=())
    return _started(paper, member_id, dict.fromkeys(_PUBLIC) | row)


async def submit_attempt(
    session: AsyncSession, viewer: Viewer, quiz_id: UUID, attempt_id: UUID, data: AttemptPut
) -> AttemptResult:
    """Hand in an attempt: it is marked once. The same answers again get the same result.

    Raises NotFound, Conflict `attempt.submitted`, `attempt.late`, Invalid.
    """
    member_id = viewer.the_member
    row, paper = await _get(session, viewer, quiz_id, attempt_id)
    sent = handed(paper, member_id, attempt_id, row.draw_no, row.started_at, now(session), data.answers)
    standing = await submit(session, member_id, [sent])
    for refusal in standing.refused.values():
        raise refusal
    return await _result(session, member_id, attempt_id, paper)


async def read_attempt(session: AsyncSession, viewer: Viewer, quiz_id: UUID, attempt_id: UUID) -> AttemptResult:
    """One's own, handed in or not. Raises NotFound."""
    _, paper = await _get(session, viewer, quiz_id, attempt_id)
    return await _result(session, viewer.the_member, attempt_id, paper)


async def list_attempts(session: AsyncSession, viewer: Viewer, quiz_id: UUID, page: PageRequest) -> Page[AttemptPublic]:
    """One's own at a quiz, newest first. Raises NotFound."""
    await require_known(session, viewer, quiz_id)
    statement = select(Attempt).where(col(Attempt.member_id) == viewer.the_member, col(Attempt.quiz_id) == quiz_id)
    order = [Order(col(Attempt.started_at), descending=True), Order(col(Attempt.id), descending=True)]
    return await paginate(session, statement, page, order, AttemptPublic.model_validate)


async def _get(session: AsyncSession, viewer: Viewer, quiz_id: UUID, attempt_id: UUID) -> tuple[Row[Any], Paper]:
    found = await session.execute(
        select(_ATTEMPT, _VERSION.c.published_at, _VERSION.c.said)
        .join(_VERSION, (_VERSION.c.study_id == _ATTEMPT.c.quiz_id) & (_VERSION.c.version == _ATTEMPT.c.version))
        .join(Study, col(Study.id) == _ATTEMPT.c.quiz_id)
        .join(Branch, col(Branch.no) == col(Study.branch_no))
        .where(
            _ATTEMPT.c.member_id == viewer.the_member,
            _ATTEMPT.c.id == attempt_id,
            _ATTEMPT.c.quiz_id == quiz_id,
            col(Study.kind) == StudyKind.QUIZ,
            known(viewer),
        )
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound
    return row, Paper.of(quiz_id, row.version, row.published_at, row.said)


async def _paper(session: AsyncSession, attempt: Row[Any], newest: Paper) -> Paper:
    """The version that an attempt was begun with."""
    if attempt.version == newest.version:
        return newest
    version = await session.get_one(StudyVersion, (attempt.quiz_id, attempt.version))
    return Paper.of(attempt.quiz_id, version.version, version.published_at, version.said)


async def _result(session: AsyncSession, member_id: UUID, attempt_id: UUID, paper: Paper) -> AttemptResult:
    mine = await attempts_at(session, member_id, [paper.quiz_id], [attempt_id])
    row = next(row for row in mine if row.id == attempt_id)
    is_told = row.submitted_at is not None and await _is_revealed(session, paper, mine)
    return AttemptResult(
        **_shown(row),
        questions=paper.asked(member_id, row.draw_no),
        answers=row.answers,
        solutions=paper.solutions(member_id, row.draw_no, row.answers) if is_told else None,
    )


async def _is_revealed(session: AsyncSession, paper: Paper, mine: Sequence[Row[Any]]) -> bool:
    """Whether the member can win nothing any more by knowing the answers."""
    if paper.content.reveal is not Reveal.ANSWERS:
        return False
    if any(row.is_passed for row in mine):
        return True
    if any(_may_arrive(row, now(session)) for row in mine):
        return False
    versions = await session.execute(
        select(_VERSION.c.version, _VERSION.c.published_at, _VERSION.c.said).where(_VERSION.c.study_id == paper.quiz_id)
    )
    # an attempt may be at any version, and each has its own limit
    return len(mine) >= max(attempts_of(Paper.of(paper.quiz_id, *version)) for version in versions)


def _may_arrive(attempt: Row[Any], at: datetime) -> bool:
    """Handed in by its time, perhaps, on a phone that had no network since."""
    return attempt.submitted_at is None and (attempt.due_at is None or at <= attempt.due_at + AGE_MOST)


def _is_open(attempt: Row[Any], at: datetime) -> bool:
    return attempt.submitted_at is None and not is_late(attempt.due_at, at)


def _shown(attempt: Row[Any]) -> dict[str, Any]:
    return {name: getattr(attempt, name) for name in _PUBLIC}


def _started(paper: Paper, member_id: UUID, shown: dict[str, Any]) -> AttemptStarted:
    attempt = AttemptPublic.model_validate(shown)
    return AttemptStarted(**attempt.model_dump(), questions=paper.asked(member_id, attempt.draw_no))
