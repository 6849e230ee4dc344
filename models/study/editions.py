"""What each kind makes of its content when it is published: what lists, readers and search then see."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.extract import KINDS
from content.render import Rendered, render_material, shorten, summarise
from models.branches import Branch
from models.channels import ALL
from models.errors import FieldError, Invalid
from models.file_texts import text_of
from models.files import File
from models.study.collections import CollectionCard, CollectionContent, CollectionItem, CollectionShown
from models.study.materials import (
    Form,
    Heading,
    MaterialCard,
    MaterialContent,
    MaterialFile,
    MaterialImage,
    MaterialShown,
)
from models.study.quizzes import QuizContent, card_of, require_ready, shown_of
from models.study.shapes import StudyContent
from models.study.table import Study, StudyKind, StudyState

ContentT = TypeVar("ContentT", bound=StudyContent)


@dataclass(frozen=True, slots=True)
class Edition:
    """`text` is what search finds it by, beside title and summary."""

    summary: str
    card: dict[str, Any]
    shown: dict[str, Any]
    files: frozenset[str] = frozenset()
    items: Sequence[tuple[UUID, bool]] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Making(Generic[ContentT]):
    """`files` are those that a content names, by their SHA-256; `draw_up` raises Invalid, with pointers into it."""

    content: type[ContentT]
    files: Callable[[ContentT], frozenset[str]]
    draw_up: Callable[[AsyncSession, Study, Branch, ContentT], Awaitable[Edition]]


async def files_by_hash(session: AsyncSession, hashes: frozenset[str]) -> dict[str, File]:
    found = await session.scalars(select(File).where(col(File.sha256).in_(sorted(hashes))))
    return {file.sha256: file for file in found}


_IMAGES = frozenset({"image/jpeg", "image/png", "image/webp"})
_FORMS = {
    "application/pdf": Form.PDF,
    "application/epub+zip": Form.EPUB,
    "audio/mpeg": Form.AUDIO,
    "audio/mp4": Form.AUDIO,
    "video/mp4": Form.VIDEO,
}


def _render(content: MaterialContent) -> Rendered:
    return render_material(content.body, "/v1/files/{}".format)


def _files_of_material(content: MaterialContent) -> frozenset[str]:
    return _named(content, _render(content))


def _named(content: MaterialContent, rendered: Rendered) -> frozenset[str]:
    main = () if content.file is None else (content.file.sha256,)
    return frozenset((*main, *rendered.files))


async def _draw_up_material(session: AsyncSession, _study: Study, _branch: Branch, content: MaterialContent) -> Edition:
    rendered = _render(content)
    hashes = _named(content, rendered)
    files = await files_by_hash(session, hashes)
    shown_file, form, inside = None, Form.TEXT, None
    if content.file is not None:
        stored = files.get(content.file.sha256)
        if stored is None or stored.media_type not in _FORMS:
            raise Invalid.at("/file/sha256", "file.unknown" if stored is None else "material.form_unknown")
        form = _FORMS[stored.media_type]
        inside = await text_of(session, stored.sha256)
        if inside is None and stored.media_type in KINDS:
            raise Invalid.at("/file/sha256", "material.file_unexamined")
        shown_file = MaterialFile(name=content.file.name, **_described(stored))
    images = [files[sha256] for sha256 in rendered.files if sha256 in files]
    if len(images) < len(rendered.files) or not all(image.media_type in _IMAGES for image in images):
        raise Invalid.at("/body", "material.image_unknown")
    said = content.model_dump(include=set(MaterialCard.model_fields) - {"file"})
    card = MaterialCard(form=form, reading_minutes=rendered.reading_minutes, file=shown_file, **said)
    shown = MaterialShown(
        body_html=rendered.html,
        headings=[Heading.model_validate(heading) for heading in rendered.headings],
        images=[MaterialImage.model_validate(_described(image)) for image in images],
    )
    return Edition(
        content.summary or summarise(content.body) or shorten(inside or ""),
        card.model_dump(mode="json"),
        shown.model_dump(mode="json"),
        files=hashes,
        text="\n".join(filter(None, (rendered.text, inside))),
    )


def _described(file: File) -> dict[str, Any]:
    return {"sha256": file.sha256, "media_type": file.media_type, "size": file.size}


def _no_files(_content: StudyContent) -> frozenset[str]:
    return frozenset()


async def _draw_up_collection(
    session: AsyncSession, study: Study, branch: Branch, content: CollectionContent
) -> Edition:
    rows = await session.execute(
        select(Study, Branch)
        .join(Branch, col(Branch.no) == col(Study.branch_no))
        .where(col(Study.id).in_([item.id for item in content.items]), col(Study.state) == StudyState.PUBLISHED)
    )
    found = {item.id: (item, at) for item, at in rows}
    errors = []
    for place, ref in enumerate(content.items):
        item, at = found.get(ref.id, (None, None))
        if item is None or at is None or item.kind.value != ref.kind.value:
            errors.append(FieldError(f"/items/{place}/id", "collection.item_unknown"))
        elif not all_hear(item, at, study, branch):
            errors.append(FieldError(f"/items/{place}/id", "collection.item_narrower"))
    if errors:
        raise Invalid(errors)
    items = [CollectionItem(kind=ref.kind, id=ref.id, is_required=ref.is_required) for ref in content.items]
    return Edition(
        content.summary,
        CollectionCard(due_at=content.due_at).model_dump(mode="json"),
        CollectionShown(items=items).model_dump(mode="json"),
        items=[(ref.id, ref.is_required) for ref in content.items],
    )


async def _draw_up_quiz(_session: AsyncSession, _study: Study, _branch: Branch, content: QuizContent) -> Edition:
    require_ready(content)
    return Edition(content.summary, card_of(content).model_dump(mode="json"), shown_of(content).model_dump(mode="json"))


def all_hear(one: Study, its_branch: Branch, other: Study, branch: Branch) -> bool:
    """Does everybody who hears `other` hear `one`?"""
    if (one.branch_no, one.who) == (other.branch_no, other.who):
        return True
    return one.who == ALL and branch.path.startswith(its_branch.path)


MAKINGS: dict[StudyKind, Making[Any]] = {
    StudyKind.MATERIAL: Making(MaterialContent, _files_of_material, _draw_up_material),
    StudyKind.COLLECTION: Making(CollectionContent, _no_files, _draw_up_collection),
    StudyKind.QUIZ: Making(QuizContent, _no_files, _draw_up_quiz),
}
