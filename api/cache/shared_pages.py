"""What routes declare as their shared pages: from the request in bytes to the page, or None for the router."""

from uuid import UUID

from api.cache.asked import Asked
from api.cache.forms import Page
from api.cache.known import Known
from api.cache.page_cache import PageCache
from api.cache.shared import FeedQuery
from api.cache.syncing import SyncQuery


async def feed_page(cache: PageCache, known: Known, asked: Asked, render: bool) -> Page | None:
    query = FeedQuery.parse(asked.query)
    return None if query is None else await cache.shared.feed(known.channels, query, asked.spoken, render=render)


async def notice_page(cache: PageCache, known: Known, asked: Asked, render: bool) -> Page | None:
    if asked.query:
        return None
    notice_id = UUID(asked.path.rpartition(b"/")[2].decode())
    return await cache.shared.notice(known.channels, notice_id, asked.spoken, render=render)


async def sync_page(cache: PageCache, known: Known, asked: Asked, render: bool) -> Page | None:
    query = SyncQuery.parse(asked)
    return None if query is None else await cache.syncing.answer(known, query, asked.spoken, render=render)
