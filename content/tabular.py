"""Tables both ways: rosters that people keep in spreadsheets, exports that open in one without running."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from io import TextIOWrapper
from itertools import chain, zip_longest
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias

import python_calamine
import xlsxwriter
from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from content.malformed import Malformed
from content.text import nfc
from content.workbooks import check_workbook

Cell: TypeAlias = str | int | float | date | datetime | None
_ReadCell: TypeAlias = str | float | bool | date | datetime | time_of_day | timedelta

_LINE_LIMIT = 1 << 20  # characters of one line; keeps a file without line breaks out of memory
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_QUOTED = re.compile(r'"[^"]*"')
_LETTER = re.compile(r"[^\W\d_]")

_SHEET_ROWS = 1_048_576  # what one XLSX worksheet holds
_CELL_LENGTH = 32_767  # characters in one XLSX cell; XlsxWriter would drop a longer one silently

# Where a spreadsheet may take text for a formula: at the beginning of a cell, and inside one after what a
# spreadsheet of another region takes for the next cell's beginning (Excel splits at ";" where the decimal
# sign is a comma, as in Vietnam). The wide forms count as well; East Asian editions accept them.
_FORMULA = r"[ \"\u00a0]*[=+\-@\uff1d\uff0b\uff0d\uff20]"
_DANGER = re.compile(rf"(?:^|(?<=[;\t\r\n]))(?='*{_FORMULA})|^(?='*[\t\r\n])")
_DEFUSED = re.compile(rf"(?:^|(?<=[;\t\r\n]))'(?='*{_FORMULA})|^'(?='*[\t\r\n])")
_SUSPECT = re.compile("[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_BOM = "\ufeff"  # without it Excel takes UTF-8 for the system's old code page


class Row(NamedTuple):
    """One row that is not blank. `number` is what a spreadsheet shows beside it: the file's first row is 1.

    `cells` has every header; `extra` are values under no header, which usually means that a row has slipped.
    """

    number: int
    cells: dict[str, str]
    extra: tuple[str, ...] = ()
    sheet: str | None = None


def read_rows(path: Path, sheet: str | None = None) -> Iterator[Row]:
    """The rows of a CSV or XLSX file, told apart by its bytes. The first row that is not blank is the header.

    CSV is streamed: UTF-8 or UTF-16 with a byte order mark; comma, semicolon or tab, whichever the header has
    most. XLSX: one sheet by name, else all visible ones in order, each with its own header; dates become
    ``YYYY-MM-DD``, whole numbers lose their ``.0``. Values are text without blanks around it, "" where there
    is none.

    Raises Malformed, many with ``row``: ``table.empty``, ``table.no_header`` (a first row without any
    letter), ``table.duplicate_header``, ``table.not_a_table``, ``table.malformed`` (quotes that do not
    close), ``table.nul``, ``table.undecodable``, ``table.line_too_long``, ``table.too_large``,
    ``table.sheet_missing``.
    """
    with path.open("rb") as file:
        beginning = file.read(8)
    if beginning.startswith(b"PK\x03\x04"):
        check_workbook(path)
        return _read_xlsx(path, sheet)
    if beginning.startswith((b"%PDF", b"\xd0\xcf\x11\xe0", b"{\\rtf", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff")):
        raise Malformed("table.not_a_table")
    return _read_csv(path, _BOMS.get(beginning[:2], "utf-8-sig"))


def _read_csv(path: Path, encoding: str) -> Iterator[Row]:
    # "replace" instead of "strict": a decoder works ahead in blocks, so only the mark it leaves tells the
    # row.
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        yield from _rows(_csv_records(file), None)


def _csv_records(file: TextIOWrapper) -> Iterator[tuple[int, list[str]]]:
    lines = _lines(file)
    number = 0
    try:
        first = next(lines, "")
        while first and not first.strip(' ,;\t\r\n"'):
            number += 1
            first = next(lines, "")
        unquoted = _QUOTED.sub("", first)
        delimiter = max(",;\t", key=unquoted.count)
        for record in csv.reader(chain([first], lines), delimiter=delimiter, strict=True):
            number += 1
            yield number, [_rearm(cell) if "'" in cell else cell.strip() for cell in record]
    except csv.Error as error:
        raise Malformed("table.malformed", row=number + 1) from error
    except _LineError as error:
        raise Malformed(str(error), row=number + 1) from None


class _LineError(Exception):
    """A slug on its way to where the row is known."""


def _lines(file: TextIOWrapper) -> Iterator[str]:
    while line := file.readline(_LINE_LIMIT):
        if "\0" in line:
            raise _LineError("table.nul")
        if "\ufffd" in line:
            raise _LineError("table.undecodable")
        if len(line) == _LINE_LIMIT:
            raise _LineError("table.line_too_long")
        yield line


def _read_xlsx(path: Path, wanted: str | None) -> Iterator[Row]:
    try:
        workbook = CalamineWorkbook.from_path(path)
    except (python_calamine.CalamineError, OSError) as error:
        raise Malformed("table.not_a_table") from error
    with workbook:
        found = False
        for name in _sheet_names(workbook, wanted):
            try:
                sheet = workbook.get_sheet_by_name(name)
            except (python_calamine.CalamineError, OSError) as error:
                raise Malformed("table.not_a_table") from error
            if sheet.start is not None:
                found = True
                yield from _rows(_xlsx_records(sheet), name)
        if not found:
            raise Malformed("table.empty")


def _sheet_names(workbook: CalamineWorkbook, wanted: str | None) -> list[str]:
    sheets = [each for each in workbook.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    if wanted is None:
        return [each.name for each in sheets if each.visible == SheetVisibleEnum.Visible]
    if wanted not in [each.name for each in sheets]:
        raise Malformed("table.sheet_missing")
    return [wanted]


def _xlsx_records(sheet: CalamineSheet) -> Iterator[tuple[int, list[str]]]:
    for number, record in enumerate(sheet.iter_rows(), start=1):
        yield number, [_shown(cell) for cell in record]


def _shown(value: _ReadCell) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, datetime):
        midnight = value.time() == time_of_day()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="seconds")
    return str(value)


def _rows(records: Iterator[tuple[int, list[str]]], sheet: str | None) -> Iterator[Row]:
    columns: list[str] = []
    for number, record in records:
        if not any(record):
            continue
        if not columns:
            columns = _columns(number, record)
            continue
        cells = dict(zip_longest(columns, record[: len(columns)], fillvalue=""))
        extra = record[len(columns) :]
        if "" in cells:
            extra = [value for name, value in zip(columns, record, strict=False) if not name] + extra
            del cells[""]
        yield Row(number, cells, tuple(filter(None, extra)), sheet)
    if not columns:
        raise Malformed("table.empty")


def _columns(number: int, record: list[str]) -> list[str]:
    columns = [" ".join(nfc(name).split()) for name in record]
    if not any(map(_LETTER.search, columns)):
        raise Malformed("table.no_header", row=number)
    named = [name.casefold() for name in columns if name]
    if len(set(named)) < len(named):
        raise Malformed("table.duplicate_header", row=number)
    return columns


class _Echo:
    """Lets `csv.writer` return the line it made."""

    def write(self, line: str) -> str:
        return line


_CSV = csv.writer(_Echo(), quoting=csv.QUOTE_ALL, lineterminator="\r\n")


def csv_line(cells: Iterable[Cell]) -> str:
    """One CSV line in which no cell is a formula, for exports that are streamed; see `write_csv`."""
    line: str = _CSV.writerow([_defuse(_written(cell)) for cell in cells])
    return line


def write_csv(target: Path | BinaryIO, header: Sequence[str], rows: Iterable[Iterable[Cell]]) -> None:
    """UTF-8 with a byte order mark, commas, every cell quoted, CRLF.

    A cell that a spreadsheet might run – it begins with = + - @ or their wide forms, blanks before them
    included, or with a tab or line break, or has such a beginning after ; tab or line break inside – gets an
    apostrophe there. `read_rows` takes exactly these apostrophes away again. Plain numbers stay as they are,
    so that -5 remains a number and +84912345678 a telephone number for the next program.
    """
    if isinstance(target, Path):
        with target.open("wb") as file:
            write_csv(file, header, rows)
        return
    target.write((_BOM + csv_line(header)).encode())
    for row in rows:
        target.write(csv_line(row).encode())


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    return str(cell)


def _defuse(text: str) -> str:
    if not _SUSPECT.search(text) or _NUMBER.fullmatch(text):
        return text
    return _DANGER.sub("'", text)


def _rearm(text: str) -> str:
    return _DEFUSED.sub("", text).strip()


def write_xlsx(
    target: Path | BinaryIO, header: Sequence[str], rows: Iterable[Iterable[Cell]], *, sheet: str = "Sheet"
) -> None:
    """Text as text, numbers and dates as such, and never a formula or link; constant memory.

    Past 1,048,576 rows a further worksheet begins, with the header again. `sheet` names the first; at most 28
    characters, the limit of 31 less a number. Raises Malformed ``table.cell_too_long`` beyond 32,767
    characters.
    """
    path = str(target) if isinstance(target, Path) else target
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(path, options) as workbook:
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        bold = workbook.add_format({"bold": True})
        count = 0
        at = _SHEET_ROWS
        for row in chain([header], rows):
            if at == _SHEET_ROWS:
                count += 1
                worksheet = workbook.add_worksheet(sheet if count == 1 else f"{sheet} {count}")
                for column, name in enumerate(header):
                    worksheet.write_string(0, column, name, bold)
                at = 1
                if count == 1:
                    continue
            for column, cell in enumerate(row):
                _write_cell(worksheet, at, column, cell, day)
            at += 1


def _write_cell(
    worksheet: xlsxwriter.worksheet.Worksheet,
    row: int,
    column: int,
    cell: Cell,
    day: xlsxwriter.format.Format,
) -> None:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        worksheet.write_number(row, column, cell)
    elif isinstance(cell, date) and not isinstance(cell, datetime) and cell.year > 1900:
        # Spreadsheets count days from 1900 and take that year for a leap year.
        worksheet.write_datetime(row, column, cell, day)
    else:
        text = _written(cell)
        if len(text) > _CELL_LENGTH:
            raise Malformed("table.cell_too_long", limit=_CELL_LENGTH)
        worksheet.write_string(row, column, text)
