"""The load generator: wrk on a core of its own, playing requests that were written out beforehand."""

import json
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random

from tests.load.bench.figures import NotMeasured
from tests.load.bench.processes import on_cores

CONNECTIONS = 32
_SCRIPT = Path(__file__).with_name("play.lua")
_DRAWS = 100_000


class LoadFailed(RuntimeError):
    """Some answers were refusals, or none came: a figure of those would be worthless."""


@dataclass(frozen=True, slots=True)
class Load:
    """Requests a second; `p50` and `p99` are milliseconds; `size` is bytes an answer with its headers."""

    rate: float
    requests: int
    size: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Play:
    """Requests in a file and the order in which they are sent in another; `once` ends when each was sent."""

    requests: Path
    order: Path
    once: bool = False


def raw(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def feed_request(token: str, etag: str | None = None, *, language: str | None = None) -> bytes:
    """A signed-in member's first page, conditional where `etag` is that of the copy at hand."""
    headers = {"Authorization": f"Bearer {token}"}
    headers |= {"If-None-Match": etag} if etag else {}
    return raw("GET", "/v1/notices", headers | ({"Accept-Language": language} if language else {}))


def zipf(things: int, *, draws: int = _DRAWS, seed: int = 2026) -> Iterator[int]:
    """Numbers from 1, the n-th as often as 1/n: the same ones each time."""
    weights = list(accumulate(1 / rank for rank in range(1, things + 1)))
    return iter(Random(seed).choices(range(1, things + 1), cum_weights=weights, k=draws))


def written(
    folder: Path, name: str, requests: Sequence[bytes], *, order: Iterable[int] | None = None, once: bool = False
) -> Play:
    """Write them out for `play.lua`, in this order (numbers from 1) over and over, or until it ends."""
    play = Play(folder / f"{name}.requests", folder / f"{name}.order", once)
    with play.requests.open("wb") as file:
        for request in requests:
            file.write(b"%d\n" % len(request) + request)
    order = range(1, len(requests) + 1) if order is None else order
    play.order.write_text("".join(f"{number}\n" for number in order))
    return play


def in_turn(play: Play, requests: int) -> Play:
    """The same requests, each once."""
    order = play.order.with_suffix(".turns")
    order.write_text("".join(f"{number}\n" for number in range(1, requests + 1)))
    return Play(play.requests, order, once=True)


def load(url: str, play: Play, *, seconds: float, cores: Sequence[int] | None) -> Load:
    """For so many seconds, or until a play that ends has ended.

    Raises LoadFailed where anything but success came back; NotMeasured without wrk.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise NotMeasured("wrk is not installed: apt-get install wrk")
    command = [wrk, "--threads", "1", "--connections", str(CONNECTIONS), "--timeout", "10s", "--script", str(_SCRIPT)]
    command += ["--duration", f"{max(1, round(seconds))}s", url, "--"]
    command += [str(play.requests), str(play.order), "once" if play.once else "around"]
    with on_cores(cores):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said: list[str] = []
    with process:
        try:
            for line in process.stdout or ():
                said.append(line)
                if line == "exhausted\n":
                    process.send_signal(signal.SIGINT)  # wrk's word for: that is enough, say what you found
        finally:
            process.kill()
    return read_figures(said)


def read_figures(said: Sequence[str]) -> Load:
    line = next((line for line in said if line.startswith("figures ")), None)
    if line is None:
        raise LoadFailed("wrk said nothing that can be used:\n" + "".join(said)[-1000:])
    found = json.loads(line.removeprefix("figures "))
    if found["refused"] or found["broken"] or not found["requests"]:
        raise LoadFailed(f"of {found['requests']} answers {found['refused']} refused, {found['broken']} broken")
    return Load(
        rate=found["requests"] / (found["microseconds"] / 1e6),
        requests=found["requests"],
        size=found["bytes"] / found["requests"],
        p50=found["p50"] / 1000,
        p99=found["p99"] / 1000,
    )
