import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import brotli
import pytest

from tests.load.day.connection import Connection, Failed, decoded
from tests.load.day.target import Target

TEXT = "Sổ tay".encode() * 300


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[Target, list[bytes]]]:
    """A server that gives these answers on its first connection, then closes it; and what it was sent."""
    heard: list[bytes] = []

    def serve() -> None:
        accepted, _ = listener.accept()
        with accepted:
            for answer in answers:
                heard.append(accepted.recv(65_536))
                accepted.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield Target("127.0.0.1", listener.getsockname()[1]), heard
        thread.join()


def whole(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.mark.parametrize("slow", [False, True])
def test_exchanges_share_a_connection(slow: bool) -> None:
    not_modified = b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'
    with (
        answering(whole(TEXT, 'ETag: "x"'), not_modified) as (target, heard),
        Connection(target, None, slow=slow) as phone,
    ):
        first = phone.exchange("GET", "/v1/notices", {"Authorization": "Bearer x"})
        second = phone.exchange("PUT", "/v1/x", {}, b"{}")
    assert (first.status, first.headers["etag"], first.body) == (200, '"x"', TEXT)
    assert (second.status, second.body) == (304, b"")
    assert heard[0].startswith(b"GET /v1/notices HTTP/1.1\r\nHost: 127.0.0.1:")
    assert heard[1].endswith(b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"", "closed without an answer"),
        (whole(TEXT)[:100], "closed before the end"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "HttpParser"),
    ],
)
def test_what_breaks_off_is_not_tried_again(answer: bytes, failure: str) -> None:
    with (
        answering(answer) as (target, heard),
        Connection(target, None) as phone,
        pytest.raises(Failed, match=failure),
    ):
        phone.exchange("GET", "/", {})
    assert len(heard) == 1


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    with Connection(Target("127.0.0.1", port), None) as phone, pytest.raises(Failed, match="refused"):
        phone.exchange("GET", "/", {})


def test_bodies_are_decoded() -> None:
    assert decoded(gzip.compress(TEXT), "gzip") == TEXT
    assert decoded(brotli.compress(TEXT), "br") == TEXT
    assert decoded(TEXT, "identity") == TEXT
    for encoding in ("gzip", "br", "zstd"):
        with pytest.raises(Failed):
            decoded(TEXT, encoding)
