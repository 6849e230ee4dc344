"""A served application, and people who call it."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from redis import Redis
from sqlalchemy import func, select

from api.app import create_app
from api.cache import follow
from api.parts import Parts
from api.security.claims import unresolved
from api.security.passwords import Passwords
from api.settings import Settings
from models import database
from models.keyring import Keyring, save_keyring
from models.tables import METADATA
from tests.api.identity import CHEAP, Client, WatchedPasswords, give_password
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.servers import Valkey, running

__all__ = ["Client"]

As = Callable[[str | None], Client]


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """This worker's database of the run's Redis or Valkey."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    with running(Valkey) as url:
        yield f"{url.rpartition('/')[0]}/{int(worker) % 16}"


@pytest.fixture
def emptied_redis_url(redis_url: str) -> str:
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
    return redis_url


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is slow; what happens when the log cannot be seen in time has tests of its own."""
    monkeypatch.setattr(follow, "_PATIENCE", 30.0)
    monkeypatch.setattr(database, "_FOLLOW_SECONDS", 30.0)


@pytest.fixture
def settings(tmp_path: Path, database_url: str, keyring: Keyring) -> Settings:
    save_keyring(tmp_path / "keys.json", keyring)
    return Settings(data_dir=tmp_path, database_url=database_url)


@pytest.fixture
async def app(settings: Settings, clock: StandingClock) -> AsyncIterator[FastAPI]:
    app = create_app(settings, clock=clock)
    async with app.router.lifespan_context(app):
        parts: Parts = app.state.parts
        app.state.parts = replace(parts, passwords=Passwords(demo=False, hasher=CHEAP))
        yield app


@pytest.fixture
def parts(app: FastAPI) -> Parts:
    parts: Parts = app.state.parts
    return parts


@pytest.fixture
def watched(app: FastAPI) -> WatchedPasswords:
    """What the application verifies passwords with from now on."""
    passwords = WatchedPasswords()
    app.state.parts = replace(app.state.parts, passwords=passwords)
    return passwords


@pytest.fixture
async def login(parts: Parts, organisation: Organisation) -> str:
    """The member's login, with PASSWORD for it."""
    person = organisation.person("member")
    await give_password(parts, person.id)
    return person.member_no


@pytest.fixture
async def acting_as(app: FastAPI, parts: Parts, organisation: Organisation) -> AsyncIterator[As]:
    """`acting_as("secretary")` calls as that person, `acting_as(None)` as nobody."""
    clients: list[Client] = []

    async def see_what_tests_wrote(_request: httpx.Request) -> None:
        await parts.cache.follower.follow()

    def client(name: str | None) -> Client:
        headers = {"Accept-Language": "en"}
        if name is not None:
            person = organisation.person(name)
            headers["Authorization"] = f"Bearer {parts.tokens.access(unresolved(person.id, person.session_id))}"
        made = Client(
            transport=httpx.ASGITransport(app),
            base_url="http://testserver",
            headers=headers,
            event_hooks={"request": [see_what_tests_wrote]},
        )
        clients.append(made)
        return made

    yield client
    for made in clients:
        await made.aclose()


@pytest.fixture
async def anyone(acting_as: As) -> Client:
    return acting_as(None)


@pytest.fixture
async def member(acting_as: As) -> Client:
    return acting_as("member")


@pytest.fixture
async def secretary(acting_as: As) -> Client:
    return acting_as("secretary")


@pytest.fixture
async def admin(acting_as: As) -> Client:
    return acting_as("admin")


@pytest.fixture
async def unchanged(parts: Parts, organisation: Organisation) -> AsyncIterator[None]:
    """Nothing may have been written when the test ends."""
    before = await counts(parts)
    yield
    assert await counts(parts) == before


async def counts(parts: Parts) -> dict[str, int]:
    """How many rows each table has."""
    each = (select(func.count()).select_from(table).scalar_subquery() for table in METADATA.sorted_tables)
    async with parts.database.reading() as session:
        found = (await session.execute(select(*each))).one()
    return dict(zip((table.name for table in METADATA.sorted_tables), found, strict=True))
