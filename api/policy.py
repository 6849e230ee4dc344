"""What every route says of itself: who may call it, and what may be kept of its answers."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from api.cache.asked import SharedPage
from models.permissions import Permission


class Access(StrEnum):
    """Who may ask at all, where no single right decides."""

    ANYONE = "anyone"
    MEMBER = "member"


class Cached(StrEnum):
    """What may be kept of an answer, and by whom."""

    NO_STORE = "no-store"
    MEMBER = "private, no-cache"
    PUBLIC = "public, max-age=300"
    HOUR = "public, max-age=3600"
    IMMUTABLE = "private, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Policy:
    """`transaction` is False where a handler must not hold one throughout: it hashes a password, or decodes a
    picture.

    `shared` answers before the router where it can, from pages that many share.
    """

    access: Access | Permission
    cached: Cached = Cached.NO_STORE
    writes: bool | None = None
    transaction: bool = True
    idempotent: bool = False
    refuses: tuple[int, ...] = ()
    revisioned: bool = False
    shared: "SharedPage | None" = None


Handler = TypeVar("Handler", bound=Callable[..., Any])


def declare(access: Access | Permission, cached: Cached = Cached.NO_STORE, **said: Any) -> Callable[[Handler], Handler]:
    """Say who may call a handler, what is cached of it, and what it needs; written above every handler."""

    def say(handler: Handler) -> Handler:
        handler.__policy__ = Policy(access, cached, **said)  # type: ignore[attr-defined]  # read back by `Route`
        return handler

    return say
