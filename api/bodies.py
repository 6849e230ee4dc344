"""Bodies, bounded and strict: read before a transaction begins, so that a slow phone holds none open."""

from typing import Any

import pydantic_core
from starlette.requests import Request

from api.problems import Refused
from models.errors import Invalid

BODY_MOST = 1024 * 1024
_JSON = "application/json"


async def read_json(request: Request) -> None:
    """Parse the body once, strictly (RFC 8259: no NaN, no lone surrogates, bounded depth), for FastAPI to find.

    Raises Refused 415, Invalid `json_invalid`; the body limit raises 413 while streaming.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if media_type != _JSON and (body or media_type):
        raise Refused(415, "media_type.unsupported")
    if not body:
        return
    try:
        parsed: Any = pydantic_core.from_json(body, allow_inf_nan=False, cache_strings="none")
    except ValueError:
        raise Invalid.at("", "json_invalid") from None
    request._json = parsed  # noqa: SLF001 - where Starlette's `json()` keeps it: parsed once, by our rules
