"""Quizzes: questions to answer, of which those who study see everything but the answers."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from content.malformed import Malformed
from content.quiz_sheets import OPTION_MOST, TEXT_MOST
from content.quizzes import (
    OPTIONS_MOST,
    POINTS_MOST,
    QUESTIONS_MOST,
    Option,
    Question,
    QuestionKind,
    check_pool,
    check_question,
    public,
    repeated_question,
)
from content.text import clean, clean_lines
from models.base import Count, Flag, Instant, Request, Shape, read_by
from models.errors import Invalid
from models.study.shapes import StudyContent, StudyCreate, StudyDraft, StudySummary, StudyThing, StudyUpdate

ATTEMPTS_MOST = 100
MINUTES_MOST = 24 * 60
TEXTS_MOST = 300_000
"""Characters of all questions of a quiz: phones hold them all."""


class Reveal(StrEnum):
    """What whoever submits an attempt is told beside the points: no more, or, once they have passed or have no attempt
    left, which answers are right and why.
    """

    SCORE = "score"
    ANSWERS = "answers"


QuestionText = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MOST), read_by(clean_lines)]
OptionText = Annotated[str, StringConstraints(min_length=1, max_length=OPTION_MOST), read_by(clean)]


class OptionSaid(Request):
    text: OptionText
    is_right: Flag = False


class QuestionSaid(Request):
    """As its editor writes it. `options` of an ordering stand in the right order and none `is_right`; a true or false
    has two.
    """

    kind: QuestionKind
    text: QuestionText
    options: list[OptionSaid] = Field(max_length=OPTIONS_MOST)
    points: Annotated[Count, Field(ge=1, le=POINTS_MOST)] = 1
    explanation: QuestionText | None = None

    @model_validator(mode="after")
    def _has_an_answer(self) -> Self:
        try:
            check_question(self.question)
        except Malformed as error:
            raise PydanticCustomError(error.code, "malformed", error.details) from None
        return self

    @property
    def question(self) -> Question:
        options = tuple(Option(option.text, option.is_right) for option in self.options)
        return Question(self.kind, self.text, options, self.points, self.explanation)

    @property
    def length(self) -> int:
        """In characters."""
        return len(self.text) + len(self.explanation or "") + sum(len(option.text) for option in self.options)


def _each_once(questions: list[QuestionSaid]) -> list[QuestionSaid]:
    if sum(said.length for said in questions) > TEXTS_MOST:
        raise PydanticCustomError("quiz.too_long", "too long", {"limit": TEXTS_MOST})
    place = repeated_question(said.question for said in questions)
    if place is not None:
        raise PydanticCustomError("quiz.question_twice", "each question once", {"no": place + 1})
    return questions


Questions = Annotated[list[QuestionSaid], Field(max_length=QUESTIONS_MOST), AfterValidator(_each_once)]
Draw = Annotated[Count, Field(ge=1, le=QUESTIONS_MOST)]
PassMark = Annotated[Count, Field(ge=1, le=100)]
AttemptsMost = Annotated[Count, Field(ge=1, le=ATTEMPTS_MOST)]
Minutes = Annotated[Count, Field(ge=1, le=MINUTES_MOST)]


class QuizContent(StudyContent):
    """`draw` is how many of the questions each attempt has, by default all; `pass_mark` a percentage of the points;
    `attempts_most` how often one may try, `closes_at` until when. A draft may have no questions yet.
    """

    questions: Annotated[Questions, Field(default_factory=list)]
    draw: Draw | None = None
    pass_mark: PassMark = 50
    attempts_most: AttemptsMost | None = None
    time_limit_minutes: Minutes | None = None
    closes_at: Instant | None = None
    reveal: Reveal = Reveal.SCORE

    @property
    def pool(self) -> list[Question]:
        return [said.question for said in self.questions]


class QuizCreate(QuizContent, StudyCreate):
    """A draft, or with `publish` a quiz that its audience can take at once."""


class QuizUpdate(StudyUpdate):
    questions: Questions | None = None
    draw: Draw | None = None
    pass_mark: PassMark | None = None
    attempts_most: AttemptsMost | None = None
    time_limit_minutes: Minutes | None = None
    closes_at: Instant | None = None
    reveal: Reveal | None = None


class QuizCard(Shape):
    """`questions_asked` is how many of the pool an attempt has."""

    questions_asked: int
    pass_mark: int
    attempts_most: int | None
    time_limit_minutes: int | None
    closes_at: datetime | None
    reveal: Reveal


class AskedOption(Shape):
    id: str
    text: str


class AskedQuestion(Shape):
    """A question without its answer. It is answered by the ids of options: one, all that are right, or of an ordering
    all in their order.
    """

    id: str
    kind: QuestionKind
    text: str
    options: list[AskedOption]
    points: int


class QuizShown(Shape):
    """The whole pool, for attempts without a network; which of it an attempt has follows from its draw."""

    questions: list[AskedQuestion]


class QuizSummary(QuizCard, StudySummary):
    pass


class QuizPublic(QuizShown, QuizSummary):
    """One published version. Answers and explanations are in no answer of the API but an attempt's result, and there
    when `reveal` allows.
    """


class QuizDraft(StudyDraft):
    """Answers included: for editors."""

    content: QuizContent


class QuizThing(QuizShown, QuizCard, StudyThing):
    """A quiz of the channel, ready to be taken."""

    kind: Literal["quiz"] = "quiz"


def card_of(content: QuizContent) -> QuizCard:
    return QuizCard(
        questions_asked=len(content.questions) if content.draw is None else content.draw,
        pass_mark=content.pass_mark,
        attempts_most=content.attempts_most,
        time_limit_minutes=content.time_limit_minutes,
        closes_at=content.closes_at,
        reveal=content.reveal,
    )


def shown_of(content: QuizContent) -> QuizShown:
    """In the order of their ids: the editor's own might tell."""
    asked = sorted((public(question) for question in content.pool), key=lambda question: question.id)
    return QuizShown(questions=[AskedQuestion.model_validate(question) for question in asked])


def require_ready(content: QuizContent) -> None:
    """Can it be taken as it is? Raises Invalid `quiz.no_questions`, `quiz.draw_too_large`."""
    try:
        check_pool(content.pool, content.draw)
    except Malformed as error:
        pointer = "/draw" if error.code == "quiz.draw_too_large" else f"/questions{error.details['pointer']}"
        limits = {name: value for name, value in error.details.items() if name != "pointer"}
        raise Invalid.at(pointer, error.code, **limits) from None
