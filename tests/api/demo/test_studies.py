"""What there is to study in the demonstration."""

from pathlib import Path

from sqlalchemy import func, select
from sqlmodel import col

from api.demo.loading import load_organisation
from api.demo.organisation import Organisation, Size
from api.demo.studies import index_notices, publish_studies
from content.files import LocalFileStore
from models.database import Database
from models.file_texts import FileText
from models.searching.table import SearchDocument
from models.study.importing import ImportResult
from models.study.table import Study, StudyKind
from tests.clock import StandingClock


async def test_three_collections_come_in_whole(database: Database, clock: StandingClock, tmp_path: Path) -> None:
    size = Size(members=400, branches=40)
    await load_organisation(database, Organisation(size=size, seed=3, as_of=clock().date()))
    await index_notices(database)
    outcome = await publish_studies(database, LocalFileStore(tmp_path))
    assert {thing.result for thing in outcome.things} == {ImportResult.NEW}
    async with database.reading() as session:
        counted = await session.execute(select(col(Study.kind), func.count().label("things")).group_by(col(Study.kind)))
        assert {row.kind: row.things for row in counted} == {
            StudyKind.MATERIAL: 15,
            StudyKind.COLLECTION: 3,
            StudyKind.QUIZ: 3,
        }
        text = (await session.scalars(select(FileText))).one()
        assert "BIÊN BẢN" in text.text
        assert not text.is_scanned
        assert await session.scalar(select(func.count()).select_from(SearchDocument)) == 21
    again = await publish_studies(database, LocalFileStore(tmp_path))
    assert {thing.result for thing in again.things} == {ImportResult.SAME}
