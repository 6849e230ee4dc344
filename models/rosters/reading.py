"""From a file to sound rows and named errors, by the rules that hold for every profile. No database here.

A file is walked through twice. The survey comes first: a file that cannot be read to its end is refused before
anything is written, the number of rows is known, and so are – by 8 bytes a row – the keys that may come twice. The
second walk gives rows in batches and keeps only those keys, so a roster of millions needs no memory of its size.
"""

import dataclasses
import re
from array import array
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from pydantic import ValidationError

from content.malformed import Malformed
from content.tabular import Row, read_rows
from content.text import clean
from models.base import Code, Name
from models.branches import BranchKind, BranchUpdate
from models.errors import FieldError
from models.members.profile import MemberUpdate, disagreeing
from models.rosters.columns import REQUIRED, WORDS, Columns, RosterKind, recognise, word

_Hashes: TypeAlias = "array[int]"

BATCH_ROWS = 500
_SURVEY_STEP = 10_000
_BUCKETS = 256

_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)
_FORMULAS = tuple("=@＝＠")
"""No roster value begins so. Plus and minus are left alone: +84912345678, - thôn 3."""


class MemberRow(MemberUpdate):
    """A member as a roster says it. The fields are those of a profile, so they are read as everywhere else."""

    member_no: Code
    full_name: Name
    branch_code: Code


class BranchRow(BranchUpdate):
    """A branch as a roster says it; without a parent a new one is a root."""

    code: Code
    name: Name
    kind: BranchKind
    parent_code: Code | None = None


_SHAPES: Mapping[RosterKind, type[MemberRow | BranchRow]] = {
    RosterKind.MEMBERS: MemberRow,
    RosterKind.BRANCHES: BranchRow,
}


@dataclasses.dataclass(frozen=True, slots=True)
class RowError:
    """Why a row was refused. `row` is what a spreadsheet shows beside it; `field` is None where the whole row is meant.

    `code` and `params` make the sentence; they never hold what stood in the row, but for the codes of branches.
    """

    row: int
    field: str | None
    code: str
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)
    sheet: str | None = None


class RosterRow(NamedTuple):
    """A sound row: `values` are the fields whose cells were not blank, of the types of a profile."""

    number: int
    sheet: str | None
    values: dict[str, Any]

    def error(self, name: str | None, code: str, /, **params: object) -> RowError:
        return RowError(self.number, name, code, params, self.sheet)


class Batch(NamedTuple):
    """At most BATCH_ROWS sound rows, and what is wrong with the broken ones between them. `read` counts both."""

    rows: list[RosterRow]
    errors: list[RowError]
    read: int


def _digits(text: str) -> str:
    return re.sub("[^0-9]", "", text)


# Equal values have equal keys; unequal ones may, which costs an entry in a table and no more.
_KEYS: Mapping[RosterKind, Mapping[str, Callable[[str], str]]] = {
    RosterKind.MEMBERS: {"member_no": clean, "national_id": _digits},
    RosterKind.BRANCHES: {"code": clean},
}
_TWICE = {"member_no": "member.number_twice", "national_id": "member.national_id_twice", "code": "branch.code_twice"}


class Survey:
    """What the first walk finds. `steps` does it, a few thousand rows at a time, and gives the rows so far."""

    def __init__(self, path: Path, sheet: str | None = None) -> None:
        self.path = path
        self.sheet = sheet
        self.rows = 0
        self.kind: RosterKind | None = None
        self.ignored: list[str] = []
        self.repeated: dict[str, set[int]] = {}
        self._hashes: dict[str, list[_Hashes]] = {}

    def steps(self) -> Iterator[int]:
        """Raises Malformed: what `read_rows` and `recognise` raise (with `sheet`), `roster.no_rows`,
        `roster.kinds_mixed`.
        """
        keyed: list[tuple[str, Callable[[str], str], list[_Hashes]]] = []
        for row, columns in _rows(self.path, self.sheet):
            if columns is not None:
                self._meet(columns, row.sheet)
                keyed = [
                    (header, key, self._hashes.setdefault(name, [array("q") for _ in range(_BUCKETS)]))
                    for name, key in _KEYS[columns.kind].items()
                    for header, field_name in columns.fields.items()
                    if field_name == name
                ]
            self.rows += 1
            for header, key, buckets in keyed:
                if cell := row.cells[header]:
                    hashed = _hash(key, cell)
                    buckets[hashed % _BUCKETS].append(hashed)
            if self.rows % _SURVEY_STEP == 0:
                yield self.rows
        if self.kind is None:
            raise Malformed("roster.no_rows")
        self.repeated = {name: _repeated(buckets) for name, buckets in self._hashes.items()}
        self._hashes.clear()
        yield self.rows

    def _meet(self, columns: Columns, sheet: str | None) -> None:
        if self.kind not in {None, columns.kind}:
            raise Malformed("roster.kinds_mixed", sheet=sheet or "")
        self.kind = columns.kind
        self.ignored.extend(header for header in columns.ignored if header not in self.ignored)


def _hash(key: Callable[[str], str], cell: str) -> int:
    try:
        return hash(cell if cell.isascii() and key is clean else key(cell))
    except Malformed:
        return 0  # the second walk says what is wrong with it


def _repeated(buckets: list[_Hashes]) -> set[int]:
    repeated: set[int] = set()
    for bucket in buckets:
        seen: set[int] = set()
        for hashed in bucket:
            (repeated if hashed in seen else seen).add(hashed)
    return repeated


def _rows(path: Path, sheet: str | None) -> Iterator[tuple[Row, Columns | None]]:
    """The file's rows, the first of each sheet with what its columns are."""
    current: object = object()
    for row in read_rows(path, sheet):
        columns: Columns | None = None
        if row.sheet != current:
            current = row.sheet
            columns = _recognised(row)
        yield row, columns


def _recognised(row: Row) -> Columns:
    try:
        return recognise(row.cells)
    except Malformed as error:
        if row.sheet is None:
            raise
        raise Malformed(error.code, **error.details, sheet=row.sheet) from None


def batches(survey: Survey, today: date) -> Iterator[Batch]:
    """The second walk. `today` is what dates are held against."""
    rows: list[RosterRow] = []
    errors: list[RowError] = []
    read = 0
    reader: _Reader | None = None
    first: dict[tuple[str, str], RosterRow] = {}
    for row, columns in _rows(survey.path, survey.sheet):
        if columns is not None:
            reader = _Reader(columns, survey.repeated, first, today)
        if reader is None:  # the first row always comes with its columns
            continue
        read += 1
        sound = reader.read(row, errors)
        if sound is not None:
            rows.append(sound)
        if read == BATCH_ROWS:
            yield Batch(rows, errors, read)
            rows, errors, read = [], [], 0
    if read:
        yield Batch(rows, errors, read)


class _Reader:
    """Reads the rows of one sheet. `first` remembers, over all sheets, who used a key that comes again."""

    def __init__(
        self,
        columns: Columns,
        repeated: Mapping[str, set[int]],
        first: dict[tuple[str, str], RosterRow],
        today: date,
    ) -> None:
        self._cells = [(header, name, _reader_of(name)) for header, name in columns.fields.items()]
        self._validate = _SHAPES[columns.kind].model_validate
        self._required = [name for name in REQUIRED[columns.kind] if name != "parent_code"]  # roots have none
        self._is_profile = columns.kind is RosterKind.MEMBERS
        self._keys = [(name, repeated[name]) for name in _KEYS[columns.kind] if repeated.get(name)]
        self._first = first
        self._today = today

    def read(self, row: Row, errors: list[RowError]) -> RosterRow | None:
        """The row, or None and why not in `errors`."""
        before = len(errors)
        if row.extra:
            errors.append(RowError(row.number, None, "row.extra_cells", {"count": len(row.extra)}, row.sheet))
            return None
        raw: dict[str, object] = {}
        for header, name, read in self._cells:
            if cell := row.cells[header]:
                if cell.startswith(_FORMULAS):
                    errors.append(RowError(row.number, name, "cell.formula", {}, row.sheet))
                raw[name] = read(cell) if read else cell
        sound = RosterRow(row.number, row.sheet, raw)
        errors.extend(sound.error(name, "missing") for name in self._required if name not in raw)
        try:
            found = self._validate(raw).__dict__
        except ValidationError as invalid:
            errors.extend(_refusals(sound, invalid))
        else:
            sound = RosterRow(row.number, row.sheet, {name: found[name] for name in raw})
            if self._is_profile:
                errors.extend(disagreements(sound, sound.values, self._today))
        self._refuse_repeated(sound, errors, len(errors) == before)
        return sound if len(errors) == before else None

    def _refuse_repeated(self, row: RosterRow, errors: list[RowError], is_sound: bool) -> None:
        """Even a broken row is the first to use its number; a national id is claimed by sound rows alone."""
        for name, repeated in self._keys:
            value = row.values.get(name)
            if not isinstance(value, str) or not (is_sound or name != "national_id") or hash(value) not in repeated:
                continue
            first = self._first.setdefault((name, value), RosterRow(row.number, row.sheet, {}))
            if (first.number, first.sheet) != (row.number, row.sheet):
                where = {"row": first.number} | ({"sheet": first.sheet} if first.sheet is not None else {})
                errors.append(row.error(name, _TWICE[name], **where))


def disagreements(row: RosterRow, profile: Mapping[str, Any], today: date) -> list[RowError]:
    return [refusal_of(row, error) for error in disagreeing(profile, today)]


def refusal_of(row: RosterRow, error: FieldError) -> RowError:
    return row.error(error.pointer.removeprefix("/"), error.code, **error.params)


def _refusals(row: RosterRow, invalid: ValidationError) -> Iterator[RowError]:
    for error in invalid.errors(include_url=False, include_input=False):
        name = str(error["loc"][0]) if error["loc"] else None
        if error["type"] == "missing":
            continue  # said already, also of cells that are there and blank
        # "too short" is what is left of a cell of invisible characters
        code = "missing" if error["type"] in {"too_short", "string_too_short"} else error["type"]
        yield row.error(name, code, **error.get("ctx", {}))


def _reader_of(name: str) -> Callable[[str], object] | None:
    if name in {"birth_date", "admitted_on", "confirmed_on"}:
        return _day
    return lru_cache(maxsize=256)(partial(word, name)) if name in WORDS else None


@lru_cache(maxsize=65_536)
def _day(text: str) -> date | str:
    """The day of dd/mm/yyyy or ISO; what is neither, or in no calendar, is left to the field's own type to refuse."""
    match = _DAY.fullmatch(text)
    iso = f"{match[3]}-{match[2]:0>2}-{match[1]:0>2}" if match else text
    try:
        return date.fromisoformat(iso) if len(iso) == 10 else iso
    except ValueError:
        return iso
