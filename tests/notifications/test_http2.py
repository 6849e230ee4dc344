"""HTTP/2 as servers may speak it: dismissals, refusals, small windows, silence; and HTTP/1.1 of those without."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded
from h2.settings import SettingCodes, Settings

from content.push_endpoints import Url
from notifications.channels.protocol import Outcome, Sent
from notifications.channels.wire import Answer, Unanswered, Wire, seconds_of
from tests.notifications.simulator.running import certificates

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(folder: Path, talk: Talk, protocol: str = "h2") -> AsyncIterator[Url]:
    """One that says what `talk` says, on each connection."""
    (folder / "server.pem").write_text(certificates().server)
    (folder / "key.pem").write_text(certificates().key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem", folder / "key.pem")
    context.set_alpn_protocols([protocol])
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    try:
        yield Url("localhost", listening.sockets[0].getsockname()[1], "/x")
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def wire(seconds: float = 5.0) -> AsyncIterator[Wire]:
    asking = Wire(seconds=seconds, authorities=certificates().authority)
    yield asking
    await asking.close()


class Peer:
    """The server's side of one HTTP/2 connection, asked to answer stream by stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, **settings: int) -> None:
        self.reader = reader
        self.writer = writer
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        values = {SettingCodes[name]: value for name, value in settings.items()}
        self.h2.local_settings = Settings(client=False, initial_values=values)
        self.h2.initiate_connection()
        self.bodies: dict[int, bytes] = {}
        self.ended: list[int] = []

    async def until_ended(self, count: int) -> list[int]:
        """The streams whose requests are whole, once there are so many."""
        while len(self.ended) < count:
            self.flush()
            data = await self.reader.read(65_536)
            if not data:
                raise ConnectionError
            for event in self.h2.receive_data(data):
                if isinstance(event, RequestReceived):
                    self.bodies[event.stream_id] = b""
                elif isinstance(event, DataReceived):
                    self.bodies[event.stream_id] += event.data
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, StreamEnded):
                    self.ended.append(event.stream_id)
        return self.ended

    def answer(self, stream_id: int, body: bytes = b"") -> None:
        self.h2.send_headers(stream_id, [(b":status", b"200"), (b"retry-after", b"9")])
        self.h2.send_data(stream_id, body, end_stream=True)
        self.flush()

    def flush(self) -> None:
        self.writer.write(self.h2.data_to_send())


async def test_what_a_dismissing_server_has_begun_is_answered_and_the_rest_asked_elsewhere(tmp_path: Path) -> None:
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        peer = Peer(reader, writer)
        if connections == 1:
            first, _, _ = await peer.until_ended(3)
            frame = b"\x00\x00\x08\x07\x00\x00\x00\x00\x00" + first.to_bytes(4, "big") + bytes(4)
            writer.write(frame)  # h2 would say no more itself after it
            await asyncio.sleep(0.05)
            peer.answer(first, b"by the old one")
            await reader.read()
        else:
            for stream_id in list(await peer.until_ended(2)):
                peer.answer(stream_id, b"by the new one")
            await reader.read()

    async with server(tmp_path, talk) as url, wire() as asking:
        answers = await asyncio.gather(*(asking.post(url, [], b"x") for _ in range(3)))
    assert sorted(answer.body for answer in answers) == [b"by the new one", b"by the new one", b"by the old one"]
    assert connections == 2


async def test_a_refused_stream_is_asked_once_more(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        [first] = await peer.until_ended(1)
        peer.h2.reset_stream(first, ErrorCodes.REFUSED_STREAM)
        _, second = await peer.until_ended(2)
        peer.answer(second)
        _, _, third = await peer.until_ended(3)
        peer.h2.reset_stream(third, ErrorCodes.INTERNAL_ERROR)
        peer.flush()
        await reader.read()

    async with server(tmp_path, talk) as url, wire() as asking:
        assert await asking.post(url, [], b"x") == Answer(200, 9.0, b"")
        with pytest.raises(Unanswered) as unanswered:
            await asking.post(url, [], b"x")
    assert unanswered.value.sent == Sent(Outcome.RETRY, detail="reset")


async def test_a_large_body_waits_for_the_servers_window(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer, INITIAL_WINDOW_SIZE=1_000)
        for stream_id in list(await peer.until_ended(2)):
            peer.answer(stream_id, str(len(peer.bodies[stream_id])).encode())
        await reader.read()

    async with server(tmp_path, talk) as url, wire() as asking:
        answers = await asyncio.gather(*(asking.post(url, [], bytes(100_000)) for _ in range(2)))
    assert [answer.body for answer in answers] == [b"100000", b"100000"]


async def test_where_the_server_allows_few_streams_there_are_more_connections(tmp_path: Path) -> None:
    connections = 0
    all_have_come = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        peer = Peer(reader, writer, MAX_CONCURRENT_STREAMS=2)
        streams = list(await peer.until_ended(2))
        if connections == 3:
            all_have_come.set()
        await all_have_come.wait()
        for stream_id in streams:
            peer.answer(stream_id)
        await reader.read()

    async with server(tmp_path, talk) as url, wire() as asking:
        answers = await asyncio.gather(*(asking.post(url, [], b"x") for _ in range(6)))
    assert {answer.status for answer in answers} == {200}
    assert connections == 3


async def test_a_connection_that_leads_nowhere_is_left(tmp_path: Path) -> None:
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        peer = Peer(reader, writer)
        [first] = await peer.until_ended(1)
        if connections == 1:
            await asyncio.Event().wait()
        peer.answer(first)
        await reader.read()

    async with server(tmp_path, talk) as url, wire(seconds=1.5) as asking:
        with pytest.raises(Unanswered, match="timeout"):
            await asking.post(url, [], b"x")
        assert (await asking.post(url, [], b"x")).status == 200
    assert connections == 2


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00" * 100, b""])
async def test_what_is_no_http2_at_all(tmp_path: Path, said: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(said)
        await writer.drain()
        await asyncio.sleep(0.05)

    async with server(tmp_path, talk) as url, wire() as asking:
        with pytest.raises(Unanswered) as unanswered:
            await asking.post(url, [], b"x")
    assert unanswered.value.sent.outcome is Outcome.RETRY


async def test_an_answer_without_end_is_read_only_so_far(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        [first] = await peer.until_ended(1)
        peer.h2.send_headers(first, [(b":status", b"200")])
        while True:
            room = min(peer.h2.local_flow_control_window(first), 16_000)
            if room:
                peer.h2.send_data(first, bytes(room))
                peer.flush()
                await writer.drain()
            else:
                peer.h2.receive_data(await reader.read(65_536) or _gone())

    async with server(tmp_path, talk) as url, wire() as asking:
        answer = await asking.post(url, [], b"x")
    assert 256 * 1024 < len(answer.body) < 2**20


def _gone() -> bytes:
    raise ConnectionError


async def test_a_server_of_http_1_1_is_asked_in_it(tmp_path: Path) -> None:
    requests: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            requests.append(await reader.readuntil(b"\r\n\r\n"))
            await reader.readexactly(3)
            writer.write(b"HTTP/1.1 429 Too Many\r\nRetry-After: 4\r\nContent-Length: 2\r\n\r\nno")

    async with server(tmp_path, talk, "http/1.1") as url, wire() as asking:
        for _ in range(2):
            assert await asking.post(url, [(b"ttl", b"5")], b"abc") == Answer(429, 4.0, b"no")
    assert len(requests) == 2
    assert requests[0].startswith(b"POST /x HTTP/1.1\r\n")
    assert b"ttl: 5\r\n" in requests[0]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("0", 0.0),
        (" 12 ", 12.0),
        ("999999999999999999999", 86_400.0),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("soon", None),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0),
        ("Fri, 01 Jan 2999 00:00:00 GMT", 86_400.0),
        ("Fri, 99 Jan 2999 00:00:00 GMT", None),
        ("١٢", None),
    ],
)
def test_retry_after_in_either_form(said: str, seconds: float | None) -> None:
    assert seconds_of(said) == seconds
