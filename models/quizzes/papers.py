"""Published versions of quizzes as attempts are begun and marked by them, answers included: for rules alone."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.malformed import Malformed
from content.quizzes import Answers, Marked, Question, QuestionKind, draw_order, mark, public
from models.branches import Branch
from models.channels import hears
from models.database import table_of
from models.errors import Conflict, Forbidden, Invalid, NotFound
from models.histories import History
from models.permissions import Viewer
from models.quizzes.shapes import Solution
from models.study.quizzes import AskedQuestion, QuizContent
from models.study.reading import get_study, readable
from models.study.table import Study, StudyKind, StudyState, StudyVersion

PaperKey = tuple[UUID, int]
"""The quiz and the number of the version."""

_STUDY, _VERSION = table_of(Study), table_of(StudyVersion)


@dataclass(frozen=True, slots=True)
class Paper:
    """A version of a quiz; `questions` are all of its pool, by their ids."""

    quiz_id: UUID
    version: int
    published_at: datetime
    content: QuizContent
    questions: Mapping[str, Question]

    @classmethod
    def of(cls, quiz_id: UUID, version: int, published_at: datetime, said: object) -> "Paper":
        content = QuizContent.model_validate(said)
        return cls(quiz_id, version, published_at, content, {question.id: question for question in content.pool})

    def drawn(self, member_id: UUID, draw_no: int) -> list[Question]:
        order = draw_order(self.questions, self.content.draw, member_id, self.quiz_id, self.version, draw_no)
        return [self.questions[question_id] for question_id in order]

    def asked(self, member_id: UUID, draw_no: int) -> list[AskedQuestion]:
        return [AskedQuestion.model_validate(public(question)) for question in self.drawn(member_id, draw_no)]

    def due_at(self, started_at: datetime) -> datetime | None:
        """When answers to an attempt of then must be in: its time is over, or the quiz is."""
        minutes = self.content.time_limit_minutes
        ends = [] if minutes is None else [started_at + timedelta(minutes=minutes)]
        return min([*ends, *([self.content.closes_at] if self.content.closes_at else [])], default=None)

    def require_open(self, at: datetime) -> None:
        if self.content.closes_at is not None and self.content.closes_at <= at:
            raise Conflict("quiz.closed")

    def mark(self, member_id: UUID, draw_no: int, answers: Answers) -> Marked:
        """Raises Invalid, with pointers into what was sent."""
        try:
            return mark(self.drawn(member_id, draw_no), answers)
        except Malformed as error:
            raise Invalid.at(f"/answers{error.details['pointer']}", error.code) from None

    def normal(self, answers: Answers) -> dict[str, list[str]]:
        """The same for all that say the same, for answers that could be marked."""
        return {
            question_id: list(chosen) if self._is_ordering(question_id) else sorted(chosen)
            for question_id, chosen in sorted(answers.items())
            if chosen
        }

    def _is_ordering(self, question_id: str) -> bool:
        return self.questions[question_id].kind is QuestionKind.ORDERING

    def solutions(self, member_id: UUID, draw_no: int, answers: Answers) -> list[Solution]:
        drawn = self.drawn(member_id, draw_no)
        right = mark(drawn, answers).right
        return [
            Solution(
                question_id=question.id,
                is_right=right[question.id],
                right=list(question.right),
                explanation=question.explanation,
            )
            for question in drawn
        ]


async def paper_to_take(session: AsyncSession, viewer: Viewer, quiz_id: UUID) -> Paper:
    """The newest version, or that of what took the quiz's place.

    Raises NotFound, and for those who read it by right alone Forbidden `quiz.not_audience`, Conflict
    `study.not_published`.
    """
    study, _, version = await get_study(session, viewer, StudyKind.QUIZ, quiz_id)
    if study.state is not StudyState.PUBLISHED:
        raise Conflict("study.not_published")
    found = await session.execute(
        select(_VERSION.c.said).where(
            _VERSION.c.study_id == study.id,
            _VERSION.c.version == version.version,
            select(_STUDY.c.id)
            .where(_STUDY.c.id == study.id, hears(viewer, _STUDY.c.branch_no, _STUDY.c.who))
            .exists(),
        )
    )
    row = found.one_or_none()
    if row is None:
        raise Forbidden("quiz.not_audience")
    return Paper.of(study.id, version.version, version.published_at, row.said)


def known(viewer: Viewer) -> ColumnElement[bool]:
    """Quizzes of which the viewer may see attempts of their own: those they may read, and those that something took the
    place of. Over `Study` and `Branch`.
    """
    was_heard = hears(viewer, col(Study.branch_no), col(Study.who))
    return or_(readable(viewer), and_(col(Study.state) == StudyState.SUPERSEDED, was_heard))


async def require_known(session: AsyncSession, viewer: Viewer, quiz_id: UUID) -> None:
    """Raises NotFound."""
    found = await session.scalar(
        select(col(Study.id))
        .join(Branch, col(Branch.no) == col(Study.branch_no))
        .where(col(Study.id) == quiz_id, col(Study.kind) == StudyKind.QUIZ, known(viewer))
    )
    if found is None:
        raise NotFound


class Papers:
    """Those versions that events are about, and their quizzes."""

    def __init__(self, rows: Iterable[Row[Any]]) -> None:
        self._quizzes: dict[UUID, Row[Any]] = {}
        self._papers: dict[PaperKey, Paper] = {}
        for row in rows:
            self._quizzes[row.id] = row
            if row.version is not None:
                self._papers[row.id, row.version] = Paper.of(row.id, row.version, row.published_at, row.said)

    def taken(self, history: History, at: datetime, key: PaperKey) -> tuple[Paper, datetime]:
        """What somebody had before them then, and when that was: what they did before it was published, by a clock that
        was wrong, they did when it was. Older versions, and what another has taken the place of, may still be on a
        phone.

        Raises NotFound `event.quiz_unknown`, Invalid `version.unknown`.
        """
        quiz, paper = self._quizzes.get(key[0]), self._papers.get(key)
        then = at if paper is None else max(at, paper.published_at)
        if (
            quiz is None
            or quiz.state is StudyState.DRAFT
            or (quiz.withdrawn_at is not None and quiz.withdrawn_at <= then)
            or not history.hearing(then).hears(quiz.branch_no, quiz.who)
        ):
            raise NotFound("event.quiz_unknown")
        if paper is None:
            raise Invalid.at("/version", "version.unknown")
        return paper, then


# made once: making a statement takes longer than sending it
_ASKED: Select[*tuple[Any, ...]] = (
    select(
        *(_STUDY.c[name] for name in ("id", "branch_no", "who", "state", "withdrawn_at")),
        *(_VERSION.c[name] for name in ("version", "published_at", "said")),
    )
    .select_from(
        _STUDY.outerjoin(
            _VERSION,
            and_(
                _VERSION.c.study_id == _STUDY.c.id,
                tuple_(_VERSION.c.study_id, _VERSION.c.version).in_(bindparam("keys", expanding=True)),
            ),
        )
    )
    .where(_STUDY.c.kind == StudyKind.QUIZ, _STUDY.c.id.in_(bindparam("ids", expanding=True)))
)


async def papers(session: AsyncSession, keys: Collection[PaperKey]) -> Papers:
    """All of these that there are, in one statement."""
    ids = sorted({quiz_id for quiz_id, _ in keys})
    return Papers(await session.execute(_ASKED, {"ids": ids, "keys": sorted(set(keys))}))
