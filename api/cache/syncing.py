"""Sync: what is new for a member since a cursor, from deltas that all who hear a channel share."""

import json
import re
from typing import NamedTuple
from urllib.parse import parse_qsl

from api.cache.asked import Asked
from api.cache.cursors import MOST, Cursor, Place, is_newest
from api.cache.deltas import Deltas
from api.cache.follow import Follower
from api.cache.forms import Page
from api.cache.known import Directory, Known
from api.cache.metrics import Counts
from api.cache.view import Channel
from api.encoding import VARY
from api.languages import Language
from api.problems import Refused
from api.tags import digest
from models.channels import channel as channel_name
from models.database import Database
from models.errors import Invalid
from models.sync import BYTES_MOST, Delta, Sync, own_file, own_number

AGAIN_MOST = 20
_QUERY_MOST = MOST + 40 * AGAIN_MOST
_CHANNEL = re.compile(r"([0-9]{1,9}):(-1|[0-9]{1,5})")
_VARY = f"{VARY}, Save-Data"
_NOTHING_NEW = Sync(cursor=None, more=False, me=None, dropped=[], channels=[]).model_dump_json().encode()


class SyncQuery(NamedTuple):
    """`again` are channels that the app wants from the beginning."""

    cursor: str | None = None
    again: frozenset[Channel] = frozenset()
    lean: bool = False

    @classmethod
    def of(cls, cursor: str | None, again: list[str], save_data: str) -> "SyncQuery":
        """Raises Invalid."""
        channels = [_CHANNEL.fullmatch(name) for name in again]
        if None in channels or len(again) > AGAIN_MOST:
            raise Invalid.at("/query/again", "sync.channel_malformed")
        named = frozenset((int(found[1]), int(found[2])) for found in channels if found is not None)
        return cls(cursor, named, save_data.strip().lower() == "on")

    @classmethod
    def parse(cls, asked: Asked) -> "SyncQuery | None":
        """As only a strict parser accepts it; None where the router must say what is wrong."""
        if len(asked.query) > _QUERY_MOST or b"%" in asked.query.replace(b"%3A", b"").replace(b"%3a", b""):
            return None
        cursors: list[str] = []
        again: list[str] = []
        for name, value in parse_qsl(asked.query.decode("latin-1"), keep_blank_values=True):
            if name not in {"cursor", "again"}:
                return None
            (cursors if name == "cursor" else again).append(value)
        if len(cursors) > 1 or "" in cursors:
            return None
        return cls.of(cursors[0] if cursors else None, again, asked.save_data.decode("latin-1"))


class Syncing:
    """What one process needs to answer sync."""

    def __init__(
        self, database: Database, follower: Follower, directory: Directory, deltas: Deltas, counts: Counts
    ) -> None:
        self._counts = counts
        self._directory = directory
        self._database = database
        self._follower = follower
        self._deltas = deltas
        self._nothing: dict[Language, Page] = {}

    async def answer(self, known: Known, query: SyncQuery, language: Language, *, render: bool) -> Page | None:
        """None only where the database would have to be asked and may not. Raises Refused 400 for a bad cursor."""
        ring, member_id = self._database.keyring, known.claims.member_id
        cursor = Cursor()
        if query.cursor is not None:
            opened = Cursor.open(ring, member_id, query.cursor)
            if opened is None:
                raise Refused(400, "sync.cursor_invalid")
            cursor = opened
        view = self._follower.view
        if render and max(cursor.own, *(place.number for place in cursor.places.values()), 0) > view.head:
            await self._follower.follow()  # another process has seen more than we have, of the member's access too
        if known.head != view.head:
            await self._directory.settle(known)
        numbers = view.synced_by(known.viewer)
        places = {each: self._place(cursor, each, number, query.again) for each, number in numbers.items()}
        dropped = [each for each in cursor.places if each not in numbers]
        behind = [each for each, place in places.items() if place != Place(numbers[each])]
        # where the channels are others, so are memberships or grants: their end need not be a change of the member's
        moved = True if cursor.places.keys() != numbers.keys() else view.own_moved(member_id, cursor.own)
        if not behind and not dropped and moved is False and query.cursor and is_newest(ring, query.cursor):
            return self._nothing_new(language)
        if not render:
            return None
        as_of = view.head
        me = b"null" if moved is False else await self._own_file(known, cursor.own, certainly=moved is True)
        parts, more = [], False
        size = 0
        for each in behind:
            at = places[each]
            delta = await self._deltas.get(each, numbers[each], since=at.number, fresh_to=at.fresh_to, lean=query.lean)
            if size and size + delta.size > BYTES_MOST:
                more = True
                break
            size += delta.size
            begun = delta.version if at.number < 0 else at.fresh_to
            places[each] = Place(delta.number, 0 if delta.complete else begun)
            parts.append(_written(each, delta, reset=at.number < 0))
            more = more or not delta.complete
        sealed = Cursor(as_of, places).seal(ring, member_id)
        body = b'{"cursor":"%s","more":%s,"me":%s,"dropped":%s,"channels":[%s]}' % (
            sealed.encode(),
            b"true" if more else b"false",
            me,
            json.dumps([channel_name(*each) for each in dropped], separators=(",", ":")).encode(),
            b",".join(parts),
        )
        page = Page(body, language, vary=_VARY, lasting=False)
        page.name(digest(body))
        return page

    def _place(self, cursor: Cursor, each: Channel, number: int, again: frozenset[Channel]) -> Place:
        """How far the app is in one channel: nowhere if it is new, wanted again, or known from a database that was
        lost.
        """
        place = cursor.places.get(each, Place())
        stands = place.number <= number and each not in again and self._follower.view.knows(place.number)
        return place if stands else Place()

    def _nothing_new(self, language: Language) -> Page:
        """The same for everybody, for ever: whoever holds it asks again with its tag."""
        self._counts.page += 1
        page = self._nothing.get(language)
        if page is None:
            page = self._nothing[language] = Page(_NOTHING_NEW, language, vary=_VARY)
            page.name("nothing new", language)
        return page

    async def _own_file(self, known: Known, seen: int, *, certainly: bool) -> bytes:
        async with self._database.reading() as session:
            if not certainly and await own_number(session, known.channel) <= seen:
                return b"null"
            return (await own_file(session, known.claims.member_id)).model_dump_json().encode()


def _written(each: Channel, delta: Delta, *, reset: bool) -> bytes:
    whole = delta.complete
    return b'{"channel":"%s","reset":%s,"things":[%s],"removed":%s,"complete":%s,"count":%s,"digest":%s}' % (
        channel_name(*each).encode(),
        b"true" if reset else b"false",
        b",".join(delta.things),
        json.dumps(delta.removed, separators=(",", ":")).encode(),
        b"true" if whole else b"false",
        str(delta.holds).encode() if whole else b"null",
        b'"%s"' % delta.digest.encode() if whole else b"null",
    )
