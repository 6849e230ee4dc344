"""Waiting: for a server that does not answer, and until it is time to ask again."""

from collections.abc import Callable

from tests.client.wire import Answer, Request, Steps, Wait

FIRST, MOST = 2.0, 300.0
"""Seconds before the second try, and at most."""


class Unreachable(Exception):
    """Tried as often as the caller would wait."""


class Patience:
    """`chance()` gives numbers from 0 to 1; without `tries` one goes on asking until the app is closed."""

    def __init__(self, chance: Callable[[], float], tries: int | None = None) -> None:
        self._chance = chance
        self._tries = tries

    def insist(self, request: Request) -> Steps[Answer]:
        """The same request until it is answered by a server that is well. Raises Unreachable."""
        pause, tried = FIRST, 0
        while True:
            answer = yield request
            tried += 1
            if answer is not None and answer.status != 429 and answer.status < 500:
                return answer
            if tried == self._tries:
                raise Unreachable
            said = None if answer is None else answer.headers.get("retry-after")
            yield Wait(float(said) if said is not None else pause * (0.5 + self._chance()))
            pause = min(2 * pause, MOST)

    def until_next(self, interval: float, jitter: float) -> float:
        """Seconds until one asks unprompted, so that not all phones do in the same second."""
        return interval + jitter * self._chance()
