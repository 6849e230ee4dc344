"""The application: parts built once, layers around the router, one router a noun."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api import documentation, problems
from api.encoding import Encoding
from api.envelope import Envelope
from api.parts import Parts
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
        yield
        parts.passwords.close()
        await parts.attempts.close()
        await parts.database.close()

    app = FastAPI(
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
    for routes in (*_ROUTERS, operator.unversioned):
        app.include_router(routes)
    problems.install(app)
    documentation.install(app)
    return app


def build_parts(settings: Settings, clock: Clock) -> Parts:
    keys = open_keyring(settings.keys, made_at=clock().isoformat(), demo=settings.demo)
    return Parts(
        settings=settings,
        database=Database(settings.database, keyring=keys.current, clock=clock, pool_size=settings.database_pool),
        tokens=Tokens(keys, clock, timedelta(minutes=settings.token_minutes)),
        passwords=Passwords(demo=settings.demo),
        attempts=Attempts(settings.redis_url),
        files=LocalFileStore(settings.files),
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
                    "Range",
                    "X-Request-ID",
                    "traceparent",
                ],
                expose_headers=[
                    "Content-Language",
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
