"""The table's world, for one test."""

import pytest

from api.parts import Parts
from tests.api.permissions.world import World, found_world
from tests.organisation import Organisation


@pytest.fixture
async def world(parts: Parts, organisation: Organisation) -> World:
    return await found_world(parts, organisation)
