"""When and where an activity takes place, as it is said and shown; it lies with its notice as JSON."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from content.malformed import Malformed
from content.recurrence import Frequency, Occurrence, Recurrence, occurrences, zone_named
from content.text import clean
from models.base import Count, Day, Instant, Request, Shape, read_by

HOME_ZONE = "Asia/Ho_Chi_Minh"
EXCEPTIONS_MOST = 200
CAPACITY_MOST = 10_000_000


def _of_the_web(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_fine = parts.scheme == "https" and bool(parts.hostname) and " " not in url and parts.port != 0
    except ValueError:
        is_fine = False
    if not is_fine:
        raise PydanticCustomError("url.malformed", "an https address")
    return url


def _zone(name: str) -> str:
    try:
        zone_named(name)
    except Malformed as error:
        raise PydanticCustomError(error.code, "unknown") from None
    return name


Place = Annotated[str, StringConstraints(min_length=1, max_length=300), read_by(clean)]
WebAddress = Annotated[str, StringConstraints(max_length=500), AfterValidator(_of_the_web), read_by(clean)]
Zone = Annotated[str, StringConstraints(max_length=60), AfterValidator(_zone)]
Weekday = Annotated[Count, Field(ge=0, le=6, description="0 is Monday.")]


class RecurrenceSaid(Request):
    """How an activity goes on, by local days: until `until` (inclusive) or `count` times, without `exceptions`."""

    frequency: Frequency
    interval: Count = 1
    weekdays: list[Weekday] = Field(default=[], max_length=7)
    position: Count | None = None
    until: Day | None = None
    count: Count | None = None
    exceptions: list[Day] = Field(default=[], max_length=EXCEPTIONS_MOST)

    @property
    def rule(self) -> Recurrence:
        return Recurrence(
            frequency=self.frequency,
            interval=self.interval,
            weekdays=tuple(self.weekdays),
            until=self.until,
            count=self.count,
            exceptions=frozenset(self.exceptions),
            position=self.position,
        )


class Activity(Request):
    """Times are instants; `timezone` says by which clock it goes on. Answers are taken until `rsvp_by`, by default the
    start; each time of a recurring activity has the same span between the two.
    """

    starts_at: Instant
    ends_at: Instant
    timezone: Zone = HOME_ZONE
    place: Place | None = None
    online_url: WebAddress | None = None
    rsvp_by: Instant | None = None
    capacity: Annotated[Count, Field(ge=1, le=CAPACITY_MOST)] | None = None
    recurrence: RecurrenceSaid | None = Field(default=None, validate_default=True)

    @field_validator("rsvp_by")
    @classmethod
    def _before_it_begins(cls, rsvp_by: datetime | None, info: ValidationInfo) -> datetime | None:
        starts_at = info.data.get("starts_at")
        if rsvp_by is not None and starts_at is not None and rsvp_by > starts_at:
            raise PydanticCustomError("activity.rsvp_after_start", "answers end before it begins")
        return rsvp_by

    @field_validator("ends_at")
    @classmethod
    def _after_it_begins(cls, ends_at: datetime, info: ValidationInfo) -> datetime:
        if "starts_at" in info.data:
            _possible(info.data["starts_at"], ends_at, HOME_ZONE, None)
        return ends_at

    @field_validator("recurrence")
    @classmethod
    def _ends_sometime(cls, recurrence: RecurrenceSaid | None, info: ValidationInfo) -> RecurrenceSaid | None:
        said = info.data
        if recurrence is not None and {"starts_at", "ends_at", "timezone"} <= said.keys():
            _possible(said["starts_at"], said["ends_at"], said["timezone"], recurrence.rule)
        return recurrence

    def times(self) -> list[Occurrence]:
        """All of them, in order."""
        rule = self.recurrence.rule if self.recurrence else None
        return occurrences(self.starts_at, self.ends_at, self.timezone, rule)

    @property
    def answered_before(self) -> timedelta:
        """How long before each start answers end."""
        return self.starts_at - (self.rsvp_by or self.starts_at)

    def stored(self) -> dict[str, Any]:
        """The JSON of the ActivityPublic."""
        times = [OccurrencePublic.model_validate(each) for each in self.times()]
        return ActivityPublic(**self.model_dump(), occurrences=times).model_dump(mode="json")

    @classmethod
    def of(cls, stored: dict[str, Any] | None) -> Self | None:
        """What `stored` was made of."""
        if stored is None:
            return None
        return cls.model_validate({name: stored[name] for name in cls.model_fields if name in stored})


def _possible(starts_at: datetime, ends_at: datetime, timezone: str, rule: Recurrence | None) -> None:
    try:
        occurrences(starts_at, ends_at, timezone, rule)
    except Malformed as error:
        raise PydanticCustomError(error.code, "impossible", error.details) from None


class OccurrencePublic(Shape):
    """One time that it takes place. `no` stays its own when others are taken out."""

    no: int
    starts_at: datetime
    ends_at: datetime


class ActivityBrief(Shape):
    """The first time it takes place, and how it goes on."""

    starts_at: datetime
    ends_at: datetime
    timezone: str
    place: str | None
    online_url: str | None
    rsvp_by: datetime | None
    capacity: int | None
    recurrence: RecurrenceSaid | None


class ActivityPublic(ActivityBrief):
    occurrences: list[OccurrencePublic]
