"""Members whom the process has never seen, each once: what the first minutes after an urgent notice are made of."""

from collections.abc import Iterator

import httpx

from tests.load.bench.figures import Bound, Figures, NotMeasured, Promise, Row, Series
from tests.load.bench.load import feed_request
from tests.load.bench.pages import FEED
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import Stage
from tests.load.bench.statements import statements, told
from tests.load.dataset import access_tokens

RATE = Promise("never-seen members' first request", "req/s", bound=8_900)
QUERIES = Promise("queries of a never-seen member's first request", "queries", sense=Bound.AT_MOST, bound=0)
_COUNTED = 200


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    data = stage.data()
    strangers = data.audience.strangers[: stage.options.strangers]
    if len(strangers) <= _COUNTED:
        raise NotMeasured(f"the data set {data.size} has no members to spare")
    tokens = access_tokens(data, strangers)
    first = {one.branch_no: one for one in data.audience.seated}
    warming = stage.play(
        "a page each", [feed_request(token) for token in access_tokens(data, first.values())], once=True
    )
    once = stage.play("strangers", [feed_request(token) for token in tokens[_COUNTED:]], once=True)
    rates = []
    sent: list[str] = []
    for repetition in range(stage.options.repetitions):
        with stage.serving(data) as running:  # a new process has seen nobody
            stage.load(running.url, warming)
            if repetition == 0:
                sent = _statements(stage, running.url, tokens[:_COUNTED])
            rates.append(stage.load(running.url, once).rate)
    figures["never-seen"] = Series(tuple(rates))
    note = f"{len(strangers) - _COUNTED:,} members each time"
    yield Row(RATE, figures["never-seen"], note=note)
    note = f"of {_COUNTED} requests, by PostgreSQL's log {told(sent)}".strip()
    yield Row(QUERIES, Series((len(sent) / _COUNTED,)), note=note)


def _statements(stage: Stage, url: str, tokens: list[str]) -> list[str]:
    database = stage.data().url.rpartition("/")[2]
    with (
        httpx.Client(base_url=url, headers={"Accept-Encoding": "identity"}, trust_env=False) as client,
        statements(stage.postgres, database) as sent,
    ):
        for token in tokens:
            client.get(FEED, headers={"Authorization": f"Bearer {token}"}).raise_for_status()
    return sent


SCENARIO = Scenario("never-seen", (RATE, QUERIES), _measure)
