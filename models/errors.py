"""The domain's words for what cannot be done. They carry a slug and values; sentences and HTTP live in
`api/problems.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with what was sent: a JSON pointer into it, a slug, and values for the sentence."""

    pointer: str
    code: str
    params: dict[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, error: Mapping[str, Any], steps: Iterable[object]) -> "FieldError":
        """Pydantic's error as ours, with the steps to where it is; never the input itself."""
        pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
        context = error.get("ctx") or {}
        params: dict[str, object] = {
            name: value for name, value in context.items() if isinstance(value, int | float | str)
        }
        return cls(pointer, str(error["type"]), params)


class HandbookError(Exception):
    """Something that the domain refuses. `slug` names it for good: it is the last part of the problem's type."""

    def __init__(self, slug: str, **params: object) -> None:
        super().__init__(slug)
        self.slug = slug
        self.params = params


class NotFound(HandbookError):
    """It does not exist, or the caller is a stranger to it: the two look alike."""

    def __init__(self, slug: str = "not_found", **params: object) -> None:
        super().__init__(slug, **params)


class Forbidden(HandbookError):
    """The caller may know of it, but not do this."""

    def __init__(self, slug: str = "forbidden", **params: object) -> None:
        super().__init__(slug, **params)


class Conflict(HandbookError):
    """It cannot be done as things stand now."""


class Stale(HandbookError):
    """The caller's copy is older than what is stored."""

    def __init__(self, slug: str = "revision.stale", **params: object) -> None:
        super().__init__(slug, **params)


class Invalid(HandbookError):
    """What was sent breaks a rule; `errors` says where."""

    def __init__(self, errors: Sequence[FieldError], slug: str = "request.invalid") -> None:
        super().__init__(slug)
        self.errors = tuple(errors)

    @classmethod
    def at(cls, pointer: str, code: str, **params: object) -> "Invalid":
        return cls([FieldError(pointer, code, params)])


class Unauthenticated(HandbookError):
    """Nobody has proved who is asking. One of three slugs tells an app what to do.

    `kept` says that what the transaction did so far is the outcome, and to be committed: a stolen token ends its
    family.
    """

    REFRESH = "token.invalid"
    """Get a new access token with the newest refresh token."""
    SIGN_IN = "sign_in.required"
    """Sign in again; what was queued offline stays good."""
    CLOSED = "account.closed"
    """The account is no more: wipe what the app holds."""

    def __init__(self, slug: str, *, kept: bool = False) -> None:
        super().__init__(slug)
        self.kept = kept


class TooMany(HandbookError):
    """Asked too often; worth trying again after `retry_after` seconds."""

    def __init__(self, slug: str, retry_after: int) -> None:
        super().__init__(slug, retry_after=retry_after)
        self.retry_after = retry_after


class Unavailable(HandbookError):
    """A part that is needed does not answer now; nothing was changed."""

    def __init__(self, slug: str = "unavailable", retry_after: int = 2) -> None:
        super().__init__(slug, retry_after=retry_after)
        self.retry_after = retry_after
