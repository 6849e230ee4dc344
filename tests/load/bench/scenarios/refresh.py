"""New tokens for a refresh token, each a real rotation that is written."""

import json
import time
from collections.abc import Iterator

from tests.load.bench import baselines
from tests.load.bench.baselines import Baselines
from tests.load.bench.figures import Figures, Promise, Row, compared
from tests.load.bench.load import Play, raw, written
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import Stage
from tests.load.dataset import DataSet, issuer

PROMISE = Promise("refresh on PostgreSQL", "req/s", baselines.UPDATE, bound=0.6)
_DEVICES = 20_000


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    data = stage.data()
    running, baseline = stage.handbook(data), Baselines(stage, data).running(baselines.UPDATE)
    sessions = [one.session_id for one in [*data.audience.seated, *data.audience.strangers][:_DEVICES]]
    updates = [raw("POST", "/refresh", {}, json.dumps({"device_id": str(one)}).encode()) for one in sessions]
    theirs = written(stage.folder, "updates", updates)
    generations = iter(range(int(time.time()), 2**31))  # beyond any that an earlier run has used

    def ours() -> float:
        return stage.load(running.url, _rotations(stage, data, next(generations))).rate

    stage.load(running.url, _rotations(stage, data, next(generations)), stage.options.warm)
    stage.load(baseline.url, theirs, stage.options.warm)
    contestants = [("refresh", ours), (baselines.UPDATE, lambda: stage.load(baseline.url, theirs).rate)]
    found = stage.repeat(contestants)
    figures.update(found)
    yield compared(PROMISE, found["refresh"], found)


def _rotations(stage: Stage, data: DataSet, generation: int) -> Play:
    """One refresh for each session; a run is over before it comes round to the first again."""
    tokens = issuer(data)
    sessions = [one.session_id for one in [*data.audience.seated, *data.audience.strangers][:_DEVICES]]
    bodies = [json.dumps({"refresh_token": tokens.refresh(one, generation)}).encode() for one in sessions]
    return written(stage.folder, "refreshes", [raw("POST", "/v1/auth/refresh", {}, body) for body in bodies])


SCENARIO = Scenario("refresh", (PROMISE,), _measure)
