"""What is said of answers and attendance, coming in and going out."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from content.text import clean
from models.activities.table import Answer, AttendanceMethod, AttendanceStatus
from models.base import Count, Flag, Request, Shape, read_by
from models.members.table import MemberCard

ENTRIES_MOST = 500
CODE_MOST = 300
OCCURRENCE_MOST = 2**15 - 1

No = Annotated[Count, Field(ge=1, le=OCCURRENCE_MOST)]
"""Which time of an activity is meant."""
Note = Annotated[str, StringConstraints(max_length=500), read_by(clean)]
WrittenCode = Annotated[str, StringConstraints(min_length=1, max_length=CODE_MOST)]


class RsvpPut(Request):
    """`occurrence` is which time is meant, and needed where the activity has several."""

    answer: Answer
    note: Note | None = None
    occurrence: No | None = None


class RsvpPublic(Shape):
    """What a member answered last."""

    notice_id: UUID
    occurrence: int
    answer: Answer
    note: str | None


class OwnRsvps(Shape):
    """One an occurrence that was answered, in their order."""

    rsvps: list[RsvpPublic]


class AttendanceEntry(Request):
    """`assisted` says that the member is here and somebody helps them check in."""

    member_id: UUID
    status: AttendanceStatus
    assisted: Flag = False

    @model_validator(mode="after")
    def _is_here(self) -> Self:
        if self.assisted and self.status is not AttendanceStatus.PRESENT:
            raise PydanticCustomError("attendance.assisted_absent", "only who is present is helped")
        return self

    @property
    def method(self) -> AttendanceMethod:
        return AttendanceMethod.ASSISTED if self.assisted else AttendanceMethod.SECRETARY


class AttendancePost(Request):
    """`entries` of who was there, by who takes attendance; or the `code` that a member scanned. `occurrence` is which
    time is meant, needed with entries where the activity has several.
    """

    occurrence: No | None = None
    entries: Annotated[list[AttendanceEntry], Field(min_length=1, max_length=ENTRIES_MOST)] | None = None
    code: WrittenCode | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.entries is None) == (self.code is None):
            raise PydanticCustomError("attendance.entries_or_code", "either entries or a code")
        return self


class AttendancePublic(Shape):
    """Whether a member was there, and how that is known."""

    notice_id: UUID
    occurrence: int
    status: AttendanceStatus
    method: AttendanceMethod


class AttendanceTaken(AttendancePublic):
    member_id: UUID


class AttendancePosted(Shape):
    """What stands now of those who were named, in the order of their ids: where somebody said more lately what is so,
    that is not what was sent.
    """

    attendance: list[AttendanceTaken]


class AnswerShown(Shape):
    answer: Answer
    note: str | None
    at: datetime


class MarkShown(Shape):
    """`marked_by` is who said so, where it was not the member by a code."""

    status: AttendanceStatus
    method: AttendanceMethod
    at: datetime
    marked_by: UUID | None


class Attendee(Shape):
    """Somebody whom the activity was or is for, what they answered, and whether they were there."""

    member: MemberCard
    rsvp: AnswerShown | None
    attendance: MarkShown | None


class CheckInCode(Shape):
    """`code` is what the QR code says from `from` until just before `until`."""

    model_config = ConfigDict(from_attributes=True, serialize_by_alias=True)

    code: str
    shown_from: datetime = Field(serialization_alias="from")
    until: datetime


class CheckInCodes(Shape):
    """The codes from `opens_at` to `closes_at`, at most those of a day: of a longer activity ask again each day."""

    notice_id: UUID
    occurrence: int
    opens_at: datetime
    closes_at: datetime
    codes: list[CheckInCode]
