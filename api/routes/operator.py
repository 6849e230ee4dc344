"""For apps before they sign in, and for operators: what is served, whether it is well, what its problems mean."""

import asyncio
from ipaddress import ip_address

from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from api.deps import PartsDep
from api.languages import language_of
from api.messages import PROBLEMS
from api.metrics import CONTENT_TYPE, exposition
from api.pushing import application_server_key
from api.routing import Access, Cached, declare, router
from models.base import Shape
from models.errors import NotFound
from models.migrate import latest_revision

routes = router("operator")
unversioned = router("operator")
unversioned.prefix = ""

_PATIENCE = 2.0
"""Seconds until a part that does not answer is called down."""


class AppConfig(Shape):
    """`sync_jitter_seconds`: apps wait a random time up to it, so that they do not all ask at once.
    `vapid_key` is what browsers subscribe to pushes with (`applicationServerKey`); null where they are not pushed to.
    """

    minimum_version: str
    maintenance: str | None
    sync_interval_seconds: int
    sync_jitter_seconds: int
    vapid_key: str | None


class Alive(Shape):
    status: str


class Ready(Shape):
    """`checks` says of each part `ok` or what is wrong with it."""

    status: str
    checks: dict[str, str]


class ProblemType(Shape):
    type: str
    title: str
    detail: str


@routes.get("/app-config")
@declare(Access.ANYONE, Cached.PUBLIC, transaction=False)
async def read_app_config(parts: PartsDep) -> AppConfig:
    """What an app should know before it signs in."""
    settings = parts.settings
    interval = settings.app_sync_minutes * 60
    return AppConfig(
        minimum_version=settings.app_minimum_version,
        maintenance=settings.app_maintenance,
        sync_interval_seconds=interval,
        sync_jitter_seconds=interval // 3,
        vapid_key=application_server_key(settings),
    )


@unversioned.get("/health/live")
@declare(Access.ANYONE, transaction=False)
async def check_live() -> Alive:
    """Is the process running? Asks nothing else."""
    return Alive(status="ok")


@unversioned.get("/health/ready", responses={503: {"model": Ready}})
@declare(Access.ANYONE, transaction=False)
async def check_ready(response: Response, parts: PartsDep) -> Ready:
    """Can requests be answered? Says which part cannot."""
    checks = {"database": await _database(parts)}
    if set(checks.values()) == {"ok"}:
        return Ready(status="ok", checks=checks)
    response.status_code = 503
    response.headers["Retry-After"] = "2"
    return Ready(status="unavailable", checks=checks)


@unversioned.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' format"}},
)
@declare(Access.ANYONE, transaction=False, refuses=(404,))
async def read_metrics(request: Request, parts: PartsDep) -> Response:
    """Figures for Prometheus, for the networks that settings name; everybody else gets 404."""
    try:
        address = ip_address(request.client.host if request.client else "")
    except ValueError:
        raise NotFound from None
    if not any(address in network for network in parts.settings.metrics_networks):
        raise NotFound
    parts.publish_metrics()
    return Response(exposition(), media_type=CONTENT_TYPE)


@unversioned.get("/problems/{slug}")
@declare(Access.ANYONE, Cached.PUBLIC, transaction=False)
async def explain_problem(slug: str, request: Request) -> ProblemType:
    """What a problem's type means."""
    message = PROBLEMS.get(slug)
    if message is None:
        raise NotFound
    title, detail = message.vi if language_of(request.scope) == "vi" else message.en
    return ProblemType(type=f"/problems/{slug}", title=title, detail=detail)


async def _database(parts: PartsDep) -> str:
    try:
        async with asyncio.timeout(_PATIENCE), parts.database.reading() as session:
            revision = await session.scalar(text("SELECT version_num FROM alembic_version"))
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is "not ready", and why
        return type(error).__name__
    return "ok" if revision == latest_revision() else "needs `handbook migrate`"
