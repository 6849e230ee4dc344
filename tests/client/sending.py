"""Carrying a phone's steps out over a network."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import httpx

from tests.client.wire import Answer, Request, Steps, T, Wait

TIMEOUT = 30.0


class Transport(Protocol):
    async def send(self, request: Request) -> Answer | None:
        """None where no answer came: whether the server did what was asked is not known."""


class HttpTransport:
    """A client of httpx, over a network or straight into an application."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def send(self, request: Request) -> Answer | None:
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await self._client.request(
                    request.method,
                    request.path,
                    params=list(request.query),
                    headers=dict(request.headers),
                    json=request.body,
                )
        except (httpx.TransportError, TimeoutError):
            return None
        is_json = "json" in answer.headers.get("content-type", "")
        return Answer(answer.status_code, dict(answer.headers), answer.json() if is_json else None)


async def carry_out(
    steps: Steps[T], transport: Transport, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> T:
    """To their end; what they raise, this raises."""
    said: Answer | None = None
    while True:
        try:
            step = steps.send(said)
        except StopIteration as end:
            result: T = end.value
            return result
        said = None
        if isinstance(step, Wait):
            await sleep(step.seconds)
        else:
            said = await transport.send(step)
