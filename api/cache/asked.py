"""A request for a shared page, and how a route says that its answers are shared."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from api.languages import READ_MOST, Language, negotiate

if TYPE_CHECKING:  # they hold what is declared by this
    from api.cache.forms import Page
    from api.cache.known import Known
    from api.cache.page_cache import PageCache


class Asked(NamedTuple):
    """All of a request that may decide its answer beside who asks, as the client wrote it."""

    path: bytes
    query: bytes
    language: bytes
    encoding: bytes
    save_data: bytes

    @property
    def spoken(self) -> Language:
        return negotiate(self.language[:READ_MOST].decode("latin-1"))


SharedPage: TypeAlias = "Callable[[PageCache, Known, Asked, bool], Awaitable[Page | None]]"
"""Finds or makes the page that a route answers with; None where the router must say what it is.

The last argument is False where the database is not to be asked: the view of the log is not fresh.
"""
