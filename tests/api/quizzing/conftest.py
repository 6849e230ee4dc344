"""A room in which quizzes are set, of people who have belonged for a while."""

import pytest
from sqlalchemy import update

from api.parts import Parts
from models import changes
from models.memberships import Membership
from models.roles import RoleGrant
from tests.api.conftest import As
from tests.api.happenings import days
from tests.api.quizzing.sittings import Room
from tests.clock import StandingClock
from tests.organisation import Organisation


@pytest.fixture
async def room(parts: Parts, acting_as: As, organisation: Organisation, clock: StandingClock) -> Room:
    async with parts.database.writing() as session:
        for ties in (Membership, RoleGrant):
            await session.execute(update(ties).values(started_at=clock.at - days(100)))
        await changes.commit(session)
    return Room(parts, organisation, acting_as)
