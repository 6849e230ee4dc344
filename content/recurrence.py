"""When an activity takes place: once, or again and again by a part of RFC 5545's recurrence rules.

Days and times of day are those of a place: an activity at 8:00 stays at 8:00 there when the clock changes.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from dateutil import rrule as rules
from dateutil.relativedelta import relativedelta

from content.malformed import Malformed

OCCURRENCES_MOST = 200
INTERVAL_MOST = 60  # months of five years
YEARS_MOST = 5
LASTS_MOST = timedelta(days=14)

_WEEKDAYS = (rules.MO, rules.TU, rules.WE, rules.TH, rules.FR, rules.SA, rules.SU)
_LAST = -1
# Nothing else: "localtime" and the like mean another zone on each machine, "right/…" counts leap seconds.
_ZONE = re.compile(r"UTC|(?!right/|posix/)[A-Za-z][A-Za-z_-]{1,20}(/[A-Za-z0-9_+-]{1,30}){1,2}", re.ASCII)


class Frequency(StrEnum):
    WEEKLY = "weekly"
    MONTHLY_BY_DAY = "monthly_by_day"  # the same day of the month; months without it are skipped
    MONTHLY_BY_WEEKDAY = "monthly_by_weekday"  # such as the first Saturday


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How an activity goes on after its start; days are local ones. It ends by `until` (inclusive) or by `count`.

    `count` and `until` are of the series as the rule makes it; `exceptions` are then taken out of it.
    `weekdays` are of a weekly rule alone, 0 for Monday, by default the start's. `position` is of a monthly one
    by weekday alone: which such weekday of the month, 1 to 4 or -1 for the last; by default the start's,
    where the 29th and later are on the last. Weekdays and position must be true of the start.
    """

    frequency: Frequency
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    until: date | None = None
    count: int | None = None
    exceptions: frozenset[date] = frozenset()
    position: int | None = None


@dataclass(frozen=True, order=True, slots=True)
class Occurrence:
    """One time that an activity takes place, in UTC.

    `no` is its place in the series, from 1. Exceptions count too, so that taking one out renumbers no other.
    """

    no: int
    starts_at: datetime
    ends_at: datetime


def occurrences(
    starts_at: datetime, ends_at: datetime, timezone: str, recurrence: Recurrence | None
) -> list[Occurrence]:
    """All times that an activity takes place, in order; exactly one without a recurrence.

    The first starts at `starts_at`, the others at the same time of the local clock. As RFC 5545 3.3.5 has it,
    a time that the clock skips is told by the offset before the gap (02:30 becomes 03:30), and of a time that comes
    twice the first is meant. Each lasts exactly as long as the first (3.8.5.3), even where the clock changes meanwhile.

    Raises Malformed: `timezone.unknown`, `instant.malformed` (at the calendar's ends),
    `activity.ends_before_start` (or at it), `activity.too_long`, and for the recurrence
    `recurrence.endless`, `.both_ends`, `.too_many`, `.too_long`, `.empty`, `.exception_unknown`, `.interval`,
    `.weekdays`, `.position`, `.overlapping`, and `.start_ambiguous` where the start is the second of two
    equal local times, which no rule can say.
    """
    local = _local(starts_at, timezone)
    if ends_at <= starts_at:
        raise Malformed("activity.ends_before_start")
    if ends_at - starts_at > LASTS_MOST:
        raise Malformed("activity.too_long", limit=LASTS_MOST.days)
    if recurrence is None:
        return [Occurrence(1, starts_at.astimezone(UTC), ends_at.astimezone(UTC))]
    days = _days(local, recurrence)
    lasts = ends_at - starts_at
    instants = [_at(day, local).astimezone(UTC) for day in days]
    if any(one + lasts > following for one, following in pairwise(instants)):
        raise Malformed("recurrence.overlapping")
    kept = [
        Occurrence(no, at, at + lasts)
        for no, (day, at) in enumerate(zip(days, instants, strict=True), start=1)
        if day not in recurrence.exceptions
    ]
    if not kept:
        raise Malformed("recurrence.empty")
    return kept


def rrule(starts_at: datetime, timezone: str, recurrence: Recurrence) -> str:
    """The value of RFC 5545's RRULE, for a recurrence that `occurrences` accepts.

    UNTIL is in UTC: the last second of the day in the place.
    """
    local = _local(starts_at, timezone)
    weekly = recurrence.frequency is Frequency.WEEKLY
    parts = [f"FREQ={'WEEKLY' if weekly else 'MONTHLY'}"]
    if recurrence.interval != 1:
        parts.append(f"INTERVAL={recurrence.interval}")
    if recurrence.frequency is Frequency.MONTHLY_BY_DAY:
        parts.append(f"BYMONTHDAY={local.day}")
    elif weekly:
        parts.append("BYDAY=" + ",".join(str(_WEEKDAYS[day]) for day in _weekdays(local, recurrence)))
    else:
        parts.append(f"BYDAY={_position(local, recurrence)}{_WEEKDAYS[local.weekday()]}")
    if recurrence.until is not None:
        last = datetime.combine(recurrence.until, time(23, 59, 59), local.tzinfo).astimezone(UTC)
        parts.append(f"UNTIL={last:%Y%m%dT%H%M%SZ}")
    else:
        parts.append(f"COUNT={recurrence.count}")
    return ";".join(parts)


def excepted(starts_at: datetime, timezone: str, recurrence: Recurrence) -> list[datetime]:
    """The values of EXDATE: when the exceptions would have begun, in local time, in order."""
    local = _local(starts_at, timezone)
    return [_at(day, local) for day in sorted(recurrence.exceptions)]


def zone_named(timezone: str) -> ZoneInfo:
    """The zone of an IANA name such as ``Asia/Ho_Chi_Minh``, or ``UTC``. Raises Malformed `timezone.unknown`."""
    if not _ZONE.fullmatch(timezone):
        raise Malformed("timezone.unknown")
    try:
        return ZoneInfo(timezone)
    except (LookupError, ValueError, OSError):  # unknown, a file that is no zone, a folder
        raise Malformed("timezone.unknown") from None


def _local(starts_at: datetime, timezone: str) -> datetime:
    zone = zone_named(timezone)
    if not 2 <= starts_at.year <= date.max.year - 2 * YEARS_MOST:  # where sums would leave the calendar
        raise Malformed("instant.malformed")
    return starts_at.astimezone(zone)


def _at(day: date, local: datetime) -> datetime:
    # fold=0 is RFC 5545's reading of both kinds of odd local time; PEP 495 chose it so
    return local.replace(year=day.year, month=day.month, day=day.day, fold=0)


def _days(local: datetime, recurrence: Recurrence) -> list[date]:
    """The local days of the whole series. Work is bounded by five years, whatever is asked."""
    if local.fold:
        raise Malformed("recurrence.start_ambiguous")
    if not 1 <= recurrence.interval <= INTERVAL_MOST:
        raise Malformed("recurrence.interval", limit=INTERVAL_MOST)
    start = local.date()
    horizon = start + relativedelta(years=YEARS_MOST)
    last = _last_day(start, horizon, recurrence)
    rule = _rule(local, last, recurrence)
    # not the rule's own count: beside an `until` dateutil refuses it, and a rule without one goes on to the year 9999
    days = [at.date() for at in islice(rule, recurrence.count or OCCURRENCES_MOST + 1)]
    if len(days) > OCCURRENCES_MOST:
        raise Malformed("recurrence.too_many", limit=OCCURRENCES_MOST)
    if recurrence.count is not None and len(days) < recurrence.count:
        raise Malformed("recurrence.too_long", limit=YEARS_MOST)
    unknown = recurrence.exceptions.difference(days)
    if unknown:
        raise Malformed("recurrence.exception_unknown", day=min(unknown).isoformat())
    return days


def _last_day(start: date, horizon: date, recurrence: Recurrence) -> date:
    """The last day on which something may fall."""
    if recurrence.until is not None and recurrence.count is not None:
        raise Malformed("recurrence.both_ends")
    if recurrence.until is not None:
        if recurrence.until < start:
            raise Malformed("recurrence.empty")
        if recurrence.until > horizon:
            raise Malformed("recurrence.too_long", limit=YEARS_MOST)
        return recurrence.until
    if recurrence.count is None:
        raise Malformed("recurrence.endless")
    if recurrence.count < 1:
        raise Malformed("recurrence.empty")
    if recurrence.count > OCCURRENCES_MOST:
        raise Malformed("recurrence.too_many", limit=OCCURRENCES_MOST)
    return horizon


def _rule(local: datetime, last: date, recurrence: Recurrence) -> rules.rrule:
    weekdays = _weekdays(local, recurrence)
    position = _position(local, recurrence)
    # local days without a clock: what time it is on each is `_at`'s to say
    start, until = datetime.combine(local, time()), datetime.combine(last, time())
    every = recurrence.interval
    match recurrence.frequency:
        case Frequency.WEEKLY:
            return rules.rrule(rules.WEEKLY, start, every, wkst=rules.MO, until=until, byweekday=weekdays)
        case Frequency.MONTHLY_BY_DAY:
            return rules.rrule(rules.MONTHLY, start, every, until=until, bymonthday=local.day)
        case Frequency.MONTHLY_BY_WEEKDAY:
            weekday = _WEEKDAYS[local.weekday()](position)
            return rules.rrule(rules.MONTHLY, start, every, until=until, byweekday=weekday)


def _weekdays(local: datetime, recurrence: Recurrence) -> list[int]:
    """A weekly rule's days, in order. The start must be on one: RFC 5545 leaves open what else happens."""
    asked = recurrence.weekdays
    if not asked:
        return [local.weekday()]
    fits = recurrence.frequency is Frequency.WEEKLY and local.weekday() in asked
    if not fits or len(set(asked)) < len(asked) or not all(0 <= day < len(_WEEKDAYS) for day in asked):
        raise Malformed("recurrence.weekdays")
    return sorted(asked)


def _position(local: datetime, recurrence: Recurrence) -> int:
    """Which such weekday of its month the start is, as asked. A fifth is the last, since most months have none."""
    position = (local.day + 6) // 7
    if recurrence.position is None:
        return position if position < 5 else _LAST
    is_last = (local.date() + timedelta(days=7)).month != local.month
    true_ones = {position} - {5} | ({_LAST} if is_last else set())
    if recurrence.frequency is not Frequency.MONTHLY_BY_WEEKDAY or recurrence.position not in true_ones:
        raise Malformed("recurrence.position")
    return recurrence.position
