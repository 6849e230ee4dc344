"""Receipts that are durable before they are acknowledged: one a request, and fifty a request as phones send them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from uuid_utils.compat import uuid7

from tests.load.audience import Seat
from tests.load.bench import baselines
from tests.load.bench.baselines import Baselines
from tests.load.bench.figures import Figures, NotMeasured, Promise, Row, compared
from tests.load.bench.load import Play, raw, written
from tests.load.bench.pages import FEED
from tests.load.bench.processes import Running
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import Stage
from tests.load.dataset import COPIED, DataSet, access_tokens

ONE = Promise("receipts, durable before the answer", "req/s", baselines.INSERT, bound=0.6)
BATCH = Promise("receipts in batches of 50", "receipts/s", baselines.INSERT, bound=10)
_EVENTS = "/v1/me/events"
_FIFTY = 50
_READERS = 10_000
"""At most so many for single receipts, each of whom reads a notice once; a run is over before it comes round."""
_SENDERS = 0.2
"""The share of readers who send a batch in one run: a batch takes longer than a receipt."""


@dataclass(frozen=True, slots=True)
class Reader:
    seat: Seat
    token: str


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    data = stage.data()
    if data.size not in COPIED:
        raise NotMeasured(f"receipts stay, and {data.size} is used in place: --size medium")
    running, baseline = stage.handbook(data), Baselines(stage, data).running(baselines.INSERT)
    readers = readers_of(data)
    notices = root_notices(running, readers[0])
    most = 2_000 if stage.options.quick else _READERS
    singles, senders = readers[:most], iter(readers[most:])
    turns = iter(notices)
    each = round(most * _SENDERS)

    def one() -> float:
        return stage.load(running.url, _puts(stage, singles, next(turns)["id"]), stage.options.seconds).rate

    def fifty() -> float:
        batch = [one for one, _ in zip(senders, range(each), strict=False)]
        return stage.load(running.url, _batches(stage, batch, notices), stage.options.seconds).rate * _FIFTY

    def theirs() -> float:
        return stage.load(baseline.url, _inserts(stage, singles), stage.options.seconds).rate

    one(), theirs()  # warm
    found = stage.repeat([("receipts", one), (baselines.INSERT, theirs)])
    figures.update(found)
    yield compared(ONE, found["receipts"], found)

    check(running, next(senders), notices)
    batched = stage.repeat([("receipts in batches", fifty), (baselines.INSERT, theirs)])
    figures["receipts in batches"] = batched["receipts in batches"]
    row = compared(BATCH, batched["receipts in batches"], batched)
    times = batched["receipts in batches"].median / found["receipts"].median
    yield Row(BATCH, row.figure, row.ratio, note=f"{times:.1f} × receipts sent one by one")


def readers_of(data: DataSet) -> Sequence[Reader]:
    seats = [*data.audience.seated, *data.audience.strangers]
    return [Reader(seat, token) for seat, token in zip(seats, access_tokens(data, seats), strict=True)]


def root_notices(running: Running, reader: Reader) -> list[dict[str, Any]]:
    """Fifty of the root, which everybody hears."""
    answer = httpx.get(
        f"{running.url}{FEED}?limit=100", headers={"Authorization": f"Bearer {reader.token}"}, trust_env=False
    )
    items = answer.raise_for_status().json()["items"]
    speaking = [item["branch"]["id"] for item in items]
    root = max(set(speaking), key=speaking.count)
    found = [item for item in items if item["branch"]["id"] == root][:_FIFTY]
    if len(found) < _FIFTY:
        raise NotMeasured(f"the root has said {len(found)} things only")
    return found


def _puts(stage: Stage, readers: Sequence[Reader], notice_id: str) -> Play:
    path = f"/v1/notices/{notice_id}/receipt"
    requests = [raw("PUT", path, {"Authorization": f"Bearer {one.token}"}, b"{}") for one in readers]
    return written(stage.folder, "receipts", requests, once=True)


def _inserts(stage: Stage, readers: Sequence[Reader]) -> Play:
    notice_id = str(uuid7())
    bodies = [{"notice_id": notice_id, "member_id": str(one.seat.member_id)} for one in readers]
    requests = [raw("POST", "/receipts", {}, json.dumps(body).encode()) for body in bodies]
    return written(stage.folder, "inserts", requests, once=True)


def _batches(stage: Stage, readers: Sequence[Reader], notices: Sequence[dict[str, Any]]) -> Play:
    if not readers:
        raise NotMeasured("every member has sent a batch already")
    requests = [
        raw("POST", _EVENTS, {"Authorization": f"Bearer {one.token}"}, json.dumps(_events(notices)).encode())
        for one in readers
    ]
    return written(stage.folder, "batches", requests, once=True)


def _events(notices: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What one phone did without a network, by api/guides/sync.md."""
    now = datetime.now(UTC).isoformat()
    read = [
        {"id": str(uuid7()), "kind": "read", "at": now, "notice_id": one["id"], "revision": one["revision"]}
        for one in notices
    ]
    return {"sent_at": now, "events": read}


def check(running: Running, reader: Reader, notices: Sequence[dict[str, Any]]) -> None:
    """Are the fifty applied, and counted when they come again?"""
    body = _events(notices)
    for result in ("applied", "duplicate"):
        answer = httpx.post(
            f"{running.url}{_EVENTS}", json=body, headers={"Authorization": f"Bearer {reader.token}"}, trust_env=False
        )
        if answer.status_code != 200:
            raise NotMeasured(f"POST {_EVENTS} answers {answer.status_code}")
        said = {one["result"] for one in answer.json()["results"]}
        if said != {result}:
            raise NotMeasured(f"POST {_EVENTS} says {', '.join(sorted(said))} where {result} was to be expected")


SCENARIO = Scenario("receipts", (ONE, BATCH), _measure)
