"""What is said of a template, coming in and going out."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from content.recurrence import LASTS_MOST
from models.base import Count, Day, Name, Request, Shape
from models.errors import Invalid
from models.notices.activity import CAPACITY_MOST, HOME_ZONE, Activity, Place, WebAddress, Zone
from models.notices.shapes import Body, NoticeBranch, NoticeText, Title
from models.notices.table import Category

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_MINUTES_MOST = int(LASTS_MOST / timedelta(minutes=1))
_RSVP_HOURS_MOST = 60 * 24


def _time_of_day(said: str) -> str:
    if not _TIME.fullmatch(said):
        raise PydanticCustomError("time.malformed", "HH:MM")
    return said


TimeOfDay = Annotated[str, AfterValidator(_time_of_day), Field(examples=["19:30"])]


class TemplateActivity(Request):
    """An activity on no day yet: `starts` is by the clock of `timezone`. Answers end `rsvp_hours_before` the start, by
    default at it.
    """

    starts: TimeOfDay
    minutes: Annotated[Count, Field(ge=1, le=_MINUTES_MOST)]
    timezone: Zone = HOME_ZONE
    place: Place | None = None
    online_url: WebAddress | None = None
    rsvp_hours_before: Annotated[Count, Field(ge=0, le=_RSVP_HOURS_MOST)] | None = None
    capacity: Annotated[Count, Field(ge=1, le=CAPACITY_MOST)] | None = None

    def on(self, day: date) -> Activity:
        """The activity on a day of its zone. Raises Invalid at `/on` where the calendar has no such day."""
        local = datetime.combine(day, time.fromisoformat(self.starts), ZoneInfo(self.timezone))
        try:
            starts_at = local.astimezone(UTC)
            answered = timedelta(hours=self.rsvp_hours_before or 0)
            return Activity(
                starts_at=starts_at,
                ends_at=starts_at + timedelta(minutes=self.minutes),
                timezone=self.timezone,
                place=self.place,
                online_url=self.online_url,
                rsvp_by=starts_at - answered if self.rsvp_hours_before is not None else None,
                capacity=self.capacity,
            )
        except (OverflowError, ValidationError):  # the first and the last days that there are
            raise Invalid.at("/on", "instant.malformed") from None


class TemplateContent(NoticeText):
    """A notice to begin from. An activity, and nothing else, says when in a day it takes place."""

    activity: TemplateActivity | None = Field(default=None, validate_default=True)

    @field_validator("activity")
    @classmethod
    def _agree_with_category(cls, activity: TemplateActivity | None, info: ValidationInfo) -> TemplateActivity | None:
        is_activity = info.data.get("category") is Category.ACTIVITY
        if "category" in info.data and is_activity != (activity is not None):
            raise PydanticCustomError("activity.missing" if is_activity else "activity.unexpected", "disagree")
        return activity


class TemplateCreate(Request):
    """A branch's templates have different names, without regard to diacritics."""

    name: Name
    content: TemplateContent


class TemplateUpdate(Request):
    """A field that is absent stays as it is; none can be null. `content` is put in the place of all there was."""

    name: Name | None = None
    content: TemplateContent | None = None


class TemplateDraft(Request):
    """What this notice says otherwise. `on` is the day of an activity in its zone, and asked for by activities alone.
    `branch_id` is who speaks: by default the branch whose template it is.
    """

    on: Day | None = None
    branch_id: UUID | None = None
    title: Title | None = None
    body: Body | None = None


class TemplateSummary(Shape):
    """One line of a list. `branch` is whose it is: a branch sees those of the branches above it too."""

    id: UUID
    branch: NoticeBranch
    name: str
    title: str
    category: Category
    revision: int


class TemplatePublic(Shape):
    id: UUID
    branch: NoticeBranch
    name: str
    content: TemplateContent
    revision: int
    created_at: datetime
