"""Quizzes: questions to see how much of it stays."""

from api.cache.listings import QUIZZES
from api.cache.shared_pages import first_page, thing_page
from api.deps import Id, PageDep, RevisionDep, SessionDep, TagDep, ViewerDep
from api.routing import Access, Cached, declare, router
from models.paging import Page
from models.permissions import Permission
from models.study.life import (
    create_study,
    get_draft,
    publish_study,
    supersede_study,
    update_study,
    withdraw_study,
)
from models.study.quizzes import QuizCreate, QuizDraft, QuizPublic, QuizSummary, QuizUpdate
from models.study.reading import drafted, list_studies, list_versions, open_study
from models.study.shapes import StudyHistory, StudyPublish, StudySupersede, StudyWithdraw
from models.study.table import StudyKind

routes = router("quizzes")

_KIND = StudyKind.QUIZ


@routes.get("/quizzes")
@declare(Access.MEMBER, Cached.MEMBER, shared=first_page(QUIZZES))
async def list_quizzes(session: SessionDep, viewer: ViewerDep, page: PageDep) -> Page[QuizSummary]:
    """My quizzes: what is published for me, newest first."""
    return await list_studies(session, viewer, _KIND, page)


@routes.post("/quizzes", status_code=201)
@declare(Permission.MATERIAL_WRITE, idempotent=True)
async def write_quiz(body: QuizCreate, tag: TagDep, session: SessionDep, viewer: ViewerDep) -> QuizDraft:
    """A draft, or with `publish` a quiz that its audience has at once."""
    return tag(drafted(QuizDraft, *await create_study(session, viewer, _KIND, body)))


@routes.get("/quizzes/{quiz_id}")
@declare(Access.MEMBER, Cached.MEMBER, shared=thing_page(QUIZZES))
async def open_quiz(quiz_id: Id, session: SessionDep, viewer: ViewerDep) -> QuizPublic:
    """The questions, without their answers."""
    shown: QuizPublic = await open_study(session, viewer, _KIND, quiz_id)
    return shown


@routes.patch("/quizzes/{quiz_id}")
@declare(Permission.MATERIAL_WRITE, revisioned=True)
async def edit_quiz(
    quiz_id: Id, body: QuizUpdate, revision: RevisionDep, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> QuizDraft:
    """Change the draft. Members read what was published until it is published anew."""
    return tag(drafted(QuizDraft, *await update_study(session, viewer, _KIND, quiz_id, body, revision)))


@routes.get("/quizzes/{quiz_id}/draft")
@declare(Permission.MATERIAL_WRITE)
async def open_quiz_draft(quiz_id: Id, tag: TagDep, session: SessionDep, viewer: ViewerDep) -> QuizDraft:
    """As its editors see it; with the ETag that changes need."""
    return tag(drafted(QuizDraft, *await get_draft(session, viewer, _KIND, quiz_id)))


@routes.post("/quizzes/{quiz_id}/publish")
@declare(Permission.MATERIAL_PUBLISH, revisioned=True)
async def publish_quiz(
    quiz_id: Id, body: StudyPublish, revision: RevisionDep, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> QuizDraft:
    """The draft becomes the next version, which never changes."""
    return tag(drafted(QuizDraft, *await publish_study(session, viewer, _KIND, quiz_id, body, revision)))


@routes.post("/quizzes/{quiz_id}/withdraw")
@declare(Permission.MATERIAL_PUBLISH, revisioned=True)
async def withdraw_quiz(
    quiz_id: Id, body: StudyWithdraw, revision: RevisionDep, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> QuizDraft:
    """Take it back: members no longer see it. Its versions stay for its editors."""
    return tag(drafted(QuizDraft, *await withdraw_study(session, viewer, _KIND, quiz_id, body, revision)))


@routes.post("/quizzes/{quiz_id}/supersede")
@declare(Permission.MATERIAL_PUBLISH, revisioned=True)
async def supersede_quiz(
    quiz_id: Id, body: StudySupersede, revision: RevisionDep, tag: TagDep, session: SessionDep, viewer: ViewerDep
) -> QuizDraft:
    """Put another in its place: links to this one lead there from now on."""
    return tag(drafted(QuizDraft, *await supersede_study(session, viewer, _KIND, quiz_id, body, revision)))


@routes.get("/quizzes/{quiz_id}/versions")
@declare(Access.MEMBER, Cached.MEMBER)
async def list_quiz_versions(quiz_id: Id, session: SessionDep, viewer: ViewerDep) -> StudyHistory:
    """The publish log: what each version changed, the newest first."""
    return await list_versions(session, viewer, _KIND, quiz_id)
