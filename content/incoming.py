"""A file on its way in: on this machine's disk under a name that nobody knows, until it is settled where it goes."""

import hashlib
import os
import threading
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar
from uuid import uuid4

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`crc32` is what a zip says of its members (ISO-HDLC, unsigned): with it a zip can be begun before a file is
    read.
    """

    sha256: str
    size: int
    crc32: int


class Incoming:
    """Blocking, called from threads.

    A cancelled upload leaves its last call running in a thread while `discard` already runs in another. The
    lock lets one finish before the other, and after `discard` nothing touches the disk any more.
    """

    def __init__(self, folder: Path) -> None:
        self.size = 0
        self.path = folder / uuid4().hex
        self._descriptor: int | None = None
        self._hash = hashlib.sha256()
        self._crc32 = 0
        self._finished = False
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        with self._lock:
            self._write(data)

    def _write(self, data: bytes) -> None:
        if self._finished:
            return
        if self._descriptor is None:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._hash.update(data)
        self._crc32 = zlib.crc32(data, self._crc32)
        self.size += len(data)

    def settle(self) -> StoredFile:
        """Flush to the disk."""
        with self._lock:
            self._write(b"")
            if self._descriptor is not None:
                os.fsync(self._descriptor)
                os.close(self._descriptor)
                self._descriptor = None
            return StoredFile(self._hash.hexdigest(), self.size, self._crc32)

    def examine(self, look: Callable[[BinaryIO], T]) -> T:
        with self.path.open("rb") as file:
            return look(file)

    def move(self, path: Path) -> None:
        """Rename what is settled: whoever sees the name sees all the bytes, power cuts included."""
        with self._lock:
            if self._finished:
                return
            self._finished = True
            # An existing file is replaced rather than trusted, which also mends one that the disk has damaged.
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.replace(path)
            _sync_directory(path.parent)

    def discard(self) -> None:
        """Close and remove what was not moved; nothing after `move`."""
        with self._lock:
            self._finished = True
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None
            self.path.unlink(missing_ok=True)


def sweep(folder: Path, before: float) -> int:
    """Remove what processes that died have left on its way in since before `before` (seconds since 1970); gives how
    many files.
    """
    swept = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            if path.stat().st_mtime < before:
                path.unlink()
                swept += 1
        except FileNotFoundError:  # it has arrived meanwhile
            continue
    return swept


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
