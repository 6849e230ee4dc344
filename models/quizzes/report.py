"""How many of those whom a quiz speaks to have taken and passed it, by branch: never who, and never who is better."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.audiences import Audience, Whose, anybody, count_by_child
from models.branches import Branch, get_branch
from models.channels import HERE, Hearing
from models.database import now, table_of
from models.errors import Forbidden, NotFound
from models.notices.shapes import NoticeBranch
from models.permissions import Permission, Viewer, allowed
from models.quizzes.shapes import QuizReport, Taken, TakenPart
from models.quizzes.table import Attempt
from models.study.quizzes import QuizCard
from models.study.table import Study, StudyKind, StudyState, StudyVersion

_ATTEMPT = table_of(Attempt)
_CARD: Any = col(StudyVersion.card)


async def read_quiz_report(
    session: AsyncSession, viewer: Viewer, quiz_id: UUID, branch_id: UUID | None = None
) -> QuizReport:
    """Of the branch that has the quiz, or of another in its subtree, for those who look after it. Without a branch it
    is the whole if that is the viewer's to see, else the first of their branches below.

    Raises NotFound, also for a branch that is not theirs or not of this quiz's subtree, Forbidden for those who only
    hear it.
    """
    study, having, card = await _get(session, quiz_id)
    branch = await _branch(session, viewer, study, having, branch_id)
    at = _audience_at(card, now(session))
    audience = Audience(having.place, study.who, at)
    numbers = [
        await count_by_child(session, audience, branch.place, whose)
        for whose in (anybody, _who_submitted(quiz_id), _who_submitted(quiz_id, _ATTEMPT.c.is_passed.is_(True)))
    ]
    nos = [no for no in numbers[0] if no is not None]
    children = await session.scalars(select(Branch).where(col(Branch.no).in_(nos)).order_by(col(Branch.code)))
    here = [counted.get(None, 0) for counted in numbers]
    whole = [sum(counted.values()) for counted in numbers]
    return QuizReport(
        branch=NoticeBranch.model_validate(branch),
        audience_at=at,
        here=Taken(**_taken(*here)),
        branches=[
            TakenPart(
                branch=NoticeBranch.model_validate(child), **_taken(*(counted.get(child.no, 0) for counted in numbers))
            )
            for child in children
        ],
        **_taken(*whole),
    )


def _audience_at(card: QuizCard, at: datetime) -> datetime:
    return at if card.closes_at is None else min(at, card.closes_at)


def _who_submitted(quiz_id: UUID, *how: ColumnElement[bool]) -> Whose:
    whose = select(_ATTEMPT.c.member_id).where(
        _ATTEMPT.c.quiz_id == quiz_id, _ATTEMPT.c.submitted_at.is_not(None), *how
    )

    def have(member_id: Any) -> ColumnElement[bool]:
        return member_id.in_(whose)  # type: ignore[no-any-return]  # of a column of any kind

    return have


def _taken(people: int, completed: int, passed: int) -> dict[str, int | None]:
    return {
        "people": people,
        "completed": completed,
        "passed": passed,
        "completed_percent": completed * 100 // people if people else None,
        "passed_percent": passed * 100 // people if people else None,
    }


async def _get(session: AsyncSession, quiz_id: UUID) -> tuple[Study, Branch, QuizCard]:
    found = await session.execute(
        select(Study, Branch, _CARD)
        .join(Branch, col(Branch.no) == col(Study.branch_no))
        .join(
            StudyVersion,
            (col(StudyVersion.study_id) == col(Study.id)) & (col(StudyVersion.version) == col(Study.version)),
        )
        .where(col(Study.id) == quiz_id, col(Study.kind) == StudyKind.QUIZ)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound
    study, branch, card = row
    return study, branch, QuizCard.model_validate(card)


async def _branch(
    session: AsyncSession, viewer: Viewer, study: Study, having: Branch, branch_id: UUID | None
) -> Branch:
    mine = _mine(viewer, study, having)
    if not mine:
        is_heard = study.state is StudyState.PUBLISHED and Hearing.of(viewer).hears(study.branch_no, study.who)
        raise Forbidden(permission=Permission.REPORT_READ.value) if is_heard else NotFound
    if branch_id is None:
        return (await session.scalars(select(Branch).where(col(Branch.path) == mine[0]))).one()
    branch = await get_branch(session, branch_id)
    is_below = branch.no == having.no if study.who == HERE else branch.path.startswith(having.path)
    if not (is_below and allowed(viewer, Permission.REPORT_READ, branch.path)):
        raise NotFound
    return branch


def _mine(viewer: Viewer, study: Study, having: Branch) -> list[str]:
    """The tops of what the viewer may see of the quiz's subtree."""
    tops = viewer.paths(Permission.REPORT_READ)
    if any(having.path.startswith(top) for top in tops):
        return [having.path]
    return [] if study.who == HERE else sorted(top for top in tops if top.startswith(having.path))
