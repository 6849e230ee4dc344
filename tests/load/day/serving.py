"""A server of our own to load, with made-up people in it, and a watch on its memory and processor time."""

import asyncio
import http.client
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Literal, NamedTuple, Self

from api.commands.load_tokens import write_load_tokens
from api.demo.history import publish_notices
from api.demo.loading import load_organisation
from api.demo.organisation import DEMONSTRATION, NATIONAL, Organisation
from api.demo.texts import notice_texts
from api.security.keys import open_keyring
from api.settings import Settings, load_settings
from models.database import Database, utc_now
from models.migrate import migrate
from tests.load.day.target import LoadError, Target
from tests.servers import Postgres, Valkey, create_database

Size = Literal["demo", "national"]

_ROOT = Path(__file__).resolve().parents[3]
_SEED = 2026
_ORGANISATIONS = {"demo": DEMONSTRATION, "national": NATIONAL}
_TOKENS = {"demo": DEMONSTRATION.members, "national": 160_000}
"""As many as there are people, or accesses in a day."""
_PATIENCE = 60.0
_EVERY = 0.5


@dataclass(frozen=True, slots=True)
class Served:
    """`ready_after` is in seconds."""

    target: Target
    tokens: Path
    pid: int
    ready_after: float


@contextmanager
def serving(size: Size, folder: Path, core: int | None) -> Iterator[Served]:
    """A server of this size in `folder`, kept on one processor; it ends with the context."""
    with ExitStack() as undo:
        using = undo.enter_context(_settings(size, folder))
        tokens = folder / "load-tokens.jsonl"
        asyncio.run(_prepare(using, size, tokens))
        log = folder / "server.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HANDBOOK_")}
        environment |= _environment(using)
        process = subprocess.Popen(
            [sys.executable, "-m", "api", "serve"],
            cwd=_ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=undo.enter_context(log.open("wb")),
            stderr=subprocess.STDOUT,
        )
        undo.callback(end, process)
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        target = Target(using.host, using.port)
        yield Served(target, tokens, process.pid, _ready(process, target, log))


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
        finally:  # also where somebody is too impatient to wait for it
            process.kill()
            process.wait()


@contextmanager
def _settings(size: Size, folder: Path) -> Iterator[Settings]:
    port = _free_port()
    public_url = f"http://127.0.0.1:{port}"
    if size == "demo":
        database = f"sqlite+aiosqlite:///{(folder / 'handbook.db').absolute()}"
        yield load_settings(demo=True, data_dir=folder, port=port, public_url=public_url, database_url=database)
        return
    with Postgres(durable=True) as postgres, Valkey() as valkey:
        yield load_settings(
            demo=True,
            data_dir=folder,
            port=port,
            public_url=public_url,
            database_url=asyncio.run(create_database(postgres.url, "handbook_day")),
            redis_url=valkey.url,
        )


def _environment(using: Settings) -> dict[str, str]:
    given = {
        "demo": "true",
        "data_dir": str(using.data_dir.absolute()),
        "host": using.host,
        "port": str(using.port),
        "public_url": str(using.public_url),
        "database_url": using.database,
        **({"redis_url": using.redis_url} if using.redis_url else {}),
    }
    return {f"HANDBOOK_{name.upper()}": value for name, value in given.items()}


async def _prepare(using: Settings, size: Size, tokens: Path) -> None:
    keys = open_keyring(using.keys, made_at=utc_now().isoformat(), demo=True)
    database = Database(using.database, keyring=keys.current)
    try:
        await migrate(database)
        organisation = Organisation(size=_ORGANISATIONS[size], seed=_SEED, as_of=database.clock().date())
        loaded = await load_organisation(database, organisation)
        await publish_notices(database, loaded, notice_texts(), rng=random.Random(_SEED))
        life = timedelta(minutes=using.token_minutes)
        await write_load_tokens(database, keys, life, _TOKENS[size], tokens)
    finally:
        await database.close()


def _ready(process: subprocess.Popen[bytes], target: Target, log: Path) -> float:
    """Seconds until it said that it is ready. Raises LoadError with the end of its log."""
    began = time.monotonic()
    while time.monotonic() - began < _PATIENCE and process.poll() is None:
        if _status(target, "/health/ready") == 200:
            return time.monotonic() - began
        time.sleep(0.02)
    raise LoadError(f"the server did not become ready\n{log.read_text(errors='replace')[-2000:]}")


def require_handbook(target: Target) -> None:
    """Raises LoadError unless a handbook answers there: nothing else is to be loaded by mistake."""
    if _status(target, "/health/ready") != 200 or _status(target, "/v1/app-config") != 200:
        raise LoadError(f"no handbook that is ready answers at {target.url}")


def _status(target: Target, path: str) -> int:
    kind = http.client.HTTPSConnection if target.tls else http.client.HTTPConnection
    connection = kind(target.host, target.port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Reading:
    """`memory` in MiB of the largest process, `cpu` as the share of one core since the reading before; `busy` is that
    of all processors of the machine, whoever used them.
    """

    at: float
    memory: float
    cpu: float
    busy: float = 0.0


@dataclass(slots=True)
class Watch:
    """Reads /proc of a process and its children twice a second; where there is no /proc, nothing."""

    pid: int
    readings: list[Reading] = field(default_factory=list)
    _began: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if Path("/proc/self/stat").exists():
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def since(self, began: float) -> list[Reading]:
        """Those from this moment on (by `time.monotonic`), counted from it."""
        later = began - self._began
        return [replace(one, at=one.at - later) for one in self.readings if one.at >= later]

    def _run(self) -> None:
        self._began = before = time.monotonic()
        spent, used = None, _used()
        while not self._over.wait(_EVERY):
            processes = [self.pid, *_children(self.pid)]
            try:
                memory = max(_resident(pid) for pid in processes)
                total = sum(_processor_seconds(pid) for pid in processes)
            except (OSError, ValueError, IndexError):
                continue  # one of them is ending
            at = time.monotonic()
            now = _used()
            if spent is not None:
                busy = (now.busy - used.busy) / max(now.total - used.total, 1)
                self.readings.append(Reading(at - self._began, memory, (total - spent) / (at - before), busy))
            before, spent, used = at, total, now


class _Used(NamedTuple):
    """Of all processors, in ticks since the machine started."""

    busy: int
    total: int


def _used() -> _Used:
    user, nice, system, idle, waiting, *others = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    working = user + nice + system + sum(others)
    return _Used(working, working + idle + waiting)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, path.read_text().split())
        except OSError:
            continue
    return found


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
