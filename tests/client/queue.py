"""What the member did, on its way to the server: each event once, whatever is lost between."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from tests.client.activities import keep_rsvp, rsvp_of
from tests.client.identity import ask
from tests.client.patience import Patience
from tests.client.quizzes import attempt_of, keep_attempt
from tests.client.receipts import OWN, add_receipt, follow_state, receipt_of
from tests.client.store import Store
from tests.client.studies import KINDS, keep_study
from tests.client.wire import Answer, Refused, Request, Steps

BATCH_MOST = 500


def did(store: Store, kind: str, at: datetime, **said: Any) -> str:
    """Put on the queue what the member did; the event's id."""
    event_id = str(uuid4())
    event = {"id": event_id, "kind": kind, "at": instant(at), **said}
    with store.transaction():
        store.write("INSERT INTO event (id, json) VALUES (?, ?)", event_id, json.dumps(event))
    return event_id


def queued(store: Store, most: int = -1) -> list[dict[str, Any]]:
    """The oldest events, or all."""
    return [json.loads(text) for (text,) in store.read("SELECT json FROM event ORDER BY place LIMIT ?", most)]


def refusals(store: Store) -> list[dict[str, Any]]:
    """Events that will never be applied, each with its `problem`: the member has not been told yet."""
    return [json.loads(text) for (text,) in store.read("SELECT json FROM refusal ORDER BY id")]


def upload(store: Store, patience: Patience, clock: Callable[[], datetime]) -> Steps[None]:
    """Send the queue to its end. Raises SignInRequired, AccountClosed, Unreachable, Refused."""
    while batch := queued(store, BATCH_MOST):
        body = {"sent_at": instant(clock()), "events": batch}
        answer = yield from ask(store, Request("POST", "/v1/me/events", body=body), patience)
        settle(store, batch, answer)


def settle(store: Store, batch: list[dict[str, Any]], answer: Answer) -> None:
    """Take what was answered off the queue, all at once; what is safe is kept as what it made. Raises Refused."""
    if answer.status != 200:
        raise Refused(answer)
    with store.transaction():
        for event, result in zip(batch, answer.body["results"], strict=True):
            store.write("DELETE FROM event WHERE id = ?", event["id"])
            if result["result"] == "refused":
                refusal = json.dumps({**event, "problem": result["problem"]})
                store.write("INSERT OR REPLACE INTO refusal VALUES (?, ?)", event["id"], refusal)
            elif event["kind"] in OWN:
                add_receipt(store, receipt_of(event))
            elif event["kind"] == "rsvp":
                keep_rsvp(store, rsvp_of(event))
            elif event["kind"] == "attempt":
                keep_attempt(store, attempt_of(event))
            elif event["kind"] in KINDS:
                keep_study(store, event)
        follow_state(store, answer.body)


def instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
