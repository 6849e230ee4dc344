"""A member who has the page already."""

from collections.abc import Iterator

import httpx

from tests.load.bench import baselines
from tests.load.bench.baselines import Baselines
from tests.load.bench.figures import Figures, NotMeasured, Promise, Row, compared
from tests.load.bench.load import feed_request
from tests.load.bench.pages import FEED
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import CPU, Contestant, Stage
from tests.load.dataset import access_tokens

PROMISE = Promise("304", "req/s", baselines.BARE, bound=1.0)


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    data = stage.data()
    running = stage.handbook(data)
    seats, pages = stage.seats(data), stage.pages(data)
    tokens = access_tokens(data, seats)
    etags = [pages[one.branch_no].etag for one in seats]
    headers = {"Authorization": f"Bearer {tokens[0]}", "If-None-Match": etags[0] or "", "Accept-Encoding": "identity"}
    answer = httpx.get(f"{running.url}{FEED}", headers=headers, trust_env=False)
    if answer.status_code != 304:
        raise NotMeasured(f"If-None-Match is answered {answer.status_code}")
    requests = [feed_request(token, etag) for token, etag in zip(tokens, etags, strict=True)]
    stage.load(running.url, stage.play("each 304", requests, once=True))
    ours = Contestant("handbook", running, stage.play("304", requests))
    found = stage.race([ours, Baselines(stage, data).contestant(baselines.BARE)])
    size = stage.load(running.url, ours.play, 1).size
    if size > len(pages[seats[0].branch_no].body):
        raise NotMeasured(f"answers of {size:.0f} bytes are pages, not 304s")
    figures["304"] = found["handbook"]
    figures[f"304{CPU}"] = found[f"handbook{CPU}"]
    yield compared(PROMISE, found["handbook"], found)


SCENARIO = Scenario("304", (PROMISE,), _measure)
