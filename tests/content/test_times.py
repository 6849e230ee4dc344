from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.malformed import Malformed
from content.times import Language, dated, instant_in_words, named_day, span_in_words, written_day
from tests.content.recurrences import HANOI, local


@pytest.mark.parametrize(
    ("day", "language", "written", "named", "as_dated"),
    [
        (date(2026, 12, 6), "vi", "06/12/2026", "Chủ nhật ngày 06/12/2026", "ngày 06 tháng 12 năm 2026"),
        (date(2026, 2, 28), "vi", "28/02/2026", "thứ Bảy ngày 28/02/2026", "ngày 28 tháng 02 năm 2026"),
        (date(2026, 3, 2), "vi", "02/03/2026", "thứ Hai ngày 02/03/2026", "ngày 02 tháng 3 năm 2026"),
        (date(2026, 12, 6), "en", "6 December 2026", "Sunday 6 December 2026", "6 December 2026"),
    ],
)
def test_a_day(day: date, language: Language, written: str, named: str, as_dated: str) -> None:
    assert (written_day(day, language), named_day(day, language), dated(day, language)) == (written, named, as_dated)


@pytest.mark.parametrize(
    ("at", "language", "words"),
    [
        (local(HANOI, 2026, 12, 6, 8), "vi", "8 giờ 00, Chủ nhật ngày 06/12/2026"),
        (local(HANOI, 2026, 12, 5, 0, 5), "vi", "0 giờ 05, thứ Bảy ngày 05/12/2026"),
        (local(HANOI, 2026, 12, 5, 19, 30), "en", "19:30, Saturday 5 December 2026"),
    ],
)
def test_an_instant_is_told_by_the_clock_of_the_place(at: datetime, language: Language, words: str) -> None:
    assert instant_in_words(at, HANOI, language) == words


@pytest.mark.parametrize(
    ("ends_at", "language", "words"),
    [
        (local(HANOI, 2026, 12, 5, 21, 30), "vi", "từ 19 giờ 00 đến 21 giờ 30, thứ Bảy ngày 05/12/2026"),
        (local(HANOI, 2026, 12, 5, 21, 30), "en", "19:00–21:30, Saturday 5 December 2026"),
        (local(HANOI, 2026, 12, 6, 0), "vi", "từ 19 giờ 00 đến 24 giờ 00, thứ Bảy ngày 05/12/2026"),
        (
            local(HANOI, 2026, 12, 6, 11),
            "vi",
            "từ 19 giờ 00, thứ Bảy ngày 05/12/2026 đến 11 giờ 00, Chủ nhật ngày 06/12/2026",
        ),
        (
            local(HANOI, 2026, 12, 7, 0),
            "en",
            "from 19:00, Saturday 5 December 2026 to 24:00, Sunday 6 December 2026",
        ),
    ],
)
def test_a_span(ends_at: datetime, language: Language, words: str) -> None:
    assert span_in_words(local(HANOI, 2026, 12, 5, 19), ends_at, HANOI, language) == words


def test_a_zone_that_is_none() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(Malformed, match=r"timezone\.unknown"):
        instant_in_words(at, "Hanoi", "vi")
    with pytest.raises(Malformed, match=r"timezone\.unknown"):
        span_in_words(at, at + timedelta(hours=1), "Hanoi", "vi")


@given(st.integers(0, 60 * 24 * 3650), st.sampled_from([HANOI, "America/New_York"]))
def test_an_instant_can_be_read_back(minutes: int, timezone: str) -> None:
    at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    clock, _, day = instant_in_words(at, timezone, "vi").partition(", ")
    read = datetime.strptime(f"{clock} {day.rpartition(' ')[2]} +0000", "%H giờ %M %d/%m/%Y %z")
    parts = (read.year, read.month, read.day, read.hour, read.minute)
    assert at in {local(timezone, *parts), local(timezone, *parts, fold=1)}
