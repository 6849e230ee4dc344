"""The kinds of events: to add one is to add its shape and its rule here."""

from typing import Any

from models.activities.events import CHECK_INS, MARKS, RSVPS, AttendedSent, CheckInSent, RsvpSent
from models.events.shapes import Kind
from models.notices.events import RECEIPTS, NoticeAcknowledged, NoticeRead, NoticeTold
from models.progress.events import BOOKMARKS, PROGRESS, BookmarkSent, ProgressSent
from models.quizzes.events import ATTEMPTS, AttemptSent

KINDS: dict[str, Kind[Any, Any]] = {
    "read": Kind(NoticeRead, RECEIPTS),
    "acknowledged": Kind(NoticeAcknowledged, RECEIPTS),
    "told": Kind(NoticeTold, RECEIPTS),
    "rsvp": Kind(RsvpSent, RSVPS),
    "check_in": Kind(CheckInSent, CHECK_INS),
    "attended": Kind(AttendedSent, MARKS),
    "progress": Kind(ProgressSent, PROGRESS),
    "bookmark": Kind(BookmarkSent, BOOKMARKS),
    "attempt": Kind(AttemptSent, ATTEMPTS),
}
