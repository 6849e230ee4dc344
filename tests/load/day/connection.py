"""One phone's connection: HTTP/1.1 on a plain socket. Nothing is tried again, so that no failure is hidden."""

import gzip
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Self

import brotli
import httptools

from tests.load.day.target import Target

PATIENCE = 10.0
"""Seconds until an app gives a request up."""
SLOW_PATIENCE = 60.0
_PIECE = 512
_PAUSE = 0.05
"""A slow phone reads 512 bytes each 50 ms: 80 kbit/s, such as EDGE gives at the edge of a cell."""
_AT_ONCE = 65_536


class Failed(Exception):
    """The exchange came to nothing; the message is the kind of failure."""


@dataclass(slots=True)
class Answer:
    """`first_byte` is when it began to arrive, by `time.perf_counter`."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    first_byte: float = 0.0

    @property
    def encoding(self) -> str:
        return self.headers.get("content-encoding", "identity")


def decoded(body: bytes, encoding: str) -> bytes:
    """Raises Failed for what is not in that encoding, or in one that was not asked for."""
    try:
        if encoding == "gzip":
            return gzip.decompress(body)
        if encoding == "br":
            text: bytes = brotli.decompress(body)
            return text
    except (OSError, EOFError, brotli.error):
        raise Failed(f"broken {encoding}") from None
    if encoding != "identity":
        raise Failed(f"unasked {encoding}")
    return body


class _Reading:
    """Callbacks of httptools."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, piece: bytes) -> None:
        self.pieces.append(piece)

    def on_message_complete(self) -> None:
        self.complete = True


class Connection:
    """Connects with the first exchange. `slow` reads as a phone on a bad network does."""

    def __init__(self, target: Target, context: ssl.SSLContext | None, *, slow: bool = False) -> None:
        self._target = target
        self._context = context
        self._slow = slow
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def exchange(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        """Raises Failed. After that, and after `Connection: close`, the next exchange connects anew."""
        deadline = time.perf_counter() + (SLOW_PATIENCE if self._slow else PATIENCE)
        try:
            connected = self._socket or self._connect()
            connected.sendall(_request(self._target, method, path, headers, body))
            answer = self._read(connected, deadline)
        except TimeoutError:
            self.close()
            raise Failed("timeout") from None
        except ConnectionRefusedError:
            self.close()
            raise Failed("connection refused") from None
        except (OSError, httptools.HttpParserError) as error:
            self.close()
            raise Failed(type(error).__name__) from None
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def _connect(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._target.host else socket.AF_INET
        connected = socket.socket(family, socket.SOCK_STREAM)
        connected.settimeout(PATIENCE)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._slow:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * _PIECE)
        try:
            connected.connect((self._target.host, self._target.port))
            if self._context is not None:
                connected = self._context.wrap_socket(connected, server_hostname=self._target.host)
        except BaseException:
            connected.close()
            raise
        self._socket = connected
        return connected

    def _read(self, connected: socket.socket, deadline: float) -> Answer:
        reading = _Reading()
        parser = httptools.HttpResponseParser(reading)
        first_byte = 0.0
        while not reading.complete:
            connected.settimeout(max(deadline - time.perf_counter(), 0.001))
            piece = connected.recv(_PIECE if self._slow else _AT_ONCE)
            if not piece:
                raise Failed("closed before the end" if first_byte else "closed without an answer")
            first_byte = first_byte or time.perf_counter()
            parser.feed_data(piece)
            if self._slow:
                if time.perf_counter() > deadline:
                    raise TimeoutError
                time.sleep(_PAUSE)
        return Answer(parser.get_status_code(), reading.headers, b"".join(reading.pieces), first_byte)


def _request(target: Target, method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {target.host}:{target.port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
