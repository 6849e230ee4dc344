"""What handlers ask for, by name. All of it is async: FastAPI sends what is not through a thread, 100 µs each."""

import re
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Path, Query
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from api.parts import Parts, parts_of
from api.problems import Refused
from api.tags import Tag
from models.activities.shapes import OCCURRENCE_MOST
from models.paging import LIMIT_DEFAULT, LIMIT_MOST, PageRequest
from models.permissions import Viewer

_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e]*"'
_ENTITY_TAGS = re.compile(rf"{_ENTITY_TAG}(?:[ \t]*,[ \t]*{_ENTITY_TAG})*")
_REVISION = re.compile(r'"r([0-9]{1,18})-')


async def _session(request: Request) -> AsyncSession:
    session: AsyncSession = request.state.session
    return session


async def _parts(request: Request) -> Parts:
    return parts_of(request)


async def _viewer(request: Request) -> Viewer:
    viewer: Viewer = request.state.viewer
    return viewer


def digits(value: object) -> object:
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise PydanticCustomError("int_parsing", "must be digits")  # pydantic would also take 1_0 and 5.0
    return value


async def _page(
    request: Request,
    limit: Annotated[int, BeforeValidator(digits), Query(ge=1, le=LIMIT_MOST)] = LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(min_length=1, max_length=1000)] = None,
) -> PageRequest:
    filters = sorted(
        (name, value) for name, value in request.query_params.multi_items() if name not in {"limit", "cursor"}
    )
    return PageRequest(f"{request.url.path}?{filters}", limit, cursor)


async def _tag(request: Request, response: Response) -> Tag:
    return Tag(request, response)


async def _revision(
    # the document has it as required, from `routing`: without it the answer is 428 and not 422
    if_match: Annotated[str | None, Header(max_length=200, include_in_schema=False)] = None,
) -> int:
    """The newest revision that `If-Match` names. Proxies that compress weaken tags, so weak ones count.

    Raises Refused 428 without one (`*` names none), 412 where no copy of ours ever had such a tag.
    """
    said = (if_match or "").strip()
    if said in {"", "*"}:
        raise Refused(428, "revision.required")
    revisions = _REVISION.findall(said) if _ENTITY_TAGS.fullmatch(said) else []
    if not revisions:
        raise Refused(412, "revision.stale")
    return max(map(int, revisions))


async def _saves_data(
    save_data: Annotated[str, Header(max_length=100, description="`on` where bytes are dear.")] = "",
) -> bool:
    return save_data.partition(";")[0].strip().lower() == "on"


SessionDep = Annotated[AsyncSession, Depends(_session)]
ViewerDep = Annotated[Viewer, Depends(_viewer)]
PartsDep = Annotated[Parts, Depends(_parts)]
PageDep = Annotated[PageRequest, Depends(_page)]
SaveDataDep = Annotated[bool, Depends(_saves_data)]
RevisionDep = Annotated[int, Depends(_revision)]
TagDep = Annotated[Tag, Depends(_tag)]
Id = Annotated[UUID, Path(description="An identifier as other answers give it.")]
Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="The SHA-256 of the file's bytes, in hex.")]
Since = Annotated[
    int | None,
    BeforeValidator(digits),
    Query(ge=0, le=2**63 - 1, description="The `state` of an earlier answer; without it everything."),
]
Occurrence = Annotated[
    int | None,
    BeforeValidator(digits),
    Query(ge=1, le=OCCURRENCE_MOST, description="One of an activity's times, by its number."),
]
Search = Annotated[
    str, Query(max_length=100, description="Words as people type them; diacritics and case do not matter.")
]
