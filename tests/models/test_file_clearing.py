"""What nothing refers to goes, a day after it was sent; what something refers to stays, whoever comes first."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.files import FileStore, LocalFileStore, StoredFile
from models import changes
from models.database import Database
from models.file_access import may_refer
from models.file_clearing import REFERRING, REVIEW_FILES, REVIEWED_EVERY, forget, forgetting
from models.files import YOUNG, ClearedFile, File, FileVariant, keep_file
from models.members.table import Member
from models.permissions import OPERATOR, Place, Role, Seat, Viewer
from models.photos import set_photo
from models.schedule import Duty, run_due
from models.study.table import Study, StudyFile, StudyKind
from models.tables import METADATA
from models.uploads import Upload, note_upload
from tests.clock import StandingClock
from tests.organisation import Organisation

DAY = YOUNG + timedelta(minutes=1)


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return LocalFileStore(tmp_path / "files")


@pytest.fixture
def editor(organisation: Organisation) -> Viewer:
    branch = organisation.branch("chibo")
    return Viewer(organisation.person("member").id, None, (), (Seat(Role.EDITOR, Place(branch.no, branch.path)),))


def pass_time(clock: StandingClock, by: timedelta) -> None:
    clock.at += by


async def do(database: Database, work: Callable[[AsyncSession], Awaitable[object]]) -> None:
    async with database.writing() as session:
        await work(session)
        await changes.commit(session)


async def tick(database: Database, store: FileStore, *, failing: int = 0) -> None:
    """A round of the worker."""
    duties: tuple[Duty[Any], ...] = (REVIEW_FILES, forgetting(store))
    for duty in duties:
        async with database.writing() as session:
            ran = await run_due(session, duty)
            await changes.commit(session)
            assert ran.failed == failing


async def kept(database: Database, store: FileStore, data: bytes) -> StoredFile:
    file = await store.put(data)
    await do(database, lambda session: keep_file(session, file.sha256, file.size, "image/webp", file.crc32))
    return file


async def rows(database: Database) -> set[str]:
    async with database.reading() as session:
        return set(await session.scalars(select(col(File.sha256))))


async def held(store: FileStore) -> set[str]:
    return {each.sha256 async for each in store.held()}


def test_all_that_refers_to_files_is_known() -> None:
    """A new table that refers to files must be among `REFERRING`, or its files would be asked about for nothing."""
    pointing = {
        f"{table.name}.{key.parent.name}"
        for table in METADATA.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name == "file"
    }
    known = {f"{column.class_.__tablename__}.{column.key}" for column in REFERRING}
    assert pointing - known == {"file_variant.of", "upload.sha256", "file_text.sha256"}, "what goes with it"


async def test_what_nothing_refers_to_goes_after_a_day(
    database: Database, store: FileStore, clock: StandingClock
) -> None:
    file = await kept(database, store, b"nobody's")
    await tick(database, store)
    pass_time(clock, YOUNG - timedelta(minutes=1))
    await tick(database, store)
    assert await rows(database) == await held(store) == {file.sha256}
    pass_time(clock, timedelta(minutes=2))
    await tick(database, store)
    assert await rows(database) == await held(store) == set()
    async with database.reading() as session:
        assert (await session.scalars(select(ClearedFile))).all() == []


async def test_what_is_sent_again_is_young_again(database: Database, store: FileStore, clock: StandingClock) -> None:
    file = await kept(database, store, b"nobody's")
    pass_time(clock, YOUNG - timedelta(minutes=1))
    await kept(database, store, b"nobody's")
    pass_time(clock, timedelta(hours=1))
    await tick(database, store)
    assert await held(store) == {file.sha256}


async def test_photos_stay_with_their_narrower_ones_until_they_are_taken_away(
    database: Database, store: FileStore, clock: StandingClock, organisation: Organisation
) -> None:
    me = Viewer(organisation.person("member").id)
    photo, narrow = await store.put(b"photo"), await store.put(b"narrow")
    await do(database, lambda session: set_photo(session, me, photo, "image/webp", {96: narrow}))
    pass_time(clock, DAY)
    await tick(database, store)
    assert await rows(database) == await held(store) == {photo.sha256, narrow.sha256}
    async with database.reading() as session:
        noted = await session.get_one(File, photo.sha256)
        assert noted.crc32 == photo.crc32
        assert noted.review_at == clock() + REVIEWED_EVERY
    await do(database, lambda session: set_photo(session, me, None))
    pass_time(clock, REVIEWED_EVERY)
    for _ in range(2):  # the picture, which held them, and then the narrower ones
        await tick(database, store)
        pass_time(clock, REVIEWED_EVERY)
    assert await rows(database) == await held(store) == set()
    async with database.reading() as session:
        assert (await session.scalars(select(FileVariant))).all() == []


async def test_files_of_something_to_study_stay(
    database: Database, store: FileStore, clock: StandingClock, organisation: Organisation
) -> None:
    file = await kept(database, store, b"a book")
    study = Study(
        kind=StudyKind.MATERIAL,
        branch_no=organisation.branch("chibo").no,
        who=0,
        slug="sach",
        draft={},
        created_at=clock(),
    )

    async def refer(session: AsyncSession) -> None:
        session.add(study)
        await session.flush()
        session.add(StudyFile(study_id=study.id, version=0, sha256=file.sha256))
        await session.flush()

    await do(database, refer)
    for _ in range(3):
        pass_time(clock, REVIEWED_EVERY + DAY)
        await tick(database, store)
    assert await held(store) == await rows(database) == {file.sha256}


async def test_an_upload_keeps_a_file_for_a_day_alone(
    database: Database, store: FileStore, clock: StandingClock, editor: Viewer
) -> None:
    file = await store.put(b"a book")
    await do(database, lambda session: note_upload(session, editor, file, "application/pdf", "sách.pdf"))
    async with database.writing() as session:
        await session.execute(update(File).values(created_at=clock() - DAY, review_at=clock()))
        await changes.commit(session)
    await tick(database, store)
    assert await held(store) == {file.sha256}, "the upload is young"
    pass_time(clock, REVIEWED_EVERY + DAY)
    await tick(database, store)
    assert await held(store) == await rows(database) == set()
    async with database.reading() as session:
        assert (await session.scalars(select(Upload))).all() == []


async def test_who_sent_a_file_may_refer_to_it_and_others_may_not(
    database: Database, store: FileStore, organisation: Organisation, editor: Viewer
) -> None:
    mine, other = await store.put(b"mine"), await kept(database, store, b"other")
    await do(database, lambda session: note_upload(session, editor, mine, "application/pdf", "sách.pdf"))
    asked = {mine.sha256, other.sha256, "0" * 64}
    stranger = Viewer(organisation.person("secretary").id)
    async with database.reading() as session:
        assert await may_refer(session, editor, asked) == {mine.sha256}
        assert await may_refer(session, stranger, asked) == set()
        assert await may_refer(session, OPERATOR, asked) == {mine.sha256, other.sha256}


async def test_bytes_that_came_back_stay(database: Database, store: FileStore, clock: StandingClock) -> None:
    """Cleared, and kept again before the store has forgotten it: a crash, or a worker that was slow."""
    file = await kept(database, store, b"nobody's")
    pass_time(clock, DAY)
    async with database.writing() as session:
        await run_due(session, REVIEW_FILES)
        await changes.commit(session)
    assert await rows(database) == set()
    assert await held(store) == {file.sha256}
    await kept(database, store, b"nobody's")
    await tick(database, store)
    assert await rows(database) == await held(store) == {file.sha256}


async def test_a_store_that_fails_is_asked_again(
    database: Database, store: FileStore, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await kept(database, store, b"nobody's")
    pass_time(clock, DAY)

    async def fail(_store: object, _sha256: str) -> None:
        raise OSError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(LocalFileStore, "delete", fail)
        async with database.writing() as session:
            assert (await run_due(session, REVIEW_FILES)).done == 1
            assert (await run_due(session, forgetting(store))).failed == 1
            await changes.commit(session)
    assert await held(store) == {file.sha256}
    pass_time(clock, timedelta(minutes=1))
    await tick(database, store)
    assert await held(store) == set()


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_whoever_keeps_bytes_while_they_are_forgotten_wins(database: Database, store: FileStore) -> None:
    """On SQLite there is one writer at a time."""
    file = await store.put(b"nobody's")
    async with database.writing() as keeping, database.writing() as clearing:
        await keep_file(keeping, file.sha256, file.size, "text/plain")
        assert not await forget(clearing, store, file.sha256), "somebody is keeping them"
        await changes.commit(keeping)
        assert not await forget(clearing, store, file.sha256), "a row speaks of them"
        await changes.commit(clearing)
    assert await held(store) == await rows(database) == {file.sha256}
    other = await store.put(b"other")
    async with database.writing() as keeping, database.writing() as clearing:
        assert await forget(clearing, store, other.sha256)
        waiting = asyncio.create_task(keep_file(keeping, other.sha256, other.size, "text/plain"))
        await asyncio.sleep(0.1)
        assert not waiting.done(), "whoever keeps them waits, and stores them anew after it"
        await changes.commit(clearing)
        await waiting
        await changes.commit(keeping)


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_a_reference_made_meanwhile_keeps_its_file(
    database: Database, store: FileStore, clock: StandingClock, organisation: Organisation
) -> None:
    file = await kept(database, store, b"a photo of the same bytes")
    pass_time(clock, DAY)
    async with database.writing() as session, database.writing() as clearing:
        member = await session.get_one(Member, organisation.person("member").id)
        member.photo = file.sha256
        await session.flush()
        assert (await run_due(clearing, REVIEW_FILES)).done == 0, "the file's row is held by who refers to it"
        await changes.commit(session)
        await changes.commit(clearing)
    await tick(database, store)
    assert await rows(database) == await held(store) == {file.sha256}
