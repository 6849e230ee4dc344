"""Two processes of one server, and the desk at the first."""

from collections.abc import AsyncIterator, Iterator

import pytest
import redis
from fastapi import FastAPI

from api.settings import Settings
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.servers import Valkey, running
from tests.serving import Desk, served


@pytest.fixture
async def other(organisation: Organisation, settings: Settings, clock: StandingClock) -> AsyncIterator[FastAPI]:
    """A second process on the same database."""
    async with served(settings, clock) as app:
        yield app


@pytest.fixture
async def desk(app: FastAPI, organisation: Organisation) -> Desk:
    await app.state.parts.cache.follower.follow()
    return Desk(app, organisation)


@pytest.fixture
def redis_url() -> Iterator[str]:
    """An empty Redis: a fresh database counts from 0 again, and its keyring is the run's."""
    with running(Valkey) as url:
        client = redis.from_url(url)
        client.flushall()
        client.close()
        yield url
