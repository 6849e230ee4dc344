"""A server that fits into a test, and a phone that can be killed at any point."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.client.store import Store
from tests.client.wire import Answer, Request, Steps, T, Wait

NOTHING_NEW = '"nothing new"'


class Killed(BaseException):
    """The app is gone: nothing of it runs any more."""


class Fuse:
    """Burns with each step and each statement; where it ends, the app is killed."""

    def __init__(self, length: int | None = None) -> None:
        self.left = length

    def burn(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed


class MortalStore(Store):
    def __init__(self, path: Path, fuse: Fuse) -> None:
        super().__init__(path)
        self.fuse = fuse

    def _run(self, statement: str, *values: object) -> list[Any]:
        self.fuse.burn()
        found = super()._run(statement, *values)
        self.fuse.burn()
        return found


def play(steps: Steps[T], send: Callable[[Request], Answer | None], waited: list[float] | None = None) -> T:
    """Carry steps out at once: waits are noted, not waited for."""
    said: Answer | None = None
    while True:
        try:
            step = steps.send(said)
        except StopIteration as end:
            result: T = end.value
            return result
        said = None
        if not isinstance(step, Wait):
            said = send(step)
        elif waited is not None:
            waited.append(step.seconds)


def refused(status: int, slug: str, **headers: str) -> Answer:
    return Answer(status, headers, {"type": f"/problems/{slug}", "status": status})


@dataclass
class Server:
    """Speaks the protocol to one member. `page` is how many things an answer carries at most."""

    page: int = 2
    channels: dict[str, dict[str, tuple[int, dict[str, Any] | None]]] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    applied: list[str] = field(default_factory=list)
    """Ids of events as often as they had an effect."""
    receipts: dict[tuple[str, int], tuple[int, dict[str, Any]]] = field(default_factory=dict)
    rsvps: dict[tuple[str, int], tuple[int, dict[str, Any]]] = field(default_factory=dict)
    attendance: dict[tuple[str, int], tuple[int, dict[str, Any]]] = field(default_factory=dict)
    progress: dict[tuple[str, int], tuple[int, dict[str, Any]]] = field(default_factory=dict)
    bookmarks: dict[tuple[str, int], tuple[int, dict[str, Any]]] = field(default_factory=dict)
    attempts: dict[tuple[str, int], tuple[int, dict[str, Any]]] = field(default_factory=dict)
    right: dict[str, Any] = field(default_factory=dict)
    """The right answers of quizzes, by their ids."""
    last_said: dict[tuple[str, int], str] = field(default_factory=dict)
    """When what stands of progress and bookmarks was said."""
    answered: dict[tuple[str, int], str] = field(default_factory=dict)
    """When what stands was answered."""
    asked: list[Request] = field(default_factory=list)
    head: int = 0
    state: int = 0
    tokens: list[str] = field(default_factory=lambda: ["first"])
    closed: bool = False
    ended: bool = False

    def publish(self, channel: str, thing_id: str, kind: str = "notice", **said: Any) -> None:
        self.head += 1
        self.channels.setdefault(channel, {})[thing_id] = (self.head, {"kind": kind, "revision": 1, **said})

    def withdraw(self, channel: str, thing_id: str) -> None:
        self.head += 1
        self.channels[channel][thing_id] = (self.head, None)

    def holds(self) -> dict[str, tuple[str, int]]:
        """What the member's store must come to: channel and number of each thing."""
        return {
            thing_id: (channel, seq)
            for channel in self.heard
            for thing_id, (seq, thing) in self.channels.get(channel, {}).items()
            if thing is not None
        }

    def send(self, request: Request) -> Answer:
        self.asked.append(request)
        if request.path == "/v1/auth/login":
            self.ended = False
            return refused(401, "account.closed") if self.closed else self._tokens(1)
        if self.closed or self.ended:
            return refused(401, "account.closed" if self.closed else "sign_in.required")
        if request.path == "/v1/auth/refresh":
            return self._tokens(int(request.body["refresh_token"][1:]) + 1)
        if request.headers["Authorization"] not in {f"Bearer {token}" for token in self.tokens}:
            return refused(401, "token.invalid")
        routes = {
            "/v1/sync": self._sync,
            "/v1/me/events": self._take_events,
            "/v1/me/state": self._tell_state,
            "/v1/auth/logout": self._log_out,
        }
        return routes[request.path](request)

    def expire(self) -> None:
        """Every access token is too old from now on."""
        self.tokens.clear()

    def _tokens(self, generation: int) -> Answer:
        self.tokens.append(new_id())
        said = {"access_token": self.tokens[-1], "refresh_token": f"r{generation}", "member_id": "hoa"}
        return Answer(200, {}, said)

    def _log_out(self, _request: Request) -> Answer:
        self.ended = True
        return Answer(204)

    def _sync(self, request: Request) -> Answer:
        query = dict(request.query)
        at: dict[str, int] = {}
        if "cursor" in query:
            if not query["cursor"].startswith("k1."):
                return refused(400, "sync.cursor_invalid")
            at = json.loads(query["cursor"][3:])
        if "again" in query:
            at.pop(query["again"], None)
        dropped = sorted(at.keys() - self.heard)
        entries, left = [], self.page
        for channel in sorted(self.heard):
            entry = self._entry(channel, at, left)
            if entry is not None:
                entries.append(entry)
                left -= len(entry["things"]) + len(entry["removed"])
        for channel in dropped:
            del at[channel]
        is_new = bool(entries or dropped)
        etag = f'"{self.head}"' if is_new else NOTHING_NEW
        if request.headers.get("If-None-Match") == etag:
            return Answer(304, {"etag": etag})
        more = any(not entry["complete"] for entry in entries)
        said = {
            "cursor": f"k1.{json.dumps(at)}" if is_new else None,
            "more": more,
            "me": {"id": "hoa"},
            "dropped": dropped,
            "channels": entries,
        }
        return Answer(200, {"etag": etag}, said)

    def _entry(self, channel: str, at: dict[str, int], left: int) -> dict[str, Any] | None:
        """Moves `at` on over what it says."""
        since = at.get(channel)
        things = self.channels.get(channel, {})
        new = sorted((seq, id_, thing) for id_, (seq, thing) in things.items() if seq > (since or 0))
        if not new and since is not None:
            return None
        page = new[:left]
        at[channel] = page[-1][0] if page else since or 0
        held = sorted(f"{id_}:{seq}" for id_, (seq, thing) in things.items() if thing is not None)
        is_whole = len(page) == len(new)
        return {
            "channel": channel,
            "reset": since is None,
            "things": [{"id": id_, "seq": seq, **thing} for seq, id_, thing in page if thing is not None],
            "removed": [id_ for _, id_, thing in page if thing is None],
            "complete": is_whole,
            "count": len(held) if is_whole else None,
            "digest": sha256("\n".join(held).encode()).hexdigest()[:32] if is_whole else None,
        }

    def _take_events(self, request: Request) -> Answer:
        since = self.state
        results: list[dict[str, Any]] = []
        for event in request.body["events"]:
            known = event["id"] in self.events
            self.events[event["id"]] = event
            if event["kind"] not in {"read", "acknowledged", "rsvp", "check_in", "progress", "bookmark", "attempt"}:
                problem = {"type": "/problems/event.unknown"}
                results.append({"id": event["id"], "result": "refused", "problem": problem})
                continue
            results.append({"id": event["id"], "result": "duplicate" if known else "applied"})
            if not known:
                self.applied.append(event["id"])
                self._apply(event)
        return Answer(200, {}, {"results": results, "since": since, **self._state_after(since)})

    def _apply(self, event: dict[str, Any]) -> None:
        if event["kind"] == "check_in":
            notice_id, occurrence = event["code"].split("/")
            self.mark(notice_id, int(occurrence), "present", "code")
        elif event["kind"] == "rsvp":
            self.hear(event["notice_id"], event["occurrence"], event["answer"], event["at"], event.get("note"))
        elif event["kind"] == "progress":
            self.reach(event)
        elif event["kind"] == "bookmark":
            self.mark_place(event)
        elif event["kind"] == "attempt":
            self.hand_in(event)
        else:
            self.note(event["notice_id"], event["revision"], event["at"], acknowledged=event["kind"] != "read")

    def hear(self, notice_id: str, occurrence: int, answer: str, at: str, note: str | None = None) -> None:
        """An answer, also of another device: the latest stands, and whoever said another hears it."""
        key = notice_id, occurrence
        said = {"notice_id": notice_id, "occurrence": occurrence, "answer": answer, "note": note}
        stands = self.rsvps[key][1] if key in self.rsvps and at < self.answered[key] else said
        self.answered[key] = max(at, self.answered.get(key, at))
        self.state += 1
        self.rsvps[key] = (self.state, stands)

    def reach(self, event: dict[str, Any]) -> None:
        """Progress, also of another device: the latest position, the earliest completion."""
        key, at = (event["material_id"], event["version"]), event["at"]
        said = {name: event[name] for name in ("material_id", "version", "position", "share")}
        known = self.progress[key][1] if key in self.progress else None
        times = [known["completed_at"]] if known and known["completed_at"] else []
        times += [at] if event.get("completed") else []
        stands = known if known is not None and at < self.last_said[key] else said
        self.last_said[key] = max(at, self.last_said.get(key, at))
        self.state += 1
        self.progress[key] = (self.state, {**stands, "completed_at": min(times, default=None)})

    def hand_in(self, event: dict[str, Any]) -> None:
        """An attempt, also of another device: marked once, whatever comes later under its id."""
        key = (event["attempt_id"], 0)
        if key in self.attempts:
            return
        said = {name: event[name] for name in ("quiz_id", "version", "draw_no", "started_at")}
        percent = 100 if event["answers"] == self.right.get(event["quiz_id"]) else 0
        said |= {
            "id": event["attempt_id"],
            "submitted_at": event["at"],
            "percent": percent,
            "is_passed": percent == 100,
        }
        self.state += 1
        self.attempts[key] = (self.state, said)

    def mark_place(self, event: dict[str, Any]) -> None:
        """A bookmark, also of another device: what was said last stands, a removal too."""
        key, at = (event["bookmark_id"], 0), event["at"]
        said = {name: event.get(name) for name in ("material_id", "version", "locator", "note")}
        said |= {"id": event["bookmark_id"], "is_removed": bool(event.get("is_removed"))}
        stands = self.bookmarks[key][1] if key in self.bookmarks and at < self.last_said[key] else said
        self.last_said[key] = max(at, self.last_said.get(key, at))
        self.state += 1
        self.bookmarks[key] = (self.state, stands)

    def mark(self, notice_id: str, occurrence: int, status: str, method: str = "secretary") -> None:
        """A code never stands against what somebody marked."""
        key = notice_id, occurrence
        said = {"notice_id": notice_id, "occurrence": occurrence, "status": status, "method": method}
        if method == "code" and key in self.attendance:
            said = self.attendance[key][1]
        self.state += 1
        self.attendance[key] = (self.state, said)

    def note(self, notice_id: str, revision: int, at: str, *, acknowledged: bool = False) -> None:
        """Also what another device says."""
        self.state += 1
        _, known = self.receipts.get((notice_id, revision), (0, {"acknowledged_at": None, "read_at": at}))
        receipt = {
            "notice_id": notice_id,
            "revision": revision,
            "read_at": min(at, known["read_at"]),
            "acknowledged_at": known["acknowledged_at"] or (at if acknowledged else None),
        }
        self.receipts[notice_id, revision] = (self.state, receipt)

    def _tell_state(self, request: Request) -> Answer:
        since = dict(request.query).get("since")
        return Answer(200, {}, {"reset": since is None, **self._state_after(int(since or 0))})

    def _state_after(self, since: int) -> dict[str, Any]:
        lists = {"receipts": self.receipts, "rsvps": self.rsvps, "attendance": self.attendance}
        lists |= {"progress": self.progress, "bookmarks": self.bookmarks, "attempts": self.attempts}
        new = sorted((at, name, key) for name, each in lists.items() for key, (at, _) in each.items() if at > since)
        page = new[: self.page]
        return {
            **{name: [each[key][1] for _, where, key in page if where == name] for name, each in lists.items()},
            "state": page[-1][0] if page else since,
            "more": len(page) < len(new),
        }


def new_id() -> str:
    return str(uuid4())
