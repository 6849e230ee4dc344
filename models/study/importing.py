"""Bringing a folder of study things into a branch, through the same rules as the API.

Things are known by their slugs: what says the same as what is published is left alone, what differs makes one new
version. So an import may be stopped anywhere, and is completed by running it again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import Any, Protocol
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import and_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.extract import KINDS, Extract, extract
from content.files import FileStore
from content.filetypes import STUDY_TYPES, FileType, type_of_name, verify
from content.folders import Broken, Entry, Folder, FolderFile, Item
from content.malformed import Malformed
from content.searching import TEXT_MOST
from models.base import new_id
from models.branches import get_branch
from models.changes import savepoint
from models.errors import Conflict, FieldError, HandbookError, Invalid
from models.file_texts import FileText
from models.files import File
from models.permissions import Permission, Viewer, require
from models.study.collections import CollectionCreate, CollectionUpdate
from models.study.editions import MAKINGS
from models.study.life import create_study, publish_study, update_study
from models.study.materials import MaterialCreate, MaterialUpdate
from models.study.quizzes import QuizCreate, QuizUpdate
from models.study.shapes import StudyContent, StudyCreate, StudyPublish, StudyUpdate
from models.study.table import Study, StudyKind, StudyState, StudyVersion
from models.uploads import note_upload

AT_ONCE = 50
"""Things a commit: on SQLite everybody else's writes wait for it."""
_CHUNK = 256 * 1024
_WRITTEN: dict[StudyKind, tuple[type[StudyCreate], type[StudyUpdate]]] = {
    StudyKind.MATERIAL: (MaterialCreate, MaterialUpdate),
    StudyKind.QUIZ: (QuizCreate, QuizUpdate),
    StudyKind.COLLECTION: (CollectionCreate, CollectionUpdate),
}
Name = tuple[StudyKind, str]
"""Kind and slug."""


class ImportResult(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of one entry of the folder, or in a dry run would become of it. `kind` and `slug` are None of what
    could not be read. `refusal` is why it was not brought in. `is_scanned`: most pages of its PDF are pictures of text,
    which nobody can search.
    """

    path: str
    kind: StudyKind | None
    slug: str | None
    result: ImportResult
    id: UUID | None = None
    version: int | None = None
    refusal: HandbookError | None = None
    is_scanned: bool = False


@dataclass(frozen=True, slots=True)
class StudyImport:
    """What became of all of them, in the folder's order."""

    dry_run: bool
    things: tuple[Brought, ...]

    def count(self, result: ImportResult) -> int:
        return sum(thing.result is result for thing in self.things)


class Transaction(Protocol):
    """Commits where the block ends well; without `writes` never."""

    def __call__(self, *, writes: bool = True) -> AbstractAsyncContextManager[AsyncSession]: ...


@dataclass(frozen=True, slots=True)
class Means:
    """What an import works with. `viewer` gives who it is done for, as of each transaction."""

    transaction: Transaction
    viewer: Callable[[AsyncSession], Awaitable[Viewer]]
    files: FileStore


@dataclass(frozen=True, slots=True)
class _Planned:
    """An item, what it would publish, and what there is of it."""

    item: Item
    content: StudyContent
    result: ImportResult
    study: Study | None

    @property
    def name(self) -> Name:
        return _name(self.item.entry)


async def check_right(session: AsyncSession, viewer: Viewer, branch_id: UUID) -> int:
    """The number of a branch that this viewer may bring things into. Raises NotFound, Forbidden."""
    branch = await get_branch(session, branch_id)
    require(viewer, Permission.MATERIAL_WRITE, branch.path)
    require(viewer, Permission.MATERIAL_PUBLISH, branch.path)
    return branch.no


async def import_folder(
    means: Means,
    branch_id: UUID,
    folder: Folder,
    *,
    dry_run: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> StudyImport:
    """Bring everything in that stands up, and publish it; the rest is refused with reasons, and nothing of it stays.

    `on_progress` hears how many of how many entries are done. A dry run writes nothing. Raises NotFound, Forbidden.
    """
    return await _Import(means, branch_id, folder, dry_run=dry_run).run(on_progress)


class _Import:
    def __init__(self, means: Means, branch_id: UUID, folder: Folder, *, dry_run: bool) -> None:
        self._means = means
        self._branch_id = branch_id
        self._branch_no = 0
        self._folder = folder
        self._dry_run = dry_run
        self._ids: dict[Name, UUID] = {}
        self._scanned: set[str] = set()
        self._texts: dict[str, Extract] = {}
        """Of those files that were looked into for the present batch."""

    async def run(self, on_progress: Callable[[int, int], None] | None) -> StudyImport:
        async with self._means.transaction(writes=False) as session:
            viewer = await self._means.viewer(session)
            self._branch_no = await check_right(session, viewer, self._branch_id)
            known = select(col(Study.kind), col(Study.slug), col(Study.id))
            found = await session.execute(known.where(col(Study.branch_no) == self._branch_no))
            self._ids = {(kind, slug): id_ for kind, slug, id_ in found}
        brought = [*_unreadable(self._folder)]
        entries = self._folder.entries
        for start in range(0, len(entries), AT_ONCE):
            brought += await self._bring(entries[start : start + AT_ONCE])
            if on_progress is not None:
                on_progress(min(start + AT_ONCE, len(entries)), len(entries))
        return StudyImport(self._dry_run, tuple(sorted(brought, key=lambda thing: thing.path)))

    async def _bring(self, entries: Sequence[Entry]) -> list[Brought]:
        read = await asyncio.to_thread(lambda: [_read(self._folder, entry) for entry in entries])
        brought = [item for item in read if isinstance(item, Brought)]
        async with self._means.transaction(writes=False) as session:
            there = await self._there(session, entries)
            named = {file.sha256 for item in read if isinstance(item, Item) for file in item.files}
            stored = await _stored(session, named)
            self._scanned |= await _scanned(session, named)
            plans = [self._plan(item, there) for item in read if isinstance(item, Item)]
        brought += [plan for plan in plans if isinstance(plan, Brought)]
        settled = await asyncio.gather(*(self._settled(plan, stored) for plan in plans if isinstance(plan, _Planned)))
        brought += [one for one in settled if isinstance(one, Brought)]
        todo = [one for one in settled if isinstance(one, _Planned)]
        if todo:
            async with self._means.transaction() as session:
                viewer = await self._means.viewer(session)
                brought += [await self._write(session, viewer, plan) for plan in todo]
        self._texts.clear()
        return brought

    async def _there(self, session: AsyncSession, entries: Iterable[Entry]) -> dict[Name, tuple[Study, Any]]:
        """What the branch has of these, and what is published of it."""
        published = and_(col(StudyVersion.study_id) == col(Study.id), col(StudyVersion.version) == col(Study.version))
        names = sorted({_name(entry) for entry in entries})
        found = await session.execute(
            select(Study, col(StudyVersion.said))
            .outerjoin(StudyVersion, published)
            .where(col(Study.branch_no) == self._branch_no, tuple_(col(Study.kind), col(Study.slug)).in_(names))
        )
        return {(study.kind, study.slug): (study, said) for study, said in found}

    def _plan(self, item: Item, there: Mapping[Name, tuple[Study, Any]]) -> _Planned | Brought:
        name = _name(item.entry)
        study, said = there.get(name, (None, None))
        try:
            content = self._content(item)
        except Invalid as refusal:
            return _refused(item.entry, refusal)
        if study is None:
            self._ids.setdefault(name, new_id())  # which collections may refer to until it has its own
            return _Planned(item, content, ImportResult.NEW, None)
        if study.state in {StudyState.WITHDRAWN, StudyState.SUPERSEDED}:
            return _refused(item.entry, Conflict(f"study.{study.state}"))
        if said == content.model_dump(mode="json"):
            return self._brought(item, ImportResult.SAME, study.id, study.version)
        return _Planned(item, content, ImportResult.CHANGED, study)

    def _content(self, item: Item) -> StudyContent:
        """Raises Invalid."""
        kind, fields = StudyKind(item.entry.kind), item.fields
        if kind is StudyKind.COLLECTION:
            fields = fields | {"items": self._items(item)}
        try:
            content: StudyContent = MAKINGS[kind].content.model_validate(fields)
        except ValidationError as error:
            raise _invalid(error) from None
        return content

    def _items(self, item: Item) -> list[dict[str, Any]]:
        errors: list[FieldError] = []
        items: list[dict[str, Any]] = []
        for place, held in enumerate(item.holds):
            id_ = self._ids.get((StudyKind(held.kind), held.slug))
            if id_ is None:
                errors.append(FieldError(f"/items/{place}", "folder.item_unknown", {"slug": held.slug}))
            else:
                items.append({"kind": held.kind.value, "id": id_, "is_required": held.is_required})
        if errors:
            raise Invalid(errors)
        return items

    async def _settled(self, plan: _Planned, stored: set[str]) -> _Planned | Brought:
        """With its files kept; or what became of it, where they are no good, or this is a dry run."""
        try:
            for file in plan.item.files:
                if file.sha256 not in stored:
                    await self._store(file)
        except Malformed as error:
            pointer = "/body" if _is_picture(file) else "/file"
            self._forget(plan)
            return _refused(plan.item.entry, _no_good(pointer, error))
        if not self._dry_run:
            return plan
        study = plan.study
        id_, version = (study.id, study.version + 1) if study else (None, None)
        return self._brought(plan.item, plan.result, id_, version)

    def _brought(self, item: Item, result: ImportResult, id_: UUID | None, version: int | None) -> Brought:
        is_scanned = any(file.sha256 in self._scanned for file in item.files)
        return Brought(item.entry.path, *_name(item.entry), result, id_, version, is_scanned=is_scanned)

    async def _store(self, file: FolderFile) -> None:
        """Look into a file, and keep its bytes; until something refers to them they may be cleared away again.

        Raises Malformed.
        """
        promised = _type_of(file)
        path = self._folder.path(file)

        def look() -> None:
            with path.open("rb") as opened:
                verify(opened, promised)

        await asyncio.to_thread(look)
        found = await extract(promised.media_type, path)
        if found is not None:
            self._texts[file.sha256] = replace(found, text=found.text[:TEXT_MOST])
            self._scanned |= {file.sha256} if found.is_scanned else set()
        if not self._dry_run:
            await self._send(file)

    async def _send(self, file: FolderFile) -> None:
        kept = await self._means.files.put_stream(self._chunks(file), _type_of(file).limit)
        if kept != file.kept:
            raise Malformed("folder.changed_meanwhile", path=file.path)

    async def _chunks(self, file: FolderFile) -> AsyncIterator[bytes]:
        with await asyncio.to_thread(self._folder.path(file).open, "rb") as opened:
            while chunk := await asyncio.to_thread(opened.read, _CHUNK):
                yield chunk

    async def _write(self, session: AsyncSession, viewer: Viewer, plan: _Planned) -> Brought:
        entry = plan.item.entry
        try:
            async with savepoint(session):
                for file in plan.item.files:
                    await self._note(session, viewer, file)
                    if not await self._means.files.exists(file.sha256):  # cleared away since it was looked for
                        await self._send(file)
                study = await self._publish(session, viewer, plan)
        except (HandbookError, Malformed) as error:
            self._forget(plan)
            return _refused(entry, error if isinstance(error, HandbookError) else _no_good("/file", error))
        self._ids[plan.name] = study.id
        return self._brought(plan.item, plan.result, study.id, study.version)

    async def _note(self, session: AsyncSession, viewer: Viewer, file: FolderFile) -> None:
        """That it is stored, and who sent it: only they may refer to it."""
        media_type, found = _type_of(file).media_type, self._texts.get(file.sha256)
        await note_upload(session, viewer, file.kept, media_type, file.name, found)

    async def _publish(self, session: AsyncSession, viewer: Viewer, plan: _Planned) -> Study:
        kind, slug = plan.name
        create, update = _WRITTEN[kind]
        content = self._content(plan.item) if kind is StudyKind.COLLECTION else plan.content
        said = content.model_dump()
        try:
            if plan.study is None:
                new = create.model_validate({**said, "branch_id": self._branch_id, "slug": slug, "publish": True})
                return (await create_study(session, viewer, kind, new))[0]
            changed, publishing = update.model_validate(said), StudyPublish(change=plan.item.change)
        except ValidationError as error:
            raise _invalid(error) from None
        old = plan.study
        study, *_ = await update_study(session, viewer, kind, old.id, changed, old.revision)
        return (await publish_study(session, viewer, kind, study.id, publishing, study.revision))[0]

    def _forget(self, plan: _Planned) -> None:
        """So that collections do not refer to what did not come about."""
        if plan.study is None:
            self._ids.pop(plan.name, None)


def _name(entry: Entry) -> Name:
    return StudyKind(entry.kind), entry.slug


def _type_of(file: FolderFile) -> FileType:
    return type_of_name(file.name, types=STUDY_TYPES)


def _is_picture(file: FolderFile) -> bool:
    return _type_of(file).media_type.startswith("image/")


def _read(folder: Folder, entry: Entry) -> Item | Brought:
    try:
        return folder.read(entry)
    except Broken as broken:
        return _refused(entry, Invalid([_error(error) for error in broken.errors]))


def _unreadable(folder: Folder) -> Iterator[Brought]:
    for path, errors in groupby(sorted(folder.refused, key=lambda each: each[0]), key=lambda each: each[0]):
        yield Brought(path, None, None, ImportResult.REFUSED, refusal=Invalid([_error(error) for _, error in errors]))


def _error(error: Any) -> FieldError:
    return FieldError(error.pointer, error.code, dict(error.details))


def _refused(entry: Entry, refusal: HandbookError) -> Brought:
    return Brought(entry.path, *_name(entry), ImportResult.REFUSED, refusal=refusal)


def _no_good(pointer: str, error: Malformed) -> Invalid:
    return Invalid([FieldError(pointer, error.code, dict(error.details))])


def _invalid(error: ValidationError) -> Invalid:
    return Invalid([FieldError.of(one, one["loc"]) for one in error.errors(include_url=False)])


async def _scanned(session: AsyncSession, hashes: set[str]) -> set[str]:
    found = select(col(FileText.sha256)).where(col(FileText.sha256).in_(sorted(hashes)), col(FileText.is_scanned))
    return set(await session.scalars(found))


async def _stored(session: AsyncSession, hashes: set[str]) -> set[str]:
    """Those that need not be looked into: what was kept as something else may be a document whose text nobody took."""
    is_read = or_(col(File.media_type).not_in(KINDS), col(FileText.sha256).is_not(None))
    found = (
        select(col(File.sha256))
        .outerjoin(FileText, col(FileText.sha256) == col(File.sha256))
        .where(col(File.sha256).in_(sorted(hashes)), is_read)
    )
    return set(await session.scalars(found))
