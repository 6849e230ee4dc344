"""The database stops: shared pages for a minute, marked; everything else 503; and back by itself."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.cache import follow, pages
from api.cache.view import boot_clock
from api.settings import Settings
from models.database import Database, utc_now
from models.keyring import Keyring, save_keyring
from models.migrate import migrate
from tests.organisation import found_organisation
from tests.servers import Postgres
from tests.serving import FEED, ROUTED, Desk, calling, phone_of, refreshed, served, titles, until


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    with Postgres(durable=True) as server:  # what was acknowledged is there when it comes back
        yield server


async def test_a_database_that_stops_and_comes_back(
    postgres: Postgres, keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_keyring(tmp_path / "keys.json", keyring)
    database = Database(postgres.url, keyring=keyring)
    await migrate(database)
    organisation = await found_organisation(database)
    await database.close()
    later = 0.0
    for module in (follow, pages):
        monkeypatch.setattr(module, "boot_clock", lambda: boot_clock() + later)
    async with served(Settings(data_dir=tmp_path, database_url=postgres.url), utc_now) as app:
        desk = Desk(app, organisation)
        notice = await desk.publish("tinh", "Họp")
        fellow = await refreshed(app, organisation.person("fellow"))
        stranger = await refreshed(app, organisation.person("stranger"))
        async with phone_of(app, organisation.person("member")) as phone, calling(app, fellow) as unseen:
            assert await titles(phone) == ["Họp"]
            tag = (await phone.get(FEED)).headers["etag"]
            assert (await phone.get(f"{FEED}/{notice.id}")).status_code == 200
            postgres.stop("immediate")
            later = 10.0
            for reader in (phone, unseen, phone):
                answer = await reader.get(FEED)
                assert (answer.status_code, answer.json()["items"][0]["title"]) == (200, "Họp")
                assert answer.headers["cache-status"].startswith("handbook; hit;")
            answer = await phone.get(FEED, headers={"If-None-Match": tag})
            assert (answer.status_code, "cache-status" in answer.headers) == (304, True)
            assert (await phone.get(f"{FEED}/{notice.id}")).headers["cache-status"]
            async with calling(app, stranger) as other:
                await _refused(other, FEED)  # a page that nobody had asked for
            for path in ("/v1/me", ROUTED, f"{FEED}?unread=true", f"{FEED}?limit=100"):
                await _refused(phone, path)
            assert (await phone.put(f"{FEED}/{notice.id}/receipt", json={})).status_code == 503
            async with calling(app) as nobody:
                assert (await nobody.get(FEED)).status_code == 401
                assert (await nobody.get("/health/live")).status_code == 200
                assert (await nobody.get("/health/ready")).status_code == 503
            later = 75.0
            await _refused(phone, FEED)
            starting = asyncio.create_task(asyncio.to_thread(postgres.start))
            while not starting.done():  # also while it starts, which is another way of refusing
                assert (await phone.get("/v1/me")).status_code in {200, 503}
            await starting
            await until(lambda: _answers(phone, FEED))
            assert "cache-status" not in (await phone.get(FEED)).headers
            await desk.publish("tinh", "Nữa")
            assert await titles(phone) == ["Nữa", "Họp"]
            assert (await phone.get("/v1/me")).status_code == 200


async def test_a_server_starts_without_a_database_and_serves_once_it_is_there(
    postgres: Postgres, keyring: Keyring, tmp_path: Path
) -> None:
    save_keyring(tmp_path / "keys.json", keyring)
    database = Database(postgres.url, keyring=keyring)
    await migrate(database)
    organisation = await found_organisation(database)
    await database.close()
    postgres.stop()
    async with served(Settings(data_dir=tmp_path, database_url=postgres.url), utc_now) as app:
        async with calling(app) as nobody:
            assert (await nobody.get("/health/ready")).status_code == 503
        postgres.start()
        async with calling(app) as nobody:
            await until(lambda: _answers(nobody, "/health/ready"))
        async with phone_of(app, organisation.person("member")) as phone:
            assert await titles(phone) == []


async def _answers(phone: httpx.AsyncClient, path: str) -> bool:
    return (await phone.get(path)).status_code == 200


async def _refused(phone: httpx.AsyncClient, path: str) -> None:
    answer = await phone.get(path)
    assert answer.status_code == 503, path
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["type"] == "/problems/unavailable"
