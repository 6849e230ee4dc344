"""Sound and film: whether a file is built as MP3 or as MP4 is. Nothing is decoded."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from content.malformed import Malformed

_FRAMES = 3
"""So many that follow each other are no accident."""
_PADDING_MOST = 64 * 1024
_KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_HERTZ = (44_100, 48_000, 32_000)
_HALVED = {0b11: 0, 0b10: 1, 0b00: 2}
"""How often the sampling rate is halved, by the version: MPEG-1, 2, 2.5."""

SOUND_BRANDS = frozenset({b"M4A ", b"M4B "})
_FILM_BRANDS = frozenset({b"M4V ", b"M4VH", b"M4VP", b"MSNV", b"avc1", b"mp41", b"mp42", b"isom", b"dash", b"mmp4"})
_ISO_BRANDS = frozenset(b"iso%c" % digit for digit in b"23456789")
"""ISO/IEC 14496-12, Annex E: editions of the format."""
_BOXES_MOST = 10_000


def check_mp3(file: BinaryIO) -> None:
    """Raises Malformed ``file.type_mismatch`` unless frames of MPEG audio layer III follow the ID3 tags."""
    size = file.seek(0, 2)
    at = _after_padding(file, _after_tags(file, size))
    for _ in range(_FRAMES):
        file.seek(at)
        at += _frame_length(file.read(4))
        if at >= size:
            return


def _after_tags(file: BinaryIO, size: int) -> int:
    at = 0
    while at < size:
        file.seek(at)
        tag = file.read(10)
        if len(tag) < 10 or not tag.startswith(b"ID3"):
            return at
        length = 0
        for seven_bits in tag[6:]:
            length = length << 7 | seven_bits & 0x7F
        has_footer = tag[5] & 0x10
        at += 10 + length + (10 if has_footer else 0)
    raise Malformed("file.type_mismatch")  # tags alone


def _after_padding(file: BinaryIO, at: int) -> int:
    file.seek(at)
    begins = file.read(_PADDING_MOST)
    return at + len(begins) - len(begins.lstrip(b"\0"))


def _frame_length(header: bytes) -> int:
    """In bytes, by ISO/IEC 11172-3, 2.4.2.3."""
    if len(header) == 4 and header[0] == 0xFF and header[1] & 0xE0 == 0xE0:
        version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
        bitrate, sampling, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
        if version in _HALVED and layer == 1 and 0 < bitrate < 15 and sampling < 3:
            halved = _HALVED[version]
            kbits = (_KBITS_2 if halved else _KBITS_1)[bitrate]
            return (72 if halved else 144) * kbits * 1000 // (_HERTZ[sampling] >> halved) + padding
    raise Malformed("file.type_mismatch")


def check_mp4(file: BinaryIO, *, sound: bool) -> None:
    """Raises Malformed ``file.type_mismatch`` unless it says to be MP4, with `sound` of sound alone; ``file.damaged``
    where boxes do not fill it, or the film or what describes it is missing.
    """
    brand = _brand(file)
    if not (brand in _ISO_BRANDS or brand in _FILM_BRANDS or (sound and brand in SOUND_BRANDS)):
        raise Malformed("file.type_mismatch")
    kinds = set()
    for number, kind in enumerate(_boxes(file)):
        kinds.add(kind)
        if number == _BOXES_MOST:
            raise Malformed("file.damaged")
    if not {b"moov", b"mdat"} <= kinds:
        raise Malformed("file.damaged")


def _brand(file: BinaryIO) -> bytes:
    file.seek(0)
    begins = file.read(12)
    if begins[4:8] != b"ftyp":
        raise Malformed("file.type_mismatch")
    return begins[8:12]


def _boxes(file: BinaryIO) -> Iterator[bytes]:
    """The kinds of the outermost boxes (ISO/IEC 14496-12, 4.2)."""
    size = file.seek(0, 2)
    at = 0
    while at < size:
        file.seek(at)
        header = file.read(16)
        if len(header) < 8:
            raise Malformed("file.damaged")
        length, kind = struct.unpack_from(">L4s", header)
        least = 8
        if length == 1 and len(header) == 16:
            (length,), least = struct.unpack_from(">Q", header, 8), 16
        elif length == 0:
            length = size - at
        if length < least or at + length > size:
            raise Malformed("file.damaged")
        yield kind
        at += length
