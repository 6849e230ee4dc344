"""Pages that are shared by everyone who hears the same channels. No viewer is known here, so none can leak."""

import asyncio
import heapq
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple
from urllib.parse import parse_qsl
from uuid import UUID

from api.cache.flights import Flights
from api.cache.follow import Follower
from api.cache.forms import Page
from api.cache.metrics import Counts
from api.cache.store import FRAGMENTS_MOST, PAGES_MOST, Bounded, Fragment, SharedStore, fragment_name
from api.cache.view import Channel, View
from api.languages import Language
from models.database import Database
from models.notices.shared import KEPT, SharedNotice, render_channel, render_notice
from models.notices.table import Category
from models.paging import LIMIT_DEFAULT, PageRequest, seal_cursor

_LIMITS = frozenset({10, LIMIT_DEFAULT, 50, 100})
"""Only usual sizes are kept, so that nobody can mint entries."""
_QUERY_MOST = 60


class FeedQuery(NamedTuple):
    """The first page of the feed, as only a strict parser accepts it."""

    limit: int
    category: Category | None

    @classmethod
    def parse(cls, query: bytes) -> "FeedQuery | None":
        if not query:
            return cls(LIMIT_DEFAULT, None)
        if len(query) > _QUERY_MOST:
            return None
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        said = dict(pairs)
        if len(said) != len(pairs):
            return None  # the router reads a repeated filter its own way, and binds the cursor to all of them
        limit, category = said.pop("limit", str(LIMIT_DEFAULT)), said.pop("category", None)
        if said or limit not in {str(n) for n in _LIMITS} or category not in {None, *Category}:
            return None
        return cls(int(limit), Category(category) if category else None)

    @property
    def named(self) -> str:
        """As `PageRequest.query` names the same list, so that its cursor goes on where this page ends."""
        filters = [("category", self.category.value)] if self.category else []
        return f"/v1/notices?{filters}"


class Shared:
    """Fragments and pages, each rendered once per process and version, however many ask at once."""

    def __init__(self, database: Database, follower: Follower, l2: SharedStore, counts: Counts) -> None:
        self._database = database
        self._follower = follower
        self._l2 = l2
        self._counts = counts
        self._pages: Bounded[tuple[object, ...], Page] = Bounded(PAGES_MOST)
        self._fragments: Bounded[Channel, Fragment] = Bounded(FRAGMENTS_MOST)
        self._notices: Bounded[UUID, SharedNotice] = Bounded(FRAGMENTS_MOST)
        self._flights: Flights[Fragment] = Flights()
        self._openings: Flights[SharedNotice | None] = Flights()
        self._era = 0

    def forget(self) -> None:
        """What is under way is not kept either."""
        self._era = self._follower.view.era
        for kept in (self._pages, self._fragments, self._notices):
            kept.clear()
        self._flights.forget()
        self._openings.forget()

    async def feed(
        self, channels: Sequence[Channel], query: FeedQuery, language: Language, *, render: bool
    ) -> Page | None:
        """The first page of these channels; None only where it would have to be rendered and may not."""
        view = self._view()
        versions = tuple([view.issued(no, who) for no, who in channels])
        key = ("feed", query, language, tuple(channels), versions)
        page = self._pages.get(key)
        if page is not None:
            self._counts.page += 1
            return page
        if not render:
            return None
        fragments = await asyncio.gather(*(self._fragment(c, v) for c, v in zip(channels, versions, strict=True)))
        # Every version, not the greatest alone: fragments read at different moments make pages that no one moment had.
        key = ("feed", query, language, tuple(channels), tuple([fragment.version for fragment in fragments]))
        page = self._pages.get(key)
        if page is None:  # else somebody who waited for the same fragments was first
            page = self._merge(fragments, query, language)
            page.name(*key)
            self._pages.put(key, page, page.size)
        return page

    async def notice(
        self, channels: Sequence[Channel], notice_id: UUID, language: Language, *, render: bool
    ) -> Page | None:
        """A published notice that one of these channels hears; None where the router must say what it is."""
        view = self._view()
        shared = self._notices.get(notice_id)
        if shared is None or view.issued(shared.branch_no, shared.who) > shared.version:
            if not render:
                return None
            shared = await self._open(notice_id, view.head)
        if shared is None or (shared.branch_no, shared.who) not in channels:
            return None
        key = ("notice", notice_id, language, shared.notice.revision, shared.version)
        page = self._pages.get(key)
        if page is None:
            page = Page(shared.notice.model_dump_json().encode(), language, revision=shared.notice.revision)
            self._pages.put(key, page, page.size)
        else:
            self._counts.page += 1
        return page

    def _view(self) -> View:
        """The view, after forgetting what was read in a history that is no longer the database's."""
        view = self._follower.view
        if view.era != self._era:
            self.forget()
        return view

    async def _fragment(self, channel: Channel, wanted: int) -> Fragment:
        kept = self._fragments.get(channel)
        if kept is not None and kept.version >= wanted:
            return kept
        return await self._flights.join((channel, wanted), lambda: self._fetch(channel, wanted))

    async def _fetch(self, channel: Channel, wanted: int) -> Fragment:
        """From L2, else one render. It is kept under the version that it was read at, never under the wanted one."""
        era = self._era
        name = fragment_name(channel, wanted)
        raw = await self._l2.get(name)
        fragment = Fragment.read(raw) if raw is not None else None
        if fragment is not None and fragment.version == wanted:
            self._counts.fragment += 1
        else:
            async with self._database.reading() as session:
                fragment = Fragment(*await render_channel(session, *channel))
            self._counts.render += 1
            self._l2.put(fragment_name(channel, fragment.version), fragment.write())
        kept = self._fragments.get(channel)
        if era == self._era and (kept is None or kept.version < fragment.version):
            self._fragments.put(channel, fragment, fragment.size)
        return fragment

    async def _open(self, notice_id: UUID, head: int) -> SharedNotice | None:
        return await self._openings.join((notice_id, head), lambda: self._read(notice_id))

    async def _read(self, notice_id: UUID) -> SharedNotice | None:
        era = self._era
        async with self._database.reading() as session:
            shared = await render_notice(session, notice_id)
        self._counts.render += 1
        if shared is not None and era == self._era:
            self._notices.put(notice_id, shared, len(shared.notice.body) + len(shared.notice.body_html))
        return shared

    def _merge(self, fragments: Sequence[Fragment], query: FeedQuery, language: Language) -> Page:
        """Newest first by (published_at, id), as the database would list them."""
        lines = [fragment.of(query.category) for fragment in fragments]
        merged = list(islice(heapq.merge(*lines, key=lambda line: line[:2], reverse=True), query.limit + 1))
        shown, more = merged[: query.limit], len(merged) > query.limit
        if query.category is not None:
            # below the last line of a channel that was cut off, others of this category may be missing
            ends = [fragment.lines[-1][:2] for fragment in fragments if len(fragment.lines) > KEPT]
            if ends and not (more and shown[-1][:2] >= max(ends)):
                raise NeedsDatabase
        cursor = "null"
        if more:
            request = PageRequest(query.named, query.limit)
            cursor = f'"{seal_cursor(self._database.keyring, request, list(shown[-1][:2]))}"'
        items = b",".join(line.json for line in shown)
        return Page(b'{"items":[' + items + b'],"next_cursor":' + cursor.encode() + b"}", language)


class NeedsDatabase(Exception):
    """A filter reaches beyond what fragments hold: the router asks the database."""
