"""Hypercorn on a free port, HTTP/2 over TLS, whose connections can be broken from within."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.typing import Framework, LifespanState
from hypercorn.utils import wrap_app

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(slots=True)
class Serving:
    port: int
    connected: int = 0
    """Connections so far."""
    connections: dict[tuple[str, int], asyncio.StreamWriter] = field(default_factory=dict)

    def break_connection(self, scope: Scope) -> None:
        """The one that this request came by, as when a network fails: no good-bye."""
        writer = self.connections.get(tuple(scope["client"]))
        if writer is not None:
            writer.transport.abort()


@asynccontextmanager
async def serving(app: App, certificate: Path, key: Path) -> AsyncIterator[Serving]:
    """`hypercorn.asyncio.serve` keeps its connections to itself; this is its accept loop with them in sight."""
    config = Config()
    config.certfile, config.keyfile = str(certificate), str(key)
    config.errorlog = None
    config.keep_alive_timeout = 3600
    config.keep_alive_max_requests = 10**9  # its GOAWAY leaves what is under way without an answer
    wrapped = wrap_app(cast("Framework", app), config.wsgi_max_body_size, None)
    context = WorkerContext(None)
    loop = asyncio.get_running_loop()
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    here = Serving(listening.getsockname()[1])
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = writer.get_extra_info("peername")
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        here.connections[client] = writer
        here.connected += 1
        try:
            await TCPServer(wrapped, loop, config, context, LifespanState({}), reader, writer)
        finally:
            here.connections.pop(client, None)
            tasks.discard(task)

    server = await asyncio.start_server(connected, sock=listening, ssl=config.create_ssl_context())
    try:
        yield here
    finally:
        server.close()
        await context.terminated.set()
        for writer in list(here.connections.values()):
            writer.transport.abort()
        for task in tasks:
            task.cancel()  # hypercorn does not tell all requests of a connection that broke that it did
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
