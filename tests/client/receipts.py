"""What the member has read and acknowledged, and the state that says so: of the server, or done here and still on the
queue.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from tests.client.activities import keep_attendance, keep_rsvp
from tests.client.identity import ask
from tests.client.patience import Patience
from tests.client.quizzes import keep_attempt
from tests.client.store import Store
from tests.client.studies import keep_bookmark, keep_progress
from tests.client.wire import Answer, Refused, Request, Steps

Receipt = dict[str, Any]


OWN = frozenset({"read", "acknowledged"})
"""Kinds of events that make a receipt of the member's own."""
ASKED = "state_asked_at"
ASKED_EVERY = timedelta(days=1)


def fetch_state(store: Store, patience: Patience, at: datetime) -> Steps[None]:
    """What was done on other devices. Raises SignInRequired, AccountClosed, Unreachable, Refused."""
    more = True
    while more:
        since = store.value("state")
        query = () if since is None else (("since", str(since)),)
        answer = yield from ask(store, Request("GET", "/v1/me/state", query), patience)
        more = take_state(store, answer)
    with store.transaction():
        store.keep(ASKED, at.isoformat())


def is_due(store: Store, at: datetime) -> bool:
    """Is it time to ask for the state?"""
    asked_at = store.value(ASKED)
    return asked_at is None or at - datetime.fromisoformat(asked_at) >= ASKED_EVERY


def follow_state(store: Store, said: dict[str, Any]) -> None:
    """What the answer to events says of the state: where the phone was at `since`, all that it need know.

    Otherwise something was done on another device, and the state is asked for.
    """
    if said["since"] == store.value("state") and not said["more"]:
        _keep(store, said)
    else:
        store.forget(ASKED)


def take_state(store: Store, answer: Answer) -> bool:
    """True where another page follows. Raises Refused."""
    if answer.status != 200:
        raise Refused(answer)
    said = answer.body
    with store.transaction():
        if said["reset"]:
            for table in ("receipt", "rsvp", "attendance", "progress", "bookmark", "attempt"):
                store.write(f"DELETE FROM {table}")  # noqa: S608 - our own names
        _keep(store, said)
    return bool(said["more"])


def _keep(store: Store, said: dict[str, Any]) -> None:
    for receipt in said["receipts"]:
        keep_receipt(store, receipt)
    for rsvp in said["rsvps"]:
        keep_rsvp(store, rsvp)
    for attended in said["attendance"]:
        keep_attendance(store, attended)
    for progress in said["progress"]:
        keep_progress(store, progress)
    for bookmark in said["bookmarks"]:
        keep_bookmark(store, bookmark)
    for attempt in said["attempts"]:
        keep_attempt(store, attempt)
    store.keep("state", said["state"])


def keep_receipt(store: Store, receipt: Receipt) -> None:
    """As the server has it."""
    row = (receipt["notice_id"], receipt["revision"], json.dumps(receipt))
    store.write("INSERT OR REPLACE INTO receipt VALUES (?, ?, ?)", *row)


def add_receipt(store: Store, receipt: Receipt) -> None:
    """An event that is safe by now: what is known of an acknowledgement is not lost for a reading."""
    known = kept_receipt(store, receipt["notice_id"], receipt["revision"])
    keep_receipt(store, receipt if known is None else joined(known, receipt))


def receipt_of(event: dict[str, Any]) -> Receipt:
    """What an event of kind `read` or `acknowledged` makes, as far as the phone can know."""
    at = event["at"]
    acknowledged_at = at if event["kind"] == "acknowledged" else None
    said = {name: event[name] for name in ("notice_id", "revision")}
    return {**said, "read_at": at, "acknowledged_at": acknowledged_at}


def joined(one: Receipt, other: Receipt) -> Receipt:
    acknowledged = [r["acknowledged_at"] for r in (one, other) if r["acknowledged_at"] is not None]
    return {
        **one,
        "read_at": min(one["read_at"], other["read_at"]),
        "acknowledged_at": min(acknowledged, default=None),
    }


def kept_receipt(store: Store, notice_id: str, revision: int) -> Receipt | None:
    statement = "SELECT json FROM receipt WHERE notice_id = ? AND revision = ?"
    rows = store.read(statement, notice_id, revision)
    return None if not rows else dict(json.loads(rows[0][0]))


def shown_receipt(store: Store, notice_id: str, revision: int) -> Receipt | None:
    """What the app shows: also what was done here and is not sent yet."""
    shown = kept_receipt(store, notice_id, revision)
    statement = "SELECT json FROM event WHERE json_extract(json, '$.notice_id', '$.revision') = json_array(?, ?)"
    done = (json.loads(text) for (text,) in store.read(statement, notice_id, revision))
    for event in (event for event in done if event["kind"] in OWN):
        receipt = receipt_of(event)
        shown = receipt if shown is None else joined(shown, receipt)
    return shown
