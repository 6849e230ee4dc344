"""Which of the two languages an answer is in."""

from collections.abc import Iterable
from typing import Literal

from starlette.types import Scope

Language = Literal["vi", "en"]
DEFAULT: Language = "vi"
_KNOWN: tuple[Language, ...] = ("vi", "en")
READ_MOST = 200
"""Bytes of `Accept-Language` that are looked at."""


def language_of(scope: Scope) -> Language:
    """By `Accept-Language` (RFC 9110, 12.5.4); Vietnamese when it says nothing of either."""
    for name, value in scope["headers"]:
        if name == b"accept-language":
            return negotiate(value[:READ_MOST].decode("latin-1"))
    return DEFAULT


def negotiate(accepted: str) -> Language:
    best: tuple[float, Language] = (0.0, DEFAULT)
    for part in accepted.split(","):
        tag, _, parameter = part.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        quality = _quality(parameter)
        for language in _KNOWN if primary == "*" else [k for k in _KNOWN if k == primary]:
            if quality > best[0]:
                best = (quality, language)
    return best[1]


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0


def first_header(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes | None:
    return next((value for name, value in headers if name == wanted), None)
