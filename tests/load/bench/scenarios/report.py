"""A root notice's report: rolled up over every branch there is, by a few rows whatever their number."""

import asyncio
import time
from collections.abc import Iterator
from uuid import UUID

import httpx
from sqlalchemy import select
from sqlmodel import col

from api.security.keys import KeyringFile
from models import changes
from models.branches import Branch
from models.database import Database
from models.notices.table import Notice, NoticeState
from models.tallies.counting import count_notice
from models.tallies.folding import fold_receipts
from tests.load.bench.figures import Bound, Figures, NotMeasured, Promise, Row, Series, percentile
from tests.load.bench.publisher import Publisher
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import LARGE, Stage
from tests.load.dataset import DataSet

REPORT = Promise("report of a root notice, 250,000 branches, p95", "ms", sense=Bound.AT_MOST, bound=50)
COUNTED = Promise("its audience counted, once", "s")
_ASKED = 200


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    data = stage.data(LARGE)
    notice_id, took = asyncio.run(_counted(data))
    if took is not None:
        figures["audience counted"] = Series((took,))
        yield Row(
            COUNTED, figures["audience counted"], note=f"{data.members:,} members; by the worker, in the background"
        )
    running = stage.handbook(data)
    with Publisher(running.url, data) as publisher:
        found = stage.repeat([("report", lambda: _p95(publisher.client, f"/v1/notices/{notice_id}/report"))])
    figures.update(found)
    yield Row(REPORT, found["report"], note=f"{data.members:,} members in {data.branches:,} branches; {_ASKED} in turn")


def _p95(client: httpx.Client, path: str) -> float:
    """Milliseconds. A report that is not whole is no figure."""
    took = []
    for _ in range(_ASKED):
        began = time.perf_counter()
        answer = client.get(path, params={"limit": 100})
        took.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200 or not answer.json()["items"] or answer.json()["counted_at"] is None:
            raise NotMeasured(f"GET {path} answers {answer.status_code}: {answer.text[:100]}")
    return percentile(took, 0.95)


async def _counted(data: DataSet) -> tuple[UUID, float | None]:
    """The newest notice of the root, counted as the worker does, and the seconds that it took if it was not before."""
    database = Database(data.url, keyring=KeyringFile(data.keys).current)
    try:
        async with database.writing() as session:
            notice = await session.scalar(
                select(Notice)
                .join(Branch, col(Branch.no) == col(Notice.branch_no))
                .where(col(Branch.id) == data.root, col(Notice.state) == NoticeState.PUBLISHED)
                .order_by(col(Notice.published_at).desc())
                .limit(1)
            )
            if notice is None:
                raise NotMeasured("the root has said nothing")
            began = time.perf_counter()
            is_new = not notice.is_counted
            if is_new:
                await count_notice(session, notice)
            await changes.commit(session)
            took = time.perf_counter() - began
        folded = 1
        while folded:
            async with database.writing() as session:
                folded = await fold_receipts(session, notice.id)
                await changes.commit(session)
        return notice.id, took if is_new else None
    finally:
        await database.close()


SCENARIO = Scenario("report", (REPORT, COUNTED), _measure)
