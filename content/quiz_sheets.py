"""Questions of a quiz in a spreadsheet: one a row, read from CSV or XLSX and written as such.

Columns: kind, question, option A to J, answer, points, explanation; only question and answer are needed. The answer
names options by their letters ("A", "A, C"); of an ordering it is the right order ("C, A, B"), and without one the
options stand in it already. Options of a true or false may be left out; its answer is then a word.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase
from zipfile import is_zipfile

from content.malformed import Malformed
from content.quizzes import OPTIONS_MOST, POINTS_MOST, QUESTIONS_MOST, Option, Question, QuestionKind, check_question
from content.tabular import Cell, Row, read_rows
from content.text import clean, clean_lines, fold, words
from content.times import Language
from content.workbooks import check_workbook

TEXT_MOST = 2_000
OPTION_MOST = 500
SHEET_BYTES = 32 * 1024 * 1024  # unpacked
SHEET_CELLS = 200_000
REFUSED_MOST = 100  # told at once; who has more wrong has the wrong file

_LETTERS = ascii_uppercase[:OPTIONS_MOST]
_ASIDE = re.compile(r"\([^)]*\)")  # "Điểm (1-100)"
_BY_LETTERS = re.compile(rf"[{_LETTERS}](?:[\s,;./+&>-]*[{_LETTERS}])*")

_HEADERS: Mapping[str, Mapping[Language, str]] = {
    "kind": {"vi": "Loại", "en": "Kind"},
    "text": {"vi": "Câu hỏi", "en": "Question"},
    **{letter: {"vi": f"Phương án {letter}", "en": f"Option {letter}"} for letter in _LETTERS},
    "right": {"vi": "Đáp án", "en": "Answer"},
    "points": {"vi": "Điểm", "en": "Points"},
    "explanation": {"vi": "Giải thích", "en": "Explanation"},
}
_SYNONYMS = {
    "kind": "loại câu hỏi, loại câu, dạng, dạng câu hỏi, type, question type, question kind",
    "text": "nội dung, nội dung câu hỏi, câu, text, question text",
    "right": "đáp án đúng, trả lời, trả lời đúng, câu trả lời đúng, answers, correct, correct answer, right answer",
    "points": "số điểm, điểm số, thang điểm, point, score, mark, marks",
    "explanation": "lời giải, lời giải thích, giải thích đáp án, ghi chú, explain, comment, rationale",
}
_OPTION_NAMES = "phương án, lựa chọn, đáp án, câu trả lời, option, choice, answer"
_KINDS: Mapping[QuestionKind, tuple[Mapping[Language, str], str]] = {
    QuestionKind.SINGLE: (
        {"vi": "một lựa chọn", "en": "single"},
        "chọn một, một đáp án, một phương án, trắc nghiệm, single choice, one choice",
    ),
    QuestionKind.MULTIPLE: (
        {"vi": "nhiều lựa chọn", "en": "multiple"},
        "chọn nhiều, nhiều đáp án, nhiều phương án, multiple choice, several",
    ),
    QuestionKind.TRUE_FALSE: ({"vi": "đúng/sai", "en": "true/false"}, "đúng hay sai, đúng hoặc sai, true or false"),
    QuestionKind.ORDERING: (
        {"vi": "sắp xếp", "en": "ordering"},
        "thứ tự, sắp thứ tự, sắp xếp thứ tự, xếp thứ tự, order, sort",
    ),
}
_TRUE, _FALSE = "Đúng", "Sai"
_TRUE_WORDS = frozenset(["dung", "d", "true", "t", "yes", "y"])
_FALSE_WORDS = frozenset(["sai", "s", "false", "f", "no", "n", "khong"])


def _key(text: str) -> str:
    return " ".join(words(text))


def _columns_by_key() -> dict[str, str]:
    found = {_key(name): field for field, names in _HEADERS.items() for name in names.values()}
    found |= {_key(name): field for field, names in _SYNONYMS.items() for name in names.split(",")}
    for place, letter in enumerate(_LETTERS, start=1):
        names = [letter, *(f"{name} {mark}" for name in _OPTION_NAMES.split(",") for mark in (letter, place))]
        found |= {_key(name): letter for name in names}
    return found


_FIELDS = _columns_by_key()
_KIND_WORDS = {
    _key(word): kind
    for kind, (names, others) in _KINDS.items()
    for word in (kind.value, *names.values(), *others.split(","))
}


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """What is wrong with one row, or with the file where `row` is 0; `field` is a column's: kind, text, options, right,
    points, explanation, or none.
    """

    row: int
    field: str | None
    code: str
    details: Mapping[str, str | int]
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class QuestionSheet:
    questions: tuple[Question, ...]
    refused: tuple[RefusedRow, ...]


def read_questions(path: Path) -> QuestionSheet:
    """The questions of a file and what is wrong with others, at most `REFUSED_MOST` of these. Opens a file, which takes
    up to seconds: not in the event loop.

    What a workbook may unpack to is bounded more tightly than for rosters.

    Raises Malformed for a file that is no such table: as `tabular.read_rows`, `quiz.columns_missing` (`columns`),
    `quiz.column_twice`, `quiz.questions_too_many` (`limit`), `quiz.no_questions`.
    """
    questions: list[Question] = []
    refused: list[RefusedRow] = []
    seen: dict[str, Row] = {}
    columns: dict[tuple[str, ...], dict[str, str]] = {}
    if is_zipfile(path):
        check_workbook(path, bytes_limit=SHEET_BYTES, cells_limit=SHEET_CELLS)
    for row in read_rows(path):
        headers = tuple(row.cells)
        if headers not in columns:
            columns[headers] = _recognised(headers)
        if len(questions) == QUESTIONS_MOST:
            raise Malformed("quiz.questions_too_many", limit=QUESTIONS_MOST)
        try:
            questions.append(_question(row, columns[headers], seen))
        except _Refusal as error:
            refused.append(RefusedRow(row.number, error.field, error.code, error.details, row.sheet))
            if len(refused) == REFUSED_MOST:
                break
    if not questions and not refused:
        raise Malformed("quiz.no_questions")
    return QuestionSheet(tuple(questions), tuple(refused))


def headings(language: Language) -> list[str]:
    return [names[language] for names in _HEADERS.values()]


def cells(question: Question, language: Language) -> list[Cell]:
    """The row, under `headings`, that `read_questions` reads as this question."""
    return list(_cells(question, language))


def _cells(question: Question, language: Language) -> Iterator[Cell]:
    yield _KINDS[question.kind][0][language]
    yield question.text
    texts = [option.text for option in question.options]
    yield from texts + [""] * (OPTIONS_MOST - len(texts))
    is_ordering = question.kind is QuestionKind.ORDERING
    right = [
        letter for letter, option in zip(_LETTERS, question.options, strict=False) if is_ordering or option.is_right
    ]
    yield ", ".join(right)
    yield question.points
    yield question.explanation


class _Refusal(Exception):
    def __init__(self, field: str | None, code: str, **details: str | int) -> None:
        super().__init__(code)
        self.field = field
        self.code = code
        self.details = details


def _recognised(headers: Sequence[str]) -> dict[str, str]:
    """The header of each field."""
    found: dict[str, str] = {}
    for header in headers:
        field = _FIELDS.get(_key(_ASIDE.sub(" ", header)))
        if field is not None and found.setdefault(field, header) != header:
            raise Malformed("quiz.column_twice", column=_HEADERS[field]["vi"])
    if missing := [field for field in ("text", "right") if field not in found]:
        raise Malformed("quiz.columns_missing", columns=", ".join(_HEADERS[field]["vi"] for field in missing))
    return found


def _question(row: Row, columns: Mapping[str, str], seen: dict[str, Row]) -> Question:
    if row.extra:
        raise _Refusal(None, "row.extra_cells", count=len(row.extra))
    said = {field: row.cells[header] for field, header in columns.items()}
    text = _read(said, "text")
    if not text:
        raise _Refusal("text", "missing")
    texts = _options(said)
    answer = _read(said, "right")
    kind = _kind(said.get("kind", ""), texts, answer)
    if kind is QuestionKind.TRUE_FALSE and not texts:
        texts = [_TRUE, _FALSE]
    chosen = _chosen(kind, texts, answer)
    if kind is QuestionKind.ORDERING:
        if answer and sorted(chosen) != list(range(len(texts))):
            raise _Refusal("right", "quiz.order_incomplete")
        options = tuple(Option(texts[place]) for place in chosen or range(len(texts)))
    else:
        options = tuple(Option(each, place in chosen) for place, each in enumerate(texts))
    question = Question(kind, text, options, _points(said.get("points", "")), _read(said, "explanation") or None)
    _check(question)
    if (first := seen.setdefault(text.casefold(), row)) is not row:
        raise _Refusal("text", "quiz.question_in_row", row=first.number)
    return question


def _check(question: Question) -> None:
    try:
        check_question(question)
    except Malformed as error:
        place = str(error.details["pointer"]).split("/")[1]
        is_of_answer = error.code in {"quiz.no_right_answer", "quiz.right_too_many"}
        details = {name: value for name, value in error.details.items() if name != "pointer"}
        raise _Refusal("right" if is_of_answer else place, error.code, **details) from None


def _read(cells: Mapping[str, str], field: str) -> str:
    try:
        read = clean_lines(cells.get(field, ""))
    except Malformed as error:
        raise _Refusal(field, error.code) from None
    if len(read) > TEXT_MOST:
        raise _Refusal(field, "string_too_long", max_length=TEXT_MOST)
    return read


def _options(cells: Mapping[str, str]) -> list[str]:
    """Texts of the options, which begin at the first and have none left out: their letters would shift."""
    try:
        texts = [clean(cells.get(letter, "")) for letter in _LETTERS]
    except Malformed as error:
        raise _Refusal("options", error.code) from None
    while texts and not texts[-1]:
        texts.pop()
    if "" in texts:
        raise _Refusal("options", "quiz.option_left_out", option=_LETTERS[texts.index("")])
    if any(len(text) > OPTION_MOST for text in texts):
        raise _Refusal("options", "string_too_long", max_length=OPTION_MOST)
    return texts


def _kind(said: str, texts: Sequence[str], answer: str) -> QuestionKind:
    if said:
        kind = _KIND_WORDS.get(_key(said))
        if kind is None:
            raise _Refusal("kind", "quiz.kind_unknown")
        return kind
    if not texts:
        return QuestionKind.TRUE_FALSE
    is_several = len(_by_letters(texts, answer) or ()) > 1
    return QuestionKind.MULTIPLE if is_several else QuestionKind.SINGLE


def _chosen(kind: QuestionKind, texts: Sequence[str], answer: str) -> list[int]:
    """Places of the options that the answer names, in its order; none where there is no answer."""
    if not answer:
        return []
    chosen = _by_letters(texts, answer)
    if chosen is None:
        chosen = [place for place, text in enumerate(texts) if text.casefold() == clean(answer).casefold()]
    if not chosen and kind is QuestionKind.TRUE_FALSE and list(texts) == [_TRUE, _FALSE]:
        word = fold(answer)
        chosen = [0] if word in _TRUE_WORDS else [1] if word in _FALSE_WORDS else []
    if not chosen:
        raise _Refusal("right", "quiz.answer_unknown")
    if len(set(chosen)) < len(chosen):
        raise _Refusal("right", "quiz.answer_twice")
    return chosen


def _by_letters(texts: Sequence[str], answer: str) -> list[int] | None:
    """None where it is not letters of these options: it may then be the text of one."""
    said = answer.upper()
    if not _BY_LETTERS.fullmatch(said):
        return None
    places = [_LETTERS.index(character) for character in said if character in _LETTERS]
    return places if all(place < len(texts) for place in places) else None


def _points(said: str) -> int:
    if not said:
        return 1
    if not (said.isascii() and said.isdigit() and len(said) <= 3 and 1 <= int(said) <= POINTS_MOST):
        raise _Refusal("points", "quiz.points", limit=POINTS_MOST)
    return int(said)
