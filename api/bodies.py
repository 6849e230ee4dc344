"""Bodies, bounded and strict: read before a transaction begins, so that a slow phone holds none open."""

import json
import math
import re
from typing import Any

import pydantic_core
from starlette.requests import Request
from starlette.types import Message

from api.problems import Refused
from models.errors import Invalid

BODY_MOST = 1024 * 1024
_JSON = "application/json"
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def bounded(request: Request, most: int) -> Request:
    """The request, refusing with 413 when it is read and turns out longer than `most` bytes, declared or not.

    Starlette's own limit answers in plain text, and whatever else was to be answered.
    """
    read = 0

    async def receive() -> Message:
        nonlocal read
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > most:
            raise Refused(413, "body.too_large")
        message = await request.receive()
        read += len(message.get("body", b""))
        if read > most:
            raise Refused(413, "body.too_large")
        return message

    return Request(request.scope, receive)


async def read_json(request: Request) -> None:
    """Parse the body once, by `strict_json`, for FastAPI to find.

    Raises Refused 413, 415, Invalid `json_invalid`.
    """
    media_type, charset = _content_type(request.headers.get("content-type", ""))
    body = await request.body()
    if media_type != _JSON and (body or media_type):
        raise Refused(415, "media_type.unsupported")
    if charset not in {"", "utf-8", "utf8"}:
        raise Refused(415, "media_type.unsupported")
    if not body:
        return
    try:
        parsed = strict_json(body)
    except ValueError:
        raise Invalid.at("", "json_invalid") from None
    request._json = parsed  # noqa: SLF001 - where Starlette's `json()` keeps it: parsed once, by our rules


def strict_json(body: bytes) -> Any:
    """I-JSON (RFC 7493): UTF-8 without a mark, no lone surrogates, no name twice in one object, no number beyond
    a double. NaN, NUL characters and more than 200 levels are refused too. Raises ValueError.
    """
    pydantic_core.from_json(body, allow_inf_nan=False, cache_strings="none")  # its depth is bounded
    if b"\\u0000" in body and _NUL.search(body):  # the plain search is a hundred times as quick
        raise ValueError("a NUL character")
    return json.loads(body.decode(), object_pairs_hook=_distinct, parse_float=_finite)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # which of two a reader takes differs from reader to reader, and so a proxy's check could be walked around
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice in one object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number beyond a double")
    return number


def _content_type(header: str) -> tuple[str, str]:
    """The media type and its charset, in lower case."""
    media_type, *parameters = header.lower().split(";")
    said = dict(parameter.partition("=")[::2] for parameter in parameters)
    charset = next((value for name, value in said.items() if name.strip() == "charset"), "")
    return media_type.strip(), charset.strip().strip('"')
