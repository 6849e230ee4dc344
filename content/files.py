"""Content-addressed storage: a file's name is the SHA-256 of its bytes, so it never changes its meaning."""

import asyncio
import hashlib
import re
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, TypeVar

from content.incoming import Incoming, StoredFile, pieces, sweep
from content.malformed import Malformed

READ_SIZE = 256 * 1024  # bytes per trip to a thread
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LISTED = 1000  # names per trip to a thread

T = TypeVar("T")


class FileMissing(LookupError):
    """No file of that SHA-256 is stored."""


class HeldFile(NamedTuple):
    """`kept_at` is when its bytes were last stored."""

    sha256: str
    size: int
    kept_at: datetime


class Arrived(Protocol):
    """Bytes that are all there, and flushed to this machine's disk, under a name that nobody knows."""

    @property
    def file(self) -> StoredFile: ...

    @property
    def path(self) -> Path:
        """Where they lie until they are kept; to be read only."""

    async def examine(self, look: Callable[[BinaryIO], T]) -> T:
        """What `look` says of the bytes; it reads them in a thread, and may seek. Not once they are kept."""

    async def keep(self) -> StoredFile:
        """Let them be found under their hash: on a local disk a rename, quick enough for a transaction. What is kept
        before a commit that fails is in the store without anything that refers to it; whoever clears such files away
        spares young ones.
        """


class FileStore(Protocol):
    """Where files live. Every method that takes a name raises ValueError for anything but 64 lower-case hex
    digits, and OSError where the store does not do what it is asked to.
    """

    async def put(self, data: bytes) -> StoredFile:
        """Store once; storing the same bytes again changes nothing."""

    async def put_stream(self, chunks: AsyncIterator[bytes], limit: int) -> StoredFile:
        """Store what arrives; it appears whole under its hash or not at all.

        Raises Malformed ``file.too_large`` as soon as more than `limit` bytes arrived.
        """

    def receive(self, chunks: AsyncIterator[bytes], limit: int) -> AbstractAsyncContextManager[Arrived]:
        """What arrives, to be looked into; of what is not kept by the end of the block nothing is left.

        Raises Malformed ``file.too_large`` as soon as more than `limit` bytes arrived.
        """

    async def open(self, sha256: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Bytes `start` up to, not including, `end` (the file's end if None). FileMissing comes at once."""

    async def size(self, sha256: str) -> int:
        """Bytes. Raises FileMissing."""

    async def exists(self, sha256: str) -> bool: ...

    async def delete(self, sha256: str) -> None:
        """Forget the file; what is not there is already forgotten."""

    def held(self) -> AsyncIterator[HeldFile]:
        """All files, in no order; those that come or go meanwhile may be among them or not."""

    async def sweep(self, before: datetime) -> int:
        """Remove what never arrived because its process died, where nothing was added since; gives how many files."""


def checked(sha256: str) -> str:
    """The only gate from a name to a place: nothing but hex digits passes, so no name leads out of the store. Raises
    ValueError.
    """
    if not _SHA256.fullmatch(sha256):
        raise ValueError("not the hexadecimal form of a SHA-256")
    return sha256


def check_range(start: int, end: int | None) -> None:
    """Raises ValueError."""
    if start < 0 or (end is not None and end < start):
        raise ValueError(f"not a range: {start}–{end}")


@asynccontextmanager
async def arriving(
    folder: Path, chunks: AsyncIterator[bytes], limit: int
) -> AsyncIterator[tuple[Incoming, StoredFile]]:
    """What arrives, settled in a folder of this machine; of what is not moved by the end of the block nothing is left.

    Raises Malformed ``file.too_large`` as soon as more than `limit` bytes arrived.
    """
    incoming = Incoming(folder)
    try:
        async for chunk in chunks:
            if incoming.size + len(chunk) > limit:
                raise Malformed("file.too_large", limit=limit)
            await asyncio.to_thread(incoming.write, chunk)
        yield incoming, await asyncio.to_thread(incoming.settle)
    finally:
        await asyncio.to_thread(incoming.discard)


async def checksum(files: FileStore, sha256: str) -> int:
    """The CRC-32 of a stored file, by reading it: for those that were kept before it was noted. Raises FileMissing."""
    crc32 = 0
    async for chunk in await files.open(sha256):
        crc32 = zlib.crc32(chunk, crc32)
    return crc32


async def fault_of(files: FileStore, sha256: str, size: int, crc32: int | None = None) -> str | None:
    """What is wrong with a stored file, by reading it whole: ``missing``, ``size``, ``damaged``, or ``crc32`` where the
    bytes are right and what was noted is not. None where all is well.
    """
    digest, found_size, found_crc32 = hashlib.sha256(), 0, 0
    try:
        async for chunk in await files.open(sha256):
            await asyncio.to_thread(digest.update, chunk)
            found_crc32 = zlib.crc32(chunk, found_crc32)
            found_size += len(chunk)
    except FileMissing:
        return "missing"
    if found_size != size:
        return "size"
    if digest.hexdigest() != sha256:
        return "damaged"
    return "crc32" if crc32 not in {None, found_crc32} else None


class LocalFileStore:
    """Files as ``root/ab/cd/<sha256>``, readable by this user alone. All of it on one file system."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"

    async def put(self, data: bytes) -> StoredFile:
        return await self.put_stream(pieces(data), len(data))

    async def put_stream(self, chunks: AsyncIterator[bytes], limit: int) -> StoredFile:
        async with self.receive(chunks, limit) as arrived:
            return await arrived.keep()

    @asynccontextmanager
    async def receive(self, chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[Arrived]:
        async with arriving(self._incoming, chunks, limit) as (incoming, file):
            yield _Arrived(self._root, incoming, file)

    async def open(self, sha256: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        size = await self.size(sha256)
        check_range(start, end)
        return _read(_path(self._root, sha256), start, size if end is None else min(end, size))

    async def size(self, sha256: str) -> int:
        path = _path(self._root, sha256)
        try:
            return (await asyncio.to_thread(path.stat)).st_size
        except FileNotFoundError as error:
            raise FileMissing(sha256) from error

    async def exists(self, sha256: str) -> bool:
        return await asyncio.to_thread(_path(self._root, sha256).is_file)

    async def delete(self, sha256: str) -> None:
        await asyncio.to_thread(_path(self._root, sha256).unlink, missing_ok=True)

    async def held(self) -> AsyncIterator[HeldFile]:
        walk = _walk(self._root)
        while found := await asyncio.to_thread(_some, walk):
            for each in found:
                yield each

    async def sweep(self, before: datetime) -> int:
        return await asyncio.to_thread(sweep, self._incoming, before.timestamp())


def _path(root: Path, sha256: str) -> Path:
    name = checked(sha256)
    return root / name[:2] / name[2:4] / name


def _walk(root: Path) -> Iterator[HeldFile]:
    for path in root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
        if not _SHA256.fullmatch(path.name):
            continue
        try:
            stat = path.stat()
        except FileNotFoundError:  # gone since its folder was listed
            continue
        yield HeldFile(path.name, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))


def _some(walk: Iterator[HeldFile]) -> list[HeldFile]:
    return [each for each, _ in zip(walk, range(_LISTED), strict=False)]


async def _read(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except FileNotFoundError as error:  # deleted between open() and the first byte
        raise FileMissing(path.name) from error
    try:
        await asyncio.to_thread(file.seek, start)
        while start < end and (chunk := await asyncio.to_thread(file.read, min(READ_SIZE, end - start))):
            start += len(chunk)
            yield chunk
    finally:
        file.close()


class _Arrived:
    """An `Arrived` on the disk where it stays."""

    def __init__(self, root: Path, incoming: Incoming, file: StoredFile) -> None:
        self.file = file
        self.path = incoming.path
        self._incoming = incoming
        self._kept = _path(root, file.sha256)

    async def examine(self, look: Callable[[BinaryIO], T]) -> T:
        return await asyncio.to_thread(self._incoming.examine, look)

    async def keep(self) -> StoredFile:
        await asyncio.to_thread(self._incoming.move, self._kept)
        return self.file


__all__ = ["Arrived", "FileMissing", "FileStore", "HeldFile", "LocalFileStore", "StoredFile", "checksum", "fault_of"]
