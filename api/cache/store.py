"""What is kept: finished pages and fragments in this process (L1), fragments in Redis (L2)."""

import asyncio
import hashlib
import hmac
import json
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import redis.asyncio as redis

from api.build import BUILD
from api.cache.breaker import Breaker
from api.cache.view import Channel
from models.keyring import Keyring
from models.sharing import Line

PAGES_MOST = 64 * 1024 * 1024
FRAGMENTS_MOST = 32 * 1024 * 1024
"""Bytes kept in one process."""
_L2_SECONDS = 24 * 3600
_PURPOSE = "cache.fragment"
_MAC_BYTES = 32
_OVERHEAD = 400
"""Bytes that an entry takes beside its content, roughly."""

K = TypeVar("K")
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """A map that forgets what was used least recently once it holds more than so many bytes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._entries: OrderedDict[K, tuple[int, V]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def held(self) -> int:
        return self._held

    def get(self, key: K) -> V | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[1]

    def put(self, key: K, value: V, size: int) -> None:
        old = self._entries.pop(key, None)
        if old is not None:
            self._held -= old[0]
        self._entries[key] = (size + _OVERHEAD, value)
        self._held += size + _OVERHEAD
        while self._held > self._most and self._entries:
            _, (dropped, _value) = self._entries.popitem(last=False)
            self._held -= dropped

    def clear(self) -> None:
        self._entries.clear()
        self._held = 0


class Fragment:
    """A channel's newest things as of `version`, already JSON."""

    __slots__ = ("lines", "version")

    def __init__(self, version: int, lines: list[Line]) -> None:
        self.version = version
        self.lines = lines

    @property
    def size(self) -> int:
        return sum(len(line.json) + 120 for line in self.lines)

    def of(self, facet: str | None) -> list[Line]:
        return self.lines if facet is None else [line for line in self.lines if line.facet == facet]

    def write(self) -> bytes:
        return json.dumps(
            [
                self.version,
                [[line.published_at.isoformat(), line.id.hex, line.facet, line.json.decode()] for line in self.lines],
            ],
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()

    @classmethod
    def read(cls, raw: bytes) -> "Fragment":
        version, lines = json.loads(raw)
        return cls(
            version,
            [Line(datetime.fromisoformat(at), UUID(hex=id_), facet, said.encode()) for at, id_, facet, said in lines],
        )


class SharedStore:
    """L2. A value carries a keyed BLAKE2b of its key and body: garbage and what belongs elsewhere are misses."""

    def __init__(self, client: "redis.Redis | None", breaker: Breaker, keyring: Callable[[], Keyring]) -> None:
        self._client = client
        self._breaker = breaker
        self._keyring = keyring
        self._writing: set[asyncio.Task[object]] = set()

    async def get(self, name: str) -> bytes | None:
        if self._client is None:
            return None
        raw = await self._breaker.call(self._client.get(name))
        if not isinstance(raw, bytes) or len(raw) <= _MAC_BYTES:
            return None
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        return body if hmac.compare_digest(mac, self._mac(name, body)) else None

    def put(self, name: str, body: bytes) -> None:
        """In the background: nobody waits for it."""
        if self._client is None or self._breaker.is_open:
            return
        work = self._client.set(name, self._mac(name, body) + body, ex=_L2_SECONDS)
        task: asyncio.Task[object] = asyncio.create_task(self._breaker.call(work))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    def _mac(self, name: str, body: bytes) -> bytes:
        key = self._keyring().newest.derive(_PURPOSE)
        return hashlib.blake2b(name.encode() + b"\n" + body, digest_size=_MAC_BYTES, key=key).digest()


def fragment_name(listing: str, channel: Channel, version: int) -> str:
    """The channel is the hash tag: what is of one channel lies in one slot of a cluster."""
    no, who = channel
    return f"handbook:{{{no}:{who}}}:{listing}:{BUILD}:{version}"
