"""The outermost layer: request ids, HEAD, security headers, hostile paths, and the last word on what nobody caught."""

import logging
import re
import time
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from api.metrics import observe_request
from api.problems import problem

_log = logging.getLogger("handbook")
_access_log = logging.getLogger("handbook.access")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_TRACE_PARENT = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_HOSTILE = re.compile(rb"//|;|\\|%2f|%5c|%[01][0-9a-f]|%7f|[^\x21-\x7e]", re.IGNORECASE)
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_YEAR_OF_TLS = "max-age=31536000; includeSubDomains"


class Envelope:
    """Pure ASGI."""

    def __init__(self, app: ASGIApp, *, tls: bool) -> None:
        self.app = app
        self._security = security(tls=tls)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = request_id_from(dict(scope["headers"]))
        scope["handbook.request_id"] = request_id
        is_head = scope["method"] == "HEAD"
        status = 0

        async def seal(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(raw=message["headers"])
                headers["X-Request-ID"] = request_id
                if status != 304:
                    for name, value in self._security.items():
                        headers.setdefault(name, value)
                    headers.setdefault("Cache-Control", "no-store")
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        inner = {**scope, "method": "GET", "handbook.is_head": True} if is_head else scope
        try:
            if not _is_text(scope["query_string"]):
                await problem(scope, 400, "request.malformed")(inner, receive, seal)
            elif _is_hostile(scope):
                await problem(scope, 404, "not_found")(inner, receive, seal)
            else:
                await self.app(inner, receive, seal)
        except ClientDisconnect:
            _log.info("the caller hung up", extra={"request_id": request_id})
        except Exception:
            _log.exception("unhandled", extra={"request_id": request_id})
            if status:
                raise
            await problem(scope, 500, "internal")(scope, receive, seal)
        finally:
            seconds = time.perf_counter() - began
            route = scope.get("route")
            observe_request(scope["method"], getattr(route, "path", "none"), status, seconds)
            _access_log.info(
                "%s %s %s",
                scope["method"],
                _raw_path(scope).decode("ascii", "backslashreplace"),  # decoded, it could forge a line of the log
                status,
                extra={"request_id": request_id, "status": status, "milliseconds": round(seconds * 1000, 1)},
            )


def security(*, tls: bool) -> dict[str, str]:
    """The headers that every answer carries."""
    return {**_SECURITY, **({"Strict-Transport-Security": _YEAR_OF_TLS} if tls else {})}


def request_id_from(headers: Mapping[bytes, bytes]) -> str:
    """The caller's, where it is one; else the trace's (W3C); else a new one."""
    said = headers.get(b"x-request-id")
    if said is not None and _REQUEST_ID.fullmatch(said):
        return said.decode()
    trace = headers.get(b"traceparent")
    traced = _TRACE_PARENT.fullmatch(trace) if trace is not None else None
    return traced[1].decode() if traced else uuid7().hex


def _is_text(query: bytes) -> bool:
    """A query must decode to UTF-8 without NUL: neither may reach the database, or be guessed at."""
    if not query:
        return True
    try:
        return "\0" not in unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        return False


def _raw_path(scope: Scope) -> bytes:
    raw: bytes = scope.get("raw_path") or scope["path"].encode(errors="backslashreplace")
    return raw.partition(b"?")[0]


def _is_hostile(scope: Scope) -> bool:
    """Paths that a proxy and a router may read differently."""
    return _HOSTILE.search(_raw_path(scope)) is not None
