"""Days and instants in words that people read on paper, in Vietnamese and English."""

from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from content.recurrence import zone_named

Language = Literal["vi", "en"]

_WEEKDAYS: dict[Language, tuple[str, ...]] = {
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MIDNIGHT = time()


def written_day(day: date, language: Language) -> str:
    """06/12/2026 or 6 December 2026."""
    if language == "vi":
        return f"{day:%d/%m}/{day.year}"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def named_day(day: date, language: Language) -> str:
    """Chủ nhật ngày 06/12/2026, or Sunday 6 December 2026."""
    between = " ngày " if language == "vi" else " "
    return f"{_WEEKDAYS[language][day.weekday()]}{between}{written_day(day, language)}"


def dated(day: date, language: Language) -> str:
    """How a paper is dated: ngày 06 tháng 12 năm 2026, or 6 December 2026.

    Decree 30/2020/NĐ-CP, appendix I: days below 10 and the months 1 and 2 have a zero before them.
    """
    if language == "vi":
        month = f"{day.month:02}" if day.month <= 2 else f"{day.month}"
        return f"ngày {day.day:02} tháng {month} năm {day.year}"
    return written_day(day, language)


def instant_in_words(at: datetime, timezone: str, language: Language) -> str:
    """8 giờ 00, Chủ nhật ngày 06/12/2026 by the zone's clock, or 8:00, Sunday 6 December 2026.

    Raises Malformed `timezone.unknown`.
    """
    local = at.astimezone(zone_named(timezone))
    return f"{_clock(local.hour, local.minute, language)}, {named_day(local.date(), language)}"


def span_in_words(starts_at: datetime, ends_at: datetime, timezone: str, language: Language) -> str:
    """từ 8 giờ 00 đến 10 giờ 30, Chủ nhật ngày 06/12/2026; with both days where they are two. An end at midnight
    is the day's 24 giờ 00.

    Raises Malformed `timezone.unknown`.
    """
    zone = zone_named(timezone)
    from_, last_day, until = _span(starts_at, ends_at, zone, language)
    day = starts_at.astimezone(zone).date()
    first, last = named_day(day, language), named_day(last_day, language)
    if day == last_day:
        return f"từ {from_} đến {until}, {first}" if language == "vi" else f"{from_}–{until}, {first}"
    to = "đến" if language == "vi" else "to"
    return f"{'từ' if language == 'vi' else 'from'} {from_}, {first} {to} {until}, {last}"


def _span(starts_at: datetime, ends_at: datetime, zone: ZoneInfo, language: Language) -> tuple[str, date, str]:
    """When it begins, the day on which it ends, and when."""
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    from_ = _clock(start.hour, start.minute, language)
    if end.time() == _MIDNIGHT and end > start:
        return from_, end.date() - timedelta(days=1), _clock(24, 0, language)
    return from_, end.date(), _clock(end.hour, end.minute, language)


def _clock(hour: int, minute: int, language: Language) -> str:
    return f"{hour} giờ {minute:02}" if language == "vi" else f"{hour}:{minute:02}"
