"""An app that holds the handbook offline, by api/guides/sync.md: its queue first, then what is new, then its state."""

import json
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from tests.load.day.access import Access, Line, Listing, News, Person, Phone
from tests.load.day.connection import Answer, Failed, decoded
from tests.load.day.holding import Thing

SYNC, EVENTS, STATE = "/v1/sync", "/v1/me/events", "/v1/me/state"
SENDING = 0.8
"""The share of readings that are sent at once; the rest lie on the queue until the app is opened again."""
_PAGES_MOST = 100


class Syncing(Access):
    def catch_up(self) -> bool:
        return self.send() and self.sync() and (self._person.is_told or self.ask_for_state())

    def take_note(self, line: Line | Thing) -> None:
        kind = "acknowledged" if line.requires_ack else "read"
        event = {"id": str(uuid4()), "kind": kind, "at": _now(), "notice_id": line.id, "revision": line.revision}
        self._person.queue.append(event)
        self._person.read.add(line.id)
        if self._rng.random() < SENDING:
            self.send()

    def send(self) -> bool:
        """The whole queue. What was not answered stays on it."""
        person = self._person
        if not person.queue:
            return True
        body = {"sent_at": _now(), "events": person.queue}
        said = self._said("events", self._phone.ask("events", "POST", EVENTS, token=person.access_token, body=body))
        if said is None:
            return False
        try:
            results = [(one["result"], one.get("problem")) for one in said["results"]]
            if said["since"] == person.state and not said["more"]:
                person.state = int(said["state"])
            else:
                person.is_told = False  # something was done on another device before
        except (KeyError, TypeError):
            self._phone.failed("events", "unreadable answer")
            return False
        for result, problem in results:
            if result not in {"applied", "duplicate"}:
                self._phone.failed("events", f"{result} {_slug(problem)}".strip())
        if len(results) != len(person.queue):
            self._phone.failed("events", "results for other events")
        person.queue = []
        return True

    def sync(self) -> bool:
        """Page after page. This phone loses nothing, so that a channel that differs is the server's mistake."""
        published, asked = self._news.notice_id, self._phone.due
        for _ in range(_PAGES_MOST):
            more = self._page()
            if more is None:
                return False
            if not more:
                self._person.feed = tuple(self._person.holding.notices)
                self._told(published, asked)
                return True
        self._phone.failed("sync", "does not end")
        return False

    def _page(self) -> bool | None:
        """Whether another one follows; None where this one failed."""
        person, phone, holding = self._person, self._phone, self._person.holding
        what = "first sync" if holding.cursor is None else "sync"
        path = SYNC if holding.cursor is None else f"{SYNC}?{urlencode({'cursor': holding.cursor})}"
        answer = phone.ask(what, "GET", path, token=person.access_token, expected=(200, 304), tag=holding.tag)
        if answer is None:
            return None
        more, failure = self._take(answer)
        if failure:
            phone.failed(what, failure)
        return None if failure else more

    def _take(self, answer: Answer) -> tuple[bool, str]:
        """Whether another page follows, and what is wrong with this one."""
        holding = self._person.holding
        if answer.status == 304:
            return False, "" if holding.tag is not None else "304 unasked"
        try:
            said = json.loads(decoded(answer.body, answer.encoding))
            more, amiss = bool(said["more"]), holding.apply(said)
        except (Failed, KeyError, TypeError, ValueError, AttributeError):
            return False, "unreadable answer"
        if said["cursor"] is None:
            holding.tag = answer.headers.get("etag")
            return more, "" if holding.tag is not None else "no ETag"
        return more, "a channel differs" if amiss else ""

    def ask_for_state(self) -> bool:
        """What was done on other devices."""
        person = self._person
        for _ in range(_PAGES_MOST):
            path = STATE if person.state is None else f"{STATE}?{urlencode({'since': person.state})}"
            said = self._said("state", self._phone.ask("state", "GET", path, token=person.access_token))
            if said is None:
                return False
            try:
                person.read |= {receipt["notice_id"] for receipt in said["receipts"]}
                person.state, more = int(said["state"]), bool(said["more"])
            except (KeyError, TypeError, ValueError):
                self._phone.failed("state", "unreadable answer")
                return False
            if not more:
                person.is_told = True
                return True
        self._phone.failed("state", "does not end")
        return False

    def _said(self, what: str, answer: Answer | None) -> dict[str, Any] | None:
        if answer is None:
            return None
        try:
            said = json.loads(decoded(answer.body, answer.encoding))
        except (Failed, ValueError):
            said = None
        if not isinstance(said, dict):
            self._phone.failed(what, "unreadable answer")
            return None
        return said


def open_app(person: Person, phone: Phone, rng: Random, news: News) -> Access:
    """As the person's app works."""
    return (Syncing if person.synchronises else Listing)(person, phone, rng, news)


def set_up(person: Person, phone: Phone, rng: Random) -> bool:
    """Before the day: an app that was opened yesterday holds what there was then. False where that failed.

    A token that was past its time when the day began still is: the app has another one only for this.
    """
    late = person.access_token if person.late else None
    app = Syncing(person, phone, rng, News())
    person.late = False  # nothing is tried with it here
    done = (late is None or app.refresh()) and app.sync() and app.sync()  # the second brings the tag of nothing new
    done = done and app.ask_for_state()
    if late is not None:
        person.access_token, person.late = late, True
    return done


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _slug(problem: object) -> str:
    kind = problem.get("type") if isinstance(problem, dict) else None
    return str(kind or "").rsplit("/", 1)[-1]
