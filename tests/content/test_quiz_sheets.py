from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from content.malformed import Malformed
from content.quiz_sheets import REFUSED_MOST, QuestionSheet, read_questions
from content.quizzes import QUESTIONS_MOST, Option, Question, QuestionKind
from content.tabular import write_xlsx
from content.times import Language
from tests.content.quizzed import ALL, MEETING, PRIMES, pools, write_questions

HEADER = ["Loại", "Câu hỏi", "Phương án A", "Phương án B", "Phương án C", "Đáp án", "Điểm", "Giải thích"]
IN_ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)


def sheet(folder: Path, *rows: Sequence[str | int | None], header: Sequence[str] = HEADER) -> QuestionSheet:
    file = folder / "questions.xlsx"
    write_xlsx(file, header, rows)
    return read_questions(file)


def only(read: QuestionSheet) -> Question:
    assert not read.refused
    (question,) = read.questions
    return question


def refusal(read: QuestionSheet) -> tuple[int, str | None, str]:
    assert not read.questions
    (refused,) = read.refused
    return refused.row, refused.field, refused.code


def right(question: Question) -> list[str]:
    return [option.text for option in question.options if option.is_right]


@pytest.mark.parametrize("csv", [False, True])
@pytest.mark.parametrize("language", ["vi", "en"])
@given(pool=pools())
@IN_ONE_FOLDER
def test_what_is_written_is_read_again(tmp_path: Path, pool: list[Question], language: Language, *, csv: bool) -> None:
    file = tmp_path / "questions"
    write_questions(file, pool, language, csv=csv)
    assert read_questions(file) == QuestionSheet(tuple(pool), ())


def test_the_form_has_no_questions(tmp_path: Path) -> None:
    made = BytesIO()
    write_questions(made, [], "vi")
    file = tmp_path / "form.xlsx"
    file.write_bytes(made.getvalue())
    with pytest.raises(Malformed, match=r"quiz\.no_questions"):
        read_questions(file)


def test_a_sheet_by_somebody_else_is_read(tmp_path: Path) -> None:
    read = sheet(
        tmp_path,
        ["", "Thủ đô?", "Huế", "Hà Nội", None, "b"],
        ["trắc nghiệm", "Số chẵn?", "1", "2", "4", "B và C".replace(" và ", ","), 2, "Chia hết cho 2."],
        ["", "Số lẻ?", "1", "2", "3", "A;C"],
        ["", "Nước sôi ở 100 °C.", None, None, None, "đúng"],
        ["Đúng/Sai", "Trái Đất phẳng.", None, None, None, "SAI"],
        ["Sắp xếp", "Thứ tự?", "Hai", "Ba", "Một", "C, A, B"],
        ["SAP XEP", "Thứ tự nữa?", "Một", "Hai", "Ba", ""],
        ["", "Màu cờ?", "Xanh", "Đỏ", None, "đỏ"],
        header=["DẠNG", "Nội dung câu hỏi", "A", "Lựa chọn B", "option 3", "Đáp án đúng", "Số điểm (1–100)", "Ghi chú"],
    )
    assert [(each.row, each.field, each.code) for each in read.refused] == [(3, "right", "quiz.right_too_many")]
    capital, odd, boils, flat, order, written, colour = read.questions
    assert (capital.kind, right(capital)) == (QuestionKind.SINGLE, ["Hà Nội"])
    assert (odd.kind, right(odd)) == (QuestionKind.MULTIPLE, ["1", "3"])
    assert (boils.kind, right(boils)) == (QuestionKind.TRUE_FALSE, ["Đúng"])
    assert (flat.kind, right(flat)) == (QuestionKind.TRUE_FALSE, ["Sai"])
    assert order.options == written.options == (Option("Một"), Option("Hai"), Option("Ba"))
    assert (colour.kind, right(colour)) == (QuestionKind.SINGLE, ["Đỏ"])


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        (["", "", "Huế", "Hà Nội", "", "A"], "text", "missing"),
        (["", "Thủ đô?", "Huế", "Hà Nội", "", ""], "right", "quiz.no_right_answer"),
        (["", "Thủ đô?", "Huế", "Hà Nội", "", "C"], "right", "quiz.answer_unknown"),
        (["", "Thủ đô?", "Huế", "Hà Nội", "", "Vinh"], "right", "quiz.answer_unknown"),
        (["", "Thủ đô?", "Huế", "Hà Nội", "", "1"], "right", "quiz.answer_unknown"),
        (["", "Thủ đô?", "Huế", "Hà Nội", "", "A, A"], "right", "quiz.answer_twice"),
        (["một lựa chọn", "Thủ đô?", "Huế", "Hà Nội", "", "A, B"], "right", "quiz.right_too_many"),
        (["đoán", "Thủ đô?", "Huế", "Hà Nội", "", "A"], "kind", "quiz.kind_unknown"),
        (["", "Thủ đô?", "Huế", "HUẾ", "", "A"], "options", "quiz.option_twice"),
        (["", "Thủ đô?", "Hà Nội", "", "", "A"], "options", "quiz.options_too_few"),
        (["", "Thủ đô?", "Huế", "", "Hà Nội", "A"], "options", "quiz.option_left_out"),
        (["đúng/sai", "Thủ đô?", "Huế", "Vinh", "Hà Nội", "A"], "options", "quiz.true_false_options"),
        (["", "Nước sôi ở 100 °C.", "", "", "", "có lẽ"], "right", "quiz.answer_unknown"),
        (["sắp xếp", "Thứ tự?", "Hai", "Ba", "Một", "C, A"], "right", "quiz.order_incomplete"),
        (["", "Thủ đô?", "Huế", "Hà Nội", "", "B", 0], "points", "quiz.points"),
        (["", "Thủ đô?", "Huế", "Hà Nội", "", "B", "hai"], "points", "quiz.points"),
        (["", "Thủ đô?", "Huế", "Hà Nội", "", "B", "1.5"], "points", "quiz.points"),
        (["", "h" * 2001, "Huế", "Hà Nội", "", "B"], "text", "string_too_long"),
        (["", "Thủ đô?", "Huế" * 200, "Hà Nội", "", "B"], "options", "string_too_long"),
        (["", "Thủ\u0001 đô?", "Huế", "Hà Nội", "", "B"], "text", "text.control_character"),
    ],
)
def test_a_row_that_is_not_clear_is_refused(tmp_path: Path, row: list[str | int], field: str, code: str) -> None:
    assert refusal(sheet(tmp_path, row)) == (2, field, code)


def test_every_row_that_is_wrong_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    read = sheet(
        tmp_path,
        ["", "Một?", "Có", "Không", "", "A"],
        ["", "Hai?", "Có", "Không", "", ""],
        ["", "MỘT?", "Có", "Không", "", "B"],
    )
    assert [question.text for question in read.questions] == ["Một?"]
    assert [(each.row, each.code) for each in read.refused] == [
        (3, "quiz.no_right_answer"),
        (4, "quiz.question_in_row"),
    ]
    assert read.refused[1].details == {"row": 2}


def test_cells_under_no_heading_mean_that_the_row_has_slipped(tmp_path: Path) -> None:
    file = tmp_path / "slipped.csv"
    file.write_text("câu hỏi,A,B,đáp án\nThủ đô?,Huế,Hà Nội,B,B\n")
    assert refusal(read_questions(file)) == (2, None, "row.extra_cells")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (["Câu hỏi", "A", "B"], "quiz.columns_missing"),
        (["A", "B", "Đáp án"], "quiz.columns_missing"),
        (["Câu hỏi", "A", "Phương án A", "Đáp án"], "quiz.column_twice"),
    ],
)
def test_columns_that_are_not_clear_are_refused(tmp_path: Path, header: list[str], code: str) -> None:
    with pytest.raises(Malformed) as caught:
        sheet(tmp_path, ["x"] * len(header), header=header)
    assert caught.value.code == code


def test_only_so_much_is_read(tmp_path: Path) -> None:
    wrong = sheet(tmp_path, *(["", f"Câu {n}?", "Có", "Không", "", ""] for n in range(REFUSED_MOST + 10)))
    assert len(wrong.refused) == REFUSED_MOST
    with pytest.raises(Malformed, match=r"quiz\.questions_too_many"):
        sheet(tmp_path, *(["", f"Câu {n}?", "Có", "Không", "", "A"] for n in range(QUESTIONS_MOST + 1)))


def test_examples_are_as_they_are_written(tmp_path: Path) -> None:
    file = tmp_path / "questions.xlsx"
    write_questions(file, ALL, "vi")
    assert read_questions(file).questions == ALL
    assert {MEETING, PRIMES} < set(read_questions(file).questions)
