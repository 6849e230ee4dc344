"""The kinds of events: to add one is to add its shape and its rule here."""

from typing import Any

from models.events.shapes import Kind
from models.notices.events import RECEIPTS, NoticeAcknowledged, NoticeRead

KINDS: dict[str, Kind[Any, Any]] = {
    "read": Kind(NoticeRead, RECEIPTS),
    "acknowledged": Kind(NoticeAcknowledged, RECEIPTS),
}
