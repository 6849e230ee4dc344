import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from content.posters import Poster, PosterActivity, noticeboard
from content.render import render_markdown
from content.times import Language
from tests.content.pages import Page
from tests.content.recurrences import HANOI, local

LANGUAGES: tuple[Language, ...] = ("vi", "en")
HOSTILE = "</title></style><script>alert(1)</script><img src=x onerror='a'>\"&"
MEETING = PosterActivity(
    times=[(local(HANOI, 2026, 12, 6, 8), local(HANOI, 2026, 12, 6, 10, 30))],
    timezone=HANOI,
    place="Nhà văn hoá thôn 3",
    rsvp_by=local(HANOI, 2026, 12, 4, 17),
)
POSTER = Poster(
    branch_name="Chi bộ thôn 3",
    title="Sinh hoạt chi bộ tháng 12",
    body_html=render_markdown("Kính mời **toàn thể** đảng viên. Xem [nghị quyết](https://so-tay.vn/nq)."),
    dated_on=date(2026, 11, 22),
    url="https://so-tay.vn/notices/0198b6a0-0000-7000-8000-000000000001",
    signed_by="Trần Văn Bình",
    signed_as="Bí thư chi bộ",
    activity=MEETING,
)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "vi",
            [
                *(
                    "Thông báo sinh hoạt",
                    "Thời gian",
                    "Từ 8 giờ 00 đến 10 giờ 30, Chủ nhật ngày 06/12/2026",
                    "Địa điểm",
                ),
                *("Trả lời trước", "17 giờ 00, thứ Sáu ngày 04/12/2026", "Ngày 22 tháng 11 năm 2026", "Quét mã"),
            ],
        ),
        (
            "en",
            [
                *("Activity", "Time", "8:00–10:30, Sunday 6 December 2026", "Place"),
                *("Answer by", "17:00, Friday 4 December 2026", "22 November 2026", "Scan"),
            ],
        ),
    ],
)
def test_a_poster_says_what_when_where_and_who(language: Language, said: list[str]) -> None:
    html = noticeboard(POSTER, language=language)
    page = Page(html)
    assert f'<html lang="{language}">' in html
    for part in [
        *said,
        "Chi bộ thôn 3",
        POSTER.title,
        "toàn thể",
        "Nhà văn hoá thôn 3",
        "Trần Văn Bình",
        "Bí thư chi bộ",
    ]:
        assert part in page.text
    assert page.links == ["https://so-tay.vn/nq"]
    assert "Online" not in page.text
    assert "Trực tuyến" not in page.text


def test_the_picture_is_the_url() -> None:
    (path,) = re.findall(r' d="([^"]+)"', noticeboard(POSTER, language="vi"))
    assert f'd="{path}"' in segno.make(POSTER.url, micro=False, error="m").svg_inline(border=4, omitsize=True)


def test_a_notice_without_time_place_or_signature_says_nothing_of_them() -> None:
    page = Page(noticeboard(replace(POSTER, activity=None, signed_by=None, signed_as=None), language="vi"))
    tags = [tag for tag, _ in page.tags]
    assert "dl" not in tags
    assert ("header", "notice") in page.tags
    assert not {("p", "office"), ("p", "name")} & set(page.tags)
    assert "None" not in page.text
    bare = Page(noticeboard(replace(POSTER, activity=PosterActivity(MEETING.times, HANOI)), language="vi"))
    assert [tag for tag, _ in bare.tags].count("dt") == 1


def test_what_is_urgent_says_so() -> None:
    for activity in (None, MEETING):
        page = Page(noticeboard(replace(POSTER, urgent=True, activity=activity), language="vi"))
        assert "Thông báo khẩn" in page.text
        assert ("header", "urgent") in page.tags


def test_a_long_series_is_cut_short() -> None:
    (once,) = MEETING.times
    times = [(once[0] + timedelta(weeks=week), once[1] + timedelta(weeks=week)) for week in range(52)]
    page = Page(noticeboard(replace(POSTER, activity=replace(MEETING, times=times)), language="vi"))
    assert page.text.count("Từ 8 giờ 00") == 6
    assert "Và 46 buổi nữa" in page.text
    whole = Page(noticeboard(replace(POSTER, activity=replace(MEETING, times=times[:6])), language="vi"))
    assert "buổi nữa" not in whole.text


@settings(max_examples=20)
@given(st.one_of(st.just(HOSTILE), st.text(min_size=1, max_size=30)), st.sampled_from(LANGUAGES))
def test_whatever_a_text_holds_is_only_text(text: str, language: Language) -> None:
    hostile = text + HOSTILE
    online = replace(POSTER, activity=replace(MEETING, online_url="https://hop.vn"))
    activity = replace(MEETING, place=hostile, online_url="https://x/" + hostile)
    poster = replace(
        POSTER, branch_name=hostile, title=hostile, signed_by=hostile, signed_as=hostile, activity=activity
    )
    page, harmless = (Page(noticeboard(either, language=language)) for either in (poster, online))
    assert (page.tags, page.links) == (harmless.tags, harmless.links)
