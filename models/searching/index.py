"""Keeping the index: in the transaction in which something is published, changed or taken back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import cast, delete, insert, literal, select, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.searching import TEXT_MOST
from models.database import is_postgresql, table_of
from models.searching.lexemes import lexemes_of, to_text, to_tsvector
from models.searching.table import FoundKind, SearchDocument


@dataclass(frozen=True, slots=True)
class Document:
    """What is to be found, and by what: `text` is plain, `number` that of an official document."""

    thing_id: UUID
    kind: FoundKind
    branch_no: int
    who: int
    title: str
    text: str
    version: int
    published_at: datetime
    number: str = ""
    category: str | None = None
    level: str | None = None
    language: str | None = None
    tags: Iterable[str] = field(default_factory=tuple)

    def filters(self) -> Mapping[str, Iterable[str]]:
        said = {"kind": self.kind.value, "category": self.category, "level": self.level, "language": self.language}
        return {**{name: (value,) for name, value in said.items() if value}, "tag": self.tags}


async def make_findable(session: AsyncSession, document: Document) -> None:
    """In the place of what was there of the same thing: it is the newest from now on."""
    await forget(session, document.thing_id)
    lexemes = lexemes_of(
        document.title, document.number, document.text, (document.branch_no, document.who), document.filters()
    )
    row = {
        name: getattr(document, name)
        for name in ("thing_id", "kind", "branch_no", "who", "title", "category", "level", "version", "published_at")
    } | {"text": document.text[:TEXT_MOST]}
    table = table_of(SearchDocument)
    if is_postgresql(session):
        no = (await session.execute(_NEXT)).scalar_one()
        words = cast(literal(to_tsvector(lexemes, no)), TSVECTOR)
        await session.execute(insert(table).values(no=no, words=words, **row))
    else:
        await session.execute(insert(table).values(words=to_text(lexemes), **row))


async def forget(session: AsyncSession, thing_id: UUID) -> None:
    """It is not found any more."""
    await session.execute(delete(SearchDocument).where(col(SearchDocument.thing_id) == thing_id))


_NEXT = select(text("nextval(pg_get_serial_sequence('search_document', 'no'))"))
