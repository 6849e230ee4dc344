"""Cursors of sync: how far a member's app is in each of their channels, sealed against change and loan."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from uuid import UUID

from api.cache.view import Channel
from models.keyring import Keyring, decode, encode

MOST = 6000
"""Characters: enough for forty roles that have no branch above in common."""
_PURPOSE = "sync.cursor"
_MAC_BYTES = 12
_FORM = 1


class Place(NamedTuple):
    """What was delivered of a channel: all up to `number`, which is negative before the first delivery.

    Where `fresh_to` is not 0 that delivery still goes on: it began from nothing when the channel was at that number.
    """

    number: int = -1
    fresh_to: int = 0


class Cursor(NamedTuple):
    """`own` is the log's number as of which the member's own file was delivered; negative if never."""

    own: int = -1
    places: Mapping[Channel, Place] = {}

    def seal(self, ring: Keyring, member_id: UUID) -> str:
        body = bytearray([_FORM])
        _write(body, self.own + 1)
        for (no, who), place in self.places.items():
            for number in (no, who + 1, place.number + 1, place.fresh_to):
                _write(body, number)
        kid, mac = ring.mac(_PURPOSE, member_id.bytes + body, length=_MAC_BYTES)
        return f"{kid}.{encode(mac + body)}"

    @classmethod
    def open(cls, ring: Keyring, member_id: UUID, text: str) -> "Cursor | None":
        """None unless `seal` made it for this member."""
        kid, _, rest = text.partition(".")
        try:
            raw = decode(rest) if len(text) <= MOST else b""
        except ValueError:
            return None
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not ring.verifies(_PURPOSE, member_id.bytes + body, kid, mac) or body[:1] != bytes([_FORM]):
            return None
        numbers = _read(body[1:])
        own = next(numbers) - 1
        places: dict[Channel, Place] = {}
        for no in numbers:
            who, number, fresh_to = next(numbers) - 1, next(numbers) - 1, next(numbers)
            places[no, who] = Place(number, fresh_to)
        return cls(own, places)


def is_newest(ring: Keyring, text: str) -> bool:
    """Was it sealed under the key that seals now? Older keys go one day."""
    return text.partition(".")[0] == ring.newest.kid


def _write(body: bytearray, number: int) -> None:
    """Seven bits a byte, the lowest first; the highest bit says that more follow (LEB128)."""
    while number > 0x7F:
        body.append(number & 0x7F | 0x80)
        number >>= 7
    body.append(number)


def _read(body: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in body:
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            yield number
            number = shift = 0
