"""A phone at work: asks over its connection, and says how long each answer took from when it was due."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.load.day.access import Person
from tests.load.day.connection import Answer, Connection, Failed

Report = Callable[["Exchange"], None]


@dataclass(frozen=True, slots=True)
class Exchange:
    """`took` is in seconds from `due` (by `time.perf_counter`) to the last byte, on a slow phone to the first one.

    `failure` is its kind, or None.
    """

    what: str
    method: str
    due: float
    took: float
    size: int
    failure: str | None


class SocketPhone:
    """`due` moves on from an answer and the pause after it: only a server's delay, or a late load generator, adds."""

    def __init__(self, person: Person, connection: Connection, due: float, report: Report) -> None:
        self._person = person
        self._connection = connection
        self._report = report
        self.due = due
        self.looks: list[tuple[float, bool]] = []

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
        headers = {"Accept-Encoding": self._person.encoding, "Accept-Language": "vi"}
        if self._person.saves_data:
            headers["Save-Data"] = "on"
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if tag is not None:
            headers["If-None-Match"] = tag
        content = b"" if body is None else json.dumps(body).encode()
        answer, failure = None, None
        try:
            answer = self._connection.exchange(method, path, headers, content)
            if answer.status not in expected:
                failure = _refusal(answer)
        except Failed as error:
            failure = str(error)
        end = time.perf_counter()
        until = answer.first_byte if answer is not None and self._person.slow else end
        size = 0 if answer is None else len(answer.body)
        self._report(Exchange(what, method, self.due, until - self.due, size, failure))
        self.due = end
        return answer if failure is None else None

    def think(self, seconds: float) -> None:
        self.due += seconds
        time.sleep(max(0.0, self.due - time.perf_counter()))

    def failed(self, what: str, kind: str) -> None:
        self._report(Exchange(what, "", self.due, 0.0, 0, kind))

    def looked(self, asked: float, *, seen: bool) -> None:
        self.looks.append((asked, seen))


def _refusal(answer: Answer) -> str:
    """Such as `503 unavailable`."""
    try:
        slug = str(json.loads(answer.body)["type"]).rsplit("/", 1)[-1]
    except (ValueError, KeyError, TypeError):
        slug = ""
    return f"{answer.status} {slug}".strip()
