"""A signed-in member's first page, from the page cache."""

from collections.abc import Iterator

from tests.load.bench import baselines
from tests.load.bench.baselines import Baselines
from tests.load.bench.figures import Figures, NotMeasured, Promise, Row, compared
from tests.load.bench.load import feed_request, in_turn
from tests.load.bench.processes import ServerFailed
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import Contestant, Stage
from tests.load.dataset import DataSet, access_tokens

_WHAT = "page-cache hit, signed in"
PROMISES = (
    Promise(_WHAT, "req/s", baselines.BARE, bound=0.85),
    Promise(_WHAT, "req/s", baselines.REDIS, bound=12),
    Promise(_WHAT, "req/s", baselines.SQLITE, bound=55),
    Promise(_WHAT, "req/s", baselines.POSTGRES, bound=55),
    Promise(_WHAT, "req/s", baselines.DRF, bound=40),
)
_HANDBOOK = "handbook"


def reader(stage: Stage, data: DataSet) -> Contestant:
    """The handbook's own side of the race, every token seen once."""
    running = stage.handbook(data)
    requests = [feed_request(token) for token in access_tokens(data, stage.seats(data))]
    stage.load(running.url, stage.play(f"each {data.size}", requests, once=True))
    return Contestant(_HANDBOOK, running, stage.play(f"hit {data.size}", requests))


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    data = stage.data()
    known = Baselines(stage, data)
    contestants, absent = [reader(stage, data)], {}
    for promise in PROMISES:
        name = str(promise.against)
        try:
            contestants.append(known.contestant(name))
        except (NotMeasured, ServerFailed) as error:
            absent[name] = str(error)
    for one in contestants:
        if one.name == baselines.DRF:  # its cache has a page for each token: they are all there before it counts
            stage.load(one.server.url, in_turn(one.play, len(stage.seats(data))))
    found = stage.race(contestants)
    figures.update(found)
    for promise in PROMISES:
        why = absent.get(str(promise.against))
        yield Row(promise, why=why) if why else compared(promise, found[_HANDBOOK], found)


SCENARIO = Scenario("hit", PROMISES, _measure)
