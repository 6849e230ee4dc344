"""What the member answered and where they were: said by the server, or done here and still on the queue."""

import json
from typing import Any

from tests.client.store import Store

Rsvp = dict[str, Any]
Attendance = dict[str, Any]


def keep_rsvp(store: Store, rsvp: Rsvp) -> None:
    """As the server has it, or as an event that is safe said it."""
    row = (rsvp["notice_id"], rsvp["occurrence"], json.dumps(rsvp))
    store.write("INSERT OR REPLACE INTO rsvp VALUES (?, ?, ?)", *row)


def rsvp_of(event: dict[str, Any]) -> Rsvp:
    """What an event of kind `rsvp` says."""
    return {**{name: event[name] for name in ("notice_id", "occurrence", "answer")}, "note": event.get("note")}


def shown_rsvp(store: Store, notice_id: str, occurrence: int) -> Rsvp | None:
    """The last answer on the queue, else what is stored."""
    waiting = store.read(
        "SELECT json FROM event WHERE json_extract(json, '$.kind', '$.notice_id', '$.occurrence') "
        "= json_array('rsvp', ?, ?) ORDER BY place DESC LIMIT 1",
        notice_id,
        occurrence,
    )
    if waiting:
        return rsvp_of(json.loads(waiting[0][0]))
    rows = store.read("SELECT json FROM rsvp WHERE notice_id = ? AND occurrence = ?", notice_id, occurrence)
    return None if not rows else dict(json.loads(rows[0][0]))


def keep_attendance(store: Store, attendance: Attendance) -> None:
    """As the server has it."""
    row = (attendance["notice_id"], attendance["occurrence"], json.dumps(attendance))
    store.write("INSERT OR REPLACE INTO attendance VALUES (?, ?, ?)", *row)


def attendance(store: Store, notice_id: str, occurrence: int) -> Attendance | None:
    """What a code that is on the queue will come to, nobody knows."""
    rows = store.read("SELECT json FROM attendance WHERE notice_id = ? AND occurrence = ?", notice_id, occurrence)
    return None if not rows else dict(json.loads(rows[0][0]))
