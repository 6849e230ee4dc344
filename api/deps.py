"""What handlers ask for, by name."""

import re
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Path, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from api.parts import Parts, parts_of
from api.problems import Refused
from models.paging import LIMIT_DEFAULT, LIMIT_MOST, PageRequest
from models.permissions import Viewer

_ENTITY_TAG = re.compile(r'(?:W/)?"r(\d{1,18})-[^"]*"')


def _session(request: Request) -> AsyncSession:
    session: AsyncSession = request.state.session
    return session


def _viewer(request: Request) -> Viewer:
    viewer: Viewer = request.state.viewer
    return viewer


def _page(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MOST)] = LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(min_length=1, max_length=1000)] = None,
) -> PageRequest:
    filters = sorted(
        (name, value) for name, value in request.query_params.multi_items() if name not in {"limit", "cursor"}
    )
    return PageRequest(f"{request.url.path}?{filters}", limit, cursor)


def _revision(
    if_match: Annotated[str | None, Header(description="The ETag of the copy being changed.", max_length=200)] = None,
) -> int:
    """Raises Refused 428 without `If-Match`, 412 with one that no copy of ours ever had."""
    if if_match is None:
        raise Refused(428, "revision.required")
    match = _ENTITY_TAG.fullmatch(if_match.strip())
    if match is None:
        raise Refused(412, "revision.stale")
    return int(match[1])


SessionDep = Annotated[AsyncSession, Depends(_session)]
ViewerDep = Annotated[Viewer, Depends(_viewer)]
PartsDep = Annotated[Parts, Depends(parts_of)]
PageDep = Annotated[PageRequest, Depends(_page)]
RevisionDep = Annotated[int, Depends(_revision)]
Id = Annotated[UUID, Path(description="An identifier as other answers give it.")]
Search = Annotated[
    str, Query(max_length=100, description="Words as people type them; diacritics and case do not matter.")
]
