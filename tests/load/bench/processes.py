"""Servers under measurement: each a process on a loopback port, kept to given cores and ended with the bench."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path.cwd()
"""The tree whose server is measured: the one in which the bench was started."""
_PATIENCE = 120.0
_FAREWELL = 15.0
_OTHERS = ("HANDBOOK_", "DJANGO_", "PYTHONDONTWRITEBYTECODE")
_WATCHFUL = 0.002  # seconds between looks while starting: the start itself is measured


class ServerFailed(RuntimeError):
    """A server did not start; the message ends with its last word and where the others are."""


@dataclass(slots=True)
class Running:
    name: str
    url: str
    process: subprocess.Popen[bytes]
    log: Path
    seconds: float
    """From its start until it was ready."""

    def memory(self) -> float:
        """MiB resident now. Linux alone tells."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(resident.split()[1]) / 1024

    def worked(self) -> float:
        """Seconds of CPU so far. Linux alone tells."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """Only this process and, on SIGTERM, those that it started itself."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(_FAREWELL)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@contextmanager
def on_cores(cores: Sequence[int] | None) -> Iterator[None]:
    """What is started inside stays on these cores; where the system cannot pin, anywhere."""
    if cores is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def serve(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    ready: str,
    cores: Sequence[int] | None,
    log: Path,
) -> Running:
    """Start `command` (`{port}` is filled in) and wait until `ready`, a path, is answered, and not by 5xx.

    Raises ServerFailed.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    # not those of whoever started the bench; and byte code is kept, as where the handbook is installed
    known = {key: value for key, value in os.environ.items() if not key.startswith(_OTHERS)}
    filled = {key: value.format(port=port) for key, value in environment.items()}
    whole = [part.format(port=port) for part in command]
    with log.open("wb") as output, on_cores(cores):
        began = time.perf_counter()
        process = subprocess.Popen(
            [*_leash(), *whole],
            cwd=ROOT,
            env=known | {"PYTHONPATH": str(ROOT)} | filled,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    running = Running(name, url, process, log, 0.0)
    try:
        _wait(running, ready, began)
    except BaseException:
        running.stop()
        raise
    running.seconds = time.perf_counter() - began
    return running


def uvicorn(app: str) -> list[str]:
    """As `handbook serve` runs it: uvloop, httptools, no access log."""
    options = [
        "--host",
        "127.0.0.1",
        "--port",
        "{port}",
        "--no-access-log",
        "--log-level",
        "warning",
        "--no-server-header",
        "--no-proxy-headers",
    ]
    return [sys.executable, "-m", "uvicorn", app, *options]


def _wait(running: Running, ready: str, began: float) -> None:
    with httpx.Client(base_url=running.url, timeout=5, trust_env=False) as client:
        while running.process.poll() is None and time.perf_counter() - began < _PATIENCE:
            with suppress(httpx.TransportError):
                if client.get(ready).status_code < 500:
                    return
            time.sleep(_WATCHFUL)
    said = running.log.read_text(errors="replace").strip().splitlines()[-1:]
    raise ServerFailed(f"{running.name} did not start: {' '.join(said)[-200:]} ({running.log})")


def _leash() -> list[str]:
    """Where the system offers it, a server ends with the bench, however the bench ended."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
