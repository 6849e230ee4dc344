"""Which lists and things are shared pages, and how each is rendered and asked for."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple
from urllib.parse import parse_qsl
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from models.changes import Topic
from models.notices.shared import render_channel, render_notice
from models.notices.table import Category
from models.paging import LIMIT_DEFAULT
from models.sharing import Line, SharedThing
from models.study.materials import Level
from models.study.shared import render_studies, render_study
from models.study.table import StudyKind

_LIMITS = frozenset({10, LIMIT_DEFAULT, 50, 100})
"""Only usual sizes are kept, so that nobody can mint entries."""
_QUERY_MOST = 60


class Listing(NamedTuple):
    """A kind of things that channels issue: `name` is the last part of its path. `facet` is the one filter that shared
    pages know, of these `words`.
    """

    name: str
    topic: Topic
    facet: str = ""
    words: frozenset[str] = frozenset()


NOTICES = Listing("notices", Topic.NOTICES, "category", frozenset(each.value for each in Category))
MATERIALS = Listing("materials", Topic.MATERIALS, "level", frozenset(each.value for each in Level))
COLLECTIONS = Listing("collections", Topic.MATERIALS)
QUIZZES = Listing("quizzes", Topic.MATERIALS)

RENDERS: dict[str, Callable[[AsyncSession, int, int], Awaitable[tuple[int, list[Line]]]]] = {
    NOTICES.name: render_channel,
    MATERIALS.name: partial(render_studies, StudyKind.MATERIAL),
    COLLECTIONS.name: partial(render_studies, StudyKind.COLLECTION),
    QUIZZES.name: partial(render_studies, StudyKind.QUIZ),
}
"""One statement each: a channel's version, and its newest of a kind."""
OPENINGS: dict[str, Callable[[AsyncSession, UUID], Awaitable[SharedThing | None]]] = {
    NOTICES.name: render_notice,
    MATERIALS.name: partial(render_study, StudyKind.MATERIAL),
    COLLECTIONS.name: partial(render_study, StudyKind.COLLECTION),
    QUIZZES.name: partial(render_study, StudyKind.QUIZ),
}
"""One published thing, with its channel's version."""


class ListQuery(NamedTuple):
    """The first page of a list, as only a strict parser accepts it."""

    listing: Listing
    limit: int = LIMIT_DEFAULT
    wanted: str | None = None

    @classmethod
    def parse(cls, listing: Listing, query: bytes) -> "ListQuery | None":
        if not query:
            return cls(listing)
        if len(query) > _QUERY_MOST:
            return None
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        said = dict(pairs)
        if len(said) != len(pairs):
            return None  # the router reads a repeated filter its own way, and binds the cursor to all of them
        limit, wanted = said.pop("limit", str(LIMIT_DEFAULT)), said.pop(listing.facet, None)
        if said or limit not in {str(n) for n in _LIMITS} or (wanted is not None and wanted not in listing.words):
            return None
        return cls(listing, int(limit), wanted)

    @property
    def named(self) -> str:
        """As `PageRequest.query` names the same list, so that its cursor goes on where this page ends."""
        filters = [(self.listing.facet, self.wanted)] if self.wanted else []
        return f"/v1/{self.listing.name}?{filters}"

    @property
    def key(self) -> tuple[str, int, str | None]:
        return self.listing.name, self.limit, self.wanted
