"""Activities as iCalendar (RFC 5545, 7986): a feed to subscribe to, or one activity to keep."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard
from icalendar.prop import vCalAddress, vDuration, vRecur, vText, vUri

from content.recurrence import YEARS_MOST, Recurrence, excepted, rrule, zone_named

_PRODUCT = "-//So tay dien tu//Member handbook//VI"
_REFRESH = timedelta(hours=1)
_DAY = timedelta(days=1)
_END = b"END:VCALENDAR\r\n"


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """An activity as calendars are told of it. Texts are plain, URLs absolute and already checked.

    `sequence` grows with each change; `changed_at` is that of the last. `organiser` is the branch's name.
    """

    uid: str
    sequence: int
    summary: str
    description: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    place: str | None
    url: str | None
    online_url: str | None
    recurrence: Recurrence | None
    changed_at: datetime
    cancelled: bool
    organiser: str


def write_calendar(name: str, entries: Iterable[CalendarEntry], *, host: str) -> bytes:
    """One VCALENDAR, published. The same entries make the same bytes, in whatever order they come.

    Times are local ones of their zones, each of which is defined; an entry is `<uid>@<host>` for ever. Entries
    are ones that `occurrences` accepts; seconds' fractions, which calendars do not know, are dropped.
    """
    ordered = sorted(entries, key=lambda entry: (entry.starts_at, entry.uid))
    calendar = Calendar()
    calendar.add("PRODID", _PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", "PUBLISH")
    calendar.add("NAME", vText(name))  # RFC 7986's; the next is what programs read in fact
    calendar.add("X-WR-CALNAME", vText(name))
    calendar.add("REFRESH-INTERVAL", _REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", vDuration(_REFRESH))
    for timezone in sorted({entry.timezone for entry in ordered} - {"UTC"}):
        years = [entry.starts_at.year for entry in ordered if entry.timezone == timezone]
        calendar.add_component(_zone(timezone, min(years) - 1, max(years) + YEARS_MOST + 1))
    frame: bytes = calendar.to_ical()
    return b"".join([frame.removesuffix(_END), *(_event(entry, host) for entry in ordered), _END])


@lru_cache(maxsize=4096)
def _event(entry: CalendarEntry, host: str) -> bytes:
    """Kept: writing one takes a quarter of a millisecond, and thousands of calendars hold the same activity."""
    zone = zone_named(entry.timezone)
    event = Event()
    event.add("UID", f"{entry.uid}@{host}")
    event.add("SEQUENCE", entry.sequence)
    for stamp in ("DTSTAMP", "LAST-MODIFIED"):  # not the moment of writing: what has not changed reads the same
        event.add(stamp, entry.changed_at)
    event.add("STATUS", "CANCELLED" if entry.cancelled else "CONFIRMED")
    event.add("SUMMARY", entry.summary)
    event.add("DTSTART", _written(entry.starts_at, zone))
    event.add("DTEND", _written(entry.ends_at, zone))
    if entry.recurrence is not None:
        event.add("RRULE", vRecur.from_ical(rrule(entry.starts_at, entry.timezone, entry.recurrence)))
        taken = excepted(entry.starts_at, entry.timezone, entry.recurrence)
        if taken:
            event.add("EXDATE", taken)
    # most programs show no CONFERENCE; an address in the text is one that can be tapped
    description = "\n\n".join(part for part in (entry.description, entry.online_url) if part)
    if description:
        event.add("DESCRIPTION", description)
    if entry.place:
        event.add("LOCATION", entry.place)
    if entry.online_url:
        event.add("CONFERENCE", vUri(entry.online_url), parameters={"VALUE": "URI", "FEATURE": "VIDEO"})
    if entry.url:
        event.add("URL", vUri(entry.url))
    # RFC 5546 asks for one. Branches have no mailbox, and an invented one would be written to.
    event.add("ORGANIZER", vCalAddress(f"https://{host}"), parameters={"CN": entry.organiser})
    written: bytes = event.to_ical()
    return written


def _written(at: datetime, zone: ZoneInfo) -> datetime:
    """Local time; UTC for the second of two equal local times, which a local time alone does not mean."""
    local = at.astimezone(zone)
    return at.astimezone(UTC) if local.fold else local


@lru_cache(maxsize=64)
def _zone(timezone: str, first_year: int, last_year: int) -> Timezone:
    """What the zone's clock shows in these years, change by change.

    icalendar's own `Timezone.from_tzinfo` has the clock go forward an hour late.
    """
    zone = zone_named(timezone)
    at, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year, 12, 31, tzinfo=UTC)
    component = Timezone()
    component.add("TZID", timezone)
    component.add_component(_observance(at, at, zone))
    while at < end:
        following = at + _DAY
        if at.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            component.add_component(_observance(at, _change(at, following, zone), zone))
        at = following
    return component


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first second after the change between two instants."""
    offset = before.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        same = (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset
        low, high = (middle, high) if same else (low, middle)
    return before + timedelta(seconds=high)


def _observance(before: datetime, since: datetime, zone: ZoneInfo) -> TimezoneStandard | TimezoneDaylight:
    old, new = before.astimezone(zone), since.astimezone(zone)
    offset, new_offset = old.utcoffset() or timedelta(), new.utcoffset() or timedelta()
    # by what the clock does, not by what the law calls it: Ireland's winter is the exception, Morocco's is Ramadan,
    # and programs take "daylight" for the later clock
    forward = new_offset > offset or (since == before and (new.dst() or timedelta()) > timedelta())
    observance = TimezoneDaylight() if forward else TimezoneStandard()
    observance.add("DTSTART", since.replace(tzinfo=None) + offset)  # as the clock stood until then
    observance.add("TZOFFSETFROM", offset)
    observance.add("TZOFFSETTO", new_offset)
    observance.add("TZNAME", new.tzname() or zone.key)
    return observance
