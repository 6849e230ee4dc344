"""Receipts that are durable before they are acknowledged, one a request."""

import json
from collections.abc import Iterator

from tests.load.bench import baselines
from tests.load.bench.baselines import Baselines
from tests.load.bench.figures import Figures, NotMeasured, Promise, Row, compared
from tests.load.bench.load import Play, raw, written
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import Stage
from tests.load.dataset import COPIED, access_tokens

PROMISE = Promise("receipts, durable before the answer", "req/s", baselines.INSERT, bound=0.6)
_READERS = 20_000
_PAGE = 20


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    data = stage.data()
    if data.size not in COPIED:
        raise NotMeasured(f"receipts stay, and {data.size} is used in place: --size medium")
    running, baseline = stage.handbook(data), Baselines(stage, data).running(baselines.INSERT)
    pages = stage.pages(data)
    seats = [one for one in [*data.audience.seated, *data.audience.strangers][:_READERS] if one.branch_no in pages]
    tokens = access_tokens(data, seats)
    notices = {no: [item["id"] for item in page.items] for no, page in pages.items()}

    def ours(turn: int) -> Play:
        requests = [
            raw(
                "PUT",
                f"/v1/notices/{notices[one.branch_no][turn]}/receipt",
                {"Authorization": f"Bearer {token}"},
                b"{}",
            )
            for one, token in zip(seats, tokens, strict=True)
        ]
        return written(stage.folder, "receipts", requests)

    def theirs(turn: int) -> Play:
        bodies = [{"notice_id": notices[one.branch_no][turn], "member_id": str(one.member_id)} for one in seats]
        requests = [raw("POST", "/receipts", {}, json.dumps(body).encode()) for body in bodies]
        return written(stage.folder, "inserts", requests)

    mine, other = iter(range(_PAGE)), iter(range(_PAGE))  # each notice is read once by each member
    stage.load(running.url, ours(next(mine)), stage.options.warm)
    stage.load(baseline.url, theirs(next(other)), stage.options.warm)
    runs = [
        ("receipts", lambda: stage.load(running.url, ours(next(mine))).rate),
        (baselines.INSERT, lambda: stage.load(baseline.url, theirs(next(other))).rate),
    ]
    found = stage.repeat(runs)
    figures.update(found)
    yield compared(PROMISE, found["receipts"], found)


SCENARIO = Scenario("receipts", (PROMISE,), _measure)
