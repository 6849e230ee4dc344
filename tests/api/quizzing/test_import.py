"""Questions of a spreadsheet, into a draft: all or none."""

from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import httpx
import pytest

from api.parts import Parts
from content.quizzes import Question
from content.tabular import Cell, write_xlsx
from tests.api.conftest import As, Client
from tests.api.identity import events
from tests.api.problem_details import assert_problem, codes
from tests.api.quizzing.sittings import Room, Set, begun, handed_in, right_to
from tests.content.quizzed import ALL, CAPITAL, EARTH, MEETING, PRIMES, write_questions

FIRST = {"If-Match": '"r1-x"', "Content-Type": "application/octet-stream"}


def workbook(*questions: Question) -> bytes:
    file = BytesIO()
    write_questions(file, questions)
    return file.getvalue()


async def send(client: Client, quiz: Set, data: bytes, query: str = "", **headers: str) -> httpx.Response:
    return await client.post(f"{quiz.url}/questions{query}", content=data, headers=FIRST | headers)


@pytest.fixture
async def editor(acting_as: As) -> Client:
    return acting_as("editor")


async def test_a_sheet_becomes_questions_that_can_be_taken(
    room: Room, editor: Client, member: Client, parts: Parts
) -> None:
    quiz = await room.set(pool=[], publish=False)
    answer = await send(editor, quiz, workbook(*ALL))
    assert answer.status_code == 200, answer.text
    draft = answer.json()
    assert draft["revision"] == 2
    assert [question["text"] for question in draft["content"]["questions"]] == [question.text for question in ALL]
    assert len(await events(parts, "quiz.update")) == 1
    published = await editor.post(f"{quiz.url}/publish", json={}, headers={"If-Match": answer.headers["ETag"]})
    assert published.status_code == 200, published.text
    taken = Set(quiz.id, ALL, None)
    attempt = await begun(member, taken)
    assert (await handed_in(member, attempt, right_to(taken, attempt)))["percent"] == 100


async def test_they_come_after_those_there_are_or_in_their_place(room: Room, editor: Client) -> None:
    quiz = await room.set(pool=[CAPITAL], publish=False)
    added = await send(editor, quiz, workbook(EARTH))
    assert [each["text"] for each in added.json()["content"]["questions"]] == [CAPITAL.text, EARTH.text]
    headers = {"If-Match": '"r2-x"'}
    twice = await send(editor, quiz, workbook(EARTH), **headers)
    assert codes(twice) == {"/questions": "quiz.question_twice"}
    replaced = await send(editor, quiz, workbook(MEETING, PRIMES), "?replace=true", **headers)
    assert [each["text"] for each in replaced.json()["content"]["questions"]] == [MEETING.text, PRIMES.text]


async def test_where_a_row_is_wrong_nothing_changes_and_all_are_told(room: Room, editor: Client) -> None:
    quiz = await room.set(publish=False)
    header = ["Câu hỏi", "A", "B", "Đáp án", "Điểm"]
    file = BytesIO()
    rows: list[list[Cell]] = [
        ["Một?", "Có", "Không", "A"],
        ["Hai?", "Có", "Không", ""],
        ["Ba?", "Có", "Có", "A"],
        ["Bốn?", "1", "2", "B", 0],
    ]
    write_xlsx(file, header, rows)
    before = (await editor.get(f"{quiz.url}/draft")).json()
    assert codes(await send(editor, quiz, file.getvalue())) == {
        "/rows/3/right": "quiz.no_right_answer",
        "/rows/4/options": "quiz.option_twice",
        "/rows/5/points": "quiz.points",
    }
    assert (await editor.get(f"{quiz.url}/draft")).json() == before


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "table.empty"),
        (b"%PDF-1.7", "table.not_a_table"),
        (b"PK\x03\x04 broken", "table.not_a_table"),
        ("câu hỏi,A,B\nMột?,1,2\n".encode(), "quiz.columns_missing"),
        ("câu hỏi,A,A,đáp án\n".encode(), "table.duplicate_header"),
        ("câu hỏi,A,B,đáp án\n".encode(), "quiz.no_questions"),
    ],
)
async def test_what_is_no_sheet_of_questions_is_refused(room: Room, editor: Client, data: bytes, code: str) -> None:
    quiz = await room.set(publish=False)
    before = (await editor.get(f"{quiz.url}/draft")).json()
    assert codes(await send(editor, quiz, data)) == {"": code}
    assert (await editor.get(f"{quiz.url}/draft")).json() == before


async def test_bombs_and_bodies_without_end_are_refused(room: Room, editor: Client, tmp_path: Path) -> None:
    quiz = await room.set(publish=False)
    bomb = BytesIO()
    with ZipFile(bomb, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (64 << 20))
    assert codes(await send(editor, quiz, bomb.getvalue())) == {"": "table.too_large"}
    wide = BytesIO()
    with ZipFile(wide, "w", ZIP_DEFLATED) as archive:
        cells = b'<sheetData><row r="1"><c r="A1"/></row><row r="9999"><c r="ZZ9999"/></row></sheetData>'
        archive.writestr("xl/worksheets/sheet1.xml", cells)
    assert codes(await send(editor, quiz, wide.getvalue())) == {"": "table.too_large"}
    assert_problem(await send(editor, quiz, b"x" * (2 * 1024 * 1024 + 1)), 413)


async def test_only_the_draft_that_was_seen_is_changed_by_who_may(room: Room, acting_as: As, editor: Client) -> None:
    quiz = await room.set(pool=[CAPITAL])
    sheet = workbook(EARTH)
    assert_problem(await send(editor, quiz, sheet, **{"If-Match": '"r9-x"'}), 412)
    assert (await editor.post(f"{quiz.url}/questions", content=sheet)).status_code == 428
    for name, status in (("member", 403), ("secretary", 403), ("neighbour", 404), ("stranger_admin", 404)):
        assert_problem(await send(acting_as(name), quiz, sheet), status)
    await room.withdraw(quiz)
    assert_problem(await send(editor, quiz, sheet, **{"If-Match": '"r2-x"'}), 409, "study.withdrawn")


async def test_a_draft_goes_out_as_it_comes_in(room: Room, editor: Client, member: Client) -> None:
    quiz, empty = await room.set(publish=False), await room.set(pool=[], publish=False)
    out = await editor.get(f"{quiz.url}/questions.xlsx", headers={"Accept-Language": "vi"})
    assert out.status_code == 200, out.text
    assert out.headers["cache-control"] == "no-store"
    assert (await send(editor, empty, out.content)).status_code == 200
    there, here = [(await editor.get(f"{each.url}/draft")).json()["content"]["questions"] for each in (quiz, empty)]
    assert there == here
    form = await editor.get(f"{(await room.set(pool=[], publish=False)).url}/questions.xlsx")
    assert codes(await send(editor, quiz, form.content)) == {"": "quiz.no_questions"}
    assert_problem(await member.get(f"{quiz.url}/questions.xlsx"), 404)
