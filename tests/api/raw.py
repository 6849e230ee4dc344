"""Requests as no well-behaved client writes them: any method, any bytes for a path, bodies in pieces."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name.lower()), None)

    def json(self) -> Any:
        return json.loads(self.body)


async def call(
    app: ASGIApp,
    method: str,
    target: str,
    *,
    headers: Iterable[tuple[str, str | bytes]] = (),
    chunks: Iterable[bytes] = (b"",),
    client: tuple[str, int] = ("203.0.113.7", 40000),
    hangs_up: bool = False,
) -> Answer:
    """`target` is the raw path and query as they stand in the request line. `chunks` come one by one as they are asked
    for, their length undeclared; a caller of none hangs up, and with `hangs_up` any does in the middle of them.
    """
    raw_path, _, query = target.encode("latin-1").partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw_path.decode("latin-1")),
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [
            (name.lower().encode(), value if isinstance(value, bytes) else value.encode("latin-1"))
            for name, value in (("host", "testserver"), *headers)
        ],
        "client": client,
        "server": ("testserver", 80),
    }
    waiting = iter(chunks)
    sent: list[Message] = []
    begun, ended = False, hangs_up

    async def receive() -> Message:
        nonlocal begun, ended
        for chunk in waiting:
            begun = True
            return {"type": "http.request", "body": chunk, "more_body": True}
        if begun and not ended:
            ended = True
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if not sent:
        return Answer(0, [], b"")
    start, *pieces = sent
    return Answer(
        start["status"],
        [(name.decode().lower(), value.decode("latin-1")) for name, value in start["headers"]],
        b"".join(piece.get("body", b"") for piece in pieces),
    )
