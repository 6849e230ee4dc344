"""What is in a zip that somebody else wrote, found out with bounded work and memory.

What a zip says of itself is not believed: its directory may be huge, its members may overlap, unpack to more than they
say, or be zips again.
"""

import errno
import re
import struct
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from content.malformed import Malformed

MEMBERS_MOST = 10_000
UNPACKED_MOST = 256 * 1024 * 1024
"""Bytes, of members within members too."""
RATIO_MOST = 100
"""Of what is unpacked to what is stored, beyond `_HARMLESS` bytes; deflate reaches 1032."""
_HARMLESS = 16 * 1024 * 1024
_LEVELS = 2
"""A document may hold another, as charts hold their tables; that one none."""
_DIRECTORY_MOST = 2 * 1024 * 1024
_KEPT_MOST = 1024 * 1024
_CHUNK = 256 * 1024
_IN_MEMORY = 1024 * 1024

_BEGINS = b"PK\x03\x04"
_ENDS = b"PK\x05\x06"
_END = struct.Struct("<4s4H2LH")
_END_MOST = _END.size + 0xFFFF + 76
_LOCATES = b"PK\x06\x07"
_LOCATOR = 20
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCAL = 30  # bytes of a member's own header, before its name
_ENCRYPTED = 0x2041
"""Flags: encrypted, strongly, or with its directory."""
_UNSAFE = re.compile(r"[\x00-\x1f\\:]|^/|(^|/)\.\.?(/|$)|//")

# what zipfile raises on damaged bytes
_READER_ERRORS = (BadZipFile, struct.error, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


@dataclass(slots=True)
class Survey:
    """`names` are of all members, those within members too. `kept` holds the wanted ones' bytes."""

    names: list[str] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)
    unpacked: int = 0


def survey(file: BinaryIO, wanted: Collection[str]) -> Survey:
    """Unpack everything once, keeping only the `wanted` members, of at most 1 MiB each.

    Raises Malformed: ``file.bomb`` (more members, bytes or levels than anybody needs, or other sizes than stated),
    ``file.encrypted``, ``file.damaged`` (also: names that lead elsewhere, or something before or after the zip).
    """
    found = Survey()
    _look_into(file, found, wanted, level=1)
    return found


def unpack(file: BinaryIO, into: Path) -> None:
    """Unpack everything into an empty folder. What is within members stays as it is.

    Raises Malformed as `survey` does, and ``file.damaged`` for a member where another has its folder.
    """
    stored = _check_end(file)
    try:
        members = ZipFile(file).infolist()
    except _READER_ERRORS as error:
        raise Malformed("file.damaged") from error
    _check_members(members, stored, Survey())
    for member in members:
        # names that lead elsewhere were refused, and no member is made a link whatever it says of itself
        path = into / member.filename
        try:
            if member.is_dir():
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as written:
                for piece in _unpacked(file, member):
                    written.write(piece)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise Malformed("file.damaged") from error
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise Malformed("file.damaged") from error
            raise


def _look_into(file: IO[bytes], found: Survey, wanted: Collection[str], level: int) -> None:
    if level > _LEVELS:
        raise Malformed("file.bomb")
    stored = _check_end(file)
    try:
        # its directory is short, so reading it whole is cheap
        members = ZipFile(file).infolist()
    except _READER_ERRORS as error:
        raise Malformed("file.damaged") from error
    _check_members(members, stored, found)
    for member in members:
        found.names.append(member.filename)
        if member.filename in wanted and member.file_size <= _KEPT_MOST:
            found.kept[member.filename] = b"".join(_unpacked(file, member))
        else:
            _pass_through(file, member, found, level)


def _check_end(file: IO[bytes]) -> int:
    """The size of the zip, which is the whole file: a directory of bearable length, right before the end record."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_MOST))
    tail = file.read()
    at = tail.rfind(_ENDS)
    if at < 0 or len(tail) - at < _END.size:
        raise Malformed("file.damaged")
    _, *disks, here, count, length, offset, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != len(tail):
        raise Malformed("file.damaged")
    if tail[max(0, at - _LOCATOR) : at].startswith(
        _LOCATES
    ):  # some write the 64-bit record without need, and it counts
        at -= _LOCATOR + _END_64.size
        if at < 0:
            raise Malformed("file.damaged")
        *_, disks[0], disks[1], here, count, length, offset = _END_64.unpack_from(tail, at)
    if count > MEMBERS_MOST or length > _DIRECTORY_MOST:
        raise Malformed("file.bomb")
    if any(disks) or here != count or offset + length != size - len(tail) + at:
        raise Malformed("file.damaged")
    return size


def _check_members(members: Sequence[ZipInfo], stored: int, found: Survey) -> None:
    if any(member.flag_bits & _ENCRYPTED for member in members):
        raise Malformed("file.encrypted")
    names = {member.filename for member in members}
    if len(names) < len(members) or any(_UNSAFE.search(member.orig_filename) for member in members):
        raise Malformed("file.damaged")
    if any(member.compress_type not in {ZIP_STORED, ZIP_DEFLATED} for member in members):
        raise Malformed("file.damaged")
    unpacked = sum(member.file_size for member in members)
    found.unpacked += unpacked
    if (
        len(found.names) + len(members) > MEMBERS_MOST
        or found.unpacked > UNPACKED_MOST
        or unpacked > max(_HARMLESS, RATIO_MOST * stored)
    ):
        raise Malformed("file.bomb")
    ends = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if member.header_offset < ends:  # the same bytes for many members
            raise Malformed("file.bomb")
        ends = member.header_offset + _LOCAL + member.compress_size


def _pass_through(file: IO[bytes], member: ZipInfo, found: Survey, level: int) -> None:
    pieces = _unpacked(file, member)
    first = next(pieces, b"")
    if not first.startswith(_BEGINS):
        for _ in pieces:
            pass
        return
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as inner:
        inner.write(first)
        inner.writelines(pieces)
        _look_into(inner, found, (), level + 1)


def _unpacked(file: IO[bytes], member: ZipInfo) -> Iterator[bytes]:
    """A member's bytes in pieces, never more than it says of itself: zipfile would not look beyond those either, where
    other programs do.
    """
    inflate = zlib.decompressobj(-zlib.MAX_WBITS) if member.compress_type == ZIP_DEFLATED else None
    unpacked = checksum = 0
    try:
        for packed in _stored(file, member):
            rest = packed
            while rest:
                piece = inflate.decompress(rest, _CHUNK) if inflate is not None else rest
                rest = inflate.unconsumed_tail if inflate is not None else b""
                unpacked += len(piece)
                checksum = zlib.crc32(piece, checksum)
                if unpacked > member.file_size:
                    raise Malformed("file.bomb")
                yield piece
    except zlib.error as error:
        raise Malformed("file.damaged") from error
    is_whole = inflate is None or (inflate.eof and not inflate.unused_data)
    if not is_whole or unpacked != member.file_size or checksum != member.CRC:
        raise Malformed("file.damaged")


def _stored(file: IO[bytes], member: ZipInfo) -> Iterator[bytes]:
    file.seek(member.header_offset)
    header = file.read(_LOCAL)
    if len(header) < _LOCAL or not header.startswith(_BEGINS):
        raise Malformed("file.damaged")
    name, extra = struct.unpack_from("<2H", header, _LOCAL - 4)
    at = member.header_offset + _LOCAL + name + extra
    left = member.compress_size
    while left:
        file.seek(at)  # whoever takes the pieces may have read elsewhere
        packed = file.read(min(left, _CHUNK))
        if not packed:
            raise Malformed("file.damaged")
        at += len(packed)
        left -= len(packed)
        yield packed
