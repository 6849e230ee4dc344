import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import ical.calendar
import pytest
from dateutil.tz import tzical
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream
from ical.event import EventStatus

from content.calendar import CalendarEntry, write_calendar
from content.malformed import Malformed
from content.recurrence import Frequency, Occurrence, Recurrence, occurrences
from tests.content.recurrences import HANOI, ZONES, Series, local, series

HOST = "so-tay.vn"
MEETING = CalendarEntry(
    uid="0198b6a0-0000-7000-8000-000000000001",
    sequence=2,
    summary="Sinh hoạt chi bộ tháng 12; toàn thể, đúng giờ",
    description="Nội dung:\n1. Nghị quyết\\chỉ thị; 2. Bầu cử, " + "ạ" * 90,
    starts_at=local(HANOI, 2026, 12, 5, 8),
    ends_at=local(HANOI, 2026, 12, 5, 10, 30),
    timezone=HANOI,
    place="Nhà văn hoá thôn 3, xã Tân Lập",
    url="https://so-tay.vn/notices/1",
    online_url="https://hop.vn/phong?a=1,2;3",
    recurrence=Recurrence(Frequency.WEEKLY, until=date(2026, 12, 26), exceptions=frozenset({date(2026, 12, 12)})),
    changed_at=datetime(2026, 11, 1, tzinfo=UTC),
    cancelled=False,
    organiser='Chi bộ "thôn 3", xã; Tân Lập',
)

GOLDEN = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//So tay dien tu//Member handbook//VI
CALSCALE:GREGORIAN
METHOD:PUBLISH
NAME:Lịch của tôi
X-WR-CALNAME:Lịch của tôi
REFRESH-INTERVAL;VALUE=DURATION:PT1H
X-PUBLISHED-TTL:PT1H
BEGIN:VTIMEZONE
TZID:Asia/Ho_Chi_Minh
BEGIN:STANDARD
DTSTART:20250101T070000
TZNAME:+07
TZOFFSETFROM:+0700
TZOFFSETTO:+0700
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
SUMMARY:Họp\\, bàn
DTSTART;TZID=Asia/Ho_Chi_Minh:20261205T080000
DTEND;TZID=Asia/Ho_Chi_Minh:20261205T103000
DTSTAMP:20261101T000000Z
UID:0198b6a0-0000-7000-8000-000000000001@so-tay.vn
SEQUENCE:2
RRULE:FREQ=WEEKLY;UNTIL=20261226T165959Z;BYDAY=SA
EXDATE;TZID=Asia/Ho_Chi_Minh:20261212T080000
LAST-MODIFIED:20261101T000000Z
LOCATION:Hội trường
ORGANIZER;CN="Chi bộ 3":https://so-tay.vn
STATUS:CONFIRMED
URL:https://so-tay.vn/notices/1
END:VEVENT
END:VCALENDAR
"""


def read(*entries: CalendarEntry) -> ical.calendar.Calendar:
    return IcsCalendarStream.calendar_from_ics(write_calendar("Lịch của tôi", entries, host=HOST).decode())


def test_an_activity_as_bytes() -> None:
    plain = replace(
        MEETING, summary="Họp, bàn", description="", online_url=None, organiser="Chi bộ 3", place="Hội trường"
    )
    assert write_calendar("Lịch của tôi", [plain], host=HOST) == GOLDEN.replace("\n", "\r\n").encode()


def test_another_parser_reads_what_was_meant() -> None:
    calendar = read(MEETING)
    (event,) = calendar.events
    assert calendar.method == "PUBLISH"
    assert calendar.refresh_interval == timedelta(hours=1)
    assert event.uid == f"{MEETING.uid}@{HOST}"
    assert (event.sequence, event.status) == (2, EventStatus.CONFIRMED)
    assert event.summary == MEETING.summary
    assert event.description == f"{MEETING.description}\n\n{MEETING.online_url}"
    assert event.location == MEETING.place
    assert (event.url, event.conference[0].uri) == (MEETING.url, MEETING.online_url)
    assert event.organizer is not None
    assert event.organizer.common_name == MEETING.organiser
    assert event.dtstamp == event.last_modified == MEETING.changed_at
    assert [f"{found.dtstart:%d/%m %H:%M}–{found.dtend:%H:%M %z}" for found in calendar.timeline] == [
        "05/12 08:00–10:30 +0700",
        "19/12 08:00–10:30 +0700",
        "26/12 08:00–10:30 +0700",
    ]


def test_a_cancellation_keeps_its_name_and_says_so() -> None:
    (event,) = read(replace(MEETING, cancelled=True, sequence=3)).events
    assert (event.uid, event.sequence, event.status) == (f"{MEETING.uid}@{HOST}", 3, EventStatus.CANCELLED)


def test_lines_are_folded_between_letters() -> None:
    written = write_calendar("Lịch " + "ộ" * 200, [MEETING], host=HOST)
    lines = written.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    for line in lines:
        assert len(line) <= 75
        line.decode()


def test_the_order_of_entries_is_theirs() -> None:
    entries = [
        replace(MEETING, uid=str(number), starts_at=MEETING.starts_at - timedelta(days=number)) for number in range(3)
    ]
    assert write_calendar("x", entries, host=HOST) == write_calendar("x", reversed(entries), host=HOST)


def test_an_empty_calendar_is_one() -> None:
    assert read().events == []


def test_what_is_in_no_place_says_nothing_of_it() -> None:
    written = write_calendar("x", [replace(MEETING, place=None, url=None, online_url=None, description="")], host=HOST)
    for name in (b"LOCATION", b"URL", b"CONFERENCE", b"DESCRIPTION"):
        assert b"\r\n" + name not in written


@pytest.mark.parametrize("line", ["Họp\r\nATTENDEE:x", "Họp\nATTENDEE:x", "Họp\rATTENDEE:x", 'Họp"\nATTENDEE:x'])
def test_a_text_cannot_add_a_property(line: str) -> None:
    hostile = replace(MEETING, summary=line, description=line, place=line, organiser=line)
    (event,) = IcsCalendarStream.calendar_from_ics(write_calendar(line, [hostile], host=HOST).decode()).events
    assert event.attendees == []
    with pytest.raises(ValueError, match="CR or LF"):
        write_calendar("x", [replace(MEETING, url=line)], host=HOST)


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), max_size=120)


@settings(max_examples=50)
@given(texts, texts, texts)
def test_texts_come_back_as_they_were(summary: str, description: str, organiser: str) -> None:
    entry = replace(MEETING, summary=summary, description=description, online_url=None, organiser=organiser)
    (event,) = read(entry).events
    assert event.summary == summary
    assert (event.description or "") == description
    assert event.organizer is not None
    assert (event.organizer.common_name or "") == organiser


def entry_of(drawn: Series) -> tuple[CalendarEntry, list[Occurrence]]:
    try:
        expected = occurrences(*drawn)
    except Malformed:
        assume(False)
    starts_at, ends_at, timezone, recurrence = drawn
    return replace(MEETING, starts_at=starts_at, ends_at=ends_at, timezone=timezone, recurrence=recurrence), expected


@given(series())
def test_another_calendar_shows_the_same_occurrences(drawn: Series) -> None:
    entry, expected = entry_of(drawn)
    found = list(read(entry).timeline)
    assert [event.start_datetime for event in found] == [occurrence.starts_at for occurrence in expected]
    zone = ZoneInfo(entry.timezone)
    for event, occurrence in zip(found, expected, strict=True):
        wall = occurrence.starts_at.astimezone(zone)
        assert event.start_datetime.astimezone(zone) == wall
    if entry.timezone in {HANOI, "UTC"}:  # ical reckons ends by the wall clock, RFC 5545 has them last as long
        assert [event.end_datetime for event in found] == [occurrence.ends_at for occurrence in expected]


@given(series())
def test_one_time_is_the_same_instant(drawn: Series) -> None:
    entry, _ = entry_of(drawn)
    (event,) = read(replace(entry, recurrence=None)).timeline
    assert (event.start_datetime, event.end_datetime) == (entry.starts_at, entry.ends_at)


def test_the_second_of_two_equal_times_is_told_in_utc() -> None:
    starts_at = local("Europe/Berlin", 2026, 10, 25, 2, 30, fold=1)
    entry = replace(
        MEETING, timezone="Europe/Berlin", starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), recurrence=None
    )
    (event,) = read(entry).timeline
    assert (event.start_datetime, event.end_datetime) == (entry.starts_at, entry.ends_at)


@pytest.mark.parametrize("timezone", sorted({*ZONES, "Africa/Casablanca", "Europe/Dublin"} - {"UTC"}))
def test_zones_are_defined_as_they_are(timezone: str) -> None:
    entry = replace(MEETING, timezone=timezone)
    written = write_calendar("x", [entry], host=HOST).decode()
    defined = tzical(io.StringIO(written.replace("\r\n", "\n"))).get(timezone)
    assert defined is not None
    zone = ZoneInfo(timezone)
    day = datetime(2026, 1, 1, tzinfo=UTC)
    changes = 0
    while day.year < 2032:
        quarters = [day + timedelta(minutes=15) * quarter for quarter in range(97)]
        changed = len({at.astimezone(zone).utcoffset() for at in quarters}) > 1
        for at in quarters if changed else quarters[:1]:
            assert at.astimezone(defined).replace(tzinfo=None) == at.astimezone(zone).replace(tzinfo=None), at
        changes += changed
        day += timedelta(days=1)
    assert changes == 0 if timezone == HANOI else changes >= 12
