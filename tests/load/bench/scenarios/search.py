"""Search in 100,000 materials: rare words and those that nearly all hold, with and without tones, begun, phrases."""

import asyncio
import time
from collections.abc import Iterator

import httpx
from sqlalchemy import func, select
from sqlmodel import col

from api.security.keys import KeyringFile
from models.branches import Branch
from models.database import Database
from models.searching.table import SearchDocument
from tests.load.bench.figures import Bound, Figures, NotMeasured, Promise, Row, percentile
from tests.load.bench.publisher import Publisher
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import Stage
from tests.load.dataset import DataSet, Kind
from tests.load.library import MATERIALS, fill

ON_POSTGRESQL = Promise("search, 100,000 materials, PostgreSQL, p95", "ms", sense=Bound.AT_MOST, bound=30)
ON_SQLITE = Promise("search, 100,000 materials, SQLite, p95", "ms", sense=Bound.AT_MOST, bound=30)
_ROUNDS = 4
QUERIES = (
    *("đảng", "chi bộ", "chi bo", "sinh hoạt chi bộ", "của", "các", "đồng chí", "hội nghị", "nghị quyết", "thông báo"),
    *("an toàn", "an toan giao thong", "57-NQ/TW", "12-CT/TU", "hướng d", "ngh", "th", "ch", "tr", "họp"),
    *('"chi bộ"', '"an ninh trật tự"', "bảo hiểm y tế", "vệ sinh môi trường", "quỹ", "phòng cháy chữa cháy"),
    *("học tập", "hoc tap va lam theo", "kế hoạch năm", "báo cáo", "bao cao quy", "khuyến học", "xyz không có"),
    *("nghiquyet", "người cao tuổi", "thể dục thể thao", "chuyển đổi số", "ngày 5", "tháng 12", "đại hội"),
)


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    kinds: tuple[tuple[Kind, Promise], ...] = (("postgresql", ON_POSTGRESQL), ("sqlite", ON_SQLITE))
    for kind, promise in kinds:
        data = stage.data("small", kind)
        asyncio.run(_filled(data))
        with stage.serving(data) as running, Publisher(running.url, data) as reader:
            _p95(reader.client)
            name = f"search {kind}"
            figures |= stage.repeat([(name, lambda client=reader.client: _p95(client))])  # type: ignore[misc]  # bound now
            yield Row(promise, figures[name], note=f"{len(QUERIES)} queries, {_ROUNDS} times each, one after the other")


def _p95(client: httpx.Client) -> float:
    """Milliseconds, over HTTP."""
    took = []
    for _ in range(_ROUNDS):
        for query in QUERIES:
            began = time.perf_counter()
            answer = client.get("/v1/search", params={"q": query})
            took.append((time.perf_counter() - began) * 1000)
            if answer.status_code != 200:
                raise NotMeasured(f"GET /v1/search?q={query} answers {answer.status_code}: {answer.text[:100]}")
    return percentile(took, 0.95)


async def _filled(data: DataSet) -> None:
    database = Database(data.url, keyring=KeyringFile(data.keys).current)
    try:
        async with database.reading() as session:
            held = await session.scalar(select(func.count()).select_from(SearchDocument)) or 0
            root = await session.scalar(select(col(Branch.no)).where(col(Branch.id) == data.root))
        if held < MATERIALS and root is not None:
            await fill(database, root)
    finally:
        await database.close()


SCENARIO = Scenario("search", (ON_POSTGRESQL, ON_SQLITE), _measure)
