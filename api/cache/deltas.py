"""Deltas of channels, each rendered once per process and version, and shared by processes through Redis."""

import json
from typing import NamedTuple

from api.build import BUILD
from api.cache.flights import Flights
from api.cache.follow import Follower
from api.cache.metrics import Counts
from api.cache.store import FRAGMENTS_MOST, Bounded, SharedStore
from api.cache.view import Channel
from models.database import Database
from models.errors import Unavailable
from models.sync import Delta, read_delta


class _Wanted(NamedTuple):
    channel: Channel
    since: int
    fresh_to: int
    lean: bool

    def named(self, version: int) -> str:
        (no, who), since, fresh_to, lean = self
        return f"handbook:{{{no}:{who}}}:sync:{BUILD}:{version}:{since}:{fresh_to}:{int(lean)}"


class Deltas:
    def __init__(self, database: Database, follower: Follower, l2: SharedStore, counts: Counts) -> None:
        self._database = database
        self._follower = follower
        self._l2 = l2
        self._counts = counts
        self._kept: Bounded[_Wanted, Delta] = Bounded(FRAGMENTS_MOST)
        self._flights: Flights[Delta] = Flights()
        self._era = 0

    def forget(self) -> None:
        self._era = self._follower.view.era
        self._kept.clear()
        self._flights.forget()

    async def get(self, channel: Channel, version: int, *, since: int, fresh_to: int, lean: bool) -> Delta:
        """What changed in a channel above `since`, read at `version` or later.

        Raises Unavailable where the database is older: another was put in its place, which the view has not seen yet.
        """
        if self._follower.view.era != self._era:
            self.forget()
        wanted = _Wanted(channel, since, fresh_to, lean)
        kept = self._kept.get(wanted)
        if kept is not None and kept.version >= version:
            return kept
        delta = await self._flights.join((wanted, version), lambda: self._fetch(wanted, version))
        if delta.version < version:
            raise Unavailable
        return delta

    async def _fetch(self, wanted: _Wanted, version: int) -> Delta:
        """It is kept under the version that it was read at, never under the wanted one."""
        era = self._era
        raw = await self._l2.get(wanted.named(version))
        delta = _read(raw) if raw is not None else None
        if delta is not None and delta.version == version:
            self._counts.fragment += 1
        else:
            async with self._database.reading() as session:
                delta = await read_delta(
                    session, *wanted.channel, since=wanted.since, fresh_to=wanted.fresh_to, lean=wanted.lean
                )
            self._counts.render += 1
            self._l2.put(wanted.named(delta.version), _write(delta))
        kept = self._kept.get(wanted)
        if era == self._era and (kept is None or kept.version < delta.version):
            self._kept.put(wanted, delta, delta.size)
        return delta


def _write(delta: Delta) -> bytes:
    things = [thing.decode() for thing in delta.things]
    return json.dumps(delta._replace(things=things), ensure_ascii=False, separators=(",", ":")).encode()  # type: ignore[arg-type]  # text, for JSON


def _read(raw: bytes) -> Delta:
    delta = Delta(*json.loads(raw))
    return delta._replace(things=[thing.encode() for thing in delta.things])  # type: ignore[attr-defined]  # text, from JSON
