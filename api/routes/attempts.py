"""Taking quizzes, and how many have."""

from uuid import UUID

from api.deps import Id, PageDep, SessionDep, ViewerDep
from api.routing import Access, Cached, declare, router
from models.paging import Page
from models.permissions import Permission
from models.quizzes.report import read_quiz_report
from models.quizzes.shapes import AttemptPublic, AttemptPut, AttemptResult, AttemptStarted, QuizReport
from models.quizzes.taking import list_attempts, read_attempt, start_attempt, submit_attempt

routes = router("quizzes")


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
