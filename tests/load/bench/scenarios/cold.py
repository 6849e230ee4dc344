"""Pages that are not there: merged from fragments, or rendered from the database."""

from collections.abc import Iterator

import httpx

from tests.load.bench import baselines
from tests.load.bench.baselines import Baselines
from tests.load.bench.figures import Figures, NotMeasured, Promise, Row, compared
from tests.load.bench.load import Play, feed_request
from tests.load.bench.metrics import pages_by, since
from tests.load.bench.pages import FEED
from tests.load.bench.processes import Running
from tests.load.bench.publisher import Publisher
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import Stage
from tests.load.dataset import access_tokens

MERGE = Promise("cold merge", "req/s", baselines.POSTGRES, bound=5)
FRAGMENT = Promise("cold fragment", "req/s", baselines.POSTGRES, bound=1.0)
_LANGUAGES = ("vi", "en")
_MERGED_LEAST = 0.85


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    data = stage.data()
    baseline = Baselines(stage, data).contestant(baselines.POSTGRES)
    running = stage.handbook(data)
    first = {one.branch_no: one for one in stage.seats(data)}
    tokens = access_tokens(data, first.values())
    each = [feed_request(token, language=language) for language in _LANGUAGES for token in tokens]
    merges = stage.play("merges", each, once=True)
    stage.load(running.url, merges)  # the fragments are there
    shares: list[float] = []
    with Publisher(running.url, data) as publisher:
        runs = [
            ("cold merge", lambda: _merging(stage, running, merges, publisher, tokens[0], shares)),
            (baseline.name, lambda: stage.load(baseline.server.url, baseline.play).rate),
        ]
        found = stage.repeat(runs)
    if min(shares) < _MERGED_LEAST:
        raise NotMeasured(f"of the answers only {min(shares):.0%} were merged")
    figures["cold merge"] = found["cold merge"]
    note = f"first pages of {len(tokens):,} branches in two languages, each time after the root's channel moved"
    row = compared(MERGE, found["cold merge"], found)
    yield Row(MERGE, row.figure, row.ratio, note=f"{note}; {min(shares):.1%} of the answers merged, by /metrics")

    play = stage.play("fragments", [feed_request(token) for token in tokens], once=True)

    def rendering() -> float:
        with stage.serving(data) as new:
            return stage.load(new.url, play).rate

    runs = [("cold fragment", rendering), (baseline.name, lambda: stage.load(baseline.server.url, baseline.play).rate)]
    found = stage.repeat(runs)
    figures["cold fragment"] = found["cold fragment"]
    note = f"a new process, the first request from each of {len(tokens):,} branches that have notices of their own"
    row = compared(FRAGMENT, found["cold fragment"], found)
    yield Row(FRAGMENT, row.figure, row.ratio, note=note)


def _merging(
    stage: Stage, running: Running, merges: Play, publisher: Publisher, token: str, shares: list[float]
) -> float:
    """Merges a second. The root's channel moves, which makes every page old and no fragment but the root's; that is
    rendered by a request that does not count; then comes one first request for each page.
    """
    requests, seconds = 0.0, 0.0
    while seconds < stage.options.seconds:
        publisher.move()
        httpx.get(f"{running.url}{FEED}", headers={"Authorization": f"Bearer {token}"}, trust_env=False)
        before = pages_by(running.url)
        found = stage.load(running.url, merges)
        after = pages_by(running.url)
        kept = sum(since(before, after, name) for name in ("known", "page", "fragment", "render"))
        shares.append(1 - kept / found.requests)
        requests += found.requests - kept
        seconds += found.requests / found.rate
    return requests / seconds


SCENARIO = Scenario("cold", (MERGE, FRAGMENT), _measure)
