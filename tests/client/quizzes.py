"""Quizzes taken on the phone: what may be asked, which questions it is, and what became of it."""

import json
from hashlib import sha256
from typing import Any

from tests.client.store import Store

Attempt = dict[str, Any]
Quiz = dict[str, Any]


class NoAttemptLeft(Exception):
    """As many as the quiz allows are used."""


def drawn(member_id: str, quiz: Quiz, draw_no: int) -> list[dict[str, Any]]:
    """The questions that an attempt has, in the order in which they are asked."""

    def digest(question: dict[str, Any]) -> bytes:
        said = f"{member_id}:{quiz['id']}:{quiz['version']}:{draw_no}:{question['id']}"
        return sha256(said.encode()).digest()

    return sorted(quiz["questions"], key=digest)[: quiz["questions_asked"]]


def next_draw(store: Store, quiz: Quiz) -> int:
    """Raises NoAttemptLeft."""
    used = {attempt["draw_no"] for attempt in shown_attempts(store, quiz["id"])}
    if quiz["attempts_most"] is not None and len(used) >= quiz["attempts_most"]:
        raise NoAttemptLeft
    return next(number for number in range(1, len(used) + 2) if number not in used)


def keep_attempt(store: Store, attempt: Attempt) -> None:
    """As the server has it."""
    row = (attempt["id"], attempt["quiz_id"], json.dumps(attempt))
    store.write("INSERT OR REPLACE INTO attempt VALUES (?, ?, ?)", *row)


def attempt_of(event: dict[str, Any]) -> Attempt:
    """What an event says of it, until the server says what it was worth."""
    said = {name: event[name] for name in ("quiz_id", "version", "draw_no", "started_at")}
    return {"id": event["attempt_id"], **said, "submitted_at": event["at"], "percent": None, "is_passed": None}


def shown_attempts(store: Store, quiz_id: str) -> list[Attempt]:
    """What is stored, and what was done since."""
    rows = store.read("SELECT json FROM attempt WHERE quiz_id = ?", quiz_id)
    shown = {attempt["id"]: attempt for attempt in (json.loads(text) for (text,) in rows)}
    waiting = store.read("SELECT json FROM event WHERE json_extract(json, '$.kind') = 'attempt' ORDER BY place")
    for event in (json.loads(text) for (text,) in waiting):
        if event["quiz_id"] == quiz_id:
            shown.setdefault(event["attempt_id"], attempt_of(event))
    return list(shown.values())
