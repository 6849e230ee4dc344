"""A served application, and people who call it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pwdlib.hashers.argon2 import Argon2Hasher

from api.app import create_app
from api.cache import follow
from api.parts import Parts
from api.security.claims import unresolved
from api.security.passwords import Passwords
from api.settings import Settings
from models.keyring import Keyring, save_keyring
from tests.clock import StandingClock
from tests.organisation import Organisation

CHEAP = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
"""Argon2id all the same; its cost is not what these tests are about."""

Client = httpx.AsyncClient
As = Callable[[str | None], Client]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is slow; what happens when the log cannot be seen in time has tests of its own."""
    for name in ("_PATIENCE", "_HUNG"):
        monkeypatch.setattr(follow, name, 30.0)


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
