"""A phone without a network, for tests of what apps ask for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.load.day.connection import Answer

Reply = Callable[[str], Answer | None]


@dataclass
class ScriptedPhone:
    """Answers with `reply(what)`, as long as that is what it expects."""

    reply: Reply
    due: float = 10.0
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    looks: list[tuple[float, bool]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    bodies: list[object] = field(default_factory=list)

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
        self.asked.append((what, token, tag))
        self.requests.append(f"{method} {path}")
        self.bodies.append(body)
        answer = self.reply(what)
        return answer if answer is not None and answer.status in expected else None

    def think(self, seconds: float) -> None:
        self.due += seconds

    def failed(self, what: str, kind: str) -> None:
        self.failures.append(f"{what}: {kind}")

    def looked(self, asked: float, *, seen: bool) -> None:
        self.looks.append((asked, seen))

    @property
    def whats(self) -> list[str]:
        return [what for what, _, _ in self.asked]


class Sure(Random):
    """Draws always the same share."""

    def __init__(self, share: float) -> None:
        super().__init__(1)
        self._share = share

    def random(self) -> float:
        return self._share
