"""A library, and a material of its that was published ten days ago."""

import pytest

from api.parts import Parts
from tests.api.happenings import days
from tests.api.progressing.readings import Library, Reading, belonged_since
from tests.clock import StandingClock
from tests.organisation import Organisation


@pytest.fixture
def library(parts: Parts, organisation: Organisation) -> Library:
    return Library(parts, organisation)


@pytest.fixture
async def reading(library: Library, parts: Parts, clock: StandingClock) -> Reading:
    await belonged_since(parts.database, clock.at - days(100))
    clock.advance(days=-10)
    published = await library.publish()
    clock.advance(days=10)
    return published
