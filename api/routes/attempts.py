"""Taking quizzes, how many have, and questions that come in a spreadsheet."""

import asyncio
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.requests import Request

from api.deps import Id, PageDep, PartsDep, RevisionDep, SessionDep, TagDep, ViewerDep
from api.routing import Access, Cached, declare, router
from content.malformed import Malformed
from content.quiz_sheets import QuestionSheet, read_questions
from models.errors import Invalid
from models.paging import Page
from models.permissions import Permission
from models.quizzes.importing import import_questions
from models.quizzes.report import read_quiz_report
from models.quizzes.shapes import AttemptPublic, AttemptPut, AttemptResult, AttemptStarted, QuizReport
from models.quizzes.taking import list_attempts, read_attempt, start_attempt, submit_attempt
from models.study.life import get_draft
from models.study.quizzes import QuizDraft
from models.study.reading import drafted
from models.study.table import StudyKind
from models.viewers import resolve_viewer

routes = router("quizzes")

_SHEET_MOST = 2 * 1024 * 1024
_reading = asyncio.Semaphore(1)
"""A workbook unpacks to many times its size."""
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SHEETS = ("application/octet-stream", "text/csv", _XLSX)
Replace = Annotated[bool, Query(description="Put them in the place of the draft's questions, not after them.")]


@routes.post("/quizzes/{quiz_id}/attempts", status_code=201)
@declare(Access.MEMBER, idempotent=True)
async def begin_attempt(quiz_id: Id, session: SessionDep, viewer: ViewerDep) -> AttemptStarted:
    """Begin an attempt, or go on with the one that is open. Its questions come without answers; hand it in before
    `due_at`, where there is one.
    """
    return await start_attempt(session, viewer, quiz_id)


@routes.get("/quizzes/{quiz_id}/attempts")
@declare(Access.MEMBER, Cached.MEMBER)
async def list_my_attempts(quiz_id: Id, session: SessionDep, viewer: ViewerDep, page: PageDep) -> Page[AttemptPublic]:
    """My attempts at a quiz, the newest first."""
    return await list_attempts(session, viewer, quiz_id, page)


@routes.get("/quizzes/{quiz_id}/attempts/{attempt_id}")
@declare(Access.MEMBER)
async def open_attempt(quiz_id: Id, attempt_id: Id, session: SessionDep, viewer: ViewerDep) -> AttemptResult:
    """An attempt of mine: its questions, what I answered, and what came of it."""
    return await read_attempt(session, viewer, quiz_id, attempt_id)


@routes.put("/quizzes/{quiz_id}/attempts/{attempt_id}")
@declare(Access.MEMBER)
async def hand_in_attempt(
    quiz_id: Id, attempt_id: Id, body: AttemptPut, session: SessionDep, viewer: ViewerDep
) -> AttemptResult:
    """Hand in my answers, once: they are marked, and the same ones again get the same result."""
    return await submit_attempt(session, viewer, quiz_id, attempt_id, body)


@routes.get("/quizzes/{quiz_id}/report")
@declare(Permission.REPORT_READ)
async def open_quiz_report(
    quiz_id: Id, session: SessionDep, viewer: ViewerDep, branch_id: UUID | None = None
) -> QuizReport:
    """How many of those whom the quiz speaks to have taken and passed it, by branch."""
    return await read_quiz_report(session, viewer, quiz_id, branch_id)


@routes.post(
    "/quizzes/{quiz_id}/questions",
    max_body_size=_SHEET_MOST,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _SHEETS},
        }
    },
)
@declare(Permission.MATERIAL_WRITE, transaction=False, writes=True, revisioned=True)
async def import_quiz_questions(
    quiz_id: Id,
    revision: RevisionDep,
    request: Request,
    tag: TagDep,
    viewer: ViewerDep,
    parts: PartsDep,
    *,
    replace: Replace = False,
) -> QuizDraft:
    """Questions of a spreadsheet (XLSX or CSV, up to 2 MiB) into the draft, one a row: kind, question, options A to J,
    answer, points, explanation. Where a row is wrong nothing changes, and all that are wrong are told.
    """
    async with parts.transaction(writes=False) as session:
        await get_draft(session, viewer, StudyKind.QUIZ, quiz_id)
    sheet = await _sheet(await request.body())
    async with parts.transaction(request_id=request.scope.get("handbook.request_id")) as session:
        writer = await resolve_viewer(session, viewer.the_member, viewer.the_session)
        draft = await import_questions(session, writer, quiz_id, sheet, revision, replaces=replace)
    return tag(drafted(QuizDraft, *draft))


async def _sheet(data: bytes) -> QuestionSheet:
    async with _reading:
        try:
            return await asyncio.to_thread(_read, data)
        except Malformed as error:
            raise Invalid.at("", error.code, **error.details) from None


def _read(data: bytes) -> QuestionSheet:
    with NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return read_questions(Path(file.name))
