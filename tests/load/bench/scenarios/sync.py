"""A phone that is up to date asks whether anything is new."""

from collections.abc import Iterator

from tests.load.bench import baselines
from tests.load.bench.baselines import Baselines
from tests.load.bench.figures import Figures, NotMeasured, Promise, Row, compared
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import CPU, Contestant, Stage
from tests.load.bench.syncing import up_to_date
from tests.load.dataset import DataSet, access_tokens

PROMISE = Promise("GET /v1/sync, nothing new", "req/s", baselines.BARE, bound=0.8)
_HANDBOOK = "handbook"
_BYTES_MOST = 1_000


def asker(stage: Stage, data: DataSet, seats: int | None = None) -> Contestant:
    """Up to date, each asking with a cursor and an entity tag of their own, every token seen once."""
    running = stage.handbook(data)
    held = up_to_date(running.url, access_tokens(data, stage.seats(data)[:seats]))
    requests = [one.request for one in held]
    stage.load(running.url, stage.play(f"each sync {data.size}", requests, once=True))
    play = stage.play(f"sync {data.size}", requests)
    size = stage.load(running.url, play, 1).size
    if size > _BYTES_MOST:
        raise NotMeasured(f"answers of {size:.0f} bytes are not 304s")
    return Contestant(_HANDBOOK, running, play)


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    data = stage.data()
    found = stage.race([asker(stage, data), Baselines(stage, data).contestant(baselines.BARE)])
    figures["sync, nothing new"] = found[_HANDBOOK]
    figures[f"sync, nothing new{CPU}"] = found[f"{_HANDBOOK}{CPU}"]
    yield compared(PROMISE, found[_HANDBOOK], found)


SCENARIO = Scenario("sync", (PROMISE,), _measure)
