"""What the demonstration has to study: folders of texts as editors write them, brought in as any others are."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api.demo.drawn import digital, first_aid, meeting
from api.transactions import transaction
from content.files import FileStore
from content.folders import Folder
from models import changes
from models.branches import Branch
from models.database import Database
from models.notices.table import Notice, NoticeState
from models.notices.writing import findable
from models.permissions import OPERATOR, Viewer
from models.searching.index import make_findable
from models.searching.table import SearchDocument
from models.study.importing import ImportResult, Means, StudyImport, import_folder

_TEXTS = Path(__file__).with_name("study")
_DRAWN: dict[str, Callable[[Path], None]] = {
    "ky-nang-so": digital.draw,
    "so-cap-cuu": first_aid.draw,
    "sinh-hoat-chi-hoi": meeting.draw,
}
"""Who draws the pictures and documents that go with the texts of a folder."""


async def publish_studies(database: Database, files: FileStore) -> StudyImport:
    """At the root, for everybody."""
    async with database.reading() as session:
        root = await session.scalar(select(col(Branch.id)).where(col(Branch.parent_no).is_(None)).limit(1))
    assert root is not None  # noqa: S101 - the demonstration has made it
    with TemporaryDirectory() as place:
        folder = Path(place) / "study"
        shutil.copytree(_TEXTS, folder)
        for name, draw in _DRAWN.items():
            draw(folder / name)
        outcome = await import_folder(Means(partial(transaction, database), _operator, files), root, Folder(folder))
    refused = [(thing.path, thing.refusal) for thing in outcome.things if thing.result is ImportResult.REFUSED]
    assert not refused, refused  # noqa: S101 - our own texts
    return outcome


async def index_notices(database: Database) -> None:
    """Notices that were written in bulk are found like those that were published."""
    async with database.writing() as session:
        await session.execute(delete(SearchDocument))
        published = select(Notice).where(col(Notice.state) == NoticeState.PUBLISHED)
        for notice in await session.scalars(published.order_by(col(Notice.published_at), col(Notice.id))):
            await make_findable(session, findable(notice))
        await changes.commit(session)


async def _operator(_session: AsyncSession) -> Viewer:
    return OPERATOR
