"""A notice of the root, then reads from a thousand branches: rendered once, whatever the number of branches."""

from collections.abc import Iterator

import httpx

from tests.load.bench.figures import Bound, Figures, Promise, Row, Series
from tests.load.bench.pages import FEED
from tests.load.bench.publisher import Publisher
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import Stage
from tests.load.bench.statements import statements
from tests.load.dataset import access_tokens

PROMISE = Promise("queries after a root notice, 1,000 branches", "queries", sense=Bound.AT_MOST, bound=1)


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    data = stage.data()
    running = stage.handbook(data)
    first = {one.branch_no: one for one in stage.seats(data)}
    tokens = access_tokens(data, first.values())
    headers = {"Accept-Encoding": "identity"}
    counts = []
    with Publisher(running.url, data) as publisher, httpx.Client(base_url=running.url, headers=headers) as client:
        for token in tokens:
            client.get(FEED, headers={"Authorization": f"Bearer {token}"}).raise_for_status()
        for _ in range(min(3, stage.options.repetitions)):
            publisher.publish()
            with statements(stage.postgres, data.url.rpartition("/")[2]) as sent:
                for token in tokens:
                    client.get(FEED, headers={"Authorization": f"Bearer {token}"}).raise_for_status()
            counts.append(len(sent))
    figures["queries after a root notice"] = Series(tuple(map(float, counts)))
    yield Row(PROMISE, figures["queries after a root notice"], note=f"{len(tokens):,} branches, by PostgreSQL's log")


SCENARIO = Scenario("root-notice", (PROMISE,), _measure)
