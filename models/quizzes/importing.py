"""Questions of a spreadsheet, into the draft of a quiz: all of them or none."""

from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from content.quiz_sheets import QuestionSheet
from models.errors import FieldError, Invalid
from models.permissions import Viewer
from models.study.life import Drafted, get_draft, update_study
from models.study.quizzes import QuestionSaid, QuizContent, QuizUpdate
from models.study.table import StudyKind


async def import_questions(
    session: AsyncSession, viewer: Viewer, quiz_id: UUID, sheet: QuestionSheet, revision: int, *, replaces: bool
) -> Drafted:
    """After the questions that the draft has, or in their place.

    Raises what `update_study` does; Invalid with a pointer `/rows/<row>/<column>` for each row that is wrong.
    """
    study, *_ = await get_draft(session, viewer, StudyKind.QUIZ, quiz_id)
    if sheet.refused:
        raise Invalid(
            [
                FieldError("/".join(["/rows", str(row.row), *filter(None, [row.field])]), row.code, dict(row.details))
                for row in sheet.refused
            ]
        )
    kept = [] if replaces else QuizContent.model_validate(study.draft).questions
    said = [*kept, *(QuestionSaid.model_validate(question) for question in sheet.questions)]
    try:
        update = QuizUpdate.model_validate({"questions": said})
    except ValidationError as error:
        raise Invalid([FieldError.of(one, one["loc"]) for one in error.errors(include_url=False)]) from None
    return await update_study(session, viewer, StudyKind.QUIZ, quiz_id, update, revision)
