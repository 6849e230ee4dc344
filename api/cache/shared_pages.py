"""What routes declare as their shared pages: from the request in bytes to the page, or None for the router."""

from uuid import UUID

from api.cache.asked import Asked, SharedPage
from api.cache.forms import Page
from api.cache.known import Known
from api.cache.listings import Listing, ListQuery
from api.cache.page_cache import PageCache
from api.cache.syncing import SyncQuery


def first_page(listing: Listing) -> SharedPage:
    """Of a list: its first page, as most ask for it."""

    async def page(cache: PageCache, known: Known, asked: Asked, render: bool) -> Page | None:
        query = ListQuery.parse(listing, asked.query)
        return (
            None if query is None else await cache.shared.first_page(known.channels, query, asked.spoken, render=render)
        )

    return page


def thing_page(listing: Listing) -> SharedPage:
    """Of a list: one thing, whole."""

    async def page(cache: PageCache, known: Known, asked: Asked, render: bool) -> Page | None:
        if asked.query:
            return None
        thing_id = UUID(asked.path.rpartition(b"/")[2].decode())
        return await cache.shared.thing(listing, known.channels, thing_id, asked.spoken, render=render)

    return page


async def sync_page(cache: PageCache, known: Known, asked: Asked, render: bool) -> Page | None:
    query = SyncQuery.parse(asked)
    return None if query is None else await cache.syncing.answer(known, query, asked.spoken, render=render)
