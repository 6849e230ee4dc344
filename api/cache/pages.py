"""The page cache: a layer in front of everything else. A hit touches neither the router nor the database."""

import asyncio
import logging
import re
from collections.abc import Iterable
from weakref import ref

from starlette.types import ASGIApp, Receive, Scope, Send

from api.cache.asked import Asked, SharedPage
from api.cache.follow import FAULTS, FRESH
from api.cache.forms import Form
from api.cache.page_cache import PageCache
from api.cache.shared import NeedsDatabase
from api.cache.view import boot_clock
from api.encoding import THOROUGH, has_tag, preferred
from api.envelope import request_id_from
from models.errors import HandbookError

_log = logging.getLogger("handbook")
_THING = re.compile(rb"(.*/)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ENTRIES_MOST = 8
"""Finished answers kept with one token."""
_ALIKE_MOST = 1000
_NOTHING = {"type": "http.response.body", "body": b""}
_SPOKEN_MOST = 400
"""Bytes of what a client says that it accepts, for its answer to be kept with its token."""
_STALE = (b"cache-status", b"handbook; hit; ttl=-1; detail=stale-without-database")


class Pages:
    """Pure ASGI. What it cannot answer goes on to the application as if it were not there.

    It knows the paths of the routes that were declared as shared: whole ones, and those that end with an id.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._cache: PageCache | None = None
        self._shared: dict[bytes, SharedPage] = {}
        self._alike: dict[Asked, Asked] = {}

    def open(self, cache: PageCache, shared: Iterable[tuple[str, SharedPage]]) -> None:
        """Answer from this cache from now on. A path such as `/v1/notices/{notice_id}` is known by what precedes the
        id.
        """
        self._shared = {path.partition("{")[0].encode(): page for path, page in shared}
        self._cache = cache

    def close(self) -> None:
        self._cache = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cache = self._cache
        if cache is None or scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        get = headers.get
        authorization = get(b"authorization")
        if (
            authorization is None
            or len(headers) != len(scope["headers"])  # one said twice: the application knows what that means
            or (cache.cross_origin and b"origin" in headers)
        ):
            await self._app(scope, receive, send)
            return
        asked = (
            scope.get("raw_path", b""),
            scope["query_string"],
            get(b"accept-language", b""),
            get(b"accept-encoding", b""),
            get(b"save-data", b""),
        )
        form: Form | None = None
        stale = False
        if boot_clock() - cache.follower.view.confirmed_at <= FRESH:
            known = cache.directory.settled(authorization)
            if known is not None:
                kept = known.pages.get(asked)
                if kept is not None:
                    form = kept()
        if form is not None:
            cache.counts.known += 1
        else:
            form, stale = await self._find(cache, authorization, Asked._make(asked))
            if form is None:
                await self._app(scope, receive, send)
                return
        extra = [(b"x-request-id", request_id_from(headers).encode())]
        if stale:
            cache.counts.stale += 1
            extra.append(_STALE)
        condition = get(b"if-none-match")
        if condition is not None and (
            condition == form.tag or has_tag([condition.decode("latin-1")], form.tag.decode())
        ):
            cache.counts.not_modified += 1
            await send({"type": "http.response.start", "status": 304, "headers": form.headers_304 + extra})
            await send(_NOTHING)
            return
        await send({"type": "http.response.start", "status": 200, "headers": form.headers + extra})
        await send(form.sent if scope["method"] == "GET" else _NOTHING)

    async def _find(self, cache: PageCache, authorization: bytes, asked: Asked) -> tuple[Form | None, bool]:
        shared = self._shared.get(asked.path)
        if shared is None:
            thing = _THING.fullmatch(asked.path)
            shared = self._shared.get(thing[1]) if thing is not None else None
        if shared is None:
            return None, False
        try:
            fresh = await cache.follower.require_fresh(or_stale=True)
            known = await cache.directory.recognise(authorization)
            head = known.head
            page = await shared(cache, known, asked, fresh)
        except (HandbookError, NeedsDatabase, *FAULTS):
            return None, False
        except Exception:  # noqa: BLE001 - a cache is never worse than none: the application has its own last word
            _log.exception("the page cache failed")
            return None, False
        if page is None:
            return None, False
        encoding = preferred([asked.encoding.decode("latin-1")])
        if page.lasting or len(page.body) < THOROUGH:
            form = page.form(encoding, cache.security)
        else:  # one person's, and large: nobody else should wait for it
            form = await asyncio.to_thread(page.form, encoding, cache.security)
        # not where either moved while we rendered: another request may have brought the entry to a head that this is
        # not of
        spoken = len(asked.language) + len(asked.encoding) + len(asked.save_data)
        if fresh and page.lasting and head == known.head == cache.follower.view.head and spoken <= _SPOKEN_MOST:
            if len(known.pages) >= _ENTRIES_MOST:
                known.pages.clear()
            known.pages[self._one_of(asked)] = ref(form)
        return form, not fresh

    def _one_of(self, asked: Asked) -> Asked:
        """One object for all who ask alike, as phones of one make do: it stays in the processor's cache."""
        if asked.query:
            return asked  # a cursor is one person's
        if len(self._alike) >= _ALIKE_MOST:
            self._alike.clear()
        return self._alike.setdefault(asked, asked)
