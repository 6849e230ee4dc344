"""A notice of the root, then reads from a thousand branches: rendered once, whatever the number of branches."""

from collections.abc import Iterator

import httpx

from tests.load.bench.figures import Bound, Figures, Promise, Row, Series
from tests.load.bench.metrics import pages_by, since
from tests.load.bench.pages import FEED
from tests.load.bench.publisher import Publisher
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import Stage
from tests.load.bench.statements import statements, told
from tests.load.dataset import access_tokens

QUERIES = Promise("queries after a root notice, 1,000 branches", "queries", sense=Bound.AT_MOST, bound=1)
RENDERS = Promise("renders after a root notice, 1,000 branches", "renders", sense=Bound.AT_MOST, bound=1)
_TURNS = 3


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    data = stage.data()
    running = stage.handbook(data)
    first = {one.branch_no: one for one in stage.seats(data)}
    tokens = access_tokens(data, first.values())
    queries, renders, kinds = [], [], set[str]()
    with Publisher(running.url, data) as publisher, httpx.Client(base_url=running.url, headers=_PLAIN) as client:
        _read(client, tokens)  # so that only what the notice made old is missing
        for _ in range(min(_TURNS, stage.options.repetitions)):
            publisher.publish()
            before = pages_by(running.url)
            with statements(stage.postgres, data.url.rpartition("/")[2]) as sent:
                _read(client, tokens)
            queries.append(float(len(sent)))
            kinds.update(sent)
            renders.append(since(before, pages_by(running.url), "render"))
    figures["queries after a root notice"], figures["renders after a root notice"] = found = (
        Series(tuple(queries)),
        Series(tuple(renders)),
    )
    reads = f"{len(tokens):,} reads from as many branches by one process"
    yield Row(QUERIES, found[0], note=f"{reads}; by PostgreSQL's log, without looks at the log: {told(kinds)}")
    yield Row(RENDERS, found[1], note=f"{reads}; by /metrics")


def _read(client: httpx.Client, tokens: list[str]) -> None:
    for token in tokens:
        client.get(FEED, headers={"Authorization": f"Bearer {token}"}).raise_for_status()


_PLAIN = {"Accept-Encoding": "identity"}
SCENARIO = Scenario("root-notice", (QUERIES, RENDERS), _measure)
