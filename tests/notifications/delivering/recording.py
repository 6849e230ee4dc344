"""A provider inside the test: it notes what it is given, and misbehaves as it is told."""

import asyncio
from collections.abc import Callable, Sequence

from notifications.channels.protocol import Endpoint, Outcome, Push, Sent

Behaviour = Callable[[str, Push], Sent]


def well(_address: str, _push: Push) -> Sent:
    return Sent(Outcome.SENT)


class Recorder:
    """A PushChannel with topics. `answers` says what becomes of a push; `gate` holds all back while it is closed."""

    def __init__(self, concurrency: int = 8) -> None:
        self.concurrency = concurrency
        self.sent: list[tuple[str, Push]] = []
        self.languages: dict[str, str] = {}
        self.topics: dict[str, set[str]] = {}
        self.answers: Behaviour = well
        self.gate = asyncio.Event()
        self.gate.set()
        self.under_way = 0

    @property
    def addresses(self) -> list[str]:
        return sorted(address for address, _ in self.sent)

    async def send(self, to: Endpoint, push: Push) -> Sent:
        self.under_way += 1
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
        finally:
            self.under_way -= 1
        self.sent.append((to.address, push))
        self.languages[to.address] = to.language
        return self.answers(to.address, push)

    async def close(self) -> None:
        """Nothing is held open."""

    async def send_to_topic(self, topic: str, push: Push) -> Sent:
        self.sent.append((topic, push))
        return self.answers(topic, push)

    async def subscribe(self, topic: str, addresses: Sequence[str]) -> Sequence[Sent]:
        self.topics.setdefault(topic, set()).update(addresses)
        return [Sent(Outcome.SENT) for _ in addresses]

    async def unsubscribe(self, topic: str, addresses: Sequence[str]) -> Sequence[Sent]:
        self.topics.setdefault(topic, set()).difference_update(addresses)
        return [Sent(Outcome.SENT) for _ in addresses]
