"""The layer that compresses answers, gives cacheable ones an entity tag, and answers 304 where the caller has them
already.
"""

import gzip
from collections.abc import Callable
from functools import lru_cache

import brotli
import zstandard
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.build import BUILD
from api.preferences import READ_MOST, weights
from api.tags import BODY, IDENTITY, digest

LEAST = 256
"""Bytes; below that, compressing costs more than it saves."""
_TYPES = ("application/json", "application/problem+json", "text/")
VARY = "Accept-Encoding, Accept-Language, Authorization"
_TAGS_MOST = 4000
"""Characters of `If-None-Match` that are read."""
_KEPT_IN_304 = frozenset({b"etag", b"cache-control", b"vary", b"date"})

THOROUGH = 32 * 1024
"""Bytes from which on a body is compressed thoroughly: it takes some 10 ms for 200 KB, and a tenth less to send."""

_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: _zstd(body).compress(body),
    "br": lambda body: brotli.compress(body, quality=7 if len(body) >= THOROUGH else 5),
    "gzip": lambda body: gzip.compress(body, compresslevel=6, mtime=0),
}
"""In the order in which they are preferred."""


_zstd_of_small = zstandard.ZstdCompressor(level=6)


def _zstd(body: bytes) -> zstandard.ZstdCompressor:
    # no compressor may serve two threads at once, and large bodies may be compressed in another than the loop's
    return zstandard.ZstdCompressor(level=12) if len(body) >= THOROUGH else _zstd_of_small


class Encoding:
    """Pure ASGI. Answers that come in pieces are neither compressed nor tagged, but a tag they bring is compared."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        ended = False

        async def encode(message: Message) -> None:
            nonlocal start, ended
            if message["type"] == "http.response.start":
                start = message
                return
            if start is not None:
                begun, start = start, None
                if not message.get("more_body"):
                    message = _finish(scope, begun, message)
                elif _unchanged(scope, begun):
                    ended = True
                    message = _not_modified(begun, message)
                await send(begun)
                await send(message)
            elif not ended:
                await send(message)

        await self.app(scope, receive, encode)


def _finish(scope: Scope, start: Message, message: Message) -> Message:
    """Change a whole answer in place: its encoding, its tag, or down to a 304."""
    body: bytes = message.get("body", b"")
    headers = MutableHeaders(raw=start["headers"])
    cache_control = headers.get("cache-control", "no-store")
    if start["status"] in {204, 304}:
        return message
    encoding = "identity"
    compressible = headers.get("content-type", "").startswith(_TYPES) and "content-encoding" not in headers
    if len(body) >= LEAST and compressible and "immutable" not in cache_control:
        headers.setdefault("Vary", VARY)
        # answers with tokens and codes stay as they are: lengths of compressed secrets talk (BREACH)
        if "no-store" not in cache_control:
            encoding = preferred(Headers(scope=scope).getlist("accept-encoding"))
    tag = headers.get("etag")
    if tag is None and start["status"] == 200 and "no-store" not in cache_control and scope["method"] == "GET":
        tag = f'"{digest(body)}{IDENTITY}{BUILD}"'
    if tag is not None:
        headers["ETag"] = tag.replace(BODY, f"-{digest(body)}-").replace(IDENTITY, f"-{encoding}-")
        headers.setdefault("Vary", VARY)
        if _unchanged(scope, start):
            return _not_modified(start, message)
    if encoding != "identity":
        body = _ENCODERS[encoding](body)
        headers["Content-Encoding"] = encoding
    headers["Content-Length"] = str(len(body))
    return {**message, "body": body}


def compress(encoding: str, body: bytes) -> bytes:
    return body if encoding == "identity" else _ENCODERS[encoding](body)


def preferred(accepted: list[str]) -> str:
    """The encoding that the lines of `Accept-Encoding` like best; of equals the first of ours (RFC 9110, 12.5.3)."""
    return _preferred(",".join(accepted)[:READ_MOST])


@lru_cache(maxsize=256)
def _preferred(accepted: str) -> str:
    said = weights(accepted)
    otherwise = said.get("*", 0.0)
    best = max(_ENCODERS, key=lambda name: said.get(name, otherwise))
    weight = said.get(best, otherwise)
    return best if weight > 0 and weight >= said.get("identity", 0.0) else "identity"


def _unchanged(scope: Scope, start: Message) -> bool:
    """Has the caller said that it holds what would be sent? Compared weakly (RFC 9110, 13.1.2)."""
    headers = Headers(raw=start["headers"])
    tag = headers.get("etag")
    if tag is None or scope["method"] != "GET" or start["status"] not in {200, 206}:
        return False
    if "no-store" in headers.get("cache-control", "no-store"):
        return False  # the tag is there for `If-Match`; a caller that kept a copy should not have
    return has_tag(Headers(scope=scope).getlist("if-none-match"), tag)


def has_tag(lines: list[str], tag: str) -> bool:
    """Is the tag among those that `If-None-Match` says?"""
    held = {part.strip().removeprefix("W/") for line in lines for part in line[:_TAGS_MOST].split(",")}
    return tag.removeprefix("W/") in held or "*" in held


def _not_modified(start: Message, message: Message) -> Message:
    start["status"] = 304
    start["headers"] = [(name, value) for name, value in start["headers"] if name.lower() in _KEPT_IN_304]
    return {**message, "body": b"", "more_body": False}
