"""Finding names: every folded word that was typed begins some word of the folded name, on both databases alike."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, and_, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from content.text import fold, words

_WORDS_MOST = 8
_FOLDED_MOST = 400
"""Characters, the width of the columns. A few letters grow when they are folded: ﬃ becomes three."""


def folded(name: str) -> str:
    """A name as its column holds it for `matches`."""
    return fold(name)[:_FOLDED_MOST]


class begins_a_word(GenericFunction[bool]):  # noqa: N801 - it is the name of an SQL function
    """`begins_a_word(folded_column, "ngu")`. PostgreSQL answers from a GIN index over `to_tsvector('simple',
    column)`.
    """

    type = Boolean()
    inherit_cache = True


@compiles(begins_a_word, "postgresql")
def _on_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    column, word = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"to_tsvector('simple'::regconfig, {column}) @@ to_tsquery('simple'::regconfig, {word} || ':*')"


@compiles(begins_a_word, "sqlite")
def _on_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    column, word = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(' ' || {column}) LIKE ('% ' || {word} || '%')"


def matches(folded: Any, typed: str) -> ColumnElement[bool]:
    """Rows whose folded column holds words beginning with every word of `typed` (as a person typed it)."""
    return and_(true(), *(begins_a_word(folded, word) for word in words(typed)[:_WORDS_MOST]))
