"""Content-addressed storage: a file's name is the SHA-256 of its bytes, so it never changes its meaning."""

import asyncio
import hashlib
import os
import re
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar
from uuid import uuid4

from content.malformed import Malformed

_READ_SIZE = 256 * 1024  # bytes per trip to a thread
_SHA256 = re.compile(r"[0-9a-f]{64}")

T = TypeVar("T")


class FileMissing(LookupError):
    """No file of that SHA-256 is stored."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    sha256: str
    size: int


class Arrived(Protocol):
    """Bytes that are all there, and flushed to the disk, under a name that nobody knows."""

    @property
    def file(self) -> StoredFile: ...

    async def examine(self, look: Callable[[BinaryIO], T]) -> T:
        """What `look` says of the bytes; it reads them in a thread, and may seek."""

    async def keep(self) -> StoredFile:
        """Let them be found under their hash: a rename, quick enough for a transaction. What is kept before a commit
        that fails is in the store without anything that refers to it; whoever clears such files away spares young ones.
        """


class FileStore(Protocol):
    """Where files live. Every method that takes a name raises ValueError for anything but 64 lower-case hex
    digits.
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


class LocalFileStore:
    """Files as ``root/ab/cd/<sha256>``, readable by this user alone. All of it on one file system."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, data: bytes) -> StoredFile:
        return await self.put_stream(_pieces(data), len(data))

    async def put_stream(self, chunks: AsyncIterator[bytes], limit: int) -> StoredFile:
        async with self.receive(chunks, limit) as arrived:
            return await arrived.keep()

    @asynccontextmanager
    async def receive(self, chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[Arrived]:
        incoming = _Incoming(self._root)
        try:
            async for chunk in chunks:
                if incoming.size + len(chunk) > limit:
                    raise Malformed("file.too_large", limit=limit)
                await asyncio.to_thread(incoming.write, chunk)
            yield _Arrived(incoming, await asyncio.to_thread(incoming.settle))
        finally:
            await asyncio.to_thread(incoming.discard)

    async def open(self, sha256: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        size = await self.size(sha256)
        if start < 0 or (end is not None and end < start):
            raise ValueError(f"not a range: {start}–{end}")
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


def _path(root: Path, sha256: str) -> Path:
    # The only place where a name becomes a path: nothing but hex digits passes, so no name leads out of the
    # root.
    if not _SHA256.fullmatch(sha256):
        raise ValueError("not the hexadecimal form of a SHA-256")
    return root / sha256[:2] / sha256[2:4] / sha256


async def _read(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    try:
        file = await asyncio.to_thread(path.open, "rb")
    except FileNotFoundError as error:  # deleted between open() and the first byte
        raise FileMissing(path.name) from error
    try:
        await asyncio.to_thread(file.seek, start)
        while start < end and (chunk := await asyncio.to_thread(file.read, min(_READ_SIZE, end - start))):
            start += len(chunk)
            yield chunk
    finally:
        file.close()


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data


class _Incoming:
    """A file on its way in, under a temporary name; blocking, called from threads.

    A cancelled upload leaves its last call running in a thread while `discard` already runs in another. The
    lock lets one finish before the other, and after `discard` nothing touches the disk any more.
    """

    def __init__(self, root: Path) -> None:
        self.size = 0
        self._root = root
        self._path = root / "incoming" / uuid4().hex
        self._descriptor: int | None = None
        self._hash = hashlib.sha256()
        self._finished = False
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        with self._lock:
            self._write(data)

    def _write(self, data: bytes) -> None:
        if self._finished:
            return
        if self._descriptor is None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._hash.update(data)
        self.size += len(data)

    def settle(self) -> StoredFile:
        """Flush to the disk."""
        with self._lock:
            self._write(b"")
            if self._descriptor is not None:
                os.fsync(self._descriptor)
                os.close(self._descriptor)
                self._descriptor = None
            return StoredFile(self._hash.hexdigest(), self.size)

    def examine(self, look: Callable[[BinaryIO], T]) -> T:
        with self._path.open("rb") as file:
            return look(file)

    def keep(self) -> None:
        """Rename what is settled: whoever sees the name sees all the bytes, power cuts included."""
        with self._lock:
            if self._finished:
                return
            self._finished = True
            # An existing file is replaced rather than trusted, which also mends one that the disk has damaged.
            path = _path(self._root, self._hash.hexdigest())
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.replace(path)
            _sync_directory(path.parent)

    def discard(self) -> None:
        """Close and remove what was not kept; nothing after `keep`."""
        with self._lock:
            self._finished = True
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None
            self._path.unlink(missing_ok=True)


class _Arrived:
    """An `Arrived` on the disk."""

    def __init__(self, incoming: _Incoming, file: StoredFile) -> None:
        self.file = file
        self._incoming = incoming

    async def examine(self, look: Callable[[BinaryIO], T]) -> T:
        return await asyncio.to_thread(self._incoming.examine, look)

    async def keep(self) -> StoredFile:
        await asyncio.to_thread(self._incoming.keep)
        return self.file


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
