"""Searching: ranked in the database, over no more than it can look at in some milliseconds."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    String,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    select,
    table,
    union_all,
)
from sqlalchemy import column as sql_column
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.searching import Query, highlights, snippet
from models.branches import Branch
from models.channels import ALL, HERE, Hearing, hears
from models.database import is_postgresql
from models.notices.shapes import NoticeBranch
from models.paging import Page, PageRequest, paginate_keys
from models.permissions import Viewer
from models.searching.lexemes import (
    STRETCH,
    Asked,
    Either,
    Every,
    Lexeme,
    Tier,
    asked,
    channel_lexeme,
    filter_lexeme,
    stretch_lexeme,
    to_match,
    to_tsquery,
)
from models.searching.shapes import Found, Highlight
from models.searching.table import SearchDocument

TIER_MOST = 100
"""Of what fulfils a tier the newest so many are found: nobody reads on for longer."""
_STRETCHES = 2
"""The newest documents in which what is very common is looked for alone."""


async def search(
    session: AsyncSession, viewer: Viewer, query: Query, page: PageRequest, filters: dict[str, str]
) -> Page[Found]:
    """What the viewer may read and was looked for, the best first. Eight statements at most, whatever there is."""
    channels = await _channels(session, Hearing.of(viewer))
    if not channels:
        return Page(items=[], next_cursor=None)
    only: list[Asked] = [Either(tuple(Lexeme(channel_lexeme(*each)) for each in channels))]
    only += [Lexeme(filter_lexeme(name, value)) for name, value in sorted(filters.items())]
    ranks = {int(tier) + len(Tier): Every((tree, *only)) for tier, tree in asked(query.ended).items()}
    hits = await _hits(session, ranks)
    found = paginate_keys(session, ((rank, no) for no, rank in hits.items()), page)
    if query.is_begun and found.next_cursor is None:
        # what goes on as the last word begins comes after what has it as a word, and takes longer to find
        hits = await _hits(session, {int(tier): Every((tree, *only)) for tier, tree in asked(query).items()}) | hits
        found = paginate_keys(session, ((rank, no) for no, rank in hits.items()), page)
    numbers = [no for _, no in found.items]
    shown = await session.execute(
        select(col(SearchDocument.no), col(Branch.id), col(Branch.code), col(Branch.name), *_SHOWN)
        .join(Branch, col(Branch.no) == col(SearchDocument.branch_no))
        .where(col(SearchDocument.no).in_(numbers))
        .where(hears(viewer, col(SearchDocument.branch_no), col(SearchDocument.who)))
    )
    by_no = {
        no: _found(query, NoticeBranch(id=id_, code=code, name=name), *said) for no, id_, code, name, *said in shown
    }
    return Page(items=[by_no[no] for no in numbers if no in by_no], next_cursor=found.next_cursor)


async def _hits(session: AsyncSession, ranks: Mapping[int, Every]) -> dict[int, int]:
    """By number of a document, the greatest rank that it fulfils."""
    if is_postgresql(session):
        ranks = await _among_the_newest(session, ranks)
        statement, words = _on_postgresql(tuple(ranks)), to_tsquery
    else:
        statement, words = _on_sqlite(tuple(ranks)), to_match
    found = await session.execute(statement, {f"of_{rank}": words(tree) for rank, tree in ranks.items()})
    hits: dict[int, int] = {}
    for no, rank in found:
        hits[no] = max(rank, hits.get(no, 0))
    return hits


_SHOWN = tuple(
    col(getattr(SearchDocument, name))
    for name in ("kind", "thing_id", "title", "text", "category", "level", "version", "published_at")
)


def _found(query: Query, branch: NoticeBranch, kind: Any, thing_id: Any, title: str, text: str, *said: Any) -> Found:
    category, level, version, published_at = said
    shown = snippet(text, query)
    return Found(
        kind=kind,
        id=thing_id,
        branch=branch,
        title=title,
        title_highlights=[Highlight(start=start, length=length) for start, length in highlights(title, query)],
        snippet=shown.text,
        snippet_highlights=[Highlight(start=start, length=length) for start, length in shown.highlights],
        category=category,
        level=level,
        version=version,
        published_at=published_at,
    )


async def _channels(session: AsyncSession, hearing: Hearing) -> list[tuple[int, int]]:
    """The viewer's. Only those of roles are asked for, for there are many combinations: to see which of the others hold
    anything would be to go through all that they hold.
    """
    channels = [(no, ALL) for no in sorted(hearing.above)] + [(no, HERE) for no in sorted(hearing.own)]
    if hearing.bits:
        columns = col(SearchDocument.branch_no), col(SearchDocument.who)
        held = select(*columns).where(columns[0].in_(sorted(hearing.bits)), columns[1] > 0).distinct()
        channels += [(no, who) for no, who in await session.execute(held) if hearing.hears(no, who)]
    return channels


async def _among_the_newest(session: AsyncSession, ranks: Mapping[int, Every]) -> Mapping[int, Every]:
    """An index of words knows no order. What even the newest few thousand documents hold more often than anybody reads
    is looked for among them alone; what they hold rarely is rare, and looked for everywhere.
    """
    newest = await session.scalar(select(func.max(col(SearchDocument.no)))) or 0
    stretches = Either(
        tuple(Lexeme(stretch_lexeme(newest - n * STRETCH)) for n in range(_STRETCHES) if newest >= n * STRETCH)
    )
    widest = {rank: Every((ranks[rank], stretches)) for rank in ranks if _tier(rank) in _WIDEST}
    row = (await session.execute(select(*(_count(tree) for tree in widest.values())))).one()
    is_common = {rank: count > TIER_MOST for rank, count in zip(widest, row, strict=True)}
    narrowed: dict[int, Every] = {}
    for rank, tree in ranks.items():
        tier = _tier(rank)
        of = Tier.IN_TITLE if tier in _OF_TITLES else Tier.ALL_WORDS
        is_narrow = tier is not Tier.NUMBER and is_common[rank - tier + of]
        narrowed[rank] = Every((tree, stretches)) if is_narrow else tree
    return narrowed


_WIDEST = frozenset({Tier.IN_TITLE, Tier.ALL_WORDS})
"""What fulfils another tier fulfils one of these."""
_OF_TITLES = frozenset({Tier.IN_TITLE, Tier.IN_TITLE_EXACT})


def _tier(rank: int) -> Tier:
    return Tier((rank - 1) % len(Tier) + 1)


def _count(tree: Asked) -> ColumnElement[int]:
    few = select(literal(1).label("one")).where(_matches(literal(to_tsquery(tree), String()))).limit(TIER_MOST + 1)
    return select(func.count()).select_from(few.subquery()).scalar_subquery()


def _matches(words: ColumnElement[str]) -> ColumnElement[bool]:
    return col(SearchDocument.words).bool_op("@@")(cast(words, TSQUERY))


# To make a statement takes longer than to ask it: there is one for each combination of ranks, whose words are bound.


@cache
def _on_postgresql(ranks: tuple[int, ...]) -> CompoundSelect[Any]:
    return union_all(*(_tier_on_postgresql(rank) for rank in ranks))


def _tier_on_postgresql(rank: int) -> Select[Any]:
    # what matches first and its order after: by itself the planner may walk through all documents instead
    matching = (
        select(col(SearchDocument.no).label("no"))
        .where(_matches(bindparam(f"of_{rank}", type_=String())))
        .cte(f"matching_{rank}")
        .prefix_with("MATERIALIZED")
    )
    newest = select(matching.c.no).order_by(matching.c.no.desc()).limit(TIER_MOST).subquery()
    return select(newest.c.no, literal_column(str(rank), Integer()).label("rank"))


_WORDS = table("search_words", sql_column("rowid", Integer()), sql_column("search_words", String()))


@cache
def _on_sqlite(ranks: tuple[int, ...]) -> CompoundSelect[Any]:
    return union_all(*(_tier_on_sqlite(rank) for rank in ranks))


def _tier_on_sqlite(rank: int) -> Select[Any]:
    newest = (
        select(_WORDS.c.rowid.label("no"))
        .where(_WORDS.c.search_words.op("MATCH")(bindparam(f"of_{rank}", type_=String())))
        .order_by(_WORDS.c.rowid.desc())
        .limit(TIER_MOST)
        .subquery()
    )
    return select(newest.c.no, literal_column(str(rank), Integer()).label("rank"))
