"""Pages that are shared by everyone who hears the same channels. No viewer is known here, so none can leak."""

import asyncio
import heapq
from collections.abc import Sequence
from itertools import islice
from uuid import UUID

from api.cache.flights import Flights
from api.cache.follow import Follower
from api.cache.forms import Page
from api.cache.listings import OPENINGS, RENDERS, Listing, ListQuery
from api.cache.metrics import Counts
from api.cache.store import FRAGMENTS_MOST, PAGES_MOST, Bounded, Fragment, SharedStore, fragment_name
from api.cache.view import Channel, View
from api.languages import Language
from models.database import Database
from models.paging import PageRequest, seal_cursor
from models.sharing import KEPT, SharedThing


class Shared:
    """Fragments and pages, each rendered once per process and version, however many ask at once."""

    def __init__(self, database: Database, follower: Follower, l2: SharedStore, counts: Counts) -> None:
        self._database = database
        self._follower = follower
        self._l2 = l2
        self._counts = counts
        self._pages: Bounded[tuple[object, ...], Page] = Bounded(PAGES_MOST)
        self._fragments: Bounded[tuple[str, Channel], Fragment] = Bounded(FRAGMENTS_MOST)
        self._things: Bounded[UUID, SharedThing] = Bounded(FRAGMENTS_MOST)
        self._flights: Flights[Fragment] = Flights()
        self._openings: Flights[SharedThing | None] = Flights()
        self._era = 0

    def forget(self) -> None:
        """What is under way is not kept either."""
        self._era = self._follower.view.era
        for kept in (self._pages, self._fragments, self._things):
            kept.clear()
        self._flights.forget()
        self._openings.forget()

    async def first_page(
        self, channels: Sequence[Channel], query: ListQuery, language: Language, *, render: bool
    ) -> Page | None:
        """The first page of a list, of these channels; None only where it would have to be rendered and may not."""
        view = self._view()
        topic = query.listing.topic
        issued = [(each, view.issued(*each, topic)) for each in channels]
        issuing = [(each, version) for each, version in issued if version]
        key = (*query.key, language, tuple(issuing))
        page = self._pages.get(key)
        if page is not None:
            self._counts.page += 1
            return page
        if not render:
            return None
        fragments = await asyncio.gather(*(self._fragment(query.listing, *each) for each in issuing))
        # Every version, not the greatest alone: fragments read at different moments make pages that no one moment had.
        read = [(each, fragment.version) for (each, _), fragment in zip(issuing, fragments, strict=True)]
        key = (*query.key, language, tuple(read))
        page = self._pages.get(key)
        if page is None:  # else somebody who waited for the same fragments was first
            page = self._merge(fragments, query, language)
            page.name(*key)
            self._pages.put(key, page, page.size)
        return page

    async def thing(
        self, listing: Listing, channels: Sequence[Channel], thing_id: UUID, language: Language, *, render: bool
    ) -> Page | None:
        """A published thing that one of these channels hears; None where the router must say what it is."""
        view = self._view()
        shared = self._things.get(thing_id)
        if shared is None or view.issued(shared.branch_no, shared.who, listing.topic) > shared.version:
            if not render:
                return None
            shared = await self._open(listing, thing_id, view.head)
        if shared is None or (shared.branch_no, shared.who) not in channels:
            return None
        key = (listing.name, thing_id, language, shared.version)
        page = self._pages.get(key)
        if page is None:
            page = Page(shared.shown.model_dump_json().encode(), language, revision=shared.revision)
            if shared.revision is None:
                page.name(*key)
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

    async def _fragment(self, listing: Listing, channel: Channel, wanted: int) -> Fragment:
        kept = self._fragments.get((listing.name, channel))
        if kept is not None and kept.version >= wanted:
            return kept
        return await self._flights.join((listing.name, channel, wanted), lambda: self._fetch(listing, channel, wanted))

    async def _fetch(self, listing: Listing, channel: Channel, wanted: int) -> Fragment:
        """From L2, else one render. It is kept under the version that it was read at, never under the wanted one."""
        era = self._era
        raw = await self._l2.get(fragment_name(listing.name, channel, wanted))
        fragment = Fragment.read(raw) if raw is not None else None
        if fragment is not None and fragment.version == wanted:
            self._counts.fragment += 1
        else:
            async with self._database.reading() as session:
                fragment = Fragment(*await RENDERS[listing.name](session, *channel))
            self._counts.render += 1
            self._l2.put(fragment_name(listing.name, channel, fragment.version), fragment.write())
        kept = self._fragments.get((listing.name, channel))
        if era == self._era and (kept is None or kept.version < fragment.version):
            self._fragments.put((listing.name, channel), fragment, fragment.size)
        return fragment

    async def _open(self, listing: Listing, thing_id: UUID, head: int) -> SharedThing | None:
        return await self._openings.join((thing_id, head), lambda: self._read(listing, thing_id))

    async def _read(self, listing: Listing, thing_id: UUID) -> SharedThing | None:
        era = self._era
        async with self._database.reading() as session:
            shared = await OPENINGS[listing.name](session, thing_id)
        self._counts.render += 1
        if shared is not None and era == self._era:
            self._things.put(thing_id, shared, len(shared.shown.model_dump_json()))
        return shared

    def _merge(self, fragments: Sequence[Fragment], query: ListQuery, language: Language) -> Page:
        """Newest first by (published_at, id), as the database would list them."""
        lines = [fragment.of(query.wanted) for fragment in fragments]
        merged = list(islice(heapq.merge(*lines, key=lambda line: line[:2], reverse=True), query.limit + 1))
        shown, more = merged[: query.limit], len(merged) > query.limit
        if query.wanted is not None:
            # below the last line of a channel that was cut off, others of this kind may be missing
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
