"""Refusals as RFC 9457 problem details, in the caller's language. Only here do the domain's words meet HTTP's
numbers.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from api.field_messages import FIELDS
from api.languages import Language, language_of
from api.messages import PROBLEMS
from models.errors import (
    Conflict,
    FieldError,
    Forbidden,
    HandbookError,
    Invalid,
    NotFound,
    Stale,
    TooMany,
    Unauthenticated,
    Unavailable,
)

MEDIA_TYPE = "application/problem+json"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_log = logging.getLogger("handbook")

_STATUS: tuple[tuple[type[HandbookError], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (Conflict, 409),
    (Stale, 412),
    (Invalid, 422),
    (Unauthenticated, 401),
    (TooMany, 429),
    (Unavailable, 503),
)
_BY_STATUS = {
    400: "request.malformed",
    401: Unauthenticated.SIGN_IN,
    403: "forbidden",
    404: "not_found",
    405: "method.not_allowed",
    406: "not_acceptable",
    413: "body.too_large",
    414: "request.malformed",
    415: "media_type.unsupported",
    503: "unavailable",
}


class Refused(HandbookError):
    """What HTTP itself refuses, with the headers that say more."""

    def __init__(self, status: int, slug: str, *, headers: Mapping[str, str] | None = None, **params: object) -> None:
        super().__init__(slug, **params)
        self.status = status
        self.headers = headers or {}


class ProblemField(BaseModel):
    """One thing wrong: a JSON pointer into what was sent, a stable code, and a sentence."""

    pointer: str
    code: str
    detail: str


class Problem(BaseModel):
    """RFC 9457. `type` is stable; `title` and `detail` are in the caller's language."""

    type: str = Field(examples=["/problems/not_found"])
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[ProblemField] | None = None


def install(app: FastAPI) -> None:
    app.add_exception_handler(HandbookError, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    for kind in (DBAPIError, PoolTimeout, OSError):
        app.add_exception_handler(kind, _on_fault)


def problem(
    scope: Scope,
    status: int,
    slug: str,
    *,
    params: Mapping[str, object] | None = None,
    errors: Iterable[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer for a refusal. `scope["handbook.request_id"]` is set by the outermost layer."""
    return Response(
        json.dumps(_content(scope, status, slug, params or {}, errors), ensure_ascii=False, separators=(",", ":")),
        status,
        {"Cache-Control": "no-store", "Content-Language": language_of(scope), **(headers or {})},
        MEDIA_TYPE,
    )


def refusal(scope: Scope, error: HandbookError) -> Response:
    status = _status(error)
    headers = dict(error.headers) if isinstance(error, Refused) else {}
    if isinstance(error, TooMany):
        headers["RateLimit"] = f'"sign-in";r=0;t={error.retry_after}'
    if isinstance(error, TooMany | Unavailable):
        headers["Retry-After"] = str(error.retry_after)
    elif error.slug == "idempotency.running":
        headers["Retry-After"] = "1"
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="handbook"'
    return problem(scope, status, error.slug, params=error.params, errors=_errors(error), headers=headers)


def problem_of(scope: Scope, error: HandbookError) -> Problem:
    """The same as a part of an answer: what refuses one of many things, and not the request."""
    return Problem(**_content(scope, _status(error), error.slug, error.params, _errors(error)))


def _content(
    scope: Scope, status: int, slug: str, params: Mapping[str, object], errors: Iterable[FieldError]
) -> dict[str, Any]:
    language = language_of(scope)
    title, detail = _sentences(slug, language, params)
    fields = [
        {"pointer": error.pointer, "code": error.code, "detail": _sentence(error.code, language, error.params)}
        for error in errors
    ]
    content: dict[str, Any] = {
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": scope.get("handbook.request_id", ""),
    }
    if fields:
        content["errors"] = fields
    return content


def _status(error: HandbookError) -> int:
    return error.status if isinstance(error, Refused) else next(s for kind, s in _STATUS if isinstance(error, kind))


def _errors(error: HandbookError) -> Iterable[FieldError]:
    return error.errors if isinstance(error, Invalid) else ()


def _sentences(slug: str, language: Language, params: Mapping[str, object]) -> tuple[str, str]:
    message = PROBLEMS[slug]
    title, detail = message.vi if language == "vi" else message.en
    return title, _filled(detail, params)


def _sentence(code: str, language: Language, params: Mapping[str, object]) -> str:
    vi, en = FIELDS.get(code) or FIELDS["invalid"]
    return _filled(vi if language == "vi" else en, params)


class _Lenient(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "…"


def _filled(template: str, params: Mapping[str, object]) -> str:
    return template.format_map(_Lenient(params))


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HandbookError)  # noqa: S101 - what the handler is registered for
    return refusal(request.scope, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what the handler is registered for
    if any(e["loc"][:1] == ("path",) for e in error.errors()):
        return refusal(request.scope, NotFound())
    return refusal(request.scope, Invalid([_field_error(e) for e in error.errors()[:50]]))


def _field_error(error: Mapping[str, Any]) -> FieldError:
    """Pydantic's error as ours: the pointer into the body, or the parameter's name."""
    where, *inner = error["loc"]
    return FieldError.of(error, inner if where in {"body", "query"} else [where, *inner])


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what the handler is registered for
    slug = _BY_STATUS.get(error.status_code, "request.malformed")
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
    return problem(request.scope, error.status_code, slug, headers=headers)


def _allowed(request: Request) -> str:
    """All methods that the path takes: a router names those of the first route alone (RFC 9110, 10.2.1)."""
    methods = [
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]
    return ", ".join(["HEAD", *methods] if "GET" in methods else methods or ["GET", "HEAD"])


async def _on_fault(request: Request, error: Exception) -> Response:
    """A part does not answer: nothing was changed, and it is worth another try. Anything else is ours to mend."""
    if isinstance(error, DBAPIError) and not _is_passing(error):
        raise error
    _log.warning("a part is unavailable", exc_info=error)
    return refusal(request.scope, Unavailable())


def _is_passing(error: DBAPIError) -> bool:
    if isinstance(error, InterfaceError) or error.connection_invalidated:
        return True
    # SQLSTATE classes: 08 connection, 40 rollback, 53 resources, 55P03 lock timeout, 57 operator intervention
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return isinstance(error, OperationalError)
    return str(state)[:2] in {"08", "40", "53", "57"} or state == "55P03"
