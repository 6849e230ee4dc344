"""Quizzes: what a question is, which of them a member gets, how they are asked without telling, what answers are worth.

Whatever a phone needs while it has no network is a function of what it has: `draw` says how, in words that can be
followed in any language. Marking is the server's alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import TypeAlias
from uuid import UUID

from content.malformed import Malformed
from content.text import sort_key

QUESTIONS_MOST = 500
OPTIONS_MOST = 10
POINTS_MOST = 100
_ID_LENGTH = 12  # hexadecimal digits: 48 bits, of texts that are few and compared for equality before

Answers: TypeAlias = Mapping[str, Sequence[str]]
"""By a question's id the ids of the options chosen; for an ordering all of them, in order. None is no answer."""


class QuestionKind(StrEnum):
    """What is to be done with the options: choose one, choose all that are right, say whether it is true (one of two),
    or put them in order.
    """

    SINGLE = "single"
    MULTIPLE = "multiple"
    TRUE_FALSE = "true_false"
    ORDERING = "ordering"


@dataclass(frozen=True, slots=True)
class Option:
    text: str
    is_right: bool = False


@dataclass(frozen=True)
class Question:
    """As its editor wrote it. The options of an ordering stand in the right order and none is marked as right.

    Ids are made of the texts, so that they say nothing that the texts do not: an editor who numbers options would
    give the order away. They stay the same from version to version as long as the texts do. They are made once, since
    whoever sends many attempts at once has the same questions marked again and again.
    """

    kind: QuestionKind
    text: str
    options: tuple[Option, ...]
    points: int = 1
    explanation: str | None = None

    @cached_property
    def id(self) -> str:
        return _id_of(self.text)

    @cached_property
    def option_ids(self) -> tuple[str, ...]:
        return tuple(self.option_id(option) for option in self.options)

    @cached_property
    def right(self) -> tuple[str, ...]:
        """Ids of the right options; of an ordering all, in the right order."""
        is_ordering = self.kind is QuestionKind.ORDERING
        chosen = zip(self.option_ids, self.options, strict=True)
        return tuple(id_ for id_, option in chosen if is_ordering or option.is_right)

    def option_id(self, option: Option) -> str:
        return _id_of(f"{self.id}:{option.text}")


@dataclass(frozen=True, slots=True)
class PublicOption:
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class PublicQuestion:
    """What whoever is asked may see; the order of options says nothing."""

    id: str
    kind: QuestionKind
    text: str
    options: tuple[PublicOption, ...]
    points: int


@dataclass(frozen=True, slots=True)
class Marked:
    """`points` out of `of`; `percent` is rounded down, so that 100 is all of them; `right` is by question's id."""

    points: int
    of: int
    percent: int
    right: Mapping[str, bool]


def _id_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:_ID_LENGTH]


def check_question(question: Question) -> None:
    """Raise Malformed where no answer, or none that is clear, would be right; `pointer` says where in the question.

    `quiz.options_too_few`, `quiz.options_too_many` (`limit`), `quiz.true_false_options` (other than two),
    `quiz.option_twice`, `quiz.no_right_answer`, `quiz.right_too_many`, `quiz.right_unexpected` (in an ordering),
    `quiz.points` (`limit`).
    """
    kind, options = question.kind, question.options
    if not 1 <= question.points <= POINTS_MOST:
        raise Malformed("quiz.points", pointer="/points", limit=POINTS_MOST)
    if kind is QuestionKind.TRUE_FALSE and len(options) != 2:
        raise Malformed("quiz.true_false_options", pointer="/options")
    if len(options) < 2:
        raise Malformed("quiz.options_too_few", pointer="/options")
    if len(options) > OPTIONS_MOST:
        raise Malformed("quiz.options_too_many", pointer="/options", limit=OPTIONS_MOST)
    if (place := _repeated(option.text.casefold() for option in options)) is not None:
        raise Malformed("quiz.option_twice", pointer=f"/options/{place}")
    right = [place for place, option in enumerate(options) if option.is_right]
    if kind is QuestionKind.ORDERING:
        if right:
            raise Malformed("quiz.right_unexpected", pointer=f"/options/{right[0]}")
    elif not right:
        raise Malformed("quiz.no_right_answer", pointer="/options")
    elif kind is not QuestionKind.MULTIPLE and len(right) > 1:
        raise Malformed("quiz.right_too_many", pointer=f"/options/{right[1]}")


def check_questions(questions: Sequence[Question]) -> None:
    """Raise Malformed for the first that is wrong: as `check_question`, `quiz.question_twice`,
    `quiz.questions_too_many` (`limit`). Pointers begin at the list.
    """
    if len(questions) > QUESTIONS_MOST:
        raise Malformed("quiz.questions_too_many", pointer="", limit=QUESTIONS_MOST)
    for place, question in enumerate(questions):
        try:
            check_question(question)
        except Malformed as error:
            details = {**error.details, "pointer": f"/{place}{error.details['pointer']}"}
            raise Malformed(error.code, **details) from None
    if (repeated := repeated_question(questions)) is not None:
        raise Malformed("quiz.question_twice", pointer=f"/{repeated}/text")


def check_pool(questions: Sequence[Question], draw: int | None) -> None:
    """Whether it can be taken: raise what `check_questions` does, `quiz.no_questions`, `quiz.draw_too_large` (`limit`,
    without a pointer).
    """
    if not questions:
        raise Malformed("quiz.no_questions", pointer="")
    check_questions(questions)
    if draw is not None and not 1 <= draw <= len(questions):
        raise Malformed("quiz.draw_too_large", limit=len(questions))


def repeated_question(questions: Iterable[Question]) -> int | None:
    """The place of the first that asks the same as an earlier one: answers could not tell them apart."""
    return _repeated(question.text.casefold() for question in questions)


def _repeated(texts: Iterable[str]) -> int | None:
    seen: set[str] = set()
    for place, text in enumerate(texts):
        if text in seen:
            return place
        seen.add(text)
    return None


def public(question: Question) -> PublicQuestion:
    """Without answers and explanation. Options stand in the order of SHA-256("<question id>:<option id>"), those of a
    true or false in their alphabetical one: the same for everybody and for whatever is right.
    """
    pairs = zip(question.option_ids, question.options, strict=True)
    options = [PublicOption(id_, option.text) for id_, option in pairs]
    if question.kind is QuestionKind.TRUE_FALSE:
        options.sort(key=lambda option: (sort_key(option.text), option.text))
    else:
        options.sort(key=lambda option: sha256(f"{question.id}:{option.id}".encode()).digest())
    return PublicQuestion(question.id, question.kind, question.text, tuple(options), question.points)


def draw_order(
    question_ids: Iterable[str], most: int | None, member_id: UUID, quiz: UUID, version: int, no: int
) -> list[str]:
    """Which questions a member gets in their draw number `no` (from 1), in the order in which they are asked.

    For an app that has the whole pool and no network: for each question take the SHA-256 of the UTF-8 text

        <member id>:<quiz id>:<version>:<no>:<question id>

    (ids as the API writes them, in small letters with hyphens; numbers in decimal), sort the questions by these
    digests as unsigned bytes, the smallest first, and take the first `most`, or all where `most` is null.
    """
    beginning = f"{member_id}:{quiz}:{version}:{no}:"
    ordered = sorted(question_ids, key=lambda one: sha256((beginning + one).encode()).digest())
    return ordered[:most]


def draw(
    questions: Sequence[Question], most: int | None, member_id: UUID, quiz: UUID, version: int, no: int
) -> list[Question]:
    """The questions that `draw_order` names."""
    by_id = {question.id: question for question in questions}
    return [by_id[one] for one in draw_order(by_id, most, member_id, quiz, version, no)]


def mark(questions: Sequence[Question], answers: Answers) -> Marked:
    """What answers to these questions are worth: a choice is right when it is all right options and no other, an
    ordering when all of it is in order; what is not answered is wrong. There are no points for parts.

    Raises Malformed, with a `pointer` into the answers: `quiz.question_unknown`, `quiz.option_unknown`,
    `quiz.option_repeated`; and `quiz.no_questions`.
    """
    if not questions:
        raise Malformed("quiz.no_questions", pointer="")
    by_id = {question.id: question for question in questions}
    for question_id, chosen in answers.items():
        _check_answer(by_id.get(question_id), question_id, chosen)
    right = {one: _is_right(question, answers.get(one, ())) for one, question in by_id.items()}
    points = sum(by_id[one].points for one, is_right in right.items() if is_right)
    of = sum(question.points for question in questions)
    return Marked(points, of, points * 100 // of, right)


def _check_answer(question: Question | None, question_id: str, chosen: Sequence[str]) -> None:
    # an id that is not known here is text of whoever sent it, and may be anything: it is not repeated
    if question is None:
        raise Malformed("quiz.question_unknown", pointer="")
    for place, one in enumerate(chosen):
        if one not in question.option_ids:
            raise Malformed("quiz.option_unknown", pointer=f"/{question_id}/{place}")
    if (repeated := _repeated(chosen)) is not None:
        raise Malformed("quiz.option_repeated", pointer=f"/{question_id}/{repeated}")


def _is_right(question: Question, chosen: Sequence[str]) -> bool:
    if question.kind is QuestionKind.ORDERING:
        return tuple(chosen) == question.right
    return set(chosen) == set(question.right)
