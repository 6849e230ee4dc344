"""Questions of a quiz in a spreadsheet, out of its draft and into it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.deps import Id, PartsDep, RevisionDep, SessionDep, TagDep, ViewerDep
from api.exports import as_file, exported
from api.languages import Language, language_of
from api.routing import declare, router
from content.malformed import Malformed
from content.quiz_sheets import QuestionSheet, cells, headings, read_questions
from content.quizzes import Question
from content.tabular import Cell
from models.errors import Invalid
from models.permissions import Permission
from models.quizzes.importing import import_questions
from models.study.life import get_draft
from models.study.quizzes import QuizContent, QuizDraft
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


@routes.get("/quizzes/{quiz_id}/questions.xlsx", response_class=StreamingResponse, responses=exported("xlsx"))
@declare(Permission.MATERIAL_WRITE)
async def export_quiz_questions(quiz_id: Id, request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """The draft's questions with their answers, as `POST /v1/quizzes/{quiz_id}/questions` takes them; of a draft
    without any, the form to fill in.
    """
    study, *_ = await get_draft(session, viewer, StudyKind.QUIZ, quiz_id)
    language = language_of(request.scope)
    rows = _rows(QuizContent.model_validate(study.draft).pool, language)
    return await as_file(headings(language), rows, "xlsx", study.slug)


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


async def _rows(questions: Iterable[Question], language: Language) -> AsyncIterator[list[list[Cell]]]:
    yield [cells(question, language) for question in questions]


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
