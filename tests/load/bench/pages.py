"""What the server under measurement says, read once through its front door: the baselines are given the same."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import jwt
from redis import Redis
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import create_async_engine

from tests.load.audience import Seat
from tests.load.baselines.tables import Branch, Device, Notice, Table
from tests.load.bench.figures import NotMeasured
from tests.load.dataset import DataSet, access_tokens

FEED = "/v1/notices"
SECRET = "bench-secret-of-at-least-thirty-two-bytes"
_PLAIN = {"Accept-Encoding": "identity"}
_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Page:
    """`headers` are those that the application made; `items` the page's, read."""

    body: bytes
    etag: str | None
    headers: list[tuple[str, str]]

    @property
    def items(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = json.loads(self.body)["items"]
        return items


Pages = dict[int, Page]
"""By branch number: plain members of one branch read the same."""


def read_pages(url: str, data: DataSet, seats: Iterable[Seat]) -> Pages:
    """The first page of one member of each branch. Raises NotMeasured where the server does not serve it."""
    first = {one.branch_no: one for one in seats}
    pages = {}
    with httpx.Client(base_url=url, headers=_PLAIN, timeout=30, trust_env=False) as client:
        for no, token in zip(first, access_tokens(data, first.values()), strict=True):
            answer = client.get(FEED, headers={"Authorization": f"Bearer {token}"})
            if answer.status_code != 200:
                raise NotMeasured(f"GET {FEED} answers {answer.status_code}")
            own = [(name, value) for name, value in answer.headers.multi_items() if name != "date"]
            pages[no] = Page(answer.content, answer.headers.get("etag"), own)
    return pages


def baseline_tokens(data: DataSet, seats: Iterable[Seat]) -> list[str]:
    """For the baselines: their tokens say where the member belongs, so that they need no query for it."""
    expires = int(time.time()) + 12 * _AN_HOUR
    return [
        jwt.encode(
            {"sub": str(one.member_id), "branch": one.branch_no, "branches": data.paths[one.branch_no], "exp": expires},
            SECRET,
            algorithm="HS256",
        )
        for one in seats
    ]


def fill_redis(url: str, pages: Pages) -> None:
    with Redis.from_url(url) as redis:
        redis.mset({f"feed:{no}": page.body for no, page in pages.items()})


async def fill_database(url: str, pages: Pages, devices: Iterable[UUID]) -> None:
    """Everything that the pages show, and the devices that refresh."""
    notices = {item["id"]: item for page in pages.values() for item in page.items}
    branches = {item["branch"]["id"]: item["branch"] for item in notices.values()}
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
        await connection.execute(insert(Branch), [Branch.model_validate(one).model_dump() for one in branches.values()])
        shown = [{**item, "branch_id": item["branch"]["id"]} for item in notices.values()]
        for item in shown:
            del item["branch"]
        await connection.execute(insert(Notice), [Notice.model_validate(one).model_dump() for one in shown])
        at = Notice.model_validate(shown[0]).published_at
        await connection.execute(insert(Device), [{"id": one, "generation": 0, "used_at": at} for one in devices])
    await engine.dispose()
