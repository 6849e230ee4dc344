"""How it is told who has taken note, answered and come, and who has not."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from models.activities.table import Answer, AttendanceStatus
from models.base import Shape
from models.members.table import MemberCard
from models.notices.shapes import NoticeBranch
from models.paging import Page


class Counted(Shape):
    """People, each once. `read` and `acknowledged` are told of a notice, the others of an activity's time."""

    read: int | None = None
    acknowledged: int | None = None
    yes: int | None = None
    no: int | None = None
    maybe: int | None = None
    present: int | None = None
    excused: int | None = None
    absent: int | None = None


class Counts(Counted):
    """Of `eligible` people, who were the audience then; `also` counts those apart who came later."""

    eligible: int
    also: Counted


class ReportPart(Shape):
    """A branch right below, with all that is below it."""

    branch: NoticeBranch
    counts: Counts


class NoticeReport(Page[ReportPart]):
    """`total` is the branch with all below it, `here` the branch itself without the branches below, `items` are those
    by code, as they stood when the audience was counted.

    The audience is that of `audience_at`: a notice's at its publication, an activity's at its beginning, and until
    then at publication. All that was said before `counted_at` is in the numbers; where it is null, `total` and
    `here` are too, for the audience is being counted.
    """

    branch: NoticeBranch
    audience_at: datetime
    counted_at: datetime | None
    total: Counts | None
    here: Counts | None


class Missing(StrEnum):
    """What somebody has not done: read, acknowledged, answered, attended."""

    READ = "read"
    ACKNOWLEDGED = "acknowledged"
    RSVP = "rsvp"
    ATTENDED = "attended"


class MissingBranch(Shape):
    id: UUID
    name: str


class MissingEntry(MemberCard):
    """Somebody to call. `has_left`: it does not concern them any more. `has_signed_in`: they can be reached by the app.
    `phone` is null, too, for those who may not see it.
    """

    member_no: str
    branch: MissingBranch
    has_left: bool
    has_signed_in: bool
    read_at: datetime | None
    answer: Answer | None
    attendance: AttendanceStatus | None
    phone: str | None
