"""Redis frozen, killed, flushed, never there: no wrong answer, no refusal, and nobody waits for it for long."""

import asyncio
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from api.cache import breaker
from api.settings import Settings, SettingsError, load_settings
from models.database import utc_now
from tests.organisation import Organisation
from tests.servers import Valkey
from tests.serving import FEED, Desk, parts_in, phone_of, served, titles, until

pytestmark = [pytest.mark.parametrize("database_kind", ["sqlite"]), pytest.mark.usefixtures("patience")]


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


def _restart(valkey: Valkey) -> None:
    valkey.kill()
    valkey.start()


FAULTS: dict[str, tuple[Callable[[Valkey], None], Callable[[Valkey], None]]] = {
    "frozen": (Valkey.freeze, Valkey.thaw),
    "killed": (Valkey.kill, Valkey.start),
    "restarted": (_restart, lambda _: None),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_without_redis_all_goes_on(
    settings: Settings,
    organisation: Organisation,
    valkey: Valkey,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: str,
) -> None:
    """Writes are seen at once here and by following there; the breaker opens, and closes when Redis is back."""
    monkeypatch.setattr(breaker, "_OPEN_SECONDS", 0.3)
    strike, mend = FAULTS[fault]
    using = settings.model_copy(update={"redis_url": valkey.url})
    async with served(using, utc_now) as one, served(using, utc_now) as two:
        desk = Desk(one, organisation)
        async with (
            phone_of(one, organisation.person("member")) as here,
            phone_of(two, organisation.person("fellow")) as there,
        ):
            await desk.publish("tinh", "Trước")
            await parts_in(two).cache.follower.follow()
            assert await titles(here) == await titles(there) == ["Trước"]
            strike(valkey)
            try:
                for n in range(5):
                    await desk.publish("tinh", f"Trong lúc hỏng {n}")
                    assert (await titles(here))[0] == f"Trong lúc hỏng {n}"
                    await parts_in(two).cache.follower.follow()
                    assert (await titles(there))[0] == f"Trong lúc hỏng {n}"
                if fault != "restarted":
                    assert "Redis is left alone" in caplog.text
            finally:
                mend(valkey)

            async def is_shared_again() -> bool:
                before = parts_in(two).cache.counts.fragment
                title = f"Sau đó {uuid4()}"
                await desk.publish("tinh", title)
                assert (await titles(here))[0] == title
                await asyncio.sleep(0.05)  # fragments are written in the background
                await parts_in(two).cache.follower.follow()
                assert (await titles(there))[0] == title
                return parts_in(two).cache.counts.fragment > before

            await until(is_shared_again)


async def test_a_nudge_arrives_again_after_redis_was_away(
    settings: Settings, organisation: Organisation, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The poll is switched off here: only a nudge wakes the other process."""
    monkeypatch.setattr("api.cache.follow.POLL", 3600.0)
    monkeypatch.setattr("api.cache.nudges._RETRY", 0.1)
    using = settings.model_copy(update={"redis_url": valkey.url})
    async with served(using, utc_now) as one, served(using, utc_now) as two:
        desk, view = Desk(one, organisation), parts_in(two).cache.follower.view
        for restart in (False, True):
            if restart:
                _restart(valkey)
            async with asyncio.timeout(30):
                while view.head < parts_in(one).cache.follower.view.head or view.head < 2 + restart:
                    await desk.publish("tinh", "Họp")
                    await asyncio.sleep(0.1)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis://redis.invalid:6379/0", "unix:///nowhere.sock"])
async def test_a_server_starts_and_serves_where_there_is_no_redis(
    settings: Settings, organisation: Organisation, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    async with served(settings.model_copy(update={"redis_url": url}), utc_now) as app:
        await Desk(app, organisation).publish("tinh", "Họp")
        async with phone_of(app, organisation.person("member")) as phone:
            for _ in range(3):
                assert await titles(phone) == ["Họp"]
                assert (await phone.get(FEED)).status_code == 200

        async def is_said() -> bool:
            return "nudges are not heard" in caplog.text

        await until(is_said)


@pytest.mark.parametrize("url", ["redis://localhost:port", "redis://localhost:99999", "http://localhost"])
def test_a_malformed_url_is_said_in_one_line(url: str, database_kind: str) -> None:
    with pytest.raises(SettingsError, match=r"^HANDBOOK_REDIS_URL: must b") as refused:
        load_settings(redis_url=url)
    assert "\n" not in str(refused.value)
