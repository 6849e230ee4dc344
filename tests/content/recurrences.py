"""Random activities, for whoever says something about all of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from content.malformed import Malformed
from content.recurrence import Frequency, Recurrence, occurrences

HANOI = "Asia/Ho_Chi_Minh"
ZONES = (HANOI, "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")


class Series(NamedTuple):
    starts_at: datetime
    ends_at: datetime
    timezone: str
    recurrence: Recurrence


def local(timezone: str, *parts: int, fold: int = 0) -> datetime:
    """Year, month, day, hour, minute of a zone's clock, in UTC."""
    year, month, day, hour, minute = (*parts, 0)[:5]
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(timezone), fold=fold).astimezone(UTC)


@st.composite
def series(draw: st.DrawFn, zones: tuple[str, ...] = ZONES) -> Series:
    """A start from 2024 to 2034 to the minute, and a recurrence that may be refused for three things alone: it
    overlaps, takes too long, or starts at the second of two equal local times.
    """
    starts_at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 10 * 365 * 24 * 60)))
    ends_at = starts_at + timedelta(seconds=draw(st.integers(1, 20 * 3600)))
    timezone = draw(st.sampled_from(zones))
    first = starts_at.astimezone(ZoneInfo(timezone))
    frequency = draw(st.sampled_from(Frequency))
    weekdays: tuple[int, ...] = ()
    if frequency is Frequency.WEEKLY and draw(st.booleans()):
        weekdays = tuple(draw(st.permutations(sorted({first.weekday(), *draw(st.sets(st.integers(0, 6)))}))))
    recurrence = Recurrence(frequency, interval=draw(st.integers(1, 4)), weekdays=weekdays)
    if draw(st.booleans()):
        recurrence = replace(recurrence, count=draw(st.integers(1, 30)))
    else:
        recurrence = replace(recurrence, until=first.date() + timedelta(days=draw(st.integers(0, 190))))
    return Series(
        starts_at, ends_at, timezone, _with_exceptions(draw, Series(starts_at, ends_at, timezone, recurrence))
    )


def _with_exceptions(draw: st.DrawFn, whole: Series) -> Recurrence:
    try:
        found = occurrences(*whole)
    except Malformed:
        return whole.recurrence
    days = [occurrence.starts_at.astimezone(ZoneInfo(whole.timezone)).date() for occurrence in found]
    taken = draw(st.sets(st.sampled_from(days), max_size=len(days) - 1))
    return replace(whole.recurrence, exceptions=frozenset(taken))
