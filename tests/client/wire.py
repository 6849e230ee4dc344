"""What a phone asks and what it is answered, without a network.

Everything a phone does is a generator of steps: it yields a request and is sent the answer, or None where none came; it
yields a wait and goes on afterwards. Dropped between two steps, it is a phone whose app was killed.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """`query` may name a parameter more than once; `body` is sent as JSON."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` by their names in lower case; `body` is what the JSON says, None where there is none."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    @property
    def problem(self) -> str:
        """Such as `token.invalid`; empty where nothing was refused."""
        kind = self.body.get("type", "") if self.status >= 400 and isinstance(self.body, dict) else ""
        return str(kind).removeprefix("/problems/")


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


Steps: TypeAlias = Generator[Request | Wait, Answer | None, T]


class Refused(Exception):
    """An answer for which the protocol has no place: the app is wrong, or older than the server. Not to be repeated."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.problem}")
        self.answer = answer
