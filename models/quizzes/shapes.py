"""What is said of attempts, coming in and going out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from content.quizzes import OPTIONS_MOST, QUESTIONS_MOST
from models.base import Request, Shape
from models.notices.shapes import NoticeBranch
from models.study.quizzes import AskedQuestion

TextId = Annotated[str, StringConstraints(pattern="^[0-9a-f]{12}$")]
"""Of a question or an option, as the quiz says it."""
AnswersSaid = Annotated[
    dict[TextId, Annotated[list[TextId], Field(max_length=OPTIONS_MOST)]], Field(max_length=QUESTIONS_MOST)
]
"""By the question's id the ids of the options chosen, of an ordering all of them in order."""


class AttemptPut(Request):
    """Questions that are left out are not answered."""

    answers: AnswersSaid


class AttemptPublic(Shape):
    """What a member sees of an attempt of their own everywhere. Points are there once it is submitted; `is_passed` by
    the version's pass mark.
    """

    id: UUID
    quiz_id: UUID
    version: int
    draw_no: int
    started_at: datetime
    due_at: datetime | None
    submitted_at: datetime | None
    points: int | None
    of: int | None
    percent: int | None
    is_passed: bool | None


class AttemptStarted(AttemptPublic):
    """`questions` in the order in which they are asked; answers are taken until `due_at`, if it is not null."""

    questions: list[AskedQuestion]


class Solution(Shape):
    """`right` are ids of options, of an ordering in their order."""

    question_id: str
    is_right: bool
    right: list[str]
    explanation: str | None


class AttemptResult(AttemptStarted):
    """`answers` are the member's own; both null until it is submitted. `solutions` are null until the quiz reveals
    them: if it does at all, once the member has passed or has no attempt left.
    """

    answers: dict[str, list[str]] | None
    solutions: list[Solution] | None


class Taken(Shape):
    """Of `people` so many submitted an attempt, and so many passed; the shares in percent, rounded down, are null where
    there is nobody.
    """

    people: int
    completed: int
    passed: int
    completed_percent: int | None
    passed_percent: int | None


class TakenPart(Taken):
    branch: NoticeBranch


class QuizReport(Taken):
    """Of a branch: of those whom the quiz spoke to at `audience_at`, which is when it closed, or now. `here` are those
    who belong to the branch itself, `branches` the ones right below it with all that is below them.
    """

    branch: NoticeBranch
    audience_at: datetime
    here: Taken
    branches: list[TakenPart]
