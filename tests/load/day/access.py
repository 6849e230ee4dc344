"""A person opens the app: what any app asks for, and what a thin one does that keeps lists; syncing.py has others."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from math import inf
from random import Random
from typing import Protocol

from tests.load.day.connection import Answer, Failed, decoded
from tests.load.day.holding import Holding, Thing

REFRESHING = 0.3
"""The share of accesses that come after the access token's hours: most people open the app once a day or less."""
UNAWARE = 0.1
"""Of the apps whose token is past its time, those whose clock is wrong: they learn of it by a 401."""
DETAIL = 0.3
"""The share of accesses that open a notice."""
RECEIPT = 0.7
"""The share of opened notices that were not read before and are scrolled to their end."""
SLOW = 0.03
SYNCING = 0.85
"""The share of apps that hold the handbook offline; the others are thin clients, such as a web page."""
NEW = 0.02
"""Of those, the share that was just installed and has fetched nothing before the day."""
_LOOKING = 0.4
"""Seconds between a list and the notice that was picked from it, on average: some 40 s of the day."""
_LOOKING_MOST = 3.0
"""After five seconds servers close idle connections, which says nothing of them."""
_ENCODINGS = {"gzip": 0.55, "gzip, deflate, br": 0.4, "identity": 0.05}


@dataclass(frozen=True, slots=True)
class Line:
    """As much of a notice in the list as the app acts on."""

    id: str
    requires_ack: bool
    revision: int
    has_text: bool = False


@dataclass(slots=True)
class Person:
    """`late` tokens were past their time when they were handed out. `tags` are what the app holds, by path.

    An app that synchronises has a `holding`, the number of its member's `state` and a `queue` of what was done;
    `is_told` says that what the member did on other devices is not to be asked for before `state_due`, in seconds from
    the start.
    """

    access_token: str
    refresh_token: str
    late: bool = False
    encoding: str = "gzip"
    slow: bool = False
    publishes_at: str | None = None
    feed: tuple[Line | Thing, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    synchronises: bool = False
    is_new: bool = False
    holding: Holding = field(default_factory=Holding)
    state: int | None = None
    is_told: bool = False
    state_due: float = inf
    queue: list[dict[str, object]] = field(default_factory=list)

    def come(self, at: float) -> None:
        """The app is opened, so many seconds from the start."""
        if at >= self.state_due:
            self.is_told, self.state_due = False, inf

    @property
    def saves_data(self) -> bool:
        """As the phone is told to by somebody on a bad network."""
        return self.slow and self.synchronises


def read_people(lines: Iterable[str], rng: Random) -> list[Person]:
    """From the file of `handbook demo --load-tokens`. Raises ValueError or KeyError where it is something else."""
    encodings, shares = list(_ENCODINGS), list(_ENCODINGS.values())
    people = []
    for line in lines:
        given = json.loads(line)
        people.append(
            Person(
                access_token=given["access_token"],
                refresh_token=given["refresh_token"],
                late=_is_late(given["expires_at"]),
                encoding=rng.choices(encodings, shares)[0],
                slow=rng.random() < SLOW,
                publishes_at=given.get("publishes_at"),
                synchronises=rng.random() < SYNCING,
                is_new=rng.random() < NEW,
            )
        )
    return people


@dataclass(slots=True)
class News:
    """The urgent notice of the burst: its id and, by `time.perf_counter`, when its publication was acknowledged."""

    notice_id: str | None = None
    acknowledged: float = 0.0


class Phone(Protocol):
    """How an access reaches the server; failures are counted there."""

    def ask(
        self,
        what: str,
        method: str,
        path: str,
        *,
        token: str | None,
        expected: tuple[int, ...] = (200,),
        tag: str | None = None,
        body: object = None,
    ) -> Answer | None:
        """None where the answer failed or has a status that is not expected."""
        ...

    def think(self, seconds: float) -> None:
        """The person looks at the screen."""
        ...

    def failed(self, what: str, kind: str) -> None:
        """An answer that came, and is wrong."""
        ...

    def looked(self, asked: float, *, seen: bool) -> None:
        """A list that was asked for at `asked`, after the urgent notice's publication, has it or has it not."""
        ...

    @property
    def due(self) -> float:
        """When the next request is due, by `time.perf_counter`."""
        ...


class Access(ABC):
    """Refresh where the token is past its time; look for news; sometimes read a notice, and say so."""

    def __init__(self, person: Person, phone: Phone, rng: Random, news: News) -> None:
        self._person = person
        self._phone = phone
        self._rng = rng
        self._news = news

    def run(self) -> None:
        if (self._person.late or self._rng.random() < REFRESHING) and not self.refresh():
            return
        if not self.catch_up():
            return
        opened = self._pick()
        if opened is None:
            return
        self._look()
        if not self._open(opened) or opened.id in self._person.read:
            return
        if opened.id == self._news.notice_id or self._rng.random() < RECEIPT:
            self._look()
            self.take_note(opened)

    @abstractmethod
    def catch_up(self) -> bool:
        """Bring the person's `feed` up to date; False where that failed."""

    @abstractmethod
    def take_note(self, line: Line | Thing) -> None:
        """The person has read it to its end."""

    def refresh(self) -> bool:
        person, phone = self._person, self._phone
        if person.late and self._rng.random() < UNAWARE:
            phone.ask("late token", "GET", "/v1/notices", token=person.access_token, expected=(401,))
        answer = phone.ask(
            "refresh", "POST", "/v1/auth/refresh", token=None, body={"refresh_token": person.refresh_token}
        )
        if answer is None:
            return False
        try:
            given = json.loads(decoded(answer.body, answer.encoding))
            person.access_token, person.refresh_token = given["access_token"], given["refresh_token"]
        except (Failed, ValueError, KeyError):
            phone.failed("refresh", "unreadable answer")
            return False
        person.late = False
        return True

    def _told(self, published: str | None, asked: float) -> None:
        """Of the burst: is the urgent notice in a feed that was asked for after its publication?"""
        if published is not None and asked >= self._news.acknowledged:
            self._phone.looked(asked, seen=any(line.id == published for line in self._person.feed))

    def _look(self) -> None:
        self._phone.think(min(self._rng.expovariate(1 / _LOOKING), _LOOKING_MOST))

    def _pick(self) -> Line | Thing | None:
        """The urgent notice while it is unread, else sometimes one of the list, rather an unread and a new one."""
        person = self._person
        unread = [line for line in person.feed if line.id not in person.read]
        for line in unread:
            if line.id == self._news.notice_id:
                return line
        if not person.feed or self._rng.random() >= DETAIL:
            return None
        choices = unread or person.feed
        return choices[min(int(self._rng.expovariate(0.5)), len(choices) - 1)]

    def _open(self, line: Line | Thing) -> bool:
        if line.has_text:
            return True
        person, path = self._person, f"/v1/notices/{line.id}"
        answer = self._phone.ask(
            "notice", "GET", path, token=person.access_token, expected=(200, 304), tag=person.tags.get(path)
        )
        return answer is not None and self._keep("notice", path, answer)

    def _keep(self, what: str, path: str, answer: Answer) -> bool:
        """Remember the entity tag for the next time; every list and notice has one."""
        tag = answer.headers.get("etag")
        if tag is None:
            self._phone.failed(what, "no ETag")
            return False
        if answer.status == 304 and self._person.tags.get(path) is None:
            self._phone.failed(what, "304 unasked")
            return False
        self._person.tags[path] = tag
        return True


class Listing(Access):
    """The first page of the list; a receipt is sent at once."""

    def catch_up(self) -> bool:
        person, phone = self._person, self._phone
        published, asked = self._news.notice_id, phone.due
        answer = phone.ask(
            "notices",
            "GET",
            "/v1/notices",
            token=person.access_token,
            expected=(200, 304),
            tag=person.tags.get("/v1/notices"),
        )
        if answer is None or not self._keep("notices", "/v1/notices", answer):
            return False
        if answer.status == 200:
            try:
                person.feed = lines_of(answer.body, answer.encoding)
            except (Failed, ValueError, KeyError, TypeError):
                phone.failed("notices", "unreadable answer")
                return False
        self._told(published, asked)
        return True

    def take_note(self, line: Line | Thing) -> None:
        answer = self._phone.ask(
            "receipt",
            "PUT",
            f"/v1/notices/{line.id}/receipt",
            token=self._person.access_token,
            body={"acknowledged": line.requires_ack},
        )
        if answer is not None:
            self._person.read.add(line.id)


@lru_cache(maxsize=4096)
def lines_of(body: bytes, encoding: str) -> tuple[Line, ...]:
    """The list's notices. Members of one branch get the same bytes, which are read once."""
    items = json.loads(decoded(body, encoding))["items"]
    return tuple(Line(item["id"], item["requires_ack"], item["revision"]) for item in items)


def _is_late(expires_at: str) -> bool:
    return datetime.fromisoformat(expires_at) <= datetime.now(UTC)
