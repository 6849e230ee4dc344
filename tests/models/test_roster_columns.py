"""What the columns of a roster may be called."""

import pytest

from models.rosters.columns import RosterKind, recognise
from tests.rosters import MEMBER_HEADERS


@pytest.mark.parametrize(
    "headers",
    [
        list(MEMBER_HEADERS.values()),
        list(MEMBER_HEADERS),
        [
            "MÃ ĐẢNG VIÊN (*)",
            "Họ và tên khai sinh",
            "Ngày, tháng, năm sinh",
            "Giới tính",
            "SĐT",
            "E-mail",
            "Nơi ở hiện nay",
            "CCCD/CMND",
            "Ngày kết nạp",
            "Ngày chính thức (dd/mm/yyyy)",
            "Tình trạng",
            "Mã tổ chức",
        ],
        [
            "Card No.",
            "Name",
            "DOB",
            "Sex",
            "Mobile",
            "E-mail",
            "Home address",
            "National ID number",
            "Joined",
            "Confirmed",
            "Member status",
            "Branch",
        ],
    ],
)
def test_headers_in_many_words(headers: list[str]) -> None:
    for order in (headers, headers[::-1]):
        columns = recognise(order)
        assert columns.kind is RosterKind.MEMBERS
        assert [columns.fields[header] for header in headers] == list(MEMBER_HEADERS)


def test_no_word_means_two_things() -> None:
    columns = recognise(["Tên", "Cấp", "Mã", "Trực thuộc"])
    assert (columns.kind, list(columns.fields.values())) == (
        RosterKind.BRANCHES,
        ["name", "kind", "code", "parent_code"],
    )
