"""What takes place in the demonstration."""

from sqlalchemy import select
from sqlmodel import col

from api.demo.activities import call_activities
from api.demo.loading import load_organisation
from api.demo.organisation import Organisation, Size
from models.database import Database
from models.notices.occurrences import Occurrence
from models.templates.table import NoticeTemplate
from tests.clock import StandingClock


async def test_a_cell_meets_every_month_from_a_saturday_to_come(database: Database, clock: StandingClock) -> None:
    size = Size(members=400, branches=40)
    loaded = await load_organisation(database, Organisation(size=size, seed=3, as_of=clock().date()))
    await call_activities(database, loaded)
    async with database.reading() as session:
        times = list(await session.scalars(select(Occurrence).order_by(col(Occurrence.starts_at))))
        assert len(times) == 13
        assert all(time.starts_at > clock() for time in times)
        assert (await session.scalars(select(NoticeTemplate))).one().name == "Họp chi hội bất thường"
