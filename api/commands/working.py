"""`handbook worker`."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import redis.asyncio as redis
import typer
from prometheus_client import start_http_server

from api.cache.breaker import Breaker
from api.cache.nudges import Nudges
from api.commands.running import console, open_database, run, settings
from api.delivering import delivering
from api.logs import configure_logs
from api.settings import Settings
from api.storage import open_files
from api.worker import Worker
from models.duties import DUTIES
from models.file_clearing import forgetting


def work(
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Let Prometheus read /metrics there, from this machine.")
    ] = None,
) -> None:
    """Do what time makes due, until told to end: where servers do not, as with PostgreSQL."""
    using = settings()
    configure_logs(using.log_format)
    with _metrics(metrics_port):
        run(_work(using))


async def _work(using: Settings) -> None:
    client = redis.from_url(using.redis_url) if using.redis_url else None
    async with open_database(using) as database:
        duties = (*DUTIES, forgetting(open_files(using)))
        worker = Worker(database, duties, committed=Nudges(client, Breaker()).send)
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, worker.leave)
        async with delivering(using, database):
            console.print("doing what is due; Ctrl+C ends it")
            await worker.run()
    if client is not None:
        await client.aclose()


@contextmanager
def _metrics(port: int | None) -> Iterator[None]:
    if port is None:
        yield
        return
    server, _ = start_http_server(port, addr="127.0.0.1")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
