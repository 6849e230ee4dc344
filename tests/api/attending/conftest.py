"""A desk, and an activity of the cell that begins in five days."""

import pytest
from fastapi import FastAPI

from tests.api.attending.meetings import Meeting, call_to
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.serving import Desk


@pytest.fixture
def desk(app: FastAPI, organisation: Organisation) -> Desk:
    return Desk(app, organisation)


@pytest.fixture
async def meeting(desk: Desk, clock: StandingClock) -> Meeting:
    return await call_to(desk, clock.at)
