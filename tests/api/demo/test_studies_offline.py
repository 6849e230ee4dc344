"""What the demonstration has to study, where there is no network."""

import re
import zipfile
from io import BytesIO
from pathlib import Path

from sqlalchemy import select
from sqlmodel import col

from api.demo.loading import load_organisation
from api.demo.organisation import Organisation, Size
from api.demo.studies import publish_studies
from content.files import LocalFileStore
from content.quizzes import QuestionKind
from models.database import Database
from models.permissions import OPERATOR
from models.study.packages import pack
from models.study.table import Study, StudyKind, StudyVersion
from tests.clock import StandingClock

_FETCHED = re.compile(r'src="(?!files/)|<(?:script|link|iframe)\b|@import|url\(')


async def test_collections_have_quizzes_of_every_kind_and_pages_that_fetch_nothing(
    database: Database, clock: StandingClock, tmp_path: Path
) -> None:
    size = Size(members=400, branches=40)
    await load_organisation(database, Organisation(size=size, seed=3, as_of=clock().date()))
    files = LocalFileStore(tmp_path)
    await publish_studies(database, files)
    async with database.reading() as session:
        quizzes = select(StudyVersion).join(Study, col(Study.id) == col(StudyVersion.study_id))
        for quiz in await session.scalars(quizzes.where(col(Study.kind) == StudyKind.QUIZ)):
            questions = quiz.said["questions"]
            assert len(questions) >= 8
            assert {question["kind"] for question in questions} == {*QuestionKind}
        collections = select(col(Study.id)).where(col(Study.kind) == StudyKind.COLLECTION)
        ids = list(await session.scalars(collections))
        assert len(ids) == 3
        for id_ in ids:
            package = await pack(session, OPERATOR, files, id_)
            whole = b"".join([chunk async for chunk in package.read(files, 0, package.zipped.size)])
            with zipfile.ZipFile(BytesIO(whole)) as opened:
                assert opened.testzip() is None
                pages = [name for name in opened.namelist() if name.endswith(".html")]
                assert len(pages) >= 6
                for name in pages:
                    assert not _FETCHED.search(opened.read(name).decode()), name
