"""What every route says of itself, and the frame in which each request runs."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from api.bodies import BODY_MOST, bounded, read_json
from api.languages import language_of
from api.parts import parts_of
from api.policy import Access, Cached, Policy, declare
from models.errors import Invalid
from models.idempotency import IdempotencyKey, earlier_answer
from models.permissions import Viewer
from models.viewers import resolve_viewer


class Route(APIRoute):
    """A route that runs in one transaction, for a viewer already resolved, and declares its refusals."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **said: Any) -> None:
        policy: Policy | None = getattr(endpoint, "__policy__", None)
        if policy is None:
            raise TypeError(f"{endpoint.__qualname__} does not declare who may call it and what is cached of it")
        self.policy = policy
        self.body_most: int = said.pop("max_body_size", None) or BODY_MOST
        methods = set(said.get("methods") or ())
        self.writes = policy.writes if policy.writes is not None else not methods <= {"GET"}
        said["openapi_extra"] = {
            "x-access": policy.access.value,
            "x-cached": policy.cached.value,
            **(said.get("openapi_extra") or {}),
        }
        taken = [*([_IF_MATCH] if policy.revisioned else []), *([_IDEMPOTENCY_KEY] if policy.idempotent else [])]
        if taken:
            said["openapi_extra"]["parameters"] = taken
        said["operation_id"] = said["name"] = said.get("operation_id") or endpoint.__name__
        super().__init__(path, endpoint, **said)
        self.responses = {**{status: _refusal(status) for status in self._statuses()}, **self.responses}
        if methods == {"GET"} and policy.cached is not Cached.NO_STORE:
            whole = {"description": "OK", **self.responses.get(200, {}), "headers": {"ETag": _header("A quoted tag.")}}
            self.responses |= {200: whole, 304: {"description": "The caller holds it already."}}

    def _statuses(self) -> list[int]:
        """Every refusal that a call may meet, for the OpenAPI document."""
        policy = self.policy
        statuses = {400, 503, *policy.refuses}
        if policy.access is not Access.ANYONE:
            statuses |= {401, 403}
        if self.dependant.path_params:
            statuses |= {404}
        asked = list(_with_inner(self.dependant))
        if any(one.query_params or one.header_params for one in asked) or self.body_field is not None:
            statuses |= {422}
        if self.body_field is not None:
            statuses |= {413, 415}
        if self.writes:
            statuses |= {409, 413}
        if policy.revisioned:
            statuses |= {412, 428, 422}
        if policy.idempotent:
            statuses |= {409, 422}
        return sorted(statuses)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            response = await self._run(bounded(request, self.body_most), answer)
            response.headers.setdefault("Cache-Control", self.policy.cached.value)
            response.headers.setdefault("Content-Language", language_of(request.scope))
            return response

        return handle

    async def _run(self, request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        parts = parts_of(request)
        signed_in = self.policy.access is not Access.ANYONE
        known = parts.cache.directory.verify(_authorization(request)) if signed_in else None
        if self.body_field is not None:
            await read_json(request)
        key = _idempotency_key(request) if self.policy.idempotent else None
        request_id = request.scope.get("handbook.request_id")
        if known is not None and not (self.writes and self.policy.transaction):
            await parts.cache.follower.require_fresh()
            request.state.known = await parts.cache.directory.settle(known)
            request.state.viewer = known.viewer
        if not self.policy.transaction:
            return await answer(request)
        async with parts.transaction(writes=self.writes, request_id=request_id) as session:
            request.state.session = session
            if known is not None and self.writes:
                # who changes something is judged by the database itself, in the same transaction
                viewer = await resolve_viewer(session, known.claims.member_id, known.claims.session_id)
                request.state.viewer = viewer
                if key is not None:
                    return await self._once(request, answer, viewer, key)
            return await answer(request)

    async def _once(
        self, request: Request, answer: Callable[[Request], Awaitable[Response]], viewer: Viewer, key: str
    ) -> Response:
        """Answer as the first time, if this key has been used; else answer, and remember it in the same transaction."""
        session = request.state.session
        digest = hashlib.sha256(request.scope["query_string"] + b"\0" + await request.body()).hexdigest()
        route = _named(f"{request.method} {request.url.path}")
        earlier = await earlier_answer(session, viewer.the_member, route, key, digest)
        if earlier is not None:
            headers = {**json.loads(earlier.headers), "Idempotency-Replayed": "true"}
            return Response(earlier.body, earlier.status, headers)
        response = await answer(request)
        if response.status_code >= 400:
            return response
        session.add(
            IdempotencyKey(
                owner=str(viewer.the_member),
                route=route,
                key=key,
                request_digest=digest,
                status=response.status_code,
                headers=json.dumps(
                    {name: value for name, value in response.headers.items() if name != "content-length"}
                ),
                body=bytes(response.body),
                created_at=parts_of(request).database.clock(),
            )
        )
        return response


def _with_inner(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _with_inner(inner)


_ROUTE_MOST = 80
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the copy being changed.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeating a request with the same key and body gets the first answer again for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}


def _authorization(request: Request) -> str | None:
    """All of it, as one line (RFC 9110, 5.3): whoever sends two is refused, lest a proxy judge one and we the other."""
    return ", ".join(request.headers.getlist("authorization")) or None


def _named(route: str) -> str:
    """The route as the column holds it: a longer one by its digest, lest two share their beginnings."""
    return route if len(route) <= _ROUTE_MOST else hashlib.sha256(route.encode()).hexdigest()


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= 200 or not key.isascii() or not key.isprintable():
        raise Invalid.at("/headers/Idempotency-Key", "idempotency.malformed")
    return key


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "required": True, "schema": {"type": "string"}}


_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": _header("RFC 6750.")},
    429: {"Retry-After": _header("Seconds."), "RateLimit": _header("What is left, and until when.")},
    503: {"Retry-After": _header("Seconds.")},
}


def _refusal(status: int) -> dict[str, Any]:
    return {
        "description": "A problem (RFC 9457)",
        "headers": {"Content-Language": _header("vi or en."), **_HEADERS.get(status, {})},
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def router(tag: str) -> APIRouter:
    return APIRouter(prefix="/v1", tags=[tag], route_class=Route)


__all__ = ["Access", "Cached", "Route", "declare", "router"]
