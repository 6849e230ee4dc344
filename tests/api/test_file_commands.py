"""`handbook files`: what it finds wrong, what it clears away, and what it leaves alone."""

import asyncio
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlmodel import col
from typer.testing import CliRunner, Result

from api.cli import app as handbook
from api.settings import Settings
from content.files import LocalFileStore, StoredFile
from models import changes
from models.database import Database, utc_now
from models.files import YOUNG, ClearedFile, File, keep_file
from models.members.table import Member
from tests.buckets import new_bucket, object_storage
from tests.organisation import Organisation

LONG_AGO = timedelta(days=3)


@pytest.fixture
def run(settings: Settings) -> Callable[..., Result]:
    """A command in this process, with these settings."""
    said = {"HANDBOOK_DATA_DIR": str(settings.data_dir), "HANDBOOK_DATABASE_URL": settings.database, "COLUMNS": "200"}

    def invoke(*command: str, **more: str) -> Result:
        return CliRunner().invoke(handbook, ["files", *command], env={**said, **more})

    return invoke


@pytest.fixture
def store(settings: Settings) -> LocalFileStore:
    return LocalFileStore(settings.files)


def path_of(settings: Settings, file: StoredFile) -> Path:
    return settings.files / file.sha256[:2] / file.sha256[2:4] / file.sha256


def age(settings: Settings, file: StoredFile) -> None:
    then = (utc_now() - LONG_AGO).timestamp()
    os.utime(path_of(settings, file), (then, then))


async def note(database: Database, file: StoredFile, by: timedelta = LONG_AGO) -> StoredFile:
    """A row for a stored file, sent so long ago by the machine's own clock, which commands go by."""
    async with database.writing() as session:
        await keep_file(session, file.sha256, file.size, "text/plain", file.crc32)
        at = utc_now() - by
        await session.execute(
            update(File).where(col(File.sha256) == file.sha256).values(created_at=at, review_at=at + YOUNG)
        )
        await changes.commit(session)
    return file


async def noted(database: Database) -> set[str]:
    async with database.reading() as session:
        return set(await session.scalars(select(col(File.sha256))))


async def held(store: LocalFileStore) -> set[str]:
    return {each.sha256 async for each in store.held()}


async def test_what_is_as_it_was_is_said_to_be(
    run: Callable[..., Result], database: Database, store: LocalFileStore
) -> None:
    for n in range(3):
        await note(database, await store.put(bytes([n]) * 1000))
    result = await asyncio.to_thread(run, "verify")
    assert (result.exit_code, "3 files, all as they were sent" in result.output) == (0, True), result.output


async def test_what_is_missing_damaged_or_of_another_size_is_named(
    run: Callable[..., Result], database: Database, store: LocalFileStore, settings: Settings
) -> None:
    whole, gone, changed, cut, other = [await note(database, await store.put(bytes([n]) * 1000)) for n in range(5)]
    await store.delete(gone.sha256)
    path_of(settings, changed).write_bytes(b"x" * 1000)
    path_of(settings, cut).write_bytes(b"\3" * 999)
    async with database.writing() as session:
        await session.execute(update(File).where(col(File.sha256) == other.sha256).values(crc32=1))
        await changes.commit(session)
    result = await asyncio.to_thread(run, "verify")
    assert result.exit_code == 1, result.output
    found = {line.split()[0]: line.split()[1] for line in result.output.splitlines() if len(line.split()) == 2}
    assert {sha256: found[sha256] for sha256 in found if len(sha256) == 64} == {
        gone.sha256: "missing",
        changed.sha256: "damaged",
        cut.sha256: "size",
        other.sha256: "crc32",
    }
    assert whole.sha256 not in result.output
    assert "4 of 5" in result.output


async def test_what_nothing_speaks_of_is_cleared_away(
    run: Callable[..., Result],
    database: Database,
    store: LocalFileStore,
    settings: Settings,
    organisation: Organisation,
) -> None:
    photo = await note(database, await store.put(b"a photo"))
    unused = await note(database, await store.put(b"nobody's"))
    young = await note(database, await store.put(b"sent just now"), by=timedelta(hours=1))
    stray, fresh = await store.put(b"of a commit that failed"), await store.put(b"of one under way")
    cleared = await store.put(b"cleared, not yet forgotten")
    age(settings, stray)
    half = settings.files / "incoming" / "half"
    half.write_bytes(b"half")
    os.utime(half, (0, 0))
    async with database.writing() as session:
        member = await session.get_one(Member, organisation.person("member").id)
        member.photo = photo.sha256
        session.add(ClearedFile(sha256=cleared.sha256, cleared_at=utc_now()))
        await changes.commit(session)

    before = await held(store)
    dry = await asyncio.to_thread(run, "clear", "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "would go: 1 files that nothing refers to, 1 that no row speaks of" in dry.output
    assert (await held(store), half.exists()) == (before, True)
    assert await noted(database) == {photo.sha256, unused.sha256, young.sha256}

    done = await asyncio.to_thread(run, "clear")
    assert done.exit_code == 0, done.output
    assert "cleared: 1 files that nothing refers to, 1 that no row speaks of, 1 half arrived" in done.output
    assert await held(store) == {photo.sha256, young.sha256, fresh.sha256}
    assert await noted(database) == {photo.sha256, young.sha256}
    assert not half.exists()
    again = await asyncio.to_thread(run, "clear")
    assert "cleared: 0 files that nothing refers to, 0 that no row speaks of, 0 half arrived" in again.output


@pytest.fixture(scope="module")
def storage_url() -> Iterator[str]:
    with object_storage() as url:
        yield url


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_bucket_is_verified_and_cleared_alike(
    run: Callable[..., Result], database: Database, settings: Settings, storage_url: str
) -> None:
    bucket = new_bucket(storage_url)
    said = {
        "HANDBOOK_FILES_URL": f"s3://{bucket.name}/{bucket.prefix}",
        "HANDBOOK_FILES_ENDPOINT": storage_url,
        "HANDBOOK_FILES_KEY": "key",
        "HANDBOOK_FILES_SECRET": "secret",
    }
    await note(database, await LocalFileStore(settings.files).put(b"in the folder, not in the bucket"))
    result = await asyncio.to_thread(run, "verify", **said)
    assert (result.exit_code, "missing" in result.output) == (1, True), result.output
    assert (await asyncio.to_thread(run, "clear", **said)).exit_code == 0
    result = await asyncio.to_thread(run, "verify", **said)
    assert (result.exit_code, "0 files" in result.output) == (0, True), result.output
