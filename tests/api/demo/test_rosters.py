import csv
from collections import Counter
from pathlib import Path

import pytest

from api.demo.organisation import Organisation
from tests.rosters import (
    BRANCH_HEADERS,
    BROKEN_REASONS,
    MEMBER_HEADERS,
    HeaderLanguage,
    write_branches,
    write_roster,
)


@pytest.fixture(scope="module")
def organisation() -> Organisation:
    return Organisation()


def _read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_roster_has_known_broken_rows(tmp_path: Path, organisation: Organisation, language: HeaderLanguage) -> None:
    codes = {branch.no: branch.code for branch in organisation.branches()}
    path = tmp_path / "roster.csv"
    broken = write_roster(
        path, organisation.members(), codes=codes, header_language=language, broken_share=0.01, seed=3
    )
    clean = tmp_path / "clean.csv"
    assert write_roster(clean, organisation.members(), codes=codes, header_language=language, broken_share=0.0) == []

    rows = _read(path)
    assert rows[0] == list(MEMBER_HEADERS.values() if language == "vi" else MEMBER_HEADERS)
    assert len(rows) == 5_001
    assert {row.reason for row in broken} == set(BROKEN_REASONS)
    assert 25 <= len(broken) <= 80
    seen = Counter(row[0] for row in rows[1:])
    for spoilt in broken:
        row = dict(zip(MEMBER_HEADERS, rows[spoilt.row_number - 1], strict=True))
        if spoilt.reason == "member_no_duplicate":
            assert seen[row["member_no"]] == 2
        if spoilt.reason == "full_name_missing":
            assert not row["full_name"].strip()
        if spoilt.reason == "birth_date_impossible":
            assert "31/02" in row["birth_date"] or "02-31" in row["birth_date"]


def test_the_vietnamese_form_is_what_people_type(tmp_path: Path, organisation: Organisation) -> None:
    codes = {branch.no: branch.code for branch in organisation.branches()}
    path = tmp_path / "roster.csv"
    write_roster(path, organisation.members(), codes=codes, header_language="vi", broken_share=0.0)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = [dict(zip(MEMBER_HEADERS, row, strict=True)) for row in _read(path)[1:]]
    assert {row["gender"] for row in rows} == {"Nam", "Nữ"}
    assert {row["status"] for row in rows} == {"dự bị", "chính thức"}
    assert {len(row["phone"].replace(" ", "")) for row in rows} == {10, 11}
    assert {row["branch_code"] for row in rows} <= set(codes.values())


@pytest.mark.parametrize("language", ["vi", "en"])
def test_branches_name_their_parents(tmp_path: Path, organisation: Organisation, language: HeaderLanguage) -> None:
    path = tmp_path / "branches.csv"
    write_branches(path, organisation.branches(), language)
    header, *rows = _read(path)
    assert header == list(BRANCH_HEADERS.values() if language == "vi" else BRANCH_HEADERS)
    known = {""}
    for code, _, _, parent in rows:
        assert parent in known
        known.add(code)
    assert {kind for _, _, kind, _ in rows} == (
        {"trung ương", "tỉnh", "xã", "cơ sở", "chi bộ", "tổ"}
        if language == "vi"
        else {"central", "province", "commune", "base", "cell", "group"}
    )
