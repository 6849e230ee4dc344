"""Fetching: the first time, since then, and whatever went missing, by one operation."""

from typing import Any

from tests.client.identity import ask
from tests.client.patience import Patience
from tests.client.store import Store
from tests.client.wire import Answer, Refused, Request, Steps

PATH = "/v1/sync"


def sync(store: Store, patience: Patience, *, save_data: bool = False) -> Steps[None]:
    """Bring the store up to date.

    Raises SignInRequired, AccountClosed, Unreachable, Refused.
    """
    tried: set[str] = set()
    again: str | None = None
    while True:
        request = sync_request(store, again=again, save_data=save_data)
        answer = yield from ask(store, request, patience)
        more = take(store, request, answer)
        again = None if more else next((channel for channel in store.doubts() if channel not in tried), None)
        if again is not None:
            tried.add(again)
        elif not more:
            return


def sync_request(store: Store, *, again: str | None = None, save_data: bool = False) -> Request:
    """What is asked next, on the condition that it is not "nothing new"."""
    cursor, nothing_new = store.value("cursor"), store.value("nothing_new")
    query = [] if cursor is None else [("cursor", cursor)]
    headers = {"Save-Data": "on"} if save_data else {}
    if again is not None:
        query.append(("again", again))
    if cursor is not None and nothing_new is not None:
        headers["If-None-Match"] = nothing_new
    return Request("GET", PATH, tuple(query), headers)


def take(store: Store, request: Request, answer: Answer) -> bool:
    """Apply whatever was answered to the store that asked: one that has gone on since has no use for it. True where one
    asks again at once. Raises Refused.
    """
    if answer.status == 304:
        return False
    with store.transaction():
        if dict(request.query).get("cursor") != store.value("cursor"):
            return True
        if answer.status == 200:
            apply(store, answer.body)
            if answer.body["cursor"] is None:
                store.keep("nothing_new", answer.headers.get("etag"))
            return bool(answer.body["more"])
        if answer.status == 400 and answer.problem == "sync.cursor_invalid" and request.query:
            start_afresh(store)
            return True
    raise Refused(answer)


def apply(store: Store, said: dict[str, Any]) -> None:
    """Within the caller's transaction."""
    if said["me"] is not None:
        store.keep("me", said["me"])
    for channel in said["dropped"]:
        store.clear(channel)
        store.trust(channel)
    for entry in said["channels"]:
        if entry["reset"]:
            store.clear(entry["channel"])
        for thing in entry["things"]:
            store.put(entry["channel"], thing)
        for thing_id in entry["removed"]:
            store.remove(entry["channel"], thing_id)
    for entry in said["channels"]:
        if entry["complete"]:
            is_whole = store.digest(entry["channel"]) == (entry["count"], entry["digest"])
            (store.trust if is_whole else store.doubt)(entry["channel"])
    if said["cursor"] is not None:
        store.keep("cursor", said["cursor"])


def start_afresh(store: Store) -> None:
    """Everything that sync brought goes; what the member did stays."""
    store.forget("cursor")
    store.write("DELETE FROM thing")
    store.write("DELETE FROM doubt")
