"""The same storage in a bucket of anything that speaks S3."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from content.files import Arrived, FileMissing, HeldFile, arriving, check_range, checked
from content.incoming import Incoming, StoredFile, pieces, sweep

if TYPE_CHECKING:
    from obstore.store import S3Config  # of the stubs alone

_PART = 8 * 1024 * 1024
"""Bytes of one part of a large upload; S3 takes from 5 MiB, and 10,000 of them."""
_PARTS_AT_ONCE = 2
_READ_SIZE = 1024 * 1024
"""Bytes a request: one for all would last as long as the slowest phone takes, and no limit could be set to it."""
_TYPE = "application/octet-stream"  # what it is, is said where it is referred to
_CONNECT, _WAIT, _RETRY = timedelta(seconds=5), timedelta(seconds=60), timedelta(seconds=20)
_RETRIES = 4

T = TypeVar("T")


class StoreFault(OSError):
    """The store does not answer, or not as it should; nothing that was not acknowledged may be relied on."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where objects lie and who may reach them. Without `endpoint` it is Amazon's; without key and secret, what the
    machine itself is allowed to.
    """

    name: str
    prefix: str = ""
    endpoint: str | None = None
    region: str | None = None
    key: str | None = None
    secret: str | None = field(default=None, repr=False)


class ObjectFileStore:
    """Objects as ``prefix/ab/cd/<sha256>``. What arrives is first settled in `folder` on this machine, and looked into
    there.
    """

    def __init__(self, bucket: Bucket, folder: Path) -> None:
        self._folder = folder
        self._store = _connect(bucket)

    async def put(self, data: bytes) -> StoredFile:
        return await self.put_stream(pieces(data), len(data))

    async def put_stream(self, chunks: AsyncIterator[bytes], limit: int) -> StoredFile:
        async with self.receive(chunks, limit) as arrived:
            return await arrived.keep()

    @asynccontextmanager
    async def receive(self, chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[Arrived]:
        async with arriving(self._folder, chunks, limit) as (incoming, file):
            yield _Arrived(self._store, incoming, file)

    async def open(self, sha256: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        size = await self.size(sha256)
        check_range(start, end)
        return _read(self._store, sha256, start, size if end is None else min(end, size))

    async def size(self, sha256: str) -> int:
        return await _size(self._store, sha256)

    async def exists(self, sha256: str) -> bool:
        try:
            await self.size(sha256)
        except FileMissing:
            return False
        return True

    async def delete(self, sha256: str) -> None:
        path = _path(sha256)
        with _faults():
            try:
                await obstore.delete_async(self._store, path)
            except FileNotFoundError:
                return

    async def held(self) -> AsyncIterator[HeldFile]:
        listing = obstore.list(self._store)
        while True:
            with _faults():
                try:
                    found = await anext(listing)
                except StopAsyncIteration:
                    return
            for each in found:
                name = each["path"].rpartition("/")[2]
                try:
                    own = _path(name)
                except ValueError:
                    continue  # somebody else's
                if own == each["path"]:
                    yield HeldFile(name, each["size"], each["last_modified"].astimezone(UTC))

    async def sweep(self, before: datetime) -> int:
        return await asyncio.to_thread(sweep, self._folder, before.timestamp())


def _connect(bucket: Bucket) -> S3Store:
    config: S3Config = {
        "virtual_hosted_style_request": bucket.endpoint is None,
        "checksum_algorithm": "SHA256",  # the store refuses what was damaged on the way
    }
    if bucket.endpoint is not None:
        config["endpoint"] = bucket.endpoint
    if bucket.region is not None or bucket.endpoint is not None:
        config["region"] = bucket.region or "us-east-1"
    if bucket.key is not None and bucket.secret is not None:
        config["access_key_id"], config["secret_access_key"] = bucket.key, bucket.secret
    return S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        config=config,
        client_options={
            "allow_http": (bucket.endpoint or "").startswith("http://"),
            "connect_timeout": _CONNECT,
            "timeout": _WAIT,
        },
        retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRY},
    )


def _path(sha256: str) -> str:
    name = checked(sha256)
    return f"{name[:2]}/{name[2:4]}/{name}"


@contextmanager
def _faults() -> Iterator[None]:
    """What the client raises as this floor's own word; that an object is not there is left to the caller."""
    try:
        yield
    except (FileNotFoundError, StoreFault):
        raise
    except (BaseError, OSError) as error:
        raise StoreFault(f"the file store: {type(error).__name__}") from error


async def _size(store: S3Store, sha256: str) -> int:
    path = _path(sha256)
    with _faults():
        try:
            return (await obstore.head_async(store, path))["size"]
        except FileNotFoundError as error:
            raise FileMissing(sha256) from error


async def _read(store: S3Store, sha256: str, start: int, end: int) -> AsyncIterator[bytes]:
    path = _path(sha256)
    for at in range(start, end, _READ_SIZE):
        with _faults():
            try:
                part = await obstore.get_range_async(store, path, start=at, end=min(end, at + _READ_SIZE))
            except FileNotFoundError as error:  # deleted between open() and this byte
                raise FileMissing(sha256) from error
        yield bytes(part)


class _Arrived:
    """An `Arrived` on this machine's disk, on its way to the bucket."""

    def __init__(self, store: S3Store, incoming: Incoming, file: StoredFile) -> None:
        self.file = file
        self.path = incoming.path
        self._store = store
        self._incoming = incoming
        self._is_kept = False

    async def examine(self, look: Callable[[BinaryIO], T]) -> T:
        return await asyncio.to_thread(self._incoming.examine, look)

    async def keep(self) -> StoredFile:
        """Sends it whole, in parts where it is large: it appears when all are there, each checked by its hash."""
        if self._is_kept:
            return self.file
        with _faults():
            try:
                await obstore.put_async(
                    self._store,
                    _path(self.file.sha256),
                    self._incoming.path,
                    attributes={"Content-Type": _TYPE},
                    chunk_size=_PART,
                    max_concurrency=_PARTS_AT_ONCE,
                    use_multipart=self.file.size > _PART,
                )
            except FileNotFoundError as error:
                raise StoreFault("the file store: there is no such bucket") from error
        if await _size(self._store, self.file.sha256) != self.file.size:
            raise StoreFault("the file store: it holds another size than was sent")
        self._is_kept = True
        return self.file
