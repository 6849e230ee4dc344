import csv
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest
import xlsxwriter
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from content import tabular
from content.malformed import Malformed
from content.tabular import Cell, Row, csv_line, read_rows, write_csv, write_xlsx

IN_ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
# What the attacks are made of comes often, everything storable comes sometimes.
text_cells = st.one_of(
    st.text(alphabet="=+-@\t\r\n;,'\" a1＝", max_size=12),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffd"), max_size=20),
    st.from_regex(r"[+-]?[0-9]{1,12}", fullmatch=True),
)
TRIGGERS = tuple("=+-@＝＋－＠")


def table(path: Path, content: bytes | str) -> Path:
    file = path / "table"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def refusal_of(path: Path, sheet: str | None = None) -> Malformed:
    with pytest.raises(Malformed) as refusal:
        list(read_rows(path, sheet))
    return refusal.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-16-be-bom"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv_as_it_comes(tmp_path: Path, encoding: str, delimiter: str, end: str) -> None:
    text = end.join(
        [
            delimiter.join([" Họ tên ", '"Ngày, tháng; sinh"', "ĐT"]),
            delimiter.join(["Nguyễn Văn A", "1990-01-02", " 0912 "]),
            "",
            delimiter.join(['"Trần ""B"""', f'"một{end}hai"', ""]),
        ]
    )
    marks = {"utf-16-le-bom": ("utf-16-le", b"\xff\xfe"), "utf-16-be-bom": ("utf-16-be", b"\xfe\xff")}
    codec, mark = marks.get(encoding, (encoding, b""))
    rows = list(read_rows(table(tmp_path, mark + text.encode(codec))))
    assert rows == [
        Row(2, {"Họ tên": "Nguyễn Văn A", "Ngày, tháng; sinh": "1990-01-02", "ĐT": "0912"}),
        Row(4, {"Họ tên": 'Trần "B"', "Ngày, tháng; sinh": f"một{end}hai", "ĐT": ""}),
    ]


def test_one_column_is_a_table(tmp_path: Path) -> None:
    assert [row.cells for row in read_rows(table(tmp_path, "Số thẻ\n001\n002\n"))] == [
        {"Số thẻ": "001"},
        {"Số thẻ": "002"},
    ]


def test_short_rows_are_filled_and_long_ones_told(tmp_path: Path) -> None:
    rows = list(read_rows(table(tmp_path, "a,b,,\n1\n1,2,3,,5\n,,\n1,2,,\n")))
    assert rows == [
        Row(2, {"a": "1", "b": ""}),
        Row(3, {"a": "1", "b": "2"}, ("3", "5")),
        Row(5, {"a": "1", "b": "2"}),
    ]


def test_blank_rows_before_the_header_count(tmp_path: Path) -> None:
    assert list(read_rows(table(tmp_path, "\n ;;\nHọ;Tên\nLê;An\n"))) == [Row(4, {"Họ": "Lê", "Tên": "An"})]


@pytest.mark.parametrize(
    ("content", "code", "row"),
    [
        (b"", "table.empty", None),
        (b"\xef\xbb\xbf", "table.empty", None),
        (b"\n\n,,\n", "table.empty", None),
        (b"1,2\n3,4\n", "table.no_header", 1),
        (b"a,b,A\n1,2,3\n", "table.duplicate_header", 1),
        (b'a,b\n1,"x"y\n', "table.malformed", 2),
        (b'a,b\n1,2\n3,"never closed\n', "table.malformed", 3),
        (b"a,b\r1,2\r", "ok", None),
        (b"a,b\n1,\0\n", "table.nul", 2),
        ("a,b\nĐức,1\n".encode() + "Đinh,2\n".encode("cp1258"), "table.undecodable", 3),
        (b"\xff\xfea\0\n\0\x00\xd8\n\0", "table.undecodable", 2),
        (b"a,b\n" + b"x" * (1 << 20), "table.line_too_long", 2),
        (b"%PDF-1.7\n", "table.not_a_table", None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "table.not_a_table", None),
        (b"PK\x03\x04broken", "table.not_a_table", None),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, content: bytes, code: str, row: int | None) -> None:
    path = table(tmp_path, content)
    if code == "ok":
        assert [each.cells for each in read_rows(path)] == [{"a": "1", "b": "2"}]
        return
    refusal = refusal_of(path)
    assert refusal.code == code
    assert refusal.details.get("row") == row


def test_rows_before_a_bad_one_are_read(tmp_path: Path) -> None:
    rows = read_rows(table(tmp_path, b"a,b\n1,2\n\xff,3\n"))
    assert next(rows) == Row(2, {"a": "1", "b": "2"})
    with pytest.raises(Malformed):
        next(rows)


def test_a_csv_is_never_whole_in_memory(tmp_path: Path) -> None:
    path = table(tmp_path, "a,b\n" + "1,2\n" * 300_000)
    rows = read_rows(path)
    assert next(rows).number == 2
    with path.open("r+b") as file:
        file.truncate(600_000)  # what was not read yet cannot be seen any more
    assert sum(1 for _ in rows) < 200_000


def workbook(path: Path) -> Path:
    file = path / "table.xlsx"
    with xlsxwriter.Workbook(str(file)) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        first = book.add_worksheet("Đảng viên")
        book.add_worksheet("Trống")
        hidden = book.add_worksheet("Danh mục")
        second = book.add_worksheet("Hội viên")
        hidden.write_row(0, 0, ["mã", "tên"])
        hidden.write_row(1, 0, ["x", "y"])
        hidden.hide()
        first.write_row(2, 1, ["Họ tên", "Ngày sinh", "ĐT", "Lúc", "Đúng"])
        first.write_string(3, 1, " Lê An ")
        first.write_datetime(3, 2, datetime(1990, 1, 2), day)  # noqa: DTZ001 - spreadsheets know no zones
        first.write_number(3, 3, 912345678)
        first.write_datetime(3, 4, datetime(2026, 3, 5, 19, 30), day)  # noqa: DTZ001 - as above
        first.write_boolean(3, 5, True)
        first.write_number(5, 3, 1.5)
        first.write_number(5, 2, 79099012345)
        second.write_row(0, 0, ["Tên", "Số"])
        second.write_row(1, 0, ["Bình", "001"])
    return file


def test_xlsx_as_it_comes(tmp_path: Path) -> None:
    assert list(read_rows(workbook(tmp_path))) == [
        Row(
            4,
            {
                "Họ tên": "Lê An",
                "Ngày sinh": "1990-01-02",
                "ĐT": "912345678",
                "Lúc": "2026-03-05 19:30:00",
                "Đúng": "TRUE",
            },
            (),
            "Đảng viên",
        ),
        Row(6, {"Họ tên": "", "Ngày sinh": "79099012345", "ĐT": "1.5", "Lúc": "", "Đúng": ""}, (), "Đảng viên"),
        Row(2, {"Tên": "Bình", "Số": "001"}, (), "Hội viên"),
    ]


def test_one_sheet_by_name(tmp_path: Path) -> None:
    path = workbook(tmp_path)
    assert [row.cells for row in read_rows(path, "Danh mục")] == [{"mã": "x", "tên": "y"}]
    assert refusal_of(path, "Trống").code == "table.empty"
    assert refusal_of(path, "Sheet9").code == "table.sheet_missing"


def attack(path: Path, sheet: str) -> Path:
    """A real workbook with one sheet's XML replaced."""
    sound = BytesIO()
    write_xlsx(sound, ["a"], [["1"]])
    file = path / "attack.xlsx"
    with ZipFile(sound) as source, ZipFile(file, "w") as target:
        for entry in source.infolist():
            data = source.read(entry)
            target.writestr(entry.filename, sheet if entry.filename.endswith("sheet1.xml") else data)
    return file


SPREADSHEET = "<worksheet><sheetData>{}</sheetData></worksheet>"


@pytest.mark.parametrize(
    "data",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        "<row r='1'><c r='A1'><v>1</v></c></row><row r='9'><c\nr = '&#88;FD1048576'><v>1</v></c></row>",
        '<row r="1"><c r="XFD1"><v>1</v></c></row><row r="1048576"><c><v>1</v></c></row>',
        '<row r="1"><c r="ZZZ1"><v>1</v></c></row><row r="1000"><c r="A9999999"><v>1</v></c></row>',
    ],
)
def test_a_sheet_that_claims_the_memory_is_refused(tmp_path: Path, data: str) -> None:
    assert refusal_of(attack(tmp_path, SPREADSHEET.format(data))).code == "table.too_large"


@pytest.mark.parametrize(
    "sheet",
    [
        SPREADSHEET.format('<row r="1"><c r="nonsense"><v>1</v></c></row>'),
        SPREADSHEET.format('<row r="-1"><c><v>1</v></c></row>'),
        SPREADSHEET.format("<row>"),
        '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + SPREADSHEET.format(""),
        "not XML",
    ],
)
def test_a_sheet_that_no_spreadsheet_wrote_is_refused(tmp_path: Path, sheet: str) -> None:
    assert refusal_of(attack(tmp_path, sheet)).code == "table.not_a_table"


def test_a_decompression_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with ZipFile(path, "w", compression=8) as archive, archive.open("xl/worksheets/sheet1.xml", "w") as part:
        for _ in range(257):
            part.write(b" " * (1 << 20))
    assert refusal_of(path).code == "table.too_large"


def test_a_zip_that_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert refusal_of(path).code == "table.not_a_table"


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+84912345678", "+84912345678"),
        ("-5", "-5"),
        ("-5.5", "-5.5"),
        ("+1+1", "'+1+1"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("@SUM(1)", "'@SUM(1)"),
        ("＝1", "'＝1"),
        ("  =1", "'  =1"),
        ("\t=1", "'\t'=1"),
        ("\rx", "'\rx"),
        ("a;=1", "a;'=1"),
        ("a\n- b", "a\n'- b"),
        ("'=1", "''=1"),
        ("it's a - b", "it's a - b"),
        ("Nguyễn-Văn", "Nguyễn-Văn"),
        (-5, "-5"),
        (1.5, "1.5"),
        (True, "TRUE"),
        (None, ""),
        (date(2026, 3, 5), "2026-03-05"),
        (datetime(2026, 3, 5, 19, 30, tzinfo=UTC), "2026-03-05 19:30:00+00:00"),
    ],
)
def test_what_becomes_of_a_cell(cell: Cell, written: str) -> None:
    assert next(csv.reader(StringIO(csv_line([cell]), newline=""))) == [written]


@given(st.lists(st.lists(text_cells, min_size=3, max_size=3), max_size=4))
@example([["+84912345678", "5+cmd|' /C calc'!A0", ""]])
@example([["1", 'x";=1', '";"=1']])
def test_no_csv_cell_becomes_a_formula_in_any_region(rows: list[list[str]]) -> None:
    text = "".join(map(csv_line, rows))
    for delimiter in ",;\t":
        for record in csv.reader(StringIO(text, newline=""), delimiter=delimiter):
            for cell in record:
                bare = cell.lstrip(' "\u00a0\t\r\n')
                # Where a spreadsheet splits elsewhere, a number may drag the next cells along, as a string
                # right behind it or behind a comma: no formula either, because neither can be one.
                number = re.match(r'[+-]?[0-9]+(\.[0-9]+)?(?:,?"|$)', bare)
                assert number or not bare.startswith(TRIGGERS)
                assert delimiter != "," or not cell.startswith(("\t", "\r"))


@IN_ONE_FOLDER
@given(st.lists(st.lists(text_cells, min_size=2, max_size=2), max_size=5))
def test_what_is_written_as_csv_is_read_again(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "table.csv"
    write_csv(path, ["Một", "Hai"], rows)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    read = [[row.cells["Một"], row.cells["Hai"]] for row in read_rows(path)]
    stripped = [[cell.strip() for cell in row] for row in rows]
    assert read == [row for row in stripped if any(row)]


def formulas(data: bytes) -> Iterator[str]:
    with ZipFile(BytesIO(data)) as archive:
        for name in archive.namelist():
            xml = archive.read(name).decode()
            yield from re.findall(r"<(?:f|hyperlink)[\s>]", xml)


@IN_ONE_FOLDER
@given(st.lists(st.lists(text_cells, min_size=2, max_size=2), max_size=5))
@example([["=1+1", "{=1+1}"], ["http://evil.example", "internal:Sheet!A1"]])
def test_no_xlsx_cell_becomes_a_formula_and_all_are_read_again(tmp_path: Path, rows: list[list[str]]) -> None:
    target = BytesIO()
    write_xlsx(target, ["Một", "Hai"], rows)
    assert list(formulas(target.getvalue())) == []
    read = [[row.cells["Một"], row.cells["Hai"]] for row in read_rows(table(tmp_path, target.getvalue()))]
    stripped = [[" ".join(cell.split()) for cell in row] for row in rows]
    assert [[" ".join(cell.split()) for cell in row] for row in read] == [row for row in stripped if any(row)]


def test_xlsx_keeps_numbers_and_days(tmp_path: Path) -> None:
    path = tmp_path / "table.xlsx"
    cells: list[Cell] = ["+84912345678", 7, -1.5, date(1990, 1, 2), date(1900, 1, 2), None, True]
    write_xlsx(path, ["a", "b", "c", "d", "e", "f", "g"], [cells], sheet="Đảng viên")
    assert list(read_rows(path)) == [
        Row(
            2,
            dict(
                zip(
                    "abcdefg",
                    ["+84912345678", "7", "-1.5", "1990-01-02", "1900-01-02", "", "TRUE"],
                    strict=True,
                )
            ),
            (),
            "Đảng viên",
        )
    ]


def test_a_full_worksheet_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tabular, "_SHEET_ROWS", 3)
    path = tmp_path / "table.xlsx"
    write_xlsx(path, ["a"], [[str(number)] for number in range(5)])
    assert [(row.sheet, row.number, row.cells["a"]) for row in read_rows(path)] == [
        ("Sheet", 2, "0"),
        ("Sheet", 3, "1"),
        ("Sheet 2", 2, "2"),
        ("Sheet 2", 3, "3"),
        ("Sheet 3", 2, "4"),
    ]


def test_a_cell_too_long_for_xlsx_is_refused_not_dropped() -> None:
    write_xlsx(BytesIO(), ["a"], [["x" * 32_767]])
    with pytest.raises(Malformed) as refusal:
        write_xlsx(BytesIO(), ["a"], [["x" * 32_768]])
    assert refusal.value.code == "table.cell_too_long"
