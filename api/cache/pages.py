"""The page cache: a layer in front of everything else. A hit touches neither the router nor the database."""

import logging
import re
from uuid import UUID
from weakref import ref

import redis.asyncio as redis
from starlette.types import ASGIApp, Receive, Scope, Send

from api.cache.breaker import Breaker
from api.cache.follow import FAULTS, FRESH, Follower
from api.cache.forms import Form, Page
from api.cache.known import Directory, Known
from api.cache.metrics import Counts
from api.cache.nudges import Nudges
from api.cache.shared import FeedQuery, NeedsDatabase, Shared
from api.cache.view import boot_clock
from api.encoding import has_tag, preferred
from api.envelope import request_id_from, security
from api.languages import READ_MOST, negotiate
from models.errors import HandbookError

FEED = "/v1/notices"
_log = logging.getLogger("handbook")
_NOTICE = re.compile(r"/v1/notices/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
_ENTRIES_MOST = 8
"""Finished answers kept with one token."""
_NOTHING = {"type": "http.response.body", "body": b""}
_SPOKEN_MOST = 400
"""Bytes of what a client says that it accepts, for its answer to be kept with its token."""
_STALE = (b"cache-status", b"handbook; hit; ttl=-1; detail=stale-without-database")


class PageCache:
    """Everything that one process needs to answer shared pages."""

    def __init__(
        self,
        *,
        follower: Follower,
        nudges: Nudges,
        directory: Directory,
        shared: Shared,
        counts: Counts,
        breaker: Breaker,
        client: "redis.Redis | None",
        tls: bool,
        cross_origin: bool,
    ) -> None:
        self.follower = follower
        self.directory = directory
        self.shared = shared
        self.counts = counts
        self.breaker = breaker
        self.security = [(name.lower().encode(), value.encode()) for name, value in security(tls=tls).items()]
        self.cross_origin = cross_origin
        """Are there web apps elsewhere? Their requests go on to the layer that answers them."""
        self._nudges = nudges
        self._client = client

    async def start(self) -> None:
        self._nudges.start()
        await self.follower.start()

    async def stop(self) -> None:
        await self.follower.stop()
        await self._nudges.stop()
        if self._client is not None:
            await self._client.aclose()


class Pages:
    """Pure ASGI. What it cannot answer goes on to the application as if it were not there."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or not scope["path"].startswith(FEED)
            or scope["method"] not in {"GET", "HEAD"}
            or b"%" in (scope.get("raw_path") or b"")  # an escape hides what the application would refuse
        ):
            await self.app(scope, receive, send)
            return
        cache: PageCache = scope["app"].state.parts.cache
        headers = dict(scope["headers"])
        if len(headers) != len(scope["headers"]) or (cache.cross_origin and b"origin" in headers):
            await self.app(scope, receive, send)  # one said twice, or CORS: the application knows what that means
            return
        authorization = headers.get(b"authorization", b"")
        asked = (
            scope["path"],
            scope["query_string"],
            headers.get(b"accept-language", b""),
            headers.get(b"accept-encoding", b""),
        )
        known = cache.directory.settled(authorization)
        form: Form | None = None
        stale = False
        if known is not None and boot_clock() - cache.follower.view.confirmed_at <= FRESH:
            kept = known.pages.get(asked)
            form = kept() if kept is not None else None
        if form is not None:
            cache.counts.known += 1
        else:
            form, stale = await _find(cache, authorization, asked)
            if form is None:
                await self.app(scope, receive, send)
                return
        extra = [(b"x-request-id", request_id_from(headers).encode())]
        if stale:
            cache.counts.stale += 1
            extra.append(_STALE)
        condition = headers.get(b"if-none-match")
        if condition is not None and (
            condition == form.tag or has_tag([condition.decode("latin-1")], form.tag.decode())
        ):
            cache.counts.not_modified += 1
            await send({"type": "http.response.start", "status": 304, "headers": form.headers_304 + extra})
            await send(_NOTHING)
            return
        await send({"type": "http.response.start", "status": 200, "headers": form.headers + extra})
        await send({"type": "http.response.body", "body": form.body if scope["method"] == "GET" else b""})


async def _find(
    cache: PageCache, authorization: bytes, asked: tuple[str, bytes, bytes, bytes]
) -> tuple[Form | None, bool]:
    path, query, language, accepted = asked
    if not authorization:
        return None, False
    try:
        fresh = await cache.follower.require_fresh(or_stale=True)
        known = await cache.directory.recognise(authorization)
        head = known.head
        page = await _page(cache, known, path, query, language, render=fresh)
    except (HandbookError, NeedsDatabase, *FAULTS):
        return None, False
    except Exception:  # noqa: BLE001 - a cache is never worse than none: the application has its own last word
        _log.exception("the page cache failed")
        return None, False
    if page is None:
        return None, False
    form = page.form(preferred([accepted.decode("latin-1")]), cache.security)
    # not where either moved while we rendered: another request may have brought the entry to a head that this is not of
    if fresh and head == known.head == cache.follower.view.head and len(language) + len(accepted) <= _SPOKEN_MOST:
        if len(known.pages) >= _ENTRIES_MOST:
            known.pages.clear()
        known.pages[asked] = ref(form)
    return form, not fresh


async def _page(
    cache: PageCache, known: Known, path: str, query: bytes, language: bytes, *, render: bool
) -> Page | None:
    spoken = negotiate(language[:READ_MOST].decode("latin-1"))
    if path == FEED:
        asked = FeedQuery.parse(query)
        return None if asked is None else await cache.shared.feed(known.channels, asked, spoken, render=render)
    one = _NOTICE.fullmatch(path)
    if one is None or query:
        return None
    return await cache.shared.notice(known.channels, UUID(one[1]), spoken, render=render)
