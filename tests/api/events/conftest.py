"""A desk, and a notice of ten days ago."""

import pytest
from fastapi import FastAPI
from sqlalchemy import update

from models import changes
from models.database import Database
from models.memberships import Membership
from models.notices.shapes import NoticePublic
from tests.api.happenings import days
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.serving import Desk


@pytest.fixture
def desk(app: FastAPI, organisation: Organisation) -> Desk:
    return Desk(app, organisation)


@pytest.fixture
async def notice(desk: Desk, database: Database, clock: StandingClock) -> NoticePublic:
    """Published ten days ago, to members of a hundred days."""
    async with database.writing() as session:
        await session.execute(update(Membership).values(started_at=clock.at - days(100)))
        await changes.commit(session)
    clock.advance(days=-10)
    published = await desk.publish("chibo", "Họp")
    clock.advance(days=10)
    return published
