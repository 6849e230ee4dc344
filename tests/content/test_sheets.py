import re
from datetime import date

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from content.sheets import SheetPerson, activation_sheet
from content.times import Language
from tests.content.pages import Page

LAN = SheetPerson("Nguyễn Thị Lan", "0123456", "ABCDEFGHIJKL", "https://so-tay.vn/a#ABCDEFGHIJKL")
HOSTILE = "</title></style><script>alert(1)</script><img src=x onerror='a'>\"&"


@pytest.mark.parametrize(
    ("language", "title", "day"),
    [
        ("vi", "Phiếu kích hoạt sổ tay điện tử", "05/03/2026"),
        ("en", "Member handbook activation sheet", "5 March 2026"),
    ],
)
def test_a_card_has_all_a_member_needs(language: Language, title: str, day: str) -> None:
    html = activation_sheet("Chi bộ thôn 3", [LAN, LAN], language=language, expires_on=date(2026, 3, 5))
    page = Page(html)
    assert page.tags.count(("section", "card")) == 2
    assert page.links == []
    assert f'<html lang="{language}">' in html
    for part in (title, "Chi bộ thôn 3", "Nguyễn Thị Lan", "0123456", "ABCDE FGHIJ KL", day):
        assert part in page.text


def test_the_picture_is_the_url() -> None:
    html = activation_sheet("X", [LAN], language="vi", expires_on=date(2026, 3, 5))
    expected = segno.make(LAN.url, micro=False, error="m").svg_inline(border=4, omitsize=True)
    (path,) = re.findall(r' d="([^"]+)"', html)
    assert f'd="{path}"' in expected


def test_an_empty_sheet_says_so() -> None:
    html = activation_sheet("X", [], language="vi", expires_on=date(2026, 3, 5))
    assert "Không có ai cần kích hoạt." in html


@settings(max_examples=40)
@given(st.one_of(st.just(HOSTILE), st.text(min_size=1, max_size=30)))
def test_whatever_a_name_holds_is_only_text(text: str) -> None:
    person = SheetPerson(text + HOSTILE, text + HOSTILE, text + HOSTILE, "https://so-tay.vn/?" + HOSTILE)
    page = Page(activation_sheet(text + HOSTILE, [person], language="en", expires_on=date(2026, 3, 5)))
    assert page.tags.count(("section", "card")) == 1


def test_codes_stay_out_of_logs() -> None:
    assert "ABCDEF" not in repr(LAN)
