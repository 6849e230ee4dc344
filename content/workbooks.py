"""Whether an XLSX file may be opened at all.

The reader (calamine) lays a sheet out as a full rectangle from its first cell to its last and aborts the
whole process when that does not fit into memory: 5 KB with a cell in XFD1048576 ask for 550 GB. So a file is
first walked through with constant memory, everything in it counted and bounded.
"""

import re
import zlib
from pathlib import Path
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile, ZipInfo

from content.malformed import Malformed

BYTES_LIMIT = 256 * 1024 * 1024  # unpacked
CELLS_LIMIT = 5_000_000  # of one sheet's rectangle, 32 bytes each in the reader
_CHUNK = 256 * 1024
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_ROW_NUMBER = re.compile(r"[0-9]{1,7}")


def check_workbook(path: Path, *, bytes_limit: int = BYTES_LIMIT, cells_limit: int = CELLS_LIMIT) -> None:
    """Raise Malformed ``table.too_large`` (``limit`` says what was allowed) or ``table.not_a_table``."""
    try:
        with ZipFile(path) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > bytes_limit:
                raise Malformed("table.too_large", limit=bytes_limit)
            for entry in entries:
                _check_part(archive, entry, cells_limit)
    except (BadZipFile, expat.ExpatError, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        # zipfile says RuntimeError for an encrypted part and NotImplementedError for an unknown compression.
        raise Malformed("table.not_a_table") from error


def _check_part(archive: ZipFile, entry: ZipInfo, cells_limit: int) -> None:
    # Unpacking to the end also proves the directory's sizes: zipfile stops at the stated one and compares
    # checksums.
    is_xml = entry.filename.lower().endswith((".xml", ".rels", ".vml"))
    extent = _Extent(cells_limit)
    with archive.open(entry) as part:
        while chunk := part.read(_CHUNK):
            if is_xml:
                extent.parser.Parse(chunk)
    if is_xml:
        extent.parser.Parse(b"", True)


class _Extent:
    """The rectangle that the cells of one part span, told by an XML parser so that no spelling of XML hides
    one.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.StartDoctypeDeclHandler = _refuse_doctype
        self._rows = 0
        self._columns = 0
        self._row = 0
        self._column = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if tag == "c":
            self._reach(attributes.get("r"))
        elif tag == "row":
            number = attributes.get("r", str(self._row + 1))
            if not _ROW_NUMBER.fullmatch(number):
                raise Malformed("table.not_a_table")
            self._row, self._column = int(number), 0
        elif tag == "Relationship" and _is_hidden_sheet(attributes):
            raise Malformed("table.not_a_table")

    def _reach(self, reference: str | None) -> None:
        if reference is None:
            self._column += 1
        elif match := _REFERENCE.fullmatch(reference):
            self._column, self._row = _column_number(match[1]), int(match[2])
        else:
            raise Malformed("table.not_a_table")
        if self._column > self._columns or self._row > self._rows:
            self._columns = max(self._columns, self._column)
            self._rows = max(self._rows, self._row)
            if self._columns * self._rows > self._most:
                raise Malformed("table.too_large", limit=self._most)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _is_hidden_sheet(relationship: dict[str, str]) -> bool:
    # Only parts named .xml were looked into, so only they may be sheets.
    is_sheet = relationship.get("Type", "").endswith("/worksheet")
    return is_sheet and not relationship.get("Target", "").lower().endswith(".xml")


def _refuse_doctype(*_: object) -> None:
    # Nothing that writes spreadsheets declares one; entity bombs do.
    raise Malformed("table.not_a_table")
