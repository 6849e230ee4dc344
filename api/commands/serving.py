"""`handbook serve` and `handbook migrate`."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.commands.running import console, one_line, open_database, run, settings
from api.logs import configure_logs
from api.settings import Settings, load_settings, share_metrics
from models.duties import DUTIES
from models.migrate import current_revision, migrate

_GRACE = 30
"""Seconds that requests under way get to finish after SIGTERM."""
_YOUNG = 10_000
"""New objects between two looks for unreachable ones. Python's 700 are made by every other request."""
_OLDER = (10, 50)
"""How often that happens before older objects are looked at too, and all of them: 0.1 s, and hardly anything found."""
_TURN = 0.0005
"""Seconds after which a thread that waits for the interpreter gets it."""


def application() -> FastAPI:
    """What each worker process builds, from the environment."""
    using = load_settings()
    configure_logs(using.log_format)
    return _settled(_create(using))


def serve(
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes; more than one wants PostgreSQL.")] = 1,
) -> None:
    """Serve the handbook by the settings in the environment."""
    using = settings()
    run(_check(using))
    with one_line(), _shared_metrics(workers):
        _uvicorn("api.commands.serving:application", using, workers)


@contextmanager
def _shared_metrics(workers: int) -> Iterator[None]:
    """Workers add their figures up through files, which end with the service."""
    if workers == 1:
        yield
        return
    with TemporaryDirectory(prefix="handbook-metrics-") as folder:
        share_metrics(folder)
        yield


def serve_here(using: Settings) -> None:
    """Serve with these settings in this process."""
    configure_logs(using.log_format)
    _uvicorn(_settled(_create(using)), using, 1)


def _create(using: Settings) -> FastAPI:
    return create_app(using, duties=DUTIES if using.works_inside else ())


def _settled(app: FastAPI) -> FastAPI:
    """Set the interpreter up for serving.

    The garbage collector is told that what was built so far stays: it took a tenth of every request to look again.
    SQLite's statements run in threads of their own, which must wait for the loop's to let go of the interpreter: by
    default 5 ms each while the loop is busy.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *_OLDER)
    sys.setswitchinterval(_TURN)
    return app


def migrate_database(
    revision: Annotated[str, typer.Argument(help="A revision, or head.")] = "head",
    down: Annotated[bool, typer.Option("--down", help="Go back to an older revision.")] = False,
) -> None:
    """Bring the database to this release's schema."""
    using = settings()
    console.print(f"schema [bold]{run(_migrate(using, revision, down=down)) or 'empty'}[/bold]")


async def _migrate(using: Settings, revision: str, *, down: bool) -> str | None:
    async with open_database(using, migrated=False) as database:
        await migrate(database, revision, down=down)
        return await current_revision(database)


async def _check(using: Settings) -> None:
    async with open_database(using):
        pass


def _uvicorn(app: FastAPI | str, using: Settings, workers: int) -> None:
    uvicorn.run(
        app,
        factory=isinstance(app, str),
        host=using.host,
        port=using.port,
        workers=workers,
        access_log=False,
        log_config=None,
        proxy_headers=False,  # the application's own layer trusts `trusted_proxies` alone
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
