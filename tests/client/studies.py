"""How far the member is in what they study, and what they marked: said by the server, or done here and still on the
queue.
"""

import json
from typing import Any

from tests.client.store import Store

Progress = dict[str, Any]
Bookmark = dict[str, Any]
KINDS = frozenset({"progress", "bookmark"})


def keep_progress(store: Store, progress: Progress) -> None:
    """As the server has it."""
    row = (progress["material_id"], progress["version"], json.dumps(progress))
    store.write("INSERT OR REPLACE INTO progress VALUES (?, ?, ?)", *row)


def keep_bookmark(store: Store, bookmark: Bookmark) -> None:
    """As the server has it: gone where it was removed."""
    store.write("DELETE FROM bookmark WHERE id = ?", bookmark["id"])
    if not bookmark["is_removed"]:
        store.write("INSERT INTO bookmark VALUES (?, ?)", bookmark["id"], json.dumps(bookmark))


def keep_study(store: Store, event: dict[str, Any]) -> None:
    """An event that is safe by now."""
    if event["kind"] == "bookmark":
        keep_bookmark(store, bookmark_of(event))
    else:
        keep_progress(store, onward(kept_progress(store, event["material_id"], event["version"]), event))


def onward(known: Progress | None, event: dict[str, Any]) -> Progress:
    """With what an event says of it: the position moves, and what is completed stays so."""
    completed_at = event["at"] if event.get("completed") else None
    if known is not None and known["completed_at"] is not None:
        completed_at = min(known["completed_at"], completed_at or known["completed_at"])
    said = {name: event[name] for name in ("material_id", "version", "position", "share")}
    return {**said, "completed_at": completed_at}


def bookmark_of(event: dict[str, Any]) -> Bookmark:
    """What an event of kind `bookmark` says."""
    said = {name: event.get(name) for name in ("material_id", "version", "locator", "note")}
    return {"id": event["bookmark_id"], "is_removed": bool(event.get("is_removed")), **said}


def kept_progress(store: Store, material_id: str, version: int) -> Progress | None:
    rows = store.read("SELECT json FROM progress WHERE material_id = ? AND version = ?", material_id, version)
    return None if not rows else dict(json.loads(rows[0][0]))


def shown_progress(store: Store, material_id: str, version: int) -> Progress | None:
    """What is stored, and what was done since."""
    shown = kept_progress(store, material_id, version)
    for event in _waiting(store, "progress"):
        if (event["material_id"], event["version"]) == (material_id, version):
            shown = onward(shown, event)
    return shown


def shown_bookmarks(store: Store) -> dict[str, Bookmark]:
    """By their ids."""
    shown = {id_: json.loads(text) for id_, text in store.read("SELECT id, json FROM bookmark")}
    for event in _waiting(store, "bookmark"):
        shown[event["bookmark_id"]] = bookmark_of(event)
    return {id_: bookmark for id_, bookmark in shown.items() if not bookmark["is_removed"]}


def _waiting(store: Store, kind: str) -> list[dict[str, Any]]:
    rows = store.read("SELECT json FROM event WHERE json_extract(json, '$.kind') = ? ORDER BY place", kind)
    return [json.loads(text) for (text,) in rows]
