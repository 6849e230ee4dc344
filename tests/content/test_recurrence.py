from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given

from content.malformed import Malformed
from content.recurrence import (
    LASTS_MOST,
    OCCURRENCES_MOST,
    YEARS_MOST,
    Frequency,
    Occurrence,
    Recurrence,
    excepted,
    occurrences,
    rrule,
    zone_named,
)
from tests.content.recurrences import HANOI, Series, local, series

HOUR = timedelta(hours=1)
SATURDAY = datetime(2026, 12, 5, 1, tzinfo=UTC)  # 8:00 in Hà Nội, the first Saturday of its month
WEEKLY = Recurrence(Frequency.WEEKLY, count=4)


def days(starts_at: datetime, recurrence: Recurrence, timezone: str = HANOI) -> list[str]:
    zone = ZoneInfo(timezone)
    return [
        f"{occurrence.starts_at.astimezone(zone):%Y-%m-%d %H:%M}"
        for occurrence in occurrences(starts_at, starts_at + HOUR, timezone, recurrence)
    ]


def refused(starts_at: datetime, recurrence: Recurrence, lasts: timedelta = HOUR, timezone: str = HANOI) -> str:
    with pytest.raises(Malformed) as caught:
        occurrences(starts_at, starts_at + lasts, timezone, recurrence)
    return caught.value.code


def test_without_a_recurrence_there_is_one() -> None:
    assert occurrences(SATURDAY, SATURDAY + HOUR, HANOI, None) == [Occurrence(1, SATURDAY, SATURDAY + HOUR)]


@pytest.mark.parametrize(
    ("recurrence", "expected", "text"),
    [
        (
            Recurrence(Frequency.WEEKLY, count=3),
            ["2026-12-05 08:00", "2026-12-12 08:00", "2026-12-19 08:00"],
            "FREQ=WEEKLY;BYDAY=SA;COUNT=3",
        ),
        (
            Recurrence(Frequency.WEEKLY, interval=2, weekdays=(5, 1), until=date(2026, 12, 22)),
            ["2026-12-05 08:00", "2026-12-15 08:00", "2026-12-19 08:00"],
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SA;UNTIL=20261222T165959Z",
        ),
        (
            Recurrence(Frequency.MONTHLY_BY_DAY, until=date(2027, 2, 5)),
            ["2026-12-05 08:00", "2027-01-05 08:00", "2027-02-05 08:00"],
            "FREQ=MONTHLY;BYMONTHDAY=5;UNTIL=20270205T165959Z",
        ),
        (
            Recurrence(Frequency.MONTHLY_BY_WEEKDAY, count=3),
            ["2026-12-05 08:00", "2027-01-02 08:00", "2027-02-06 08:00"],
            "FREQ=MONTHLY;BYDAY=1SA;COUNT=3",
        ),
    ],
)
def test_a_series_and_its_rule(recurrence: Recurrence, expected: list[str], text: str) -> None:
    assert days(SATURDAY, recurrence) == expected
    assert rrule(SATURDAY, HANOI, recurrence) == text


def test_months_without_the_day_are_skipped() -> None:
    starts_at = local(HANOI, 2027, 1, 31, 8)
    recurrence = Recurrence(Frequency.MONTHLY_BY_DAY, count=4)
    assert days(starts_at, recurrence) == [
        "2027-01-31 08:00",
        "2027-03-31 08:00",
        "2027-05-31 08:00",
        "2027-07-31 08:00",
    ]


@pytest.mark.parametrize(
    ("day", "position", "following"),
    [
        (30, None, "2026-06-27"),  # the fifth Saturday of May: the last
        (23, None, "2026-06-27"),
        (30, -1, "2026-06-27"),
        (2, 1, "2026-06-06"),
    ],
)
def test_a_fifth_weekday_is_the_last(day: int, position: int | None, following: str) -> None:
    recurrence = Recurrence(Frequency.MONTHLY_BY_WEEKDAY, count=2, position=position)
    assert days(local(HANOI, 2026, 5, day, 8), recurrence) == [f"2026-05-{day:02} 08:00", f"{following} 08:00"]


def test_a_fourth_that_is_the_last_may_be_either() -> None:
    starts_at = local(HANOI, 2026, 4, 25, 8)  # the next month has five Saturdays
    assert days(starts_at, Recurrence(Frequency.MONTHLY_BY_WEEKDAY, count=2, position=-1))[1] == "2026-05-30 08:00"
    assert days(starts_at, Recurrence(Frequency.MONTHLY_BY_WEEKDAY, count=2, position=4))[1] == "2026-05-23 08:00"
    assert days(starts_at, Recurrence(Frequency.MONTHLY_BY_WEEKDAY, count=2))[1] == "2026-05-23 08:00"


def test_what_is_taken_out_renumbers_nothing() -> None:
    without = replace(WEEKLY, exceptions=frozenset({date(2026, 12, 5), date(2026, 12, 19)}))
    found = occurrences(SATURDAY, SATURDAY + HOUR, HANOI, without)
    assert [occurrence.no for occurrence in found] == [2, 4]
    assert set(found) < set(occurrences(SATURDAY, SATURDAY + HOUR, HANOI, WEEKLY))
    assert [f"{at:%Y-%m-%dT%H:%M%z}" for at in excepted(SATURDAY, HANOI, without)] == [
        "2026-12-05T08:00+0700",
        "2026-12-19T08:00+0700",
    ]


def test_days_are_local_ones() -> None:
    monday = local(HANOI, 2026, 12, 7, 6)  # still Sunday in UTC
    recurrence = Recurrence(Frequency.WEEKLY, weekdays=(0,), until=date(2026, 12, 14))
    assert days(monday, recurrence) == ["2026-12-07 06:00", "2026-12-14 06:00"]


def test_the_local_clock_is_kept_when_it_changes() -> None:
    starts_at = local("Europe/Berlin", 2026, 3, 28, 8)
    found = occurrences(starts_at, starts_at + HOUR, "Europe/Berlin", replace(WEEKLY, count=2))
    assert [occurrence.starts_at.hour for occurrence in found] == [7, 6]
    assert days(starts_at, replace(WEEKLY, count=2), "Europe/Berlin") == ["2026-03-28 08:00", "2026-04-04 08:00"]


def test_a_time_that_the_clock_skips_is_told_by_the_offset_before() -> None:
    starts_at = local("Europe/Berlin", 2026, 3, 22, 2, 30)
    assert days(starts_at, replace(WEEKLY, count=3), "Europe/Berlin") == [
        "2026-03-22 02:30",
        "2026-03-29 03:30",
        "2026-04-05 02:30",
    ]


def test_of_a_time_that_comes_twice_the_first_is_meant() -> None:
    starts_at = local("Europe/Berlin", 2026, 10, 18, 2, 30)
    found = occurrences(starts_at, starts_at + HOUR, "Europe/Berlin", replace(WEEKLY, count=2))
    assert found[1].starts_at == local("Europe/Berlin", 2026, 10, 25, 2, 30, fold=0)
    assert found[1].ends_at - found[1].starts_at == HOUR


def test_a_series_cannot_start_at_the_second_of_two_equal_times() -> None:
    second = local("Europe/Berlin", 2026, 10, 25, 2, 30, fold=1)
    assert refused(second, WEEKLY, timezone="Europe/Berlin") == "recurrence.start_ambiguous"
    assert occurrences(second, second + HOUR, "Europe/Berlin", None)[0].starts_at == second


@pytest.mark.parametrize(
    ("recurrence", "code"),
    [
        (Recurrence(Frequency.WEEKLY), "recurrence.endless"),
        (Recurrence(Frequency.WEEKLY, until=date(2027, 1, 1), count=2), "recurrence.both_ends"),
        (Recurrence(Frequency.WEEKLY, count=OCCURRENCES_MOST + 1), "recurrence.too_many"),
        (Recurrence(Frequency.WEEKLY, count=10**9), "recurrence.too_many"),
        (Recurrence(Frequency.WEEKLY, weekdays=tuple(range(7)), until=date(2027, 12, 1)), "recurrence.too_many"),
        (Recurrence(Frequency.WEEKLY, until=date.max), "recurrence.too_long"),
        (Recurrence(Frequency.WEEKLY, until=date(2031, 12, 6)), "recurrence.too_long"),
        (Recurrence(Frequency.MONTHLY_BY_DAY, count=62), "recurrence.too_long"),
        (Recurrence(Frequency.MONTHLY_BY_DAY, interval=60, count=OCCURRENCES_MOST), "recurrence.too_long"),
        (Recurrence(Frequency.WEEKLY, until=date(2026, 12, 4)), "recurrence.empty"),
        (Recurrence(Frequency.WEEKLY, until=date.min), "recurrence.empty"),
        (Recurrence(Frequency.WEEKLY, count=0), "recurrence.empty"),
        (Recurrence(Frequency.WEEKLY, count=-1), "recurrence.empty"),
        (Recurrence(Frequency.WEEKLY, count=1, exceptions=frozenset({date(2026, 12, 5)})), "recurrence.empty"),
        (replace(WEEKLY, exceptions=frozenset({date(2026, 12, 6)})), "recurrence.exception_unknown"),
        (replace(WEEKLY, exceptions=frozenset({date(2027, 1, 2)})), "recurrence.exception_unknown"),
        (replace(WEEKLY, interval=0), "recurrence.interval"),
        (replace(WEEKLY, interval=-1), "recurrence.interval"),
        (replace(WEEKLY, interval=10**9), "recurrence.interval"),
        (replace(WEEKLY, weekdays=(6,)), "recurrence.weekdays"),  # not the start's
        (replace(WEEKLY, weekdays=(5, 5)), "recurrence.weekdays"),
        (replace(WEEKLY, weekdays=(5, 7)), "recurrence.weekdays"),
        (replace(WEEKLY, weekdays=(-1, 5)), "recurrence.weekdays"),
        (Recurrence(Frequency.MONTHLY_BY_DAY, weekdays=(5,), count=2), "recurrence.weekdays"),
        (Recurrence(Frequency.MONTHLY_BY_WEEKDAY, position=2, count=2), "recurrence.position"),
        (Recurrence(Frequency.MONTHLY_BY_WEEKDAY, position=-1, count=2), "recurrence.position"),
        (Recurrence(Frequency.MONTHLY_BY_WEEKDAY, position=5, count=2), "recurrence.position"),
        (replace(WEEKLY, position=1), "recurrence.position"),
        (Recurrence(Frequency.MONTHLY_BY_DAY, position=1, count=2), "recurrence.position"),
    ],
)
def test_what_no_series_can_be(recurrence: Recurrence, code: str) -> None:
    assert refused(SATURDAY, recurrence) == code


def test_five_years_of_months_are_allowed() -> None:
    found = occurrences(SATURDAY, SATURDAY + HOUR, HANOI, Recurrence(Frequency.MONTHLY_BY_DAY, count=61))
    assert f"{found[-1].starts_at:%Y-%m-%d}" == "2031-12-05"
    assert days(SATURDAY, Recurrence(Frequency.MONTHLY_BY_DAY, interval=60, until=date(2031, 12, 5))) == [
        "2026-12-05 08:00",
        "2031-12-05 08:00",
    ]


def test_leap_days_end_with_the_five_years() -> None:
    starts_at = local(HANOI, 2028, 2, 29, 8)
    yearly = Recurrence(Frequency.MONTHLY_BY_DAY, interval=12, count=2)
    assert days(starts_at, yearly) == ["2028-02-29 08:00", "2032-02-29 08:00"]
    assert refused(starts_at, replace(yearly, count=3)) == "recurrence.too_long"


def test_one_may_begin_when_the_one_before_ends_but_not_earlier() -> None:
    daily = Recurrence(Frequency.WEEKLY, weekdays=(5, 6), count=2)
    day = timedelta(days=1)
    assert len(occurrences(SATURDAY, SATURDAY + day, HANOI, daily)) == 2
    assert refused(SATURDAY, daily, day + timedelta(seconds=1)) == "recurrence.overlapping"
    # also where the one between was taken out: putting it back must stay possible
    thirds = replace(daily, exceptions=frozenset({date(2026, 12, 6)}))
    assert refused(SATURDAY, thirds, day * 2) == "recurrence.overlapping"


@pytest.mark.parametrize(
    ("ends_at", "code"),
    [
        (SATURDAY, "activity.ends_before_start"),
        (SATURDAY - HOUR, "activity.ends_before_start"),
        (SATURDAY + LASTS_MOST + timedelta(seconds=1), "activity.too_long"),
        (datetime.max.replace(tzinfo=UTC), "activity.too_long"),
    ],
)
def test_an_activity_ends_after_it_starts_and_soon(ends_at: datetime, code: str) -> None:
    for recurrence in (None, WEEKLY):
        with pytest.raises(Malformed) as caught:
            occurrences(SATURDAY, ends_at, HANOI, recurrence)
        assert caught.value.code == code


@pytest.mark.parametrize("at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_the_ends_of_the_calendar_are_refused(at: datetime) -> None:
    with pytest.raises(Malformed) as caught:
        occurrences(at, at, HANOI, None)
    assert caught.value.code == "instant.malformed"


@pytest.mark.parametrize(
    "timezone",
    [
        *("", "Hanoi", "Asia/Hanoi", "asia/", "Asia", "../etc/passwd", "/etc/localtime", "localtime", "right/UTC"),
        *("Asia/Ho_Chi_Minh\n", "Asia/Ho_Chi_Minh\0", "Asia/Hồ_Chí_Minh", "A/" + "b" * 10_000, "America/Argentina"),
    ],
)
def test_zones_that_are_none(timezone: str) -> None:
    with pytest.raises(Malformed) as caught:
        zone_named(timezone)
    assert caught.value.code == "timezone.unknown"


@pytest.mark.parametrize("timezone", [HANOI, "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+7"])
def test_zones_that_are_some(timezone: str) -> None:
    assert zone_named(timezone).key == timezone


@given(series())
def test_a_series_is_what_its_rule_says(drawn: Series) -> None:
    starts_at, ends_at, timezone, recurrence = drawn
    code = code_of(drawn)
    if code is not None:
        assert code in {"recurrence.overlapping", "recurrence.start_ambiguous", "recurrence.too_long"}
        return
    found = occurrences(*drawn)
    whole = occurrences(starts_at, ends_at, timezone, replace(recurrence, exceptions=frozenset()))
    assert set(found) <= set(whole)
    assert len(whole) - len(found) == len(recurrence.exceptions)
    assert whole[0] == Occurrence(1, starts_at, ends_at)
    assert [occurrence.no for occurrence in whole] == list(range(1, len(whole) + 1))
    assert all(one.ends_at <= other.starts_at for one, other in pairwise(whole))
    assert all(occurrence.ends_at - occurrence.starts_at == ends_at - starts_at for occurrence in whole)
    assert len(whole) <= OCCURRENCES_MOST
    assert recurrence.count in {None, len(whole)}
    zone = ZoneInfo(timezone)
    first = starts_at.astimezone(zone)
    for occurrence in whole:
        at = occurrence.starts_at.astimezone(zone)
        told = at.replace(hour=first.hour, minute=first.minute)  # of one zone: their difference is the clock's
        assert timedelta() <= at - told <= HOUR  # a gap moves it on
        assert at.date() <= (recurrence.until or first.date() + relativedelta(years=YEARS_MOST))
        assert falls_on(at, first, recurrence)


def code_of(drawn: Series) -> str | None:
    try:
        occurrences(*drawn)
    except Malformed as refusal:
        return refusal.code
    return None


def falls_on(at: datetime, first: datetime, recurrence: Recurrence) -> bool:
    if recurrence.frequency is Frequency.WEEKLY:
        monday = first.date() - timedelta(days=first.weekday())
        weeks = (at.date() - monday).days // 7
        return at.weekday() in (recurrence.weekdays or (first.weekday(),)) and weeks % recurrence.interval == 0
    months = (at.year - first.year) * 12 + at.month - first.month
    if recurrence.frequency is Frequency.MONTHLY_BY_DAY:
        return at.day == first.day and months % recurrence.interval == 0
    if first.day > 28:
        return (at.weekday(), (at + timedelta(days=7)).month != at.month) == (first.weekday(), True)
    return (at.weekday(), (at.day + 6) // 7) == (first.weekday(), (first.day + 6) // 7)
