"""The life of what there is to study: written, published in versions that never change, withdrawn, superseded."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.text import words
from models.audit import audit
from models.branches import Branch, BranchStatus, get_branch
from models.changes import Topic, record
from models.channels import channel
from models.database import now, translating
from models.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, Stale
from models.file_access import may_refer
from models.notices.shapes import Audience
from models.outbox import Cause, ThingKind, enqueue
from models.permissions import Permission, Viewer, require, visible
from models.searching.index import Document, forget, make_findable
from models.searching.table import FoundKind
from models.study.due import reminding_at
from models.study.editions import MAKINGS, Edition, all_hear
from models.study.reading import readable
from models.study.shapes import StudyContent, StudyCreate, StudyPublish, StudySupersede, StudyUpdate, StudyWithdraw
from models.study.table import (
    DRAFT,
    Study,
    StudyFile,
    StudyItem,
    StudyKind,
    StudyState,
    StudyVersion,
)

_SLUG_MOST = 80
_NOT_OF_THE_CONTENT = frozenset({"audience", "classification"})
_EDITED = frozenset({StudyState.DRAFT, StudyState.PUBLISHED})

Drafted = tuple[Study, Branch, StudyVersion | None]
"""A thing as its editors see it, with the version that members read."""


async def create_study(session: AsyncSession, viewer: Viewer, kind: StudyKind, data: StudyCreate) -> Drafted:
    """A draft, or with `publish` the first version.

    Raises Invalid `branch.unknown`, `file.unknown`, Conflict `study.slug_taken`, and what `publish` raises.
    """
    try:
        branch = await get_branch(session, data.branch_id)
    except NotFound:
        raise Invalid.at("/branch_id", "branch.unknown") from None
    require(viewer, Permission.MATERIAL_WRITE, branch.path)
    await _hold(session, viewer, branch)
    content = _content(kind, data.model_dump(include=set(MAKINGS[kind].content.model_fields)))
    slug = data.slug or slug_of(content.title)
    study = Study(
        kind=kind,
        branch_no=branch.no,
        who=data.audience.who,
        slug=slug,
        draft=content.model_dump(mode="json"),
        author_id=viewer.member_id,
        created_at=now(session),
    )
    async with translating(session, {"uq_study_slug": Conflict("study.slug_taken", name=slug)}):
        session.add(study)
    await _note_files(session, viewer, study, content)
    published = None
    if data.publish:
        published = await _publish(session, viewer, study, branch, None)
    _audit(session, viewer, f"{kind}.{'publish' if published else 'create'}", study, after=_noted(study, content))
    return study, branch, published


async def get_draft(session: AsyncSession, viewer: Viewer, kind: StudyKind, study_id: UUID) -> Drafted:
    """For who has the right to write it. Raises NotFound, Forbidden where the viewer may read it only."""
    row = (
        await session.execute(
            select(Study, Branch, StudyVersion)
            .join(Branch, col(Branch.no) == col(Study.branch_no))
            .outerjoin(
                StudyVersion,
                (col(StudyVersion.study_id) == col(Study.id)) & (col(StudyVersion.version) == col(Study.version)),
            )
            .where(
                col(Study.id) == study_id,
                col(Study.kind) == kind,
                or_(readable(viewer), visible(viewer, Permission.MATERIAL_WRITE, Branch.path)),
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    study, branch, version = row
    require(viewer, Permission.MATERIAL_WRITE, branch.path)
    return study, branch, version


async def update_study(
    session: AsyncSession, viewer: Viewer, kind: StudyKind, study_id: UUID, data: StudyUpdate, revision: int
) -> Drafted:
    """Change the draft; what members read stays until it is published.

    Raises Conflict `study.withdrawn`, `study.superseded`, `study.audience_fixed`, Stale, Invalid.
    """
    study, branch, version = await _held(session, viewer, kind, study_id, revision)
    sent = {name: getattr(data, name) for name in data.model_fields_set - _NOT_OF_THE_CONTENT}
    before = _content(kind, study.draft)
    content = _content(kind, before.model_dump() | data.model_dump(include=set(sent)))
    if data.audience is not None and data.audience.who != study.who:
        if study.version:
            raise Conflict("study.audience_fixed")
        study.who = data.audience.who
    elif content == before:
        return study, branch, version
    await _note_files(session, viewer, study, content)
    study.draft = content.model_dump(mode="json")
    study.revision += 1
    await session.flush()
    _audit(session, viewer, f"{kind}.update", study, after=_noted(study, content))
    return study, branch, version


async def publish_study(
    session: AsyncSession, viewer: Viewer, kind: StudyKind, study_id: UUID, data: StudyPublish, revision: int
) -> Drafted:
    """The draft becomes the version that members read. Of two who publish at once, one does.

    Raises Conflict `study.nothing_changed`, `study.withdrawn`, `study.superseded`, `branch.not_active`, Stale, and
    Invalid where the content does not stand up, as a collection whose items are not published.
    """
    study, branch, _ = await _held(session, viewer, kind, study_id, revision, right=Permission.MATERIAL_PUBLISH)
    before = study.version
    study.revision += 1
    version = await _publish(session, viewer, study, branch, data.change)
    after = {"version": study.version, "revision": study.revision, "change": data.change}
    _audit(session, viewer, f"{kind}.publish", study, before={"version": before}, after=after)
    return study, branch, version


async def withdraw_study(
    session: AsyncSession, viewer: Viewer, kind: StudyKind, study_id: UUID, data: StudyWithdraw, revision: int
) -> Drafted:
    """Members no longer see it, nor its files; its versions stay for its editors. Raises Conflict, Stale."""
    study, branch, version = await _held(session, viewer, kind, study_id, revision, right=Permission.MATERIAL_PUBLISH)
    _require_published(study)
    study.state = StudyState.WITHDRAWN
    study.withdrawn_at, study.withdrawn_reason = now(session), data.reason or None
    await _end(session, study)
    _audit(session, viewer, f"{kind}.withdraw", study, after={"reason": study.withdrawn_reason})
    return study, branch, version


async def supersede_study(
    session: AsyncSession, viewer: Viewer, kind: StudyKind, study_id: UUID, data: StudySupersede, revision: int
) -> Drafted:
    """Something else takes its place: links to it lead there. Raises Conflict, Stale,
    Invalid `study.successor_unknown`, `study.successor_narrower`.
    """
    study, branch, version = await _held(session, viewer, kind, study_id, revision, right=Permission.MATERIAL_PUBLISH)
    _require_published(study)
    try:
        successor, its_branch, _ = await get_draft(session, viewer, kind, data.by)
    except (NotFound, Forbidden):
        raise Invalid.at("/by", "study.successor_unknown") from None
    await session.refresh(successor, with_for_update={"key_share": True})
    if successor.state is not StudyState.PUBLISHED or successor.id == study.id:
        raise Invalid.at("/by", "study.successor_unknown")
    if not all_hear(successor, its_branch, study, branch):
        raise Invalid.at("/by", "study.successor_narrower")
    study.state = StudyState.SUPERSEDED
    study.superseded_by = successor.id
    await _end(session, study)
    _audit(session, viewer, f"{kind}.supersede", study, after={"superseded_by": str(successor.id)})
    return study, branch, version


async def _publish(
    session: AsyncSession, viewer: Viewer, study: Study, branch: Branch, change: str | None
) -> StudyVersion:
    await _hold(session, viewer, branch, Permission.MATERIAL_PUBLISH)
    if study.version:
        last = await session.get_one(StudyVersion, (study.id, study.version))
        if last.said == study.draft:
            raise Conflict("study.nothing_changed")
    making = MAKINGS[study.kind]
    content = _content(study.kind, study.draft)
    edition = await making.draw_up(session, study, branch, content)
    at = now(session)
    study.version += 1
    study.state, study.published_at = StudyState.PUBLISHED, at
    version = StudyVersion(
        study_id=study.id,
        version=study.version,
        title=content.title,
        summary=edition.summary,
        said=study.draft,
        card=edition.card,
        shown=edition.shown,
        change=change,
        author_id=viewer.member_id,
        published_at=at,
    )
    session.add(version)
    await session.flush()
    session.add_all(
        StudyFile(study_id=study.id, version=study.version, sha256=sha256) for sha256 in sorted(edition.files)
    )
    session.add_all(
        StudyItem(
            collection_id=study.id, version=study.version, position=place, item_id=item_id, is_required=is_required
        )
        for place, (item_id, is_required) in enumerate(edition.items)
    )
    await session.flush()
    _tell(session, study)
    await _tell_collections(session, study)
    await _index(session, study, content, edition)
    study.remind_at = reminding_at(edition.card.get("due_at"), at)
    if study.kind is not StudyKind.QUIZ:
        thing = (ThingKind(study.kind.value), study.id)
        await enqueue(session, Cause.STUDY_PUBLISHED, thing, study.version, (study.branch_no, study.who))
    return version


async def _end(session: AsyncSession, study: Study) -> None:
    study.revision += 1
    await session.flush()
    await forget(session, study.id)
    _tell(session, study)
    await _tell_collections(session, study)


def _tell(session: AsyncSession, study: Study) -> None:
    said = channel(study.branch_no, study.who)
    match study.kind:  # kinds are written out wherever anything is recorded, so that the log's can be told
        case StudyKind.MATERIAL:
            record(session, said, Topic.MATERIALS, "material", study.id)
        case StudyKind.COLLECTION:
            record(session, said, Topic.MATERIALS, "collection", study.id)
        case StudyKind.QUIZ:
            record(session, said, Topic.MATERIALS, "quiz", study.id)


async def _tell_collections(session: AsyncSession, study: Study) -> None:
    """Those that hold it show its title, or no longer do."""
    found = await session.scalars(
        select(Study)
        .join(
            StudyItem,
            (col(StudyItem.collection_id) == col(Study.id)) & (col(StudyItem.version) == col(Study.version)),
        )
        .where(col(StudyItem.item_id) == study.id, col(Study.state) == StudyState.PUBLISHED)
    )
    for collection in found:
        _tell(session, collection)


async def _index(session: AsyncSession, study: Study, content: StudyContent, edition: Edition) -> None:
    """Search finds it from now on, and by what it says now."""
    card = edition.card
    document = Document(
        thing_id=study.id,
        kind=FoundKind(study.kind.value),
        branch_no=study.branch_no,
        who=study.who,
        title=content.title,
        text="\n".join(filter(None, (content.summary, edition.text))),
        version=study.version,
        published_at=now(session),
        number=card.get("document_no") or "",
        level=card.get("level"),
        language=card.get("language"),
        tags=card.get("tags") or (),
    )
    await make_findable(session, document)


async def _held(
    session: AsyncSession,
    viewer: Viewer,
    kind: StudyKind,
    study_id: UUID,
    revision: int,
    *,
    right: Permission = Permission.MATERIAL_WRITE,
) -> Drafted:
    """A thing to change, locked: neither withdrawn nor superseded. Raises Conflict, Stale."""
    study, branch, version = await get_draft(session, viewer, kind, study_id)
    require(viewer, right, branch.path)
    if right is Permission.MATERIAL_PUBLISH:
        await session.refresh(branch, with_for_update={"read": True})  # before the thing, as everywhere
    await session.refresh(study, with_for_update={"key_share": True})
    if study.state not in _EDITED:
        raise Conflict(f"study.{study.state}")
    if study.revision != revision:
        raise Stale
    return study, branch, version


def _require_published(study: Study) -> None:
    if study.state is not StudyState.PUBLISHED:
        raise Conflict("study.not_published")


async def _hold(
    session: AsyncSession, viewer: Viewer, branch: Branch, right: Permission = Permission.MATERIAL_WRITE
) -> None:
    """The branch stays where it is to the end of the transaction, and the right is asked for again then."""
    await session.refresh(branch, with_for_update={"read": True})
    require(viewer, right, branch.path)
    if branch.status is not BranchStatus.ACTIVE:
        raise Conflict("branch.not_active")


async def _note_files(session: AsyncSession, viewer: Viewer, study: Study, content: StudyContent) -> None:
    """What the draft holds now. Raises Invalid `file.unknown` for what is not there for the viewer."""
    named: frozenset[str] = MAKINGS[study.kind].files(content)
    held = set(
        await session.scalars(select(col(StudyFile.sha256)).where(col(StudyFile.study_id) == study.id).distinct())
    )
    if unknown := named - held:
        unknown -= await may_refer(session, viewer, unknown)
    if unknown:
        main = getattr(content, "file", None)
        raise Invalid.at("/file/sha256" if main is not None and main.sha256 in unknown else "/body", "file.unknown")
    await session.execute(delete(StudyFile).where(col(StudyFile.study_id) == study.id, col(StudyFile.version) == DRAFT))
    session.add_all(StudyFile(study_id=study.id, version=DRAFT, sha256=sha256) for sha256 in sorted(named))
    await session.flush()


def _content(kind: StudyKind, fields: Mapping[str, Any]) -> Any:
    """Raises Invalid, with pointers into it."""
    try:
        return MAKINGS[kind].content.model_validate(fields)
    except ValidationError as error:
        raise Invalid([FieldError.of(one, one["loc"]) for one in error.errors(include_url=False)]) from None


def slug_of(title: str) -> str:
    """`ky-nang-so-can-ban` of "Kỹ năng số căn bản"."""
    kept: list[str] = []
    for word in words(title):
        if word.isascii() and len("-".join([*kept, word])) <= _SLUG_MOST:
            kept.append(word)
    return "-".join(kept) or "tai-lieu"


def _audit(
    session: AsyncSession,
    viewer: Viewer,
    action: str,
    study: Study,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    audit(session, viewer, action, study.kind.value, study.id, branch_no=study.branch_no, before=before, after=after)


def _noted(study: Study, content: StudyContent) -> dict[str, Any]:
    """As the audit keeps it: what identifies it, not its text."""
    audience = Audience.of(study.who).model_dump(mode="json", exclude_none=True)
    return {"title": content.title, "slug": study.slug, "audience": audience, "version": study.version}
