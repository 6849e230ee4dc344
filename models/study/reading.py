"""Who reads what there is to study, and how it is shown."""

from collections.abc import Iterable
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, defer
from sqlmodel import col

from models.branches import Branch
from models.channels import ALL, hears
from models.errors import NotFound
from models.notices.shapes import Audience, NoticeBranch
from models.paging import Order, Page, PageRequest, paginate
from models.permissions import Permission, Viewer, require, visible
from models.study.collections import CollectionEntry, CollectionPublic, CollectionSummary, ItemKind
from models.study.materials import Level, MaterialPublic, MaterialSummary
from models.study.quizzes import QuizPublic, QuizSummary
from models.study.shapes import StudyDraft, StudyEdition, StudyHistory, StudyLine, StudySummary
from models.study.table import Study, StudyFile, StudyItem, StudyKind, StudyState, StudyVersion

SUMMARIES: dict[StudyKind, type[StudySummary]] = {
    StudyKind.MATERIAL: MaterialSummary,
    StudyKind.COLLECTION: CollectionSummary,
    StudyKind.QUIZ: QuizSummary,
}
_WHOLE: dict[StudyKind, type[StudySummary]] = {StudyKind.MATERIAL: MaterialPublic, StudyKind.QUIZ: QuizPublic}
_DRAFT: Any = Study.draft
_SAID: Any = StudyVersion.said
_SHOWN: Any = StudyVersion.shown
_FOR_EDITORS = (defer(_DRAFT), defer(_SAID))
"""What no reader is shown, and may be long."""
_SUPERSEDED_MOST = 20
"""Steps from what an old link names to what took its place."""
SummaryT = TypeVar("SummaryT", bound=StudySummary)
DraftT = TypeVar("DraftT", bound=StudyDraft)


def heard(viewer: Viewer) -> ColumnElement[bool]:
    """What is published on the viewer's channels: the clause over `Study` that lists, details, files and all else
    share.
    """
    return and_(col(Study.state) == StudyState.PUBLISHED, hears(viewer, col(Study.branch_no), col(Study.who)))


def readable(viewer: Viewer) -> ColumnElement[bool]:
    """What is heard, and by right over the branch all that ever was published. Over `Study` and `Branch`."""
    was_published = col(Study.version) > 0
    return or_(heard(viewer), and_(was_published, visible(viewer, Permission.MATERIAL_WRITE, Branch.path)))


async def get_study(
    session: AsyncSession, viewer: Viewer, kind: StudyKind, study_id: UUID
) -> tuple[Study, Branch, StudyVersion]:
    """What this viewer may read, in its published version; where something took its place, that. Raises NotFound."""
    for _ in range(_SUPERSEDED_MOST):
        found = await session.execute(
            select(Study, Branch, StudyVersion)
            .join(Branch, col(Branch.no) == col(Study.branch_no))
            .join(StudyVersion, _is_published_version())
            .where(col(Study.id) == study_id, col(Study.kind) == kind, readable(viewer))
            .options(*_FOR_EDITORS)
        )
        row = found.one_or_none()
        if row is not None:
            study, branch, version = row
            return study, branch, version
        followed = await session.scalar(
            select(col(Study.superseded_by)).where(
                col(Study.id) == study_id,
                col(Study.kind) == kind,
                col(Study.state) == StudyState.SUPERSEDED,
                hears(viewer, col(Study.branch_no), col(Study.who)),
            )
        )
        if followed is None:
            raise NotFound
        study_id = followed
    raise NotFound


async def open_study(session: AsyncSession, viewer: Viewer, kind: StudyKind, study_id: UUID) -> Any:
    """`get_study` as it is shown: the same for all who may read it."""
    study, branch, version = await get_study(session, viewer, kind, study_id)
    if kind is StudyKind.COLLECTION:
        entries = (await session.execute(ENTRIES.where(col(StudyItem.collection_id) == study.id))).all()
        return whole_collection(study, branch, version, entries)
    return whole(study, branch, version)


async def open_version(session: AsyncSession, viewer: Viewer, kind: StudyKind, study_id: UUID, number: int) -> Any:
    """An earlier version, for who may read the newest. Raises NotFound."""
    study, branch, _ = await get_study(session, viewer, kind, study_id)
    version = await session.get(StudyVersion, (study.id, number))
    if version is None:
        raise NotFound
    return whole(study, branch, version)


async def list_studies(
    session: AsyncSession, viewer: Viewer, kind: StudyKind, page: PageRequest, *, level: Level | None = None
) -> Page[Any]:
    """What is published on the viewer's channels, newest first."""
    statement = (
        select(Study, StudyVersion)
        .join(StudyVersion, _is_published_version())
        .where(heard(viewer), col(Study.kind) == kind)
        .options(*_FOR_EDITORS, defer(_SHOWN))
    )
    if level is not None:
        statement = statement.where(col(StudyVersion.card)["level"].as_string() == level)
    order = [Order(col(Study.published_at), descending=True), Order(col(Study.id), descending=True)]
    found: Page[Any] = await paginate(session, statement, page, order, tuple)
    speaking = await _speaking(session, (study.branch_no for study, _ in found.items))
    items = [summary(SUMMARIES[kind], study, speaking[study.branch_no], version) for study, version in found.items]
    return Page(items=items, next_cursor=found.next_cursor)


async def list_branch_studies(
    session: AsyncSession,
    viewer: Viewer,
    branch: Branch,
    page: PageRequest,
    *,
    kind: StudyKind | None = None,
    state: StudyState | None = None,
) -> Page[StudyLine]:
    """All that one branch itself has, newest first, for holders of `material.write`."""
    require(viewer, Permission.MATERIAL_WRITE, branch.path)
    statement: Select[Any] = select(Study).where(col(Study.branch_no) == branch.no)
    if kind is not None:
        statement = statement.where(col(Study.kind) == kind)
    if state is not None:
        statement = statement.where(col(Study.state) == state)
    return await paginate(session, statement, page, [Order(col(Study.id), descending=True)], _line)


async def list_versions(session: AsyncSession, viewer: Viewer, kind: StudyKind, study_id: UUID) -> StudyHistory:
    """The publish log, newest first, for whoever may read the thing."""
    study, _, _ = await get_study(session, viewer, kind, study_id)
    rows = await session.execute(
        select(
            col(StudyVersion.version), col(StudyVersion.title), col(StudyVersion.change), col(StudyVersion.published_at)
        )
        .where(col(StudyVersion.study_id) == study.id)
        .order_by(col(StudyVersion.version).desc())
    )
    return StudyHistory(
        items=[StudyEdition(version=n, title=title, change=change, published_at=at) for n, title, change, at in rows]
    )


def holding(viewer: Viewer, sha256: str) -> ColumnElement[bool]:
    """Does a version of something that the viewer may read hold this file, or a draft that the viewer may write?"""
    is_drafts = and_(col(StudyFile.version) == 0, visible(viewer, Permission.MATERIAL_WRITE, Branch.path))
    return exists().where(
        col(StudyFile.sha256) == sha256,
        col(Study.id) == col(StudyFile.study_id),
        col(Branch.no) == col(Study.branch_no),
        or_(and_(col(StudyFile.version) > 0, readable(viewer)), is_drafts),
    )


def _is_published_version() -> ColumnElement[bool]:
    return and_(col(StudyVersion.study_id) == col(Study.id), col(StudyVersion.version) == col(Study.version))


_COLLECTION, _ITS_BRANCH = aliased(Study), aliased(Branch)
ENTRIES: Select[*tuple[Any, ...]] = (
    select(
        col(Study.kind),
        col(Study.id),
        col(StudyItem.is_required),
        col(StudyVersion.title),
        col(StudyVersion.summary),
        col(StudyVersion.version),
        col(StudyItem.version).label("of"),
    )
    .select_from(StudyItem)
    .join(Study, and_(col(Study.id) == col(StudyItem.item_id), col(Study.state) == StudyState.PUBLISHED))
    .join(StudyVersion, _is_published_version())
    .join(Branch, col(Branch.no) == col(Study.branch_no))
    .join(_COLLECTION, _COLLECTION.id == col(StudyItem.collection_id))  # type: ignore[arg-type]  # aliased columns are Any
    .join(_ITS_BRANCH, _ITS_BRANCH.no == _COLLECTION.branch_no)  # type: ignore[arg-type]
    .where(
        or_(
            and_(col(Study.branch_no) == _COLLECTION.branch_no, col(Study.who) == _COLLECTION.who),
            and_(col(Study.who) == ALL, col(_ITS_BRANCH.path).startswith(col(Branch.path))),
        )
    )
    .order_by(col(StudyItem.position))
)
"""What collections hold, as it is now. What not all hear who hear the collection, since a branch was moved, is left
out: `all_hear`, as a predicate.
"""


async def _speaking(session: AsyncSession, numbers: Iterable[int]) -> dict[int, NoticeBranch]:
    branches = await session.scalars(select(Branch).where(col(Branch.no).in_(sorted(set(numbers)))))
    return {branch.no: NoticeBranch.model_validate(branch) for branch in branches}


def summary(shape: type[SummaryT], study: Study, branch: NoticeBranch, version: StudyVersion) -> SummaryT:
    return shape(**_common(study, branch, version), **version.card)


def whole(study: Study, branch: Branch, version: StudyVersion) -> StudySummary:
    shape = _WHOLE[study.kind]
    return shape(**_common(study, NoticeBranch.model_validate(branch), version), **version.card, **version.shown)


def whole_collection(study: Study, branch: Branch, version: StudyVersion, entries: Iterable[Any]) -> CollectionPublic:
    """`entries` are rows of ENTRIES, of any of its versions."""
    items = [
        CollectionEntry(
            kind=ItemKind(row.kind.value),
            id=row.id,
            is_required=row.is_required,
            title=row.title,
            summary=row.summary,
            version=row.version,
        )
        for row in entries
        if row.of == version.version
    ]
    common = _common(study, NoticeBranch.model_validate(branch), version)
    return CollectionPublic(**common, **version.card, items=items)


def _common(study: Study, branch: NoticeBranch, version: StudyVersion) -> dict[str, Any]:
    return {
        "id": study.id,
        "branch": branch,
        "slug": study.slug,
        "title": version.title,
        "summary": version.summary,
        "version": version.version,
        "published_at": version.published_at,
        "change": version.change,
    }


def drafted(shape: type[DraftT], study: Study, branch: Branch, published: StudyVersion | None) -> DraftT:
    """As its editors see it; `published` is the version that members read."""
    return shape(
        branch=NoticeBranch.model_validate(branch),
        audience=Audience.of(study.who),
        content=study.draft,
        has_changes=published is None or published.said != study.draft,
        **{
            name: getattr(study, name)
            for name in StudyDraft.model_fields
            if name not in {"branch", "audience", "has_changes"}
        },
    )


def _line(study: Study) -> StudyLine:
    return StudyLine(
        title=study.draft["title"],
        **{name: getattr(study, name) for name in StudyLine.model_fields if name != "title"},
    )
