"""Lists of people to call, as the rows of a table that people open in a spreadsheet."""

from datetime import datetime
from typing import NamedTuple

from content.recurrence import zone_named
from content.tabular import Cell
from content.times import Language

TIMEZONE = "Asia/Ho_Chi_Minh"


class CallLine(NamedTuple):
    """One person. `answer` is yes, no or maybe, `attendance` present, excused or absent."""

    full_name: str
    member_no: str
    branch: str
    phone: str | None
    read_at: datetime | None
    answer: str | None
    attendance: str | None
    has_signed_in: bool
    has_left: bool


_HEADINGS: dict[Language, tuple[str, ...]] = {
    "vi": (
        *("Họ và tên", "Số thẻ", "Tổ chức", "Điện thoại", "Đã đọc lúc", "Trả lời", "Điểm danh"),
        *("Đã dùng ứng dụng", "Đã chuyển đi"),
    ),
    "en": (
        *("Full name", "Member number", "Branch", "Phone", "Read at", "Answer", "Attendance"),
        *("Has used the app", "Has left"),
    ),
}
_WORDS: dict[Language, dict[str, str]] = {
    "vi": {
        "yes": "tham gia",
        "no": "không tham gia",
        "maybe": "chưa chắc",
        "present": "có mặt",
        "excused": "vắng có lý do",
        "absent": "vắng",
        "True": "có",
        "False": "không",
    },
    "en": {"True": "yes", "False": "no"},
}
_NAMES: dict[Language, dict[str, str]] = {
    "vi": {
        "read": "chua-doc",
        "acknowledged": "chua-xac-nhan",
        "rsvp": "chua-tra-loi",
        "attended": "chua-tham-du",
    },
    "en": {
        "read": "not-read",
        "acknowledged": "not-acknowledged",
        "rsvp": "not-answered",
        "attended": "not-attended",
    },
}


def headings(language: Language) -> tuple[str, ...]:
    return _HEADINGS[language]


def cells(line: CallLine, language: Language) -> list[Cell]:
    """In the order of the headings; instants by the clock of Viet Nam."""
    words = _WORDS[language]
    read_at = line.read_at and line.read_at.astimezone(zone_named(TIMEZONE)).strftime("%Y-%m-%d %H:%M")
    said = [word and words.get(word, word) for word in (line.answer, line.attendance)]
    return [
        *(line.full_name, line.member_no, line.branch, line.phone, read_at, *said),
        *(words[str(flag)] for flag in (line.has_signed_in, line.has_left)),
    ]


def list_name(kind: str, language: Language) -> str:
    """What a file of those is called who have not read, acknowledged, answered (`rsvp`) or attended."""
    return _NAMES[language][kind]
