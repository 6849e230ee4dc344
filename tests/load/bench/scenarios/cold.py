"""Pages that are not there: merged from fragments, or rendered from the database."""

from collections.abc import Iterator

from tests.load.bench import baselines
from tests.load.bench.baselines import Baselines
from tests.load.bench.figures import Figures, Promise, Row, compared, interleaved
from tests.load.bench.load import feed_request
from tests.load.bench.pages import FEED
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import Contestant, Stage
from tests.load.dataset import access_tokens

MERGE = Promise("cold merge", "req/s", baselines.POSTGRES, bound=5)
FRAGMENT = Promise("cold fragment", "req/s", baselines.POSTGRES, bound=1.0)
UNKEPT = f"{FEED}?limit=19"
"""A size that no cache keeps finished pages of: each answer is merged anew, from fragments that are there."""


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    data = stage.data()
    baseline = Baselines(stage, data).contestant(baselines.POSTGRES)
    running = stage.handbook(data)
    requests = [feed_request(token, path=UNKEPT) for token in access_tokens(data, stage.seats(data))]
    merging = Contestant("cold merge", running, stage.play("cold merge", requests))
    stage.load(running.url, stage.play("each merge", requests, once=True))
    found = stage.race([merging, baseline])
    figures["cold merge"] = found["cold merge"]
    yield compared(MERGE, found["cold merge"], found)

    first = {one.branch_no: one for one in data.audience.seated}
    play = stage.play("fragments", [feed_request(token) for token in access_tokens(data, first.values())], once=True)

    def rendering() -> float:
        with stage.serving(data) as new:
            return stage.load(new.url, play).rate

    runs = [("cold fragment", rendering), (baseline.name, lambda: stage.load(baseline.server.url, baseline.play).rate)]
    found = interleaved(runs, stage.options.repetitions)
    figures["cold fragment"] = found["cold fragment"]
    note = f"a new process, the first request from each of {len(first):,} branches that have notices of their own"
    row = compared(FRAGMENT, found["cold fragment"], found)
    yield Row(FRAGMENT, row.figure, row.ratio, note=note)


SCENARIO = Scenario("cold", (MERGE, FRAGMENT), _measure)
