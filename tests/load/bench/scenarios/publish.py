"""How long a notice takes from its acknowledgement by one process until another shows it."""

import time
from collections.abc import Iterator

import httpx

from tests.load.bench.figures import Bound, Figures, NotMeasured, Promise, Row, Series, percentile
from tests.load.bench.pages import FEED
from tests.load.bench.publisher import Publisher
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import Stage
from tests.load.dataset import access_tokens

WITH_REDIS = Promise("publish → seen through another process, with Redis: p99", "ms", sense=Bound.AT_MOST, bound=100)
WITHOUT = Promise("publish → seen through another process, without: p99", "ms", sense=Bound.AT_MOST, bound=1_000)
_PATIENCE = 10.0


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    for promise, redis in ((WITH_REDIS, True), (WITHOUT, False)):
        found = _delays(stage, redis=redis)
        figures[f"publish → seen, {'with' if redis else 'without'} Redis"] = Series(tuple(found))
        note = f"p50 {percentile(found, 0.5):.1f} ms over {len(found)} notices, from the acknowledgement"
        yield Row(promise, Series((percentile(found, 0.99),)), note=note)


def _delays(stage: Stage, *, redis: bool) -> list[float]:
    """Milliseconds, each for one notice."""
    data = stage.data()
    token = access_tokens(data, data.audience.seated[:1])[0]
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    found = []
    with (
        stage.serving(data, redis=redis, pinned=False) as one,
        stage.serving(data, redis=redis, pinned=False) as other,
        httpx.Client(base_url=other.url, headers=headers, trust_env=False) as reader,
        Publisher(one.url, data) as publisher,
    ):
        reader.get(FEED).raise_for_status()
        for turn in range(stage.options.publishes):
            time.sleep(0.013 * (turn % 40))  # so that notices fall anywhere between two polls
            notice, _ = publisher.publish()
            found.append(_until_seen(reader, notice) * 1000)
    return found


def _until_seen(reader: httpx.Client, notice: str) -> float:
    began = time.perf_counter()
    while time.perf_counter() - began < _PATIENCE:
        items = reader.get(FEED).raise_for_status().json()["items"]
        if items[0]["id"] == notice:
            return time.perf_counter() - began
    raise NotMeasured(f"a notice was not seen within {_PATIENCE:.0f} s")


SCENARIO = Scenario("publish", (WITH_REDIS, WITHOUT), _measure)
