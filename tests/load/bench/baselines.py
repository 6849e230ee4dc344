"""The baselines, started and given the same data as the handbook."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx

from tests.load.bench.figures import NotMeasured
from tests.load.bench.load import feed_request
from tests.load.bench.pages import FEED, SECRET, Page, Pages, baseline_tokens, fill_database, fill_redis
from tests.load.bench.processes import Running, serve, uvicorn
from tests.load.bench.stage import Contestant, Stage
from tests.load.dataset import DataSet

BARE = "bare"
REDIS = "plain+redis"
SQLITE = "plain+db"
POSTGRES = "plain+db (postgresql)"
DRF = "drf"
UPDATE = "one update"
INSERT = "one insert"

MODULES = {
    BARE: "tests.load.baselines.bare:app",
    REDIS: "tests.load.baselines.plain_redis:app",
    SQLITE: "tests.load.baselines.plain_db:app",
    POSTGRES: "tests.load.baselines.plain_db:app",
    DRF: "tests.load.baselines.drf.project:app",
    UPDATE: "tests.load.baselines.one_update:app",
    INSERT: "tests.load.baselines.one_insert:app",
}
_DEVICES = 20_000


class Baselines:
    """For one data set; each is started when it is first asked for."""

    def __init__(self, stage: Stage, data: DataSet) -> None:
        self._stage = stage
        self._data = data

    def contestant(self, name: str) -> Contestant:
        """One that serves the feed, checked to say what the handbook says. Raises NotMeasured."""
        stage = self._stage
        running = self.running(name)
        seats = stage.seats(self._data)
        tokens = baseline_tokens(self._data, seats)
        self._compare(name, running.url, tokens[0], stage.pages(self._data)[seats[0].branch_no])
        play = stage.play(f"{name} {self._data.size}", [feed_request(token) for token in tokens])
        return Contestant(name, running, play)

    def running(self, name: str) -> Running:
        return self._stage.kept(f"{name} {self._data.size}", lambda: self._start(name))

    def _start(self, name: str) -> Running:
        stage = self._stage
        return serve(
            name,
            uvicorn(MODULES[name]),
            self._environment(name),
            ready="/" if name == BARE else "/v1/notices" if name == DRF else "/openapi.json",
            cores=stage.server_cores,
            log=stage.logs / f"{name}.log",
        )

    def _environment(self, name: str) -> dict[str, str]:
        stage = self._stage
        pages = stage.pages(self._data)
        if name == BARE:
            return bare_environment(stage.folder, next(iter(pages.values())))
        environment = {"JWT_SECRET": SECRET}
        if name in {REDIS, DRF}:
            environment["REDIS_URL"] = stage.redis
        if name == REDIS:
            fill_redis(stage.redis, pages)
        else:
            environment["DATABASE_URL"] = self._database(pages, sqlite=name == SQLITE)
        return environment

    def _database(self, pages: Pages, *, sqlite: bool) -> str:
        folder = self._stage.folder
        key = f"baselines-{self._data.size}"
        devices = [one.session_id for one in [*self._data.audience.seated, *self._data.audience.strangers][:_DEVICES]]
        if not sqlite:
            known = folder / f"{key}.url"
            if not known.exists():
                url = self._stage.empty_database(key)
                asyncio.run(fill_database(url, pages, devices))
                known.write_text(url)
            return known.read_text()
        path = folder / f"{key}.db"
        url = f"sqlite+aiosqlite:///{path}"
        asyncio.run(fill_database(url, pages, devices))
        return url

    def _compare(self, name: str, url: str, token: str, page: Page) -> None:
        answer = httpx.get(f"{url}{FEED}", headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False)
        if answer.status_code == 200:
            same = answer.content == page.body if name in {BARE, REDIS} else said(answer.content) == said(page.body)
        if answer.status_code != 200 or not same:
            raise NotMeasured(f"{name} does not say what the handbook says: {answer.status_code} {answer.text[:80]}")


def bare_environment(folder: Path, page: Page) -> dict[str, str]:
    """The page's bytes and headers in files, for the bare function to send as they are."""
    body, headers = folder / "page.body", folder / "page.headers"
    body.write_bytes(page.body)
    headers.write_text(json.dumps(page.headers))
    return {"PAGE": str(body), "HEADERS": str(headers)}


def said(body: bytes) -> list[dict[str, Any]]:
    """The items of a page, their instants without the zone: SQLite keeps none."""
    items: list[dict[str, Any]] = json.loads(body)["items"]
    return [{**item, "published_at": item["published_at"].removesuffix("Z")} for item in items]
