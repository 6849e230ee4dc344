"""Packages of files as zips that are never made: their bytes follow from what they hold, so that any part of them can
be sent, and sent again, from where the files are kept.

Members are stored as they are (APPNOTE 6.3.10, without ZIP64): what they hold is mostly compressed already.
"""

import hashlib
import re
import struct
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass

from content.files import FileStore
from content.malformed import Malformed

FORMAT = 1
"""Moves when what is written beside the files changes for things that have not: everything is then another version."""
SIZE_MOST = 2**32 - 2
MEMBERS_MOST = 2_000
_VERSION = re.compile(r"([0-9]{1,4})-([0-9]{1,9})-([0-9.]{1,2400})")
_UTF8 = 0x0800
_NEEDED = 10  # version 1.0: nothing but stored members
_DAY = 0x0021  # 1980-01-01, the first there is: the same bytes whenever they are asked for
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")


class PackageTooLarge(ValueError):
    """More than 4 GiB, or than 2,000 members."""


@dataclass(frozen=True, slots=True)
class Member:
    """`data` of what was written for the package, None of what is kept under its `sha256`. `size` is in bytes."""

    path: str
    media_type: str
    sha256: str
    size: int
    crc32: int
    data: bytes | None = None

    @classmethod
    def of(cls, path: str, media_type: str, data: bytes) -> "Member":
        return cls(path, media_type, hashlib.sha256(data).hexdigest(), len(data), zlib.crc32(data), data)


@dataclass(frozen=True, slots=True)
class _Segment:
    start: int
    size: int
    data: bytes | None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Zip:
    """`size` is in bytes; `digest` is of what it holds, and so of its bytes."""

    size: int
    digest: str
    segments: tuple[_Segment, ...]


def lay_out(members: Iterable[Member]) -> Zip:
    """Where what lies in the zip. Raises PackageTooLarge."""
    segments: list[_Segment] = []
    directory: list[bytes] = []
    digest = hashlib.sha256(f"{FORMAT}\n".encode())
    at = 0
    ordered = sorted(members, key=lambda member: member.path)
    for member in ordered:
        name = member.path.encode()
        said = _UTF8, 0, 0, _DAY, member.crc32, member.size, member.size
        if at + member.size + 2 * len(name) + 200 > SIZE_MOST:
            raise PackageTooLarge
        header = _LOCAL.pack(b"PK\x03\x04", _NEEDED, *said, len(name), 0) + name
        directory.append(_CENTRAL.pack(b"PK\x01\x02", _NEEDED, _NEEDED, *said, len(name), 0, 0, 0, 0, 0, at) + name)
        segments.append(_Segment(at, len(header), header))
        segments.append(_Segment(at + len(header), member.size, member.data, member.sha256))
        at += len(header) + member.size
        digest.update(f"{member.path}\0{member.sha256}\0{member.size}\n".encode())
    written = b"".join(directory)
    if len(ordered) > MEMBERS_MOST or at + len(written) > SIZE_MOST:
        raise PackageTooLarge
    count = len(ordered)
    ending = written + _END.pack(b"PK\x05\x06", 0, 0, count, count, len(written), at, 0)
    segments.append(_Segment(at, len(ending), ending))
    return Zip(at + len(ending), digest.hexdigest(), tuple(segments))


async def read_zip(package: Zip, files: FileStore, start: int, end: int) -> AsyncIterator[bytes]:
    """Its bytes from `start` up to, not including, `end`, in bounded memory. Raises FileMissing."""
    for segment in package.segments:
        first, last = max(start, segment.start), min(end, segment.start + segment.size)
        if first >= last:
            continue
        if segment.data is not None:
            yield segment.data[first - segment.start : last - segment.start]
        else:
            async for piece in await files.open(segment.sha256, first - segment.start, last - segment.start):
                yield piece


def difference(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Paths to fetch and paths to drop, for who holds `old`; both are hashes by path."""
    fetch = [path for path, sha256 in sorted(new.items()) if old.get(path) != sha256]
    return fetch, sorted(old.keys() - new.keys())


@dataclass(frozen=True, slots=True)
class PackageVersion:
    """Which versions of what a package holds: all that there is to know to write it again. `items` are in the order of
    the collection's version, 0 where an item was not there.
    """

    collection: int
    items: tuple[int, ...]

    def __str__(self) -> str:
        return f"{FORMAT}-{self.collection}-{'.'.join(map(str, self.items))}"

    @classmethod
    def read(cls, text: str) -> "PackageVersion | None":
        """None for a version of another format, of which nothing is known. Raises Malformed
        ``package.version_malformed``.
        """
        found = _VERSION.fullmatch(text)
        parts = found[3].split(".") if found is not None and found[3] else []
        if found is None or not all(part and len(part) < 10 for part in parts):
            raise Malformed("package.version_malformed")
        if int(found[1]) != FORMAT:
            return None
        return cls(int(found[2]), tuple(map(int, parts)))
