"""Questions, and answers to them, for tests."""

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from hypothesis import strategies as st

from content.quiz_sheets import cells, headings
from content.quizzes import OPTIONS_MOST, POINTS_MOST, Answers, Option, Question, QuestionKind
from content.tabular import write_csv, write_xlsx
from content.text import clean
from content.times import Language

CAPITAL = Question(
    QuestionKind.SINGLE,
    "Thủ đô của Việt Nam là gì?",
    (Option("Huế"), Option("Hà Nội", is_right=True), Option("Đà Nẵng")),
    explanation="Từ năm 1976.",
)
PRIMES = Question(
    QuestionKind.MULTIPLE,
    "Số nào là số nguyên tố?",
    (Option("2", is_right=True), Option("4"), Option("7", is_right=True), Option("9")),
    points=2,
)
EARTH = Question(
    QuestionKind.TRUE_FALSE, "Trái Đất quay quanh Mặt Trời.", (Option("Đúng", is_right=True), Option("Sai"))
)
MEETING = Question(
    QuestionKind.ORDERING,
    "Xếp theo trình tự một buổi sinh hoạt:",
    (Option("Khai mạc"), Option("Thảo luận"), Option("Biểu quyết"), Option("Bế mạc")),
    points=3,
    explanation="Biểu quyết sau khi đã thảo luận.",
)
ALL = (CAPITAL, PRIMES, EARTH, MEETING)


def write_questions(
    target: Path | BinaryIO, questions: Iterable[Question], language: Language = "vi", *, csv: bool = False
) -> None:
    """As they are exported."""
    rows = (cells(question, language) for question in questions)
    (write_csv if csv else write_xlsx)(target, headings(language), rows)


texts = (
    st.text(
        st.characters(
            min_codepoint=32,
            max_codepoint=0x1EF9,
            categories=["L", "N", "P", "S", "Zs"],
            exclude_characters="\u00a0\u00ad\u1680",
        ),
        min_size=1,
        max_size=24,
    )
    .map(clean)
    .filter(bool)
)


@st.composite
def questions(draw: st.DrawFn, text: st.SearchStrategy[str] = texts) -> Question:
    """Any that has a clear answer."""
    kind = draw(st.sampled_from(QuestionKind))
    most = 2 if kind is QuestionKind.TRUE_FALSE else OPTIONS_MOST
    options = draw(st.lists(text, min_size=2, max_size=most, unique_by=str.casefold))
    if kind is QuestionKind.ORDERING:
        right: set[int] = set()
    elif kind is QuestionKind.MULTIPLE:
        right = draw(st.sets(st.integers(0, len(options) - 1), min_size=1))
    else:
        right = {draw(st.integers(0, len(options) - 1))}
    return Question(
        kind,
        draw(text),
        tuple(Option(option, place in right) for place, option in enumerate(options)),
        draw(st.integers(1, POINTS_MOST)),
        draw(st.none() | text),
    )


def pools(text: st.SearchStrategy[str] = texts) -> st.SearchStrategy[list[Question]]:
    return st.lists(questions(text), min_size=1, max_size=8, unique_by=lambda question: question.text.casefold())


def all_right(asked: list[Question]) -> Answers:
    return {question.id: question.right for question in asked}


@st.composite
def answered(draw: st.DrawFn, asked: list[Question]) -> dict[str, list[str]]:
    """Any answers that may be given, right ones often, in any order and some left out."""
    answers: dict[str, list[str]] = {}
    for question in draw(st.permutations(asked)):
        ids = [question.option_id(option) for option in question.options]
        chosen = st.just(list(question.right)) | st.lists(st.sampled_from(ids), unique=True)
        if draw(st.integers(0, 4)):
            answers[question.id] = draw(chosen)
    return answers
