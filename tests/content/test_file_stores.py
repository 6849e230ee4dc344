"""What holds of every store of files: a folder of this machine, and a bucket of a server that speaks S3."""

import asyncio
import hashlib
import os
import zlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import httpx
import pytest

from content import object_files
from content.files import FileMissing, FileStore, LocalFileStore, StoredFile, checksum
from content.malformed import Malformed
from content.object_files import Bucket, ObjectFileStore, StoreFault
from tests.buckets import new_bucket, object_storage

ABSENT = "0" * 64
DATA = "Sổ tay đảng viên\n".encode() * 40_000


def named(data: bytes) -> StoredFile:
    return StoredFile(hashlib.sha256(data).hexdigest(), len(data), zlib.crc32(data))


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def read(store: FileStore, sha256: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in await store.open(sha256, start, end)])


@pytest.fixture(scope="session")
def storage_url() -> Iterator[str]:
    with object_storage() as url:
        yield url


@pytest.fixture
def bucket(storage_url: str) -> Bucket:
    return new_bucket(storage_url)


@pytest.fixture(params=["folder", "bucket"])
def store(tmp_path: Path, request: pytest.FixtureRequest) -> FileStore:
    if request.param == "folder":
        return LocalFileStore(tmp_path)
    return ObjectFileStore(request.getfixturevalue("bucket"), tmp_path / "incoming")


@pytest.fixture
def incoming(store: FileStore, tmp_path: Path) -> Path:
    """Where files lie on their way in."""
    return tmp_path / "incoming"


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def names(store: FileStore) -> list[str]:
    return sorted([each.sha256 async for each in store.held()])


async def test_bytes_come_back_under_their_hash(store: FileStore) -> None:
    stored = await store.put(DATA)
    assert stored == named(DATA)
    assert await store.exists(stored.sha256)
    assert await store.size(stored.sha256) == len(DATA)
    assert await read(store, stored.sha256) == DATA
    assert await checksum(store, stored.sha256) == stored.crc32


async def test_storing_again_changes_nothing(store: FileStore) -> None:
    first = await store.put(DATA)
    assert await store.put_stream(stream(DATA[:10], DATA[10:]), limit=len(DATA)) == first
    assert await names(store) == [first.sha256]


async def test_an_empty_file_is_a_file(store: FileStore) -> None:
    stored = await store.put(b"")
    assert await read(store, stored.sha256) == b""
    assert await checksum(store, stored.sha256) == 0


@pytest.mark.parametrize(
    ("start", "end"), [(0, 0), (0, 1), (5, 9), (len(DATA) - 1, None), (len(DATA), None), (3, 10**9), (10**9, None)]
)
async def test_parts_are_slices_also_beyond_the_end(store: FileStore, start: int, end: int | None) -> None:
    stored = await store.put(DATA)
    assert await read(store, stored.sha256, start, end) == DATA[start:end]


async def test_what_is_no_range(store: FileStore) -> None:
    stored = await store.put(b"abc")
    for start, end in ((-1, None), (2, 1)):
        with pytest.raises(ValueError, match="not a range"):
            await store.open(stored.sha256, start, end)


async def test_what_is_missing_says_so_before_the_first_byte(store: FileStore) -> None:
    assert not await store.exists(ABSENT)
    for ask in (store.size, store.open):
        with pytest.raises(FileMissing):
            await ask(ABSENT)
    await store.delete(ABSENT)


async def test_what_is_deleted_is_gone(store: FileStore) -> None:
    stored = await store.put(b"abc")
    other = await store.put(b"def")
    chunks = await store.open(stored.sha256)
    await store.delete(stored.sha256)
    assert not await store.exists(stored.sha256)
    assert await names(store) == [other.sha256]
    with pytest.raises(FileMissing):
        await anext(chunks)


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "/x"])
async def test_nothing_but_a_sha256_is_a_name(store: FileStore, name: str) -> None:
    for ask in (store.size, store.open, store.exists, store.delete):
        with pytest.raises(ValueError, match="SHA-256"):
            await ask(name)


async def test_what_arrives_can_be_looked_into_before_it_is_found(store: FileStore, incoming: Path) -> None:
    async with store.receive(stream(b"ab", b"c"), limit=3) as arrived:
        assert arrived.file == named(b"abc")
        assert arrived.path.read_bytes() == b"abc"
        assert await arrived.examine(lambda file: (file.read(1), file.seek(0, 2))) == (b"a", 3)
        assert not await store.exists(arrived.file.sha256)
        assert await arrived.keep() == await arrived.keep() == arrived.file
        assert await read(store, arrived.file.sha256) == b"abc"
    assert await names(store) == [named(b"abc").sha256]
    assert files_in(incoming) == []


async def test_what_is_not_kept_leaves_nothing(store: FileStore, incoming: Path) -> None:
    def refuse(_file: BinaryIO) -> None:
        raise Malformed("file.type_mismatch")

    async with store.receive(stream(b"abc"), limit=3):
        pass
    with pytest.raises(Malformed):
        async with store.receive(stream(b"abc"), limit=3) as arrived:
            await arrived.examine(refuse)
    with pytest.raises(Malformed) as refusal:
        await store.put_stream(stream(b"abc", b"d"), limit=3)
    assert refusal.value.code == "file.too_large"
    assert await names(store) == []
    assert files_in(incoming) == []


async def test_a_broken_or_cancelled_upload_leaves_nothing(store: FileStore, incoming: Path) -> None:
    started = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield b"half"
        started.set()
        await asyncio.Event().wait()

    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.put_stream(broken(), limit=100)
    upload = asyncio.create_task(store.put_stream(stalled(), limit=100))
    await started.wait()
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert await names(store) == []
    assert files_in(incoming) == []


async def test_all_that_is_held_is_listed(store: FileStore) -> None:
    started = datetime.now(UTC) - timedelta(seconds=2)
    stored = [await store.put(bytes([n]) * n) for n in range(12)]
    held = {each.sha256: each async for each in store.held()}
    assert {sha256: each.size for sha256, each in held.items()} == {each.sha256: each.size for each in stored}
    assert all(started <= each.kept_at <= datetime.now(UTC) + timedelta(seconds=2) for each in held.values())


async def test_what_a_process_that_died_left_is_swept(store: FileStore, incoming: Path) -> None:
    stored = await store.put(b"abc")
    old, young = incoming / "old", incoming / "young"
    for path in (old, young):
        path.write_bytes(b"half")
    yesterday = datetime.now(UTC) - timedelta(days=1)
    os.utime(old, (yesterday.timestamp(), yesterday.timestamp() - 1))
    assert await store.sweep(yesterday) == 1
    assert not old.exists()
    assert young.exists()
    assert await names(store) == [stored.sha256]


# --- a bucket alone ---


async def test_large_files_are_sent_in_parts_and_never_half(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_files, "_PART", 5 * 1024 * 1024)
    store = ObjectFileStore(bucket, tmp_path)
    data = os.urandom(11 * 1024 * 1024 + 7)
    stored = await store.put(data)
    assert await read(store, stored.sha256) == data
    assert await read(store, stored.sha256, 6_000_000, 9_000_001) == data[6_000_000:9_000_001]


async def test_what_others_keep_in_the_bucket_is_left_aside(bucket: Bucket, tmp_path: Path) -> None:
    store = ObjectFileStore(bucket, tmp_path)
    stored = await store.put(b"abc")
    for key in ("so-tay/ghi-chu.txt", f"so-tay/{ABSENT}", f"khac/00/00/{ABSENT}"):
        async with httpx.AsyncClient() as client:
            (await client.put(f"{bucket.endpoint}/{bucket.name}/{key}", content=b"x")).raise_for_status()
    assert await names(store) == [stored.sha256]
    assert not await store.exists(ABSENT)


async def test_a_store_that_is_gone_is_a_fault_and_not_a_missing_file(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_files, "_RETRIES", 0)
    nowhere = ObjectFileStore(Bucket(bucket.name, endpoint="http://127.0.0.1:9", key="k", secret="s"), tmp_path)
    for ask in (nowhere.size, nowhere.exists, nowhere.open, nowhere.delete):
        with pytest.raises(StoreFault):
            await ask(ABSENT)
    with pytest.raises(StoreFault):
        await nowhere.put(b"abc")
    with pytest.raises(StoreFault):
        await names(nowhere)
    assert files_in(tmp_path) == []
    without_bucket = ObjectFileStore(Bucket("nothing-here", endpoint=bucket.endpoint, key="k", secret="s"), tmp_path)
    with pytest.raises(StoreFault):
        await without_bucket.put(b"abc")
