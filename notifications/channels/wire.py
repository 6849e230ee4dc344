"""Asking providers over HTTP/2, or HTTP/1.1 where they have no other: one deadline, bounded answers, no redirects."""

import asyncio
import logging
import ssl
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpcore
from hpack import NeverIndexedHeaderTuple

from content.push_endpoints import Url
from notifications.channels.connecting import Connecting, IpNetwork, NotPublic, connected_socket
from notifications.channels.http2 import Broken, Http2, Unprocessed
from notifications.channels.protocol import Outcome, Sent

Headers = list[tuple[bytes, bytes]]
"""Names in lower case."""

_ANSWER_MOST = 256 * 1024
"""Bytes of an answer that are read: a thousand addresses' results take some 30 kB."""
_RETRY_AFTER_MOST = 86_400.0
_ORIGINS_MOST = 256
"""Hosts whose connections are kept: some push services have hundreds."""

for _logger in ("hpack", "httpcore"):  # at DEBUG these write headers, paths and tokens
    logging.getLogger(_logger).setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    retry_after: float | None
    body: bytes


class Unanswered(Exception):
    """There is no answer to judge; `sent` is what became of what was asked."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.sent = Sent(outcome, detail=detail)


class _NoHttp2(Exception):
    """The server chose HTTP/1.1."""


class _Origin:
    """The connections to one host and port."""

    def __init__(self) -> None:
        self.connections: list[Http2] = []
        self.connecting = asyncio.Lock()
        self.is_http2 = True

    @property
    def is_idle(self) -> bool:
        return not self.connecting.locked() and all(connection.is_idle for connection in self.connections)

    def leave(self) -> None:
        for connection in self.connections:
            connection.leave()

    def with_room(self) -> Http2 | None:
        if any(connection.is_leaving for connection in self.connections):
            self.connections = [connection for connection in self.connections if not connection.is_leaving]
        return next((connection for connection in self.connections if connection.has_room), None)


class Wire:
    """One provider's connections. `allowed_networks`: see `Connecting`. `authorities` (PEM) are trusted in place of the
    well-known ones.
    """

    def __init__(
        self,
        *,
        seconds: float,
        authorities: str | None = None,
        allowed_networks: Sequence[IpNetwork] | None = None,
        connections: int = 100,
    ) -> None:
        self._seconds = seconds
        self._allowed_networks = allowed_networks
        self._origins: defaultdict[tuple[str, int], _Origin] = defaultdict(_Origin)
        self._trust = _trust(authorities, "h2", "http/1.1")
        self._http1 = httpcore.AsyncConnectionPool(
            ssl_context=_trust(authorities, "http/1.1"),
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=60,
            network_backend=Connecting(allowed_networks),
        )
        self._is_closed = False

    async def post(self, url: Url, headers: Headers, body: bytes) -> Answer:
        """What a provider answers to one request. Raises Unanswered."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._asked(url, headers, body)
        except TimeoutError:
            raise Unanswered(Outcome.RETRY, "timeout") from None
        except NotPublic:
            raise Unanswered(Outcome.REFUSED, "address is not public") from None
        except Broken as broken:
            raise Unanswered(Outcome.RETRY, str(broken)) from None
        except (OSError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ConnectionNotAvailable) as error:
            raise Unanswered(Outcome.RETRY, type(error).__name__) from None

    async def close(self) -> None:
        """Cut what is under way: its senders are told to try again."""
        self._is_closed = True
        for origin in self._origins.values():
            for connection in origin.connections:
                connection.close()
        await self._http1.aclose()
        await asyncio.sleep(0)

    async def _asked(self, url: Url, headers: Headers, body: bytes) -> Answer:
        origin = self._origin_of(url)
        if origin.is_http2:
            try:
                try:
                    return await self._asked_http2(origin, url, headers, body)
                except Unprocessed:
                    return await self._asked_http2(origin, url, headers, body)
            except _NoHttp2:
                origin.is_http2 = False
        return await self._asked_http1(url, headers, body)

    def _origin_of(self, url: Url) -> _Origin:
        where = url.host, url.port
        if where not in self._origins and len(self._origins) >= _ORIGINS_MOST:
            for other in [other for other, origin in self._origins.items() if origin.is_idle]:
                self._origins.pop(other).leave()
        return self._origins[where]

    async def _asked_http2(self, origin: _Origin, url: Url, headers: Headers, body: bytes) -> Answer:
        connection = origin.with_room() or await self._connected(origin, url)
        asked_at = connection.heard_at
        request = [
            (b":method", b"POST"),
            (b":scheme", b"https"),
            (b":authority", url.authority),
            NeverIndexedHeaderTuple(b":path", url.target.encode()),
            (b"content-length", str(len(body)).encode()),
            *headers,
        ]
        try:
            return _answer(*await connection.post(request, body))
        except asyncio.CancelledError:
            if connection.heard_at == asked_at:  # nothing at all has come since: it may lead nowhere any more
                connection.leave()
            raise

    async def _connected(self, origin: _Origin, url: Url) -> Http2:
        """A connection with room, one more where the others are full. Raises Broken, OSError and NotPublic."""
        async with origin.connecting:
            if (connection := origin.with_room()) is not None:
                return connection
            self._check_open()
            found = await connected_socket(url.host, url.port, self._allowed_networks)
            try:
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Http2(_ANSWER_MOST), sock=found, ssl=self._trust, server_hostname=url.host
                )
            except BaseException:
                found.close()
                raise
            try:
                await _greeted(connection)
                self._check_open()
            except BaseException:
                connection.close()
                raise
            origin.connections.append(connection)
            return connection

    def _check_open(self) -> None:
        if self._is_closed:
            raise Broken("closed")

    async def _asked_http1(self, url: Url, headers: Headers, body: bytes) -> Answer:
        self._check_open()
        where = httpcore.URL(scheme=b"https", host=url.host.encode(), port=url.port, target=url.target.encode())
        async with self._http1.stream("POST", where, headers=headers, content=body) as response:
            received = bytearray()
            async for chunk in response.aiter_stream():
                received += chunk
                if len(received) > _ANSWER_MOST:
                    break
            return _answer(response.status, response.headers, bytes(received))


async def _greeted(connection: Http2) -> None:
    if not connection.is_http2:
        raise _NoHttp2
    await asyncio.shield(connection.ready)


def _trust(authorities: str | None, *protocols: str) -> ssl.SSLContext:
    context = httpcore.default_ssl_context() if authorities is None else ssl.create_default_context(cadata=authorities)
    context.set_alpn_protocols(protocols)
    return context


def _answer(status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Answer:
    wait = next((value for name, value in headers if name.lower() == b"retry-after"), None)
    return Answer(status, None if wait is None else seconds_of(wait.decode("latin-1")), body)


def seconds_of(retry_after: str) -> float | None:
    """`Retry-After` (RFC 9110, 10.2.3) in seconds from now, at most a day; None where it is neither form."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), _RETRY_AFTER_MOST)
    try:
        moment = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(moment - time.time(), 0.0), _RETRY_AFTER_MOST)


def parse_url(url: str) -> Url:
    """Of one of our own settings. Raises ValueError where it is not https."""
    parts = httpcore.URL(url)
    if parts.scheme != b"https" or not parts.host:
        raise ValueError("must be an https URL")
    return Url(parts.host.decode(), parts.port or 443, parts.target.decode())
