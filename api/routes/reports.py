"""Who has taken note of a notice, answered and come, and who has not."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.deps import Id, Occurrence, PageDep, SessionDep, ViewerDep
from api.exports import Form, as_file, exported
from api.languages import Language, language_of
from api.routing import declare, router
from content.call_lists import CallLine, cells, headings, list_name
from content.tabular import Cell
from models.deliveries.reach import NoticeReach, read_reach
from models.paging import Page
from models.permissions import Permission, Viewer
from models.tallies.missing import Wanted, export_missing, list_missing
from models.tallies.reports import read_report
from models.tallies.shapes import Missing, MissingEntry, NoticeReport

routes = router("reports")

BranchQuery = Annotated[
    UUID | None, Query(alias="branch_id", description="Without it the whole, or the caller's own part of it.")
]
Arrived = Annotated[bool, Query(description="Not the audience of then, but those who came later.")]


async def _wanted(
    kind: Missing, branch: BranchQuery = None, occurrence: Occurrence = None, *, arrived: Arrived = False
) -> Wanted:
    return Wanted(kind, branch, occurrence, arrived)


WantedDep = Annotated[Wanted, Depends(_wanted)]


@routes.get("/notices/{notice_id}/report")
@declare(Permission.REPORT_READ, writes=True)
async def read_notice_report(
    notice_id: Id,
    session: SessionDep,
    viewer: ViewerDep,
    page: PageDep,
    branch: BranchQuery = None,
    occurrence: Occurrence = None,
) -> NoticeReport:
    """How many have read and acknowledged it, or with `occurrence` answered and come, branch by branch."""
    return await read_report(session, viewer, notice_id, page, branch_id=branch, occurrence=occurrence)


@routes.get("/notices/{notice_id}/reach")
@declare(Permission.REPORT_READ, writes=True)
async def read_notice_reach(
    notice_id: Id, session: SessionDep, viewer: ViewerDep, page: PageDep, branch: BranchQuery = None
) -> NoticeReach:
    """To how many devices it was sent, and how many opened it there, branch by branch."""
    return await read_reach(session, viewer, notice_id, page, branch_id=branch)


@routes.get("/notices/{notice_id}/missing")
@declare(Permission.REPORT_READ, writes=True)
async def list_notice_missing(
    notice_id: Id, wanted: WantedDep, session: SessionDep, viewer: ViewerDep, page: PageDep
) -> Page[MissingEntry]:
    """Who has not, in Vietnamese order: a list to call them by. A look at phones is noted for each of them to read."""
    return await list_missing(session, viewer, notice_id, wanted, page)


@routes.get("/notices/{notice_id}/missing.csv", response_class=StreamingResponse, responses=exported("csv"))
@declare(Permission.REPORT_READ, writes=True)
async def export_notice_missing_csv(
    notice_id: Id, wanted: WantedDep, request: Request, session: SessionDep, viewer: ViewerDep
) -> Response:
    """The whole list as CSV, with headings in the caller's language. It is noted for each of them to read."""
    return await _export(session, viewer, notice_id, wanted, "csv", language_of(request.scope))


@routes.get("/notices/{notice_id}/missing.xlsx", response_class=StreamingResponse, responses=exported("xlsx"))
@declare(Permission.REPORT_READ, writes=True)
async def export_notice_missing_xlsx(
    notice_id: Id, wanted: WantedDep, request: Request, session: SessionDep, viewer: ViewerDep
) -> Response:
    """The same as XLSX."""
    return await _export(session, viewer, notice_id, wanted, "xlsx", language_of(request.scope))


async def _export(
    session: AsyncSession, viewer: Viewer, notice_id: UUID, wanted: Wanted, form: Form, language: Language
) -> Response:
    branch, chunks = await export_missing(session, viewer, notice_id, wanted)
    name = f"{list_name(wanted.kind, language)}-{branch.code}"
    return await as_file(headings(language), _rows(chunks, language), form, name)


async def _rows(chunks: AsyncIterator[Sequence[MissingEntry]], language: Language) -> AsyncIterator[list[list[Cell]]]:
    async for entries in chunks:
        yield [cells(_line(entry), language) for entry in entries]


def _line(entry: MissingEntry) -> CallLine:
    said = {name: getattr(entry, name) for name in CallLine._fields if name != "branch"}
    return CallLine(branch=entry.branch.name, **said)
