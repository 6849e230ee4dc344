"""What a branch's editors have in hand, of every kind."""

from api.deps import Id, PageDep, SessionDep, ViewerDep
from api.routing import declare, router
from models.branches import get_branch
from models.paging import Page
from models.permissions import Permission
from models.study.reading import list_branch_studies
from models.study.shapes import StudyLine
from models.study.table import StudyKind, StudyState

routes = router("materials")


@routes.get("/branches/{branch_id}/studies")
@declare(Permission.MATERIAL_WRITE)
async def list_studies_of_branch(
    branch_id: Id,
    session: SessionDep,
    viewer: ViewerDep,
    page: PageDep,
    kind: StudyKind | None = None,
    state: StudyState | None = None,
) -> Page[StudyLine]:
    """Materials, collections and quizzes that a branch itself has, drafts too."""
    branch = await get_branch(session, branch_id)
    return await list_branch_studies(session, viewer, branch, page, kind=kind, state=state)
