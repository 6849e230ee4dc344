"""Two processes of one server, and the desk at the first."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from api.settings import Settings
from tests.clock import StandingClock
from tests.organisation import Organisation
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
