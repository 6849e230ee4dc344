"""Cost as the number of branches grows: 50 beside 250,000."""

from collections.abc import Callable, Iterator, Mapping
from statistics import median

from tests.load.bench.figures import Bound, Figures, Promise, Row, compared
from tests.load.bench.publisher import Publisher
from tests.load.bench.scenario import Scenario
from tests.load.bench.scenarios import hit, sync
from tests.load.bench.stage import CPU, LARGE, Contestant, Stage
from tests.load.dataset import DataSet

_FEW, _MANY = "50 branches", "250,000 branches"
# what costs the same is within a quarter, which is what runs of one server differ by on a shared machine
HIT = Promise("page-cache hit, 250,000 branches", "req/s", _FEW, bound=0.8)
PUBLISH = Promise("publish at the root, 250,000 branches", "ms", _FEW, sense=Bound.AT_MOST, bound=1.25)
SYNC = Promise("GET /v1/sync, nothing new, 250,000 branches", "req/s", _FEW, bound=0.8)
_NOTICES = 10
_PHONES = 500  # each is brought up to date first


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    data = {_FEW: stage.data("fifty"), _MANY: stage.data(LARGE)}
    yield _rates(stage, figures, HIT, "hit", data, lambda one: hit.reader(stage, one))

    with (
        Publisher(stage.handbook(data[_FEW]).url, data[_FEW]) as at_few,
        Publisher(stage.handbook(data[_MANY]).url, data[_MANY]) as at_many,
    ):
        took = stage.repeat([(_FEW, lambda: _acknowledged(at_few)), (_MANY, lambda: _acknowledged(at_many))])
    figures.update({f"publish at {name}": found for name, found in took.items()})
    yield _both(compared(PUBLISH, took[_MANY], took), took)

    yield _rates(stage, figures, SYNC, "sync", data, lambda one: sync.asker(stage, one, _PHONES))


def _rates(
    stage: Stage,
    figures: Figures,
    promise: Promise,
    what: str,
    data: Mapping[str, DataSet],
    contestant: Callable[[DataSet], Contestant],
) -> Row:
    """The rate at many branches as a multiple of that at few."""
    asked = {name: contestant(one) for name, one in data.items()}
    found = stage.race([Contestant(name, one.server, one.play) for name, one in asked.items()])
    figures.update({f"{what} at {name}": series for name, series in found.items()})
    return _both(compared(promise, found[_MANY], found), found)


def _both(row: Row, found: Figures) -> Row:
    """With both figures, which the promise is about."""
    told = []
    for name in (_FEW, _MANY):
        worked = found.get(f"{name}{CPU}")
        cost = f" ({worked.median:,.0f} µs of CPU each)" if worked else ""
        told.append(f"{found[name].median:,.0f} {row.promise.unit}{cost} at {name}")
    return Row(row.promise, row.figure, row.ratio, note=", ".join(told))


def _acknowledged(publisher: Publisher) -> float:
    """Milliseconds, the median of some."""
    return median(publisher.publish()[1] * 1000 for _ in range(_NOTICES))


SCENARIO = Scenario("branches", (HIT, PUBLISH, SYNC), _measure)
