import asyncio
import hashlib
import stat
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content.files import FileMissing, FileStore, LocalFileStore, StoredFile
from content.malformed import Malformed

ABSENT = "0" * 64


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def read(store: FileStore, sha256: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in await store.open(sha256, start, end)])


def files_below(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return LocalFileStore(tmp_path)


async def test_a_file_is_named_after_its_bytes(store: FileStore, tmp_path: Path) -> None:
    data = "Sổ tay".encode() * 100_000
    sha256 = hashlib.sha256(data).hexdigest()
    assert await store.put(data) == StoredFile(sha256, len(data), zlib.crc32(data))
    assert await store.exists(sha256)
    assert await store.size(sha256) == len(data)
    assert await read(store, sha256) == data
    path = tmp_path / sha256[:2] / sha256[2:4] / sha256
    assert files_below(tmp_path) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("chunks", [(), (b"",), (b"a",), (b"a", b"", b"b" * 300_000)])
async def test_a_stream_is_stored_whole(store: FileStore, chunks: tuple[bytes, ...]) -> None:
    data = b"".join(chunks)
    stored = await store.put_stream(stream(*chunks), limit=len(data))
    assert stored == StoredFile(hashlib.sha256(data).hexdigest(), len(data), zlib.crc32(data))
    assert await read(store, stored.sha256) == data


async def test_storing_again_changes_nothing_but_mends_damage(store: FileStore, tmp_path: Path) -> None:
    stored = await store.put(b"abc")
    (path,) = files_below(tmp_path)
    path.write_bytes(b"???")
    assert await store.put_stream(stream(b"a", b"bc"), limit=3) == stored
    assert files_below(tmp_path) == [path]
    assert await read(store, stored.sha256) == b"abc"


async def test_a_stream_over_its_limit_leaves_nothing_and_is_not_read_on(store: FileStore, tmp_path: Path) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 10

    with pytest.raises(Malformed) as refusal:
        await store.put_stream(endless(), limit=25)
    assert (refusal.value.code, refusal.value.details) == ("file.too_large", {"limit": 25})
    assert taken == 3
    assert files_below(tmp_path) == []


async def test_a_broken_stream_leaves_nothing(store: FileStore, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.put_stream(broken(), limit=100)
    assert files_below(tmp_path) == []


async def test_a_cancelled_upload_leaves_nothing(store: FileStore, tmp_path: Path) -> None:
    started = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield b"half"
        started.set()
        await asyncio.Event().wait()

    upload = asyncio.create_task(store.put_stream(stalled(), limit=100))
    await started.wait()
    assert len(files_below(tmp_path)) == 1
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert files_below(tmp_path) == []


async def test_a_failing_disk_leaves_nothing(store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("content.incoming.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        await store.put(b"abc")
    assert files_below(tmp_path) == []


async def test_many_writers_of_the_same_bytes(store: FileStore, tmp_path: Path) -> None:
    stored = await asyncio.gather(*(store.put(b"abc") for _ in range(20)))
    assert len(set(stored)) == 1
    assert len(files_below(tmp_path)) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    data=st.binary(max_size=40),
    start=st.integers(0, 50),
    length=st.one_of(st.none(), st.integers(0, 50)),
)
def test_ranges_are_slices(tmp_path: Path, data: bytes, start: int, length: int | None) -> None:
    end = None if length is None else start + length

    async def store_and_read() -> bytes:
        store = LocalFileStore(tmp_path)
        stored = await store.put(data)
        return await read(store, stored.sha256, start, end)

    assert asyncio.run(store_and_read()) == data[start:end]


@pytest.mark.parametrize(("start", "end"), [(-1, None), (2, 1), (0, -1)])
async def test_what_is_no_range(store: FileStore, start: int, end: int | None) -> None:
    stored = await store.put(b"abc")
    with pytest.raises(ValueError, match="not a range"):
        await store.open(stored.sha256, start, end)


async def test_what_is_missing_says_so_before_the_first_byte(store: FileStore) -> None:
    assert not await store.exists(ABSENT)
    with pytest.raises(FileMissing):
        await store.size(ABSENT)
    with pytest.raises(FileMissing):
        await store.open(ABSENT)
    await store.delete(ABSENT)


async def test_a_file_deleted_meanwhile_is_missing(store: FileStore) -> None:
    stored = await store.put(b"abc")
    chunks = await store.open(stored.sha256)
    await store.delete(stored.sha256)
    assert not await store.exists(stored.sha256)
    with pytest.raises(FileMissing):
        await anext(chunks)


@pytest.mark.parametrize(
    "name",
    ["", "..", "../../etc/passwd", "/etc/passwd", "A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n", "٠" * 64],
)
async def test_nothing_but_a_sha256_is_a_name(store: FileStore, name: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        await store.open(name)
    with pytest.raises(ValueError, match="SHA-256"):
        await store.size(name)
    with pytest.raises(ValueError, match="SHA-256"):
        await store.exists(name)
    with pytest.raises(ValueError, match="SHA-256"):
        await store.delete(name)


# --- looking into what arrives, before it can be found ---


async def test_what_is_not_kept_leaves_nothing(store: FileStore, tmp_path: Path) -> None:
    async with store.receive(stream(b"ab", b"c"), limit=3) as arrived:
        assert arrived.file == StoredFile(hashlib.sha256(b"abc").hexdigest(), 3, zlib.crc32(b"abc"))
        assert await arrived.examine(lambda file: (file.read(1), file.seek(0, 2))) == (b"a", 3)
        assert not await store.exists(arrived.file.sha256)
        assert len(files_below(tmp_path)) == 1
    assert files_below(tmp_path) == []


async def test_what_is_kept_can_be_found(store: FileStore, tmp_path: Path) -> None:
    async with store.receive(stream(b"abc"), limit=3) as arrived:
        kept = await arrived.keep()
        assert await read(store, kept.sha256) == b"abc"
        assert await arrived.keep() == kept
    assert await read(store, kept.sha256) == b"abc"
    assert len(files_below(tmp_path)) == 1


async def test_what_is_refused_leaves_nothing(store: FileStore, tmp_path: Path) -> None:
    def refuse(_file: BinaryIO) -> None:
        raise Malformed("file.type_mismatch")

    with pytest.raises(Malformed):
        async with store.receive(stream(b"abc"), limit=3) as arrived:
            await arrived.examine(refuse)
    with pytest.raises(ZeroDivisionError):
        async with store.receive(stream(b"abc"), limit=3):
            raise ZeroDivisionError
    assert files_below(tmp_path) == []
