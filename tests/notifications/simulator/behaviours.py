"""How a provider can misbehave towards one address."""

from dataclasses import dataclass

TOKENS = "token endpoint"
BATCHES = "batch endpoint"
EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`status` and `code` (FCM's errorCode, or the batch API's word for one address) are what it answers after `wait`
    seconds; a status of 0 is a proper answer.
    """

    status: int = 0
    code: str = ""
    retry_after: int | str | None = None
    wait: float = 0.0
    hangs: bool = False
    drops: bool = False


WELL = Behaviour()


def throttle(retry_after: int | str | None = 1) -> Behaviour:
    """429, with `Retry-After` in seconds or as an HTTP date, or without."""
    return Behaviour(429, "QUOTA_EXCEEDED", retry_after)


def fail(status: int = 500, code: str = "", retry_after: int | str | None = None) -> Behaviour:
    return Behaviour(status, code or {500: "INTERNAL", 503: "UNAVAILABLE"}.get(status, ""), retry_after)


def gone() -> Behaviour:
    """FCM: 404 UNREGISTERED; Web Push: 410; the batch API: NOT_FOUND."""
    return Behaviour(410, "UNREGISTERED")


def invalid(*, names_field: bool = False) -> Behaviour:
    """FCM's answer to what is not a registration token: today's, or the older one that names the field."""
    return Behaviour(400, "INVALID_FIELD" if names_field else "INVALID_ARGUMENT")


def mismatch() -> Behaviour:
    """A token that another sender's app registered; Web Push: a subscription made for another VAPID key."""
    return Behaviour(403, "SENDER_ID_MISMATCH")


def hang() -> Behaviour:
    """Nothing is answered until the client goes away."""
    return Behaviour(hangs=True)


def slow(seconds: float) -> Behaviour:
    return Behaviour(wait=seconds)


def drop() -> Behaviour:
    """The connection breaks, with everything that is under way on it."""
    return Behaviour(drops=True)
