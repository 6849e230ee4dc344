"""Bringing in whole folders of what there is to study."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from starlette.requests import Request
from starlette.types import Scope

from api.deps import Id, PartsDep, ViewerDep
from api.problems import Problem, problem_of
from api.routing import declare, router
from api.unpacking import ARCHIVE_MOST, unpacked
from models.base import Shape
from models.permissions import Permission
from models.study.importing import Brought, ImportResult, Means, StudyImport, check_right, import_folder
from models.study.table import StudyKind
from models.viewers import resolve_viewer

routes = router("materials")

DryRun = Annotated[bool, Query(description="Say what would happen and change nothing.")]
_TAKES_ZIP: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/octet-stream", "application/zip")
        },
    }
}


class BroughtIn(Shape):
    """What became of one file of the folder. `problem` is there for `refused` alone; `scanned` says that its PDF has
    no text to search.
    """

    path: str
    kind: StudyKind | None
    slug: str | None
    result: ImportResult
    id: UUID | None
    version: int | None
    scanned: bool
    problem: Problem | None = None


class StudyImportPublic(Shape):
    """How many of each, and what became of every one."""

    dry_run: bool
    new: int
    changed: int
    same: int
    refused: int
    things: list[BroughtIn]


@routes.post("/branches/{branch_id}/study-import", max_body_size=ARCHIVE_MOST, openapi_extra=_TAKES_ZIP)
@declare(Permission.MATERIAL_PUBLISH, transaction=False, writes=True)
async def import_studies(
    branch_id: Id, request: Request, viewer: ViewerDep, parts: PartsDep, dry_run: DryRun = False
) -> StudyImportPublic:
    """A zip of Markdown with TOML front matter, files and manifests: what is new or changed is published, what says
    the same is left alone, what is wrong is refused with reasons.
    """
    async with parts.transaction(writes=False) as session:
        await check_right(session, viewer, branch_id)
    means = Means(parts.transaction, lambda at: resolve_viewer(at, viewer.the_member, viewer.the_session), parts.files)
    async with unpacked(request, parts) as folder:
        return _shown(request.scope, await import_folder(means, branch_id, folder, dry_run=dry_run))


def _shown(scope: Scope, outcome: StudyImport) -> StudyImportPublic:
    counts = {result.value: outcome.count(result) for result in ImportResult}
    things = [_thing(scope, thing) for thing in outcome.things]
    return StudyImportPublic(dry_run=outcome.dry_run, things=things, **counts)


def _thing(scope: Scope, thing: Brought) -> BroughtIn:
    return BroughtIn(
        path=thing.path,
        kind=thing.kind,
        slug=thing.slug,
        result=thing.result,
        id=thing.id,
        version=thing.version,
        scanned=thing.is_scanned,
        problem=problem_of(scope, thing.refusal) if thing.refusal is not None else None,
    )
