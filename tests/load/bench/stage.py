"""What scenarios share: data sets, databases, servers and the requests that are played against them."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Self

from tests.load.audience import Seat
from tests.load.bench.budget import Budget
from tests.load.bench.figures import Figures, NotMeasured, Series, interleaved
from tests.load.bench.load import Load, Play, load, written, zipf
from tests.load.bench.pages import Pages, read_pages
from tests.load.bench.processes import Running, on_cores, serve
from tests.load.dataset import COPIED, DataSet, Kind, copied, dataset, is_built
from tests.load.postgres import CACHE, KeptPostgres
from tests.servers import Valkey, create_database, drop_database

CPU = ", CPU"
LARGE = "million"
"""The size that stands for 250,000 branches: it has as many as `national` and is loaded five times as fast."""


@dataclass(frozen=True, slots=True)
class Options:
    """`seconds` of each run, `repetitions` of each, after `warm` seconds that do not count. A run through a list of
    requests ends with the list, or after `longest` seconds. After `budget` seconds nothing more is measured.
    """

    quick: bool
    size: str = "medium"
    seconds: float = 5
    warm: float = 2
    repetitions: int = 5
    publishes: int = 100
    starts: int = 5
    seats: int = 10_000
    strangers: int = 60_000
    longest: float = 600
    budget: float | None = None
    output: Path = Path("var/bench")
    cache: Path = CACHE

    @classmethod
    def hurried(cls, size: str, output: Path) -> "Options":
        return cls(
            quick=True,
            size=size,
            output=output,
            seconds=1,
            warm=1,
            repetitions=2,
            publishes=8,
            starts=1,
            seats=500,
            strangers=2_000,
            longest=10,
            budget=150,
        )


@dataclass(frozen=True, slots=True)
class Contestant:
    name: str
    server: Running
    play: Play


class Stage:
    """Everything started here ends with the context; nothing else is touched."""

    def __init__(self, options: Options, say: Callable[[str], None]) -> None:
        self.options = options
        self.budget = Budget(options.budget)
        self.cut_short = False
        """Was anything repeated less often than `options` say?"""
        self.say = say
        self._undo = ExitStack()
        self._data: dict[tuple[str, Kind], DataSet] = {}
        self._servers: dict[str, Running] = {}
        self._pages: dict[str, Pages] = {}
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self.server_cores = cores[:1] if len(cores) > 1 else None
        self.load_cores = cores[1:2] if len(cores) > 1 else None
        # databases and Redis keep away from the server's core: it is the server that is measured
        self.store_cores = cores[2:] or self.load_cores

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            self.folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="handbook-bench-")))
            self._undo = undo.pop_all()
        self.logs = self.options.output / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    @cached_property
    def postgres(self) -> KeptPostgres:
        with on_cores(self.store_cores):
            return self._undo.enter_context(KeptPostgres(self.options.cache))

    @cached_property
    def redis(self) -> str:
        with on_cores(self.store_cores):
            return self._undo.enter_context(Valkey()).url

    def data(self, size: str | None = None, kind: Kind = "postgresql") -> DataSet:
        """A data set to read and write; small ones are copies, so that each run begins alike.

        Raises NotMeasured where a quick run would have to build a large one.
        """
        size = size or self.options.size
        if (size, kind) not in self._data:
            server = self.postgres.url if kind == "postgresql" else ""
            self._data[size, kind] = asyncio.run(self._open(size, kind, server))
        return self._data[size, kind]

    async def _open(self, size: str, kind: Kind, server: str) -> DataSet:
        cache = self.options.cache
        large = size not in COPIED
        if large and self.options.quick and not await is_built(size, kind, server=server, cache=cache):
            raise NotMeasured(f"the data set {size} is not built yet, which takes longer than a quick run: make bench")
        data = await dataset(size, kind, server=server, cache=cache, say=self.say)
        if large:
            return data
        folder = self.folder / f"{size}-{kind}"
        folder.mkdir()
        copy = await copied(data, folder, server=server)
        if kind == "postgresql":
            self._undo.callback(self._drop, copy.url.rpartition("/")[2])
        return copy

    def seats(self, data: DataSet) -> Sequence[Seat]:
        return data.audience.seated[: self.options.seats]

    def start(self, data: DataSet, *, redis: bool = False, pinned: bool = True) -> Running:
        """The handbook by its own command; whoever asks for it stops it."""
        environment = {
            "HANDBOOK_DATABASE_URL": data.url,
            "HANDBOOK_KEYS_FILE": str(data.keys.absolute()),
            "HANDBOOK_DATA_DIR": str(self.folder / "data"),
            "HANDBOOK_PORT": "{port}",
        }
        if redis:
            environment["HANDBOOK_REDIS_URL"] = self.redis
        return serve(
            "handbook",
            [sys.executable, "-m", "api", "serve"],
            environment,
            ready="/health/ready",
            cores=self.server_cores if pinned else None,
            log=self.logs / f"handbook-{data.size}.log",
        )

    @contextmanager
    def serving(self, data: DataSet, *, redis: bool = False, pinned: bool = True) -> Iterator[Running]:
        """A new process, until the block ends."""
        running = self.start(data, redis=redis, pinned=pinned)
        try:
            yield running
        finally:
            running.stop()

    def handbook(self, data: DataSet) -> Running:
        """The one that scenarios share: warm from whatever came before."""
        return self.kept(f"handbook {data.size} {data.kind}", lambda: self.start(data))

    def kept(self, key: str, start: Callable[[], Running]) -> Running:
        """The server of this key, started at its first use and stopped with the stage."""
        if key not in self._servers:
            self._servers[key] = start()
            self._undo.callback(self._servers[key].stop)
        return self._servers[key]

    def pages(self, data: DataSet) -> Pages:
        """What the members of each branch are shown now."""
        if data.url not in self._pages:
            self._pages[data.url] = read_pages(self.handbook(data).url, data, self.seats(data))
        return self._pages[data.url]

    @property
    def page_bytes(self) -> int | None:
        """Of a page in the middle of those that were read."""
        sizes = sorted(len(page.body) for pages in self._pages.values() for page in pages.values())
        return sizes[len(sizes) // 2] if sizes else None

    def empty_database(self, name: str) -> str:
        """A new PostgreSQL database of the bench's own, in place of an earlier run's."""
        self._drop(name)
        self._undo.callback(self._drop, name)
        return asyncio.run(create_database(self.postgres.url, name))

    def _drop(self, name: str) -> None:
        asyncio.run(drop_database(self.postgres.url, name))

    def play(self, name: str, requests: Sequence[bytes], *, once: bool = False) -> Play:
        """In Zipf's order over and over, or each once."""
        return written(self.folder, name, requests, order=None if once else zipf(len(requests)), once=once)

    def load(self, url: str, play: Play, seconds: float | None = None) -> Load:
        wanted = seconds or (self.options.longest if play.once else self.options.seconds)
        return load(url, play, seconds=wanted, cores=self.load_cores)

    def race(self, contestants: Sequence[Contestant]) -> Figures:
        """Requests a second of each, warm, interleaved; and as `<name>, CPU` the microseconds that its server worked
        for one, which say more than rates do where others use the machine.
        """
        for one in contestants:
            self.load(one.server.url, one.play, self.options.warm)
        worked: dict[str, list[float]] = {f"{one.name}{CPU}": [] for one in contestants}
        runs = [(one.name, partial(self._rate, one, worked[f"{one.name}{CPU}"])) for one in contestants]
        rates = self.repeat(runs)
        return rates | {name: Series(tuple(values)) for name, values in worked.items()}

    def repeat(self, runs: Sequence[tuple[str, Callable[[], float]]]) -> Figures:
        """Interleaved, as often as `options` say or, once the scenario's share of time is used up, at least once."""
        found = interleaved(runs, self.options.repetitions, enough=self.budget.used_up)
        self.cut_short |= any(len(series.values) < self.options.repetitions for series in found.values())
        return found

    def _rate(self, one: Contestant, worked: list[float]) -> float:
        before = one.server.worked()
        found = self.load(one.server.url, one.play)
        worked.append((one.server.worked() - before) * 1e6 / found.requests)
        return found.rate
