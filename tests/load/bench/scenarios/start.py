"""From the command until the server is ready, and what it holds then."""

from collections.abc import Iterator

from tests.load.bench.figures import Bound, Figures, Promise, Row, Series
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import LARGE, Stage
from tests.load.dataset import DataSet

SMALL_START = Promise("start until ready, 5,000 members (SQLite)", "s", sense=Bound.AT_MOST, bound=2)
SMALL_MEMORY = Promise("memory after the start, 5,000 members", "MiB")
LARGE_START = Promise("start until ready, 250,000 branches", "s", sense=Bound.AT_MOST, bound=5)
LARGE_MEMORY = Promise("memory after the start, 250,000 branches", "MiB")


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    seconds, memory = _starts(stage, stage.data("small", "sqlite"))
    yield Row(SMALL_START, seconds)
    yield Row(SMALL_MEMORY, memory)
    seconds, memory = _starts(stage, stage.data(LARGE))
    yield Row(LARGE_START, seconds)
    yield Row(LARGE_MEMORY, memory)


def _starts(stage: Stage, data: DataSet) -> tuple[Series, Series]:
    seconds, memory = [], []
    for _ in range(stage.options.starts):
        with stage.serving(data) as running:
            seconds.append(running.seconds)
            memory.append(running.memory())
    return Series(tuple(seconds)), Series(tuple(memory))


SCENARIO = Scenario("start", (SMALL_START, SMALL_MEMORY, LARGE_START, LARGE_MEMORY), _measure)
