"""A hundred thousand materials to search in: as long as notices are, and of the same words."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from random import Random
from typing import Any

from sqlalchemy import Connection, insert, text

from models.base import new_id
from models.channels import ALL
from models.database import Database, table_of
from models.searching.index import Document
from models.searching.lexemes import lexemes_of, to_text, to_tsvector
from models.searching.table import FoundKind, SearchDocument
from tests.load.corpus import texts

MATERIALS = 100_000
_DIFFERENT = 2_000
"""Texts; titles are all different."""
_SEED = 2026
_AT_ONCE = 2_000
_LEVELS = ("basic", "intermediate", "advanced")


_NEXT_IS_NEWER = text("SELECT setval(pg_get_serial_sequence('search_document', 'no'), max(no)) FROM search_document")


async def fill(database: Database, branch_no: int) -> None:
    """Into the index alone, for everybody below a branch: search reads nothing else."""
    async with database.write_engine.connect() as connection:
        index = None
        if not database.is_sqlite:  # word by word, PostgreSQL's index takes several times as long as all at once
            index = await connection.scalar(text("SELECT indexdef FROM pg_indexes WHERE indexname = 'search_words'"))
            await connection.execute(text("DROP INDEX search_words"))
        rows = _rows(branch_no, database)
        while batch := list(islice(rows, _AT_ONCE)):
            await connection.run_sync(_write, batch)
            await connection.commit()
        if index is not None:
            await connection.execute(text("SET statement_timeout = 0"))
            await connection.execute(text(index))
            await connection.execute(text("ANALYZE search_document"))
            await connection.execute(_NEXT_IS_NEWER)
            await connection.commit()


def _write(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    connection.execute(insert(table_of(SearchDocument)), list(rows))


def _rows(branch_no: int, database: Database) -> Iterator[dict[str, Any]]:
    rng = Random(_SEED)
    bodies = [one.body for one in texts(_DIFFERENT, seed=_SEED)]
    at = database.clock() - timedelta(days=1)
    for no, one in zip(range(1, MATERIALS + 1), texts(MATERIALS, seed=_SEED + 1, short=True), strict=False):
        number = f"{rng.randint(1, 400)}-{rng.choice(('NQ', 'CT', 'HD', 'KH'))}/{rng.choice(('TW', 'TU', 'HU'))}"
        document = Document(
            thing_id=new_id(),
            kind=FoundKind.MATERIAL,
            branch_no=branch_no,
            who=ALL,
            title=one.title,
            text=rng.choice(bodies),
            version=1,
            published_at=at,
            number=number,
            level=rng.choice(_LEVELS),
            language="vi",
        )
        channel = document.branch_no, document.who
        lexemes = lexemes_of(document.title, number, document.text, channel, document.filters())
        yield {
            **{name: getattr(document, name) for name in _COPIED},
            "no": no,
            "words": _words(lexemes, no, database),
        }


_COPIED = ("thing_id", "kind", "branch_no", "who", "title", "text", "category", "level", "version", "published_at")


def _words(lexemes: list[str], no: int, database: Database) -> str:
    return to_text(lexemes) if database.is_sqlite else to_tsvector(lexemes, no)
