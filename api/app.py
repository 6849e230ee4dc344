"""The application: parts built once, layers around the router, one router a noun."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import redis.asyncio as redis
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api import documentation, problems
from api.bodies import BODY_MOST
from api.cache.breaker import Breaker
from api.cache.follow import Follower
from api.cache.known import Directory
from api.cache.metrics import Counts
from api.cache.nudges import Nudges
from api.cache.pages import PageCache, Pages
from api.cache.shared import Shared
from api.cache.store import SharedFragments
from api.encoding import Encoding
from api.envelope import Envelope
from api.parts import Parts
from api.problems import Problem
from api.routes import audit, auth, branches, files, me, members, notices, operator
from api.security.attempts import Attempts
from api.security.keys import open_keyring
from api.security.passwords import Passwords
from api.security.tokens import Tokens
from api.settings import Settings
from content.files import LocalFileStore
from models.database import Clock, Database, utc_now

_ROUTERS = (
    auth.routes,
    me.routes,
    branches.routes,
    members.routes,
    notices.routes,
    files.routes,
    audit.routes,
    operator.routes,
)


def create_app(settings: Settings, *, clock: Clock = utc_now) -> FastAPI:
    """Raises KeyringError where the keyring is missing or weak. The schema must be there: see `handbook migrate`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        parts = build_parts(settings, clock)
        app.state.parts = parts
        await parts.cache.start()
        yield
        await parts.cache.stop()
        parts.passwords.close()
        await parts.database.close()

    app = FastAPI(
        title="Sổ tay điện tử – Member handbook",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        max_body_size=BODY_MOST,
        middleware=_layers(settings),
        strict_content_type=True,
        redirect_slashes=False,
    )
    for routes in (*_ROUTERS, operator.unversioned):
        app.include_router(routes)
    problems.install(app)
    documentation.install(app)
    _describe(app)
    return app


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
        files=LocalFileStore(settings.files),
    )


def build_cache(settings: Settings, database: Database, tokens: Tokens) -> PageCache:
    breaker, counts = Breaker(), Counts()
    client = redis.from_url(settings.redis_url) if settings.redis_url else None
    nudges = Nudges(client, breaker)
    follower = Follower(database, nudges, tokens.life)
    l2 = SharedFragments(client, breaker, lambda: database.keyring)
    shared = Shared(database, follower, l2, counts)
    return PageCache(
        follower=follower,
        nudges=nudges,
        directory=Directory(tokens, follower, database, shared.forget),
        shared=shared,
        counts=counts,
        breaker=breaker,
        client=client,
        tls=settings.public_url.scheme == "https",
        cross_origin=bool(settings.cors_origins),
    )


def _layers(settings: Settings) -> list[Middleware]:
    """From the outside in; each is pure ASGI."""
    layers = [Middleware(Pages), Middleware(Envelope, tls=settings.public_url.scheme == "https")]
    if settings.trusted_proxies:
        trusted = [str(network) for network in settings.trusted_proxies]
        layers.insert(0, Middleware(ProxyHeadersMiddleware, trusted_hosts=trusted))
    if settings.cors_origins:
        layers.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(settings.cors_origins),
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key"],
                expose_headers=["ETag", "Retry-After", "X-Request-ID"],
                max_age=600,
            )
        )
    return [*layers, Middleware(Encoding)]


def _describe(app: FastAPI) -> None:
    """The contract, with the one shape of every refusal and the one way of signing in."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, routes=app.routes, description=__doc__ or "")
            document["components"]["schemas"] |= _problem_schemas()
            document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
            for path in document["paths"].values():
                for operation in path.values():
                    if operation["x-access"] != "anyone":
                        operation["security"] = [{"bearer": []}]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _problem_schemas() -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    return {**schema.pop("$defs"), "Problem": schema}
