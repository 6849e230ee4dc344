"""Which of the two languages an answer is in."""

from functools import lru_cache
from typing import Literal

from starlette.types import Scope

from api.preferences import weights

Language = Literal["vi", "en"]
DEFAULT: Language = "vi"
_KNOWN: tuple[Language, ...] = ("vi", "en")
READ_MOST = 200
"""Bytes of `Accept-Language` that are looked at."""


def language_of(scope: Scope) -> Language:
    """By `Accept-Language` (RFC 9110, 12.5.4); Vietnamese when it says nothing of either."""
    said = b",".join(value for name, value in scope["headers"] if name == b"accept-language")
    return negotiate(said[:READ_MOST].decode("latin-1")) if said else DEFAULT


@lru_cache(maxsize=256)
def negotiate(accepted: str) -> Language:
    """Phones of one make say the same; nobody's line is longer than `READ_MOST`."""
    said = weights(accepted)
    wanted: dict[str, float] = {}
    for tag, weight in said.items():  # en-GB asks for English as much as en does
        primary = tag.partition("-")[0]
        wanted[primary] = max(weight, wanted.get(primary, 0.0))
    otherwise = wanted.get("*", 0.0)
    best = max(_KNOWN, key=lambda language: wanted.get(language, otherwise))  # of equals the first: Vietnamese
    return best if wanted.get(best, otherwise) > 0 else DEFAULT
