"""Cost as the number of branches grows: 50 beside 250,000."""

from collections.abc import Iterator
from statistics import median

from tests.load.bench.figures import Bound, Figures, Promise, Row, compared, interleaved
from tests.load.bench.publisher import Publisher
from tests.load.bench.scenario import Scenario
from tests.load.bench.scenarios.hit import reader
from tests.load.bench.stage import LARGE, Contestant, Stage

_FEW, _MANY = "50 branches", "250,000 branches"
# what costs the same is within a quarter, which is what runs of one server differ by on a shared machine
HIT = Promise("page-cache hit, 250,000 branches", "req/s", _FEW, bound=0.8)
PUBLISH = Promise("publish at the root, 250,000 branches", "ms", _FEW, sense=Bound.AT_MOST, bound=1.25)
_NOTICES = 10


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    few, many = stage.data("fifty"), stage.data(LARGE)
    contestants = [
        Contestant(name, one.server, one.play)
        for name, one in ((_FEW, reader(stage, few)), (_MANY, reader(stage, many)))
    ]
    rates = stage.race(contestants)
    figures.update({f"hit at {name}": found for name, found in rates.items()})
    yield compared(HIT, rates[_MANY], rates)

    with (
        Publisher(stage.handbook(few).url, few) as at_few,
        Publisher(stage.handbook(many).url, many) as at_many,
    ):
        took = interleaved(
            [(_FEW, lambda: _acknowledged(at_few)), (_MANY, lambda: _acknowledged(at_many))],
            stage.options.repetitions,
        )
    figures.update({f"publish at {name}": found for name, found in took.items()})
    yield compared(PUBLISH, took[_MANY], took)


def _acknowledged(publisher: Publisher) -> float:
    """Milliseconds, the median of some."""
    return median(publisher.publish()[1] * 1000 for _ in range(_NOTICES))


SCENARIO = Scenario("branches", (HIT, PUBLISH), _measure)
