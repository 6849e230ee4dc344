"""Search over what is said and studied."""

from typing import Annotated

from fastapi import Query
from pydantic import StringConstraints

from api.deps import PageDep, SessionDep, ViewerDep
from api.routing import Access, declare, router
from content.malformed import Malformed
from content.searching import QUERY_MOST, parse_query
from models.errors import Invalid
from models.notices.table import Category
from models.paging import Page
from models.searching.query import search
from models.searching.shapes import Found
from models.searching.table import FoundKind
from models.study.materials import Language, Level, StudyTag

routes = router("search")

Typed = Annotated[
    str,
    StringConstraints(min_length=1, max_length=QUERY_MOST),
    Query(
        description="Words as people type them; diacritics and case do not matter, but those with the right tones come "
        "first. The last word may be begun only. What is in quotation marks stands together."
    ),
]


@routes.get("/search")
@declare(Access.MEMBER)
async def find(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageDep,
    q: Typed,
    kind: FoundKind | None = None,
    category: Category | None = None,
    level: Level | None = None,
    language: Annotated[Language | None, Query()] = None,
    tag: Annotated[StudyTag | None, Query()] = None,
) -> Page[Found]:
    """Notices, materials, collections and quizzes that I may read, the best first."""
    try:
        query = parse_query(q)
    except Malformed as error:
        raise Invalid.at("/query/q", error.code) from None
    said = {"kind": kind, "category": category, "level": level, "language": language, "tag": tag}
    return await search(session, viewer, query, page, {name: value for name, value in said.items() if value})
