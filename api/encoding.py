"""The layer that compresses answers, gives cacheable ones an entity tag, and answers 304 where the caller has them
already.
"""

import gzip
from collections.abc import Callable

import brotli
import zstandard
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.build import BUILD
from api.tags import BODY, IDENTITY, digest

LEAST = 256
"""Bytes; below that, compressing costs more than it saves."""
_TYPES = ("application/json", "application/problem+json", "text/")
VARY = "Accept-Encoding, Accept-Language, Authorization"
_KEPT_IN_304 = frozenset({b"etag", b"cache-control", b"vary", b"date"})

_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": zstandard.ZstdCompressor(level=6).compress,
    "br": lambda body: brotli.compress(body, quality=5),
    "gzip": lambda body: gzip.compress(body, compresslevel=6, mtime=0),
}
"""In the order in which they are preferred."""


class Encoding:
    """Pure ASGI. Answers that come in pieces pass through as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start: Message | None = None

        async def encode(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if start is not None:
                begun, start = start, None
                if not message.get("more_body"):
                    message = _finish(scope, begun, message)
                await send(begun)
            await send(message)

        await self.app(scope, receive, encode)


def _finish(scope: Scope, start: Message, message: Message) -> Message:
    """Change a whole answer in place: its encoding, its tag, or down to a 304."""
    body: bytes = message.get("body", b"")
    headers = MutableHeaders(raw=start["headers"])
    request = Headers(scope=scope)
    cache_control = headers.get("cache-control", "no-store")
    if "immutable" in cache_control or start["status"] in {204, 304}:
        return message
    encoding = "identity"
    if len(body) >= LEAST and headers.get("content-type", "").startswith(_TYPES) and "content-encoding" not in headers:
        headers["Vary"] = VARY
        # answers with tokens and codes stay as they are: lengths of compressed secrets talk (BREACH)
        if "no-store" not in cache_control:
            encoding = preferred(request.get("accept-encoding", ""))
    tag = headers.get("etag")
    cacheable = start["status"] == 200 and "no-store" not in cache_control and scope["method"] == "GET"
    if tag is None and cacheable:
        tag = f'"{digest(body)}{IDENTITY}{BUILD}"'
    if tag is not None:
        tag = tag.replace(BODY, f"-{digest(body)}-").replace(IDENTITY, f"-{encoding}-")
        headers["ETag"] = tag
        headers["Vary"] = VARY
        if scope["method"] == "GET" and has_tag(request.getlist("if-none-match"), tag):
            start["status"] = 304
            start["headers"] = [(name, value) for name, value in start["headers"] if name.lower() in _KEPT_IN_304]
            return {**message, "body": b""}
    if encoding != "identity":
        body = _ENCODERS[encoding](body)
        headers["Content-Encoding"] = encoding
    headers["Content-Length"] = str(len(body))
    return {**message, "body": body}


def compress(encoding: str, body: bytes) -> bytes:
    return body if encoding == "identity" else _ENCODERS[encoding](body)


def preferred(accepted: str) -> str:
    """The best encoding that `Accept-Encoding` allows (RFC 9110, 12.5.3)."""
    allowed: dict[str, bool] = {}
    for part in accepted[:200].lower().split(","):
        name, _, parameter = part.strip().partition(";")
        allowed[name.strip()] = parameter.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return next((name for name in _ENCODERS if allowed.get(name, allowed.get("*", False))), "identity")


def has_tag(if_none_match: list[str], tag: str) -> bool:
    """Weak comparison (RFC 9110, 13.1.2)."""
    asked = {part.strip().removeprefix("W/") for line in if_none_match for part in line[:2000].split(",")}
    return tag in asked or "*" in asked
