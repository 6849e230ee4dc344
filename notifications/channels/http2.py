"""One HTTP/2 connection (RFC 9113) over asyncio: many requests at once, none of which waits for another's answer.

httpcore's (and so httpx's) streams take turns at reading: one that hangs keeps those behind it from answers that have
arrived, and one that is given up is never reset. Here whatever arrives is handed out as it comes. The protocol itself
is h2's.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import H2Error
from h2.settings import SettingCodes

Headers = Sequence[tuple[bytes, bytes]]

_STREAMS_MOST = 100
_WINDOW = 2**20
"""Bytes of answers that may be under way on a connection; they are small."""


class Broken(Exception):
    """The connection, or this stream of it, ended before there was an answer; says how in a word."""


class Unprocessed(Broken):
    """And the other side says that it did nothing with the request: it may be asked again at once."""


@dataclass(slots=True)
class _Stream:
    answered: asyncio.Future[None]
    is_sent: bool = False
    has_ended: bool = False
    body: bytearray = field(default_factory=bytearray)
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


class Http2(asyncio.Protocol):
    """The client's side. Made by `loop.create_connection`; `ready` is done with the server's first settings."""

    is_http2 = False
    """Whether the server chose HTTP/2; where it did not, nothing is said to it."""

    def __init__(self, answer_most: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._answer_most = answer_most
        self._streams: dict[int, _Stream] = {}
        self._streams_most = _STREAMS_MOST
        self._is_flushing = False
        self._is_leaving = False
        self._window: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.heard_at = self._loop.time()
        """When anything last arrived, in the loop's time."""
        self._h2 = H2Connection(
            H2Configuration(
                client_side=True,
                header_encoding=None,
                validate_outbound_headers=False,  # ours are lower-case and whole
                normalize_outbound_headers=False,
                validate_inbound_headers=False,  # of theirs two are looked at
                normalize_inbound_headers=False,
            )
        )

    @property
    def has_room(self) -> bool:
        return not self._is_leaving and len(self._streams) < self._streams_most

    @property
    def is_idle(self) -> bool:
        return not self._streams

    @property
    def is_leaving(self) -> bool:
        """Closed, or closing once what is under way has ended."""
        return self._is_leaving

    async def post(self, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
        """Status, headers and body of the answer. To be asked only where there is room. Raises Broken."""
        stream = _Stream(self._loop.create_future())
        try:
            stream_id = self._h2.get_next_available_stream_id()
            self._h2.send_headers(stream_id, headers)
        except H2Error as error:
            self.leave()
            raise Unprocessed(type(error).__name__) from None
        self._streams[stream_id] = stream
        try:
            await self._send_body(stream_id, stream, body)
            await stream.answered
        except H2Error as error:
            raise Broken(type(error).__name__) from None
        finally:
            self._end(stream_id)
        return stream.status, stream.headers, bytes(stream.body)

    def leave(self) -> None:
        """Take no more requests, and close when those under way have ended."""
        self._is_leaving = True
        if not self._streams:
            self.close()

    def close(self) -> None:
        """At once. Whoever waits for an answer gets Broken."""
        self._lost("closed")
        if self._transport is not None:
            self._transport.abort()

    async def _send_body(self, stream_id: int, stream: _Stream, body: bytes) -> None:
        at = 0
        while at < len(body) and not stream.answered.done():  # answered already: too large, for one
            room = min(self._h2.local_flow_control_window(stream_id), self._h2.max_outbound_frame_size)
            if room > 0:
                chunk = body[at : at + room]
                at += len(chunk)
                self._h2.send_data(stream_id, chunk, end_stream=at == len(body))
                self._flush_soon()
            else:
                await self._more_window()
        stream.is_sent = at == len(body)

    async def _more_window(self) -> None:
        if self._window is None:
            self._window = self._loop.create_future()
        await asyncio.shield(self._window)

    def _end(self, stream_id: int) -> None:
        """Forget a stream; one that was given up is reset, so that it no longer counts against the limit."""
        stream = self._streams.pop(stream_id, None)
        if stream is not None and not (stream.is_sent and stream.has_ended):
            with suppress(H2Error):  # it ended just now
                self._h2.reset_stream(stream_id, ErrorCodes.CANCEL)
            self._flush_soon()
        if self._is_leaving and not self._streams:
            self.close()

    def _flush_soon(self) -> None:
        """Requests that begin in one turn of the loop leave in one write, encrypted once."""
        if not self._is_flushing:
            self._is_flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._is_flushing = False
        data = self._h2.data_to_send()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        if transport.get_extra_info("ssl_object").selected_alpn_protocol() != "h2":
            return
        self.is_http2 = True
        self._h2.local_settings[SettingCodes.ENABLE_PUSH] = 0
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(_WINDOW)
        self._flush()

    def data_received(self, data: bytes) -> None:
        self.heard_at = self._loop.time()
        self._flush()  # h2 drops what is unsent when it reads GOAWAY
        try:
            for event in self._h2.receive_data(data):
                self._happened(event)
        except H2Error as error:
            self._flush()
            self._lost(type(error).__name__)
            if self._transport is not None:
                self._transport.abort()
            return
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost("disconnected" if exc is None else type(exc).__name__)

    def _happened(self, event: Event) -> None:
        if isinstance(event, ResponseReceived | DataReceived | StreamEnded | StreamReset):
            self._happened_to_stream(event)
        elif isinstance(event, WindowUpdated):
            self._widened()
        elif isinstance(event, RemoteSettingsChanged):
            self._streams_most = min(self._h2.remote_settings.max_concurrent_streams, _STREAMS_MOST)
            self._widened()
            if not self.ready.done():
                self.ready.set_result(None)
        elif isinstance(event, ConnectionTerminated):
            self._dismissed(event.last_stream_id or 0)

    def _happened_to_stream(self, event: ResponseReceived | DataReceived | StreamEnded | StreamReset) -> None:
        stream = self._streams.get(event.stream_id)
        if isinstance(event, DataReceived):
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        if stream is None:
            return
        if isinstance(event, ResponseReceived):
            stream.headers = [(bytes(name), bytes(value)) for name, value in event.headers]
            stream.status = next((int(value) for name, value in stream.headers if name == b":status"), 0)
        elif isinstance(event, DataReceived):
            stream.body += event.data
            if len(stream.body) > self._answer_most:
                _settle(stream)
        elif isinstance(event, StreamEnded):
            stream.has_ended = True
            _settle(stream)
        else:
            stream.is_sent = stream.has_ended = True
            refused = event.error_code == ErrorCodes.REFUSED_STREAM
            _settle(stream, Unprocessed("refused") if refused else Broken("reset"))

    def _dismissed(self, last_stream_id: int) -> None:
        """GOAWAY: what the server has begun is answered yet, what it has not may be asked elsewhere at once."""
        self._is_leaving = True
        # h2 takes a connection for closed then and would refuse the frames that are still to come.
        self._h2.state_machine.state = ConnectionState.CLIENT_OPEN
        for stream_id in [known for known in self._streams if known > last_stream_id]:
            _settle(self._streams[stream_id], Unprocessed("dismissed"))
        if not self._streams:
            self.close()

    def _widened(self) -> None:
        window, self._window = self._window, None
        if window is not None and not window.done():
            window.set_result(None)

    def _lost(self, how: str) -> None:
        self._is_leaving = True
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            _settle(stream, Broken(how))
        self._widened()
        if not self.ready.done():
            self.ready.set_exception(Broken(how))
            self.ready.exception()  # whoever connected may have given up


def _settle(stream: _Stream, broken: Broken | None = None) -> None:
    if stream.answered.done():
        return
    if broken is None:
        stream.answered.set_result(None)
    else:
        stream.answered.set_exception(broken)
        stream.answered.exception()  # whoever asked may have given up
