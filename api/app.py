"""The application: parts built once, layers around the router, one router a noun."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import redis.asyncio as redis
from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api import documentation, problems
from api.cache.asked import SharedPage
from api.cache.breaker import Breaker
from api.cache.deltas import Deltas
from api.cache.follow import Follower
from api.cache.known import Directory
from api.cache.metrics import Counts
from api.cache.nudges import Nudges
from api.cache.page_cache import PageCache
from api.cache.pages import Pages
from api.cache.shared import Shared
from api.cache.store import SharedStore
from api.cache.syncing import Syncing
from api.delivering import delivering
from api.encoding import Encoding
from api.envelope import Envelope
from api.parts import Parts
from api.routes import (
    activities,
    attachments,
    attempts,
    audit,
    auth,
    bookmarks,
    branches,
    calendars,
    collections,
    devices,
    events,
    files,
    home,
    links,
    materials,
    me,
    members,
    notices,
    operator,
    packages,
    posters,
    progress,
    questions,
    quizzes,
    reports,
    search,
    studies,
    study_imports,
    sync,
    templates,
)
from api.routing import Route
from api.security.attempts import Attempts
from api.security.keys import open_keyring
from api.security.passwords import Passwords
from api.security.tokens import Tokens
from api.settings import Settings
from api.storage import open_files
from api.worker import Worker
from models.database import Clock, Database, utc_now
from models.file_clearing import forgetting
from models.schedule import Duty

_METRICS_SECONDS = 5
# those that are asked most come first: one router after the other is tried
_ROUTERS = (
    notices.routes,
    activities.routes,
    events.routes,
    auth.routes,
    me.routes,
    branches.routes,
    members.routes,
    files.routes,
    attachments.routes,
    materials.routes,
    collections.routes,
    packages.routes,
    quizzes.routes,
    attempts.routes,
    questions.routes,
    studies.routes,
    search.routes,
    study_imports.routes,
    progress.routes,
    bookmarks.routes,
    devices.routes,
    home.routes,
    sync.routes,
    calendars.routes,
    templates.routes,
    posters.routes,
    reports.routes,
    audit.routes,
    operator.routes,
)


class Handbook(FastAPI):
    """FastAPI with the page cache before all of it, its error handling included: a hit is answered in microseconds."""

    def __init__(self, **said: Any) -> None:
        super().__init__(**said)
        self.pages = Pages(super().__call__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.pages(scope, receive, send)


def create_app(settings: Settings, *, clock: Clock = utc_now, duties: Sequence[Duty[Any]] = ()) -> FastAPI:
    """With `duties` this process does what is due of them.

    Raises KeyringError where the keyring is missing or weak. The schema must be there: see `handbook migrate`.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        parts = build_parts(settings, clock)
        app.state.parts = parts
        await parts.cache.start()
        app.pages.open(parts.cache, _shared_pages())
        publishing = asyncio.create_task(_publish_metrics(parts), name="publish metrics")
        all_duties = (*duties, forgetting(parts.files)) if duties else ()
        worker = Worker(parts.database, all_duties, committed=parts.cache.follower.committed)
        async with AsyncExitStack() as working:
            if duties:
                worker.start()
                await working.enter_async_context(delivering(settings, parts.database))
            yield
            await worker.stop()
        app.pages.close()
        publishing.cancel()
        await parts.cache.stop()
        parts.passwords.close()
        await parts.attempts.close()
        await parts.database.close()

    app = Handbook(
        title="Sổ tay điện tử – Member handbook",
        version="1",
        lifespan=lifespan,
        openapi_url=None,  # served by `documentation`
        docs_url=None,
        redoc_url=None,
        middleware=_layers(settings),
        strict_content_type=True,
        redirect_slashes=False,
    )
    for routes in (*_ROUTERS, links.routes, operator.unversioned):
        # as they are: `include_router` would make each of them again at the first request
        app.router.routes.extend(routes.routes)
    problems.install(app)
    documentation.install(app)
    return app


def _shared_pages() -> Iterator[tuple[str, SharedPage]]:
    """The paths whose routes declare a shared page."""
    for routes in _ROUTERS:
        for route in routes.routes:
            if isinstance(route, Route) and route.policy.shared is not None:
                yield route.path, route.policy.shared


async def _publish_metrics(parts: Parts) -> None:
    """Other workers of this service answer `/metrics` too: each brings its figures to the shared files."""
    while True:
        parts.publish_metrics()
        await asyncio.sleep(_METRICS_SECONDS)


def build_parts(settings: Settings, clock: Clock) -> Parts:
    keys = open_keyring(settings.keys, made_at=clock().isoformat(), demo=settings.demo)
    database = Database(settings.database, keyring=keys.current, clock=clock, pool_size=settings.database_pool)
    tokens = Tokens(keys, clock, timedelta(minutes=settings.token_minutes))
    return Parts(
        settings=settings,
        database=database,
        tokens=tokens,
        cache=build_cache(settings, database, tokens),
        passwords=Passwords(demo=settings.demo),
        attempts=Attempts(settings.redis_url),
        files=open_files(settings),
    )


def build_cache(settings: Settings, database: Database, tokens: Tokens) -> PageCache:
    breaker, counts = Breaker(), Counts()
    client = redis.from_url(settings.redis_url) if settings.redis_url else None
    nudges = Nudges(client, breaker)
    follower = Follower(database, nudges, tokens.life)
    l2 = SharedStore(client, breaker, lambda: database.keyring)
    shared = Shared(database, follower, l2, counts)
    deltas = Deltas(database, follower, l2, counts)

    def forget() -> None:
        shared.forget()
        deltas.forget()

    directory = Directory(tokens, follower, database, forget)
    return PageCache(
        follower=follower,
        nudges=nudges,
        directory=directory,
        shared=shared,
        syncing=Syncing(database, follower, directory, deltas, counts),
        counts=counts,
        breaker=breaker,
        client=client,
        tls=settings.public_url.scheme == "https",
        cross_origin=bool(settings.cors_origins),
    )


def _layers(settings: Settings) -> list[Middleware]:
    """From the outside in; each is pure ASGI."""
    layers = [Middleware(Envelope, tls=settings.public_url.scheme == "https")]
    if settings.trusted_proxies:
        trusted = [str(network) for network in settings.trusted_proxies]
        layers.insert(0, Middleware(ProxyHeadersMiddleware, trusted_hosts=trusted))
    if settings.cors_origins:
        layers.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(settings.cors_origins),
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=[
                    "Authorization",
                    "Content-Type",
                    "Idempotency-Key",
                    "If-Match",
                    "If-None-Match",
                    "If-Range",
                    "Range",
                    "X-Request-ID",
                    "traceparent",
                ],
                expose_headers=[
                    "Accept-Ranges",
                    "Content-Disposition",
                    "Content-Language",
                    "Content-Range",
                    "ETag",
                    "Idempotency-Replayed",
                    "RateLimit",
                    "Retry-After",
                    "X-Request-ID",
                ],
                max_age=600,
            )
        )
    return [*layers, Middleware(Encoding)]
