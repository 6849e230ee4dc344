"""A collection with all that it holds, to be kept where there is no network."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.files import FileStore, checksum
from content.malformed import Malformed
from content.offline import (
    OfflineFile,
    OfflineItem,
    OfflineQuestion,
    file_path,
    index_page,
    item_page,
    page_path,
)
from content.packages import Member, PackageTooLarge, PackageVersion, Zip, difference, lay_out, read_zip
from content.times import Language, written_day
from models.base import Shape
from models.branches import Branch
from models.errors import Conflict, Invalid
from models.files import File
from models.notices.activity import HOME_ZONE
from models.permissions import Viewer
from models.study.collections import CollectionCard
from models.study.editions import all_hear, files_by_hash
from models.study.materials import MaterialCard, MaterialShown
from models.study.quizzes import QuizShown
from models.study.reading import get_study
from models.study.table import Study, StudyItem, StudyKind, StudyState, StudyVersion

_HOME = ZoneInfo(HOME_ZONE)
"""In whose days it is said until when something is to be studied."""
_HTML = "text/html; charset=utf-8"


class PackagedFile(Shape):
    """`path` is within the package; what lies under `files/` is also at `/v1/files/{sha256}`. `size` is in bytes."""

    path: str
    sha256: str
    size: int
    media_type: str


class PackageChanges(Shape):
    """For who holds the version that was named: what to fetch, and what to drop."""

    fetch: list[str]
    drop: list[str]


class PackagePublic(Shape):
    """What the package holds. `size` is that of the zip in bytes, and `digest` names its bytes: it is its ETag.
    `changes` where `since` was named; everything is to be fetched where that version is not known any more.
    """

    version: str
    size: int
    digest: str
    files: list[PackagedFile]
    changes: PackageChanges | None


@dataclass(frozen=True, slots=True)
class Package:
    slug: str
    version: PackageVersion
    members: Sequence[Member]
    zipped: Zip

    def read(self, files: FileStore, start: int, end: int) -> AsyncIterator[bytes]:
        return read_zip(self.zipped, files, start, end)


@dataclass(frozen=True, slots=True)
class _Collection:
    study: Study
    branch: Branch
    version: StudyVersion
    items: Sequence[tuple[StudyItem, Study, StudyVersion | None]]


async def read_package(
    session: AsyncSession, viewer: Viewer, files: FileStore, collection_id: UUID, since: str | None
) -> PackagePublic:
    """Raises NotFound, Invalid `package.version_malformed`, Conflict `package.too_large`."""
    package = await pack(session, viewer, files, collection_id)
    changes = None
    if since is not None:
        old = await _as_of(session, viewer, collection_id, since)
        fetch, drop = difference(old, {member.path: member.sha256 for member in package.members})
        changes = PackageChanges(fetch=fetch, drop=drop)
    return PackagePublic(
        version=str(package.version),
        size=package.zipped.size,
        digest=package.zipped.digest,
        files=[PackagedFile.model_validate(member) for member in package.members],
        changes=changes,
    )


async def pack(session: AsyncSession, viewer: Viewer, files: FileStore, collection_id: UUID) -> Package:
    """As it is now. Raises NotFound, Conflict `package.too_large`."""
    collection = await _read(session, viewer, collection_id)
    numbers = tuple(version.version if version is not None else 0 for *_, version in collection.items)
    members = await _members(session, collection, files)
    try:
        zipped = lay_out(members)
    except PackageTooLarge:
        raise Conflict("package.too_large", gigabytes=4) from None
    version = PackageVersion(collection.version.version, numbers)
    return Package(collection.study.slug, version, sorted(members, key=lambda member: member.path), zipped)


async def _as_of(session: AsyncSession, viewer: Viewer, collection_id: UUID, since: str) -> Mapping[str, str]:
    """Hashes by path of what an earlier package held; nothing where it is not known."""
    try:
        named = PackageVersion.read(since)
    except Malformed as error:
        raise Invalid.at("/query/since", error.code) from None
    if named is None:
        return {}
    collection = await _read(session, viewer, collection_id, named)
    if len(collection.items) != len(named.items):
        return {}
    return {member.path: member.sha256 for member in await _members(session, collection, None)}


async def _read(
    session: AsyncSession, viewer: Viewer, collection_id: UUID, named: PackageVersion | None = None
) -> _Collection:
    """As it is now, or in the versions that are named, of which those that never were are left out."""
    study, branch, version = await get_study(session, viewer, StudyKind.COLLECTION, collection_id)
    if named is not None:
        version = await session.get(StudyVersion, (study.id, named.collection)) or version
    number = case((col(Study.state) == StudyState.PUBLISHED, col(Study.version)), else_=0)
    if named is not None:
        number = case(dict(enumerate(named.items)), value=col(StudyItem.position), else_=0)
    is_shown = and_(col(StudyVersion.study_id) == col(Study.id), col(StudyVersion.version) == number)
    rows = await session.execute(
        select(StudyItem, Study, Branch, StudyVersion)
        .join(Study, col(Study.id) == col(StudyItem.item_id))
        .join(Branch, col(Branch.no) == col(Study.branch_no))
        .outerjoin(StudyVersion, is_shown)
        .where(col(StudyItem.collection_id) == study.id, col(StudyItem.version) == version.version)
        .order_by(col(StudyItem.position))
    )
    items = [
        # a branch that was moved does not take along what it heard where it was
        (item, of, shown if all_hear(of, its_branch, study, branch) else None)
        for item, of, its_branch, shown in rows
    ]
    return _Collection(study, branch, version, items)


async def _members(session: AsyncSession, collection: _Collection, files: FileStore | None) -> list[Member]:
    """Without `files` their checksums are left out: for who compares paths and hashes alone."""
    shown = [(item, study, version) for item, study, version in collection.items if version is not None]
    hashes = {sha256 for _, study, version in shown for sha256 in _hashes(study, version)}
    stored = await files_by_hash(session, frozenset(hashes))
    items = [_offline(item, study, version, stored) for item, study, version in shown]
    card = CollectionCard.model_validate(collection.version.card)
    due = written_day(card.due_at.astimezone(_HOME).date(), "vi") if card.due_at is not None else None
    byline = f"{collection.branch.name} · phiên bản {collection.version.version}"
    index = partial(index_page, collection.version.title, collection.version.summary, byline, due, items, "vi")
    kinds = {sha256: file.media_type for sha256, file in stored.items()}
    members = await asyncio.to_thread(_pages, index, items, kinds)
    for file in stored.values():
        crc32 = file.crc32
        if crc32 is None and files is not None:  # kept before checksums were
            crc32 = file.crc32 = await checksum(files, file.sha256)
        path = file_path(file.sha256, file.media_type)
        members.append(Member(path, file.media_type, file.sha256, file.size, crc32 or 0))
    return members


def _pages(index: Callable[[], str], items: Sequence[OfflineItem], kinds: Mapping[str, str]) -> list[Member]:
    """Takes a while where the collection is large."""
    pages = {"index.html": index()} | {
        page_path(place, item): item_page(items, place, kinds.__getitem__) for place, item in enumerate(items)
    }
    return [Member.of(path, _HTML, page.encode()) for path, page in pages.items()]


def _hashes(study: Study, version: StudyVersion) -> list[str]:
    if study.kind is not StudyKind.MATERIAL:
        return []
    card = MaterialCard.model_validate(version.card)
    images = [image.sha256 for image in MaterialShown.model_validate(version.shown).images]
    return images if card.file is None else [*images, card.file.sha256]


def _offline(item: StudyItem, study: Study, version: StudyVersion, stored: Mapping[str, File]) -> OfflineItem:
    common: dict[str, Any] = {
        "slug": study.slug,
        "title": version.title,
        "summary": version.summary,
        "version": version.version,
        "is_required": item.is_required,
    }
    if study.kind is StudyKind.QUIZ:
        asked = QuizShown.model_validate(version.shown).questions
        questions = [OfflineQuestion(each.kind, each.text, [option.text for option in each.options]) for each in asked]
        return OfflineItem(**common, questions=questions)
    card, shown = MaterialCard.model_validate(version.card), MaterialShown.model_validate(version.shown)
    file = None
    if card.file is not None and card.file.sha256 in stored:
        file = OfflineFile(card.file.sha256, card.file.media_type, card.file.name, card.file.size)
    language: Language = "en" if card.language == "en" else "vi"
    issued = written_day(card.issued_on, language) if card.issued_on is not None else None
    return OfflineItem(
        **common,
        language=language,
        html=shown.body_html,
        headings=[(heading.level, heading.text, heading.anchor) for heading in shown.headings],
        minutes=card.reading_minutes,
        byline=" · ".join(filter(None, (card.issuing_body, card.document_no, issued))),
        file=file,
    )
