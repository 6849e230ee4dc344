"""Codes by which people check in to an activity: shown as a QR code that changes each minute, read by their phones.

The secretary's phone holds the codes of the coming hours and needs no network to show them; the member's holds what
it read until it has one. So a code says by itself what it is of, and is judged when it arrives.

A code is 57 characters of the QR code's dense alphabet: a version, then Crockford's base32 of notice, occurrence,
minute and MAC, 35 bytes without a bit to spare, so that each code is written in one way only.
"""

import hmac
import re
import struct
from base64 import b32decode, b32encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from content.malformed import Malformed

STEP_SECONDS = 60

_VERSION = "1"
_PERSON = b"handbook-checkin"  # BLAKE2's own: no MAC of another purpose under the same key is one of these
_FIELDS = struct.Struct(">16sHI")
_MAC_BYTES = 13
_LENGTH = 1 + (_FIELDS.size + _MAC_BYTES) * 8 // 5
_STEP = timedelta(seconds=STEP_SECONDS)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_RFC_4648 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # without I, L, O and U, which hands and eyes confuse
_WRITING = str.maketrans(_RFC_4648, _CROCKFORD)
_READING = str.maketrans(_CROCKFORD, _RFC_4648)
_AS_MEANT = str.maketrans("ILO", "110")
_FORGIVEN = re.compile(r"[\s\-\u2010-\u2014]+")  # blanks, hyphens and what keyboards make of them
_TEXT_MOST = 4 * _LENGTH
_SHAPE = re.compile(rf"[{_CROCKFORD}ILO]{{{_LENGTH}}}", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CheckIn:
    """What a code says, true or not: `verifies` tells. `step` counts minutes since 1970 in UTC."""

    notice_id: UUID
    occurrence: int
    step: int
    mac: bytes = field(repr=False)


def code(key: bytes, notice_id: UUID, occurrence: int, step: int) -> str:
    """The code of one minute of one occurrence. `key` has 16 to 64 bytes, `occurrence` is below 65,536."""
    fields = _FIELDS.pack(notice_id.bytes, occurrence, step)
    return _VERSION + b32encode(fields + _mac(key, fields)).decode("ascii").translate(_WRITING)


def read_code(text: str) -> CheckIn:
    """What a code says. Small letters, blanks, hyphens, and O, I and L for 0 and 1 are taken as meant.

    Raises Malformed `code.malformed` for anything else that `code` does not write.
    """
    typed = _FORGIVEN.sub("", text[: _TEXT_MOST + 1])
    if len(text) > _TEXT_MOST or not _SHAPE.fullmatch(typed):
        raise Malformed("code.malformed")
    meant = typed.upper().translate(_AS_MEANT)
    if meant[0] != _VERSION:
        raise Malformed("code.malformed")
    said = b32decode(meant[1:].translate(_READING))
    notice, occurrence, step = _FIELDS.unpack_from(said)
    return CheckIn(UUID(bytes=notice), occurrence, step, said[_FIELDS.size :])


def verifies(key: bytes, checkin: CheckIn) -> bool:
    """Whether the code was made with this key. That it is of this activity and of now is the caller's to judge."""
    fields = _FIELDS.pack(checkin.notice_id.bytes, checkin.occurrence, checkin.step)
    return hmac.compare_digest(_mac(key, fields), checkin.mac)


def steps(opens_at: datetime, closes_at: datetime) -> range:
    """The minutes of which some part lies between two instants."""
    return range((opens_at - _EPOCH) // _STEP, -((_EPOCH - closes_at) // _STEP))


def valid_at(step: int) -> tuple[datetime, datetime]:
    """From when until when (exclusive) a minute's code is shown, in UTC."""
    from_ = _EPOCH + step * _STEP
    return from_, from_ + _STEP


def _mac(key: bytes, fields: bytes) -> bytes:
    if len(key) < 16:  # BLAKE2 would take an empty one for none and sign for anybody
        raise ValueError("a key of at least 16 bytes")
    return blake2b(_VERSION.encode("ascii") + fields, digest_size=_MAC_BYTES, key=key, person=_PERSON).digest()
