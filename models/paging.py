"""The only paginator: keyset, with an opaque cursor bound to its query, a bounded limit and the primary key last."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Shape
from models.database import keyring
from models.errors import Invalid
from models.keyring import Keyring, decode, encode

LIMIT_DEFAULT = 20
LIMIT_MOST = 100
_PURPOSE = "cursor"
_MAC_BYTES = 12

T = TypeVar("T")


class Page(Shape, Generic[T]):
    """A slice of a list. `next_cursor` is null at the end."""

    items: list[T]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`query` names the list and its filters: a cursor of one list is refused by another."""

    query: str
    limit: int = LIMIT_DEFAULT
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A column to sort by. The last one of a list must be unique."""

    column: Any
    descending: bool = False


async def paginate(
    session: AsyncSession,
    statement: Select[*tuple[Any, ...]],
    page: PageRequest,
    order: Sequence[Order],
    shape: Callable[[Any], T],
) -> Page[T]:
    """One statement, whatever the size of the list; rows go through `shape` one by one.

    A statement of one entity gives entities; of several, rows.
    """
    if page.cursor is not None:
        statement = statement.where(_after(order, _open(session, page, len(order))))
    keys = [o.column.label(f"key_{index}") for index, o in enumerate(order)]
    directed = [o.column.desc() if o.descending else o.column.asc() for o in order]
    connection = await session.execute(statement.add_columns(*keys).order_by(*directed).limit(page.limit + 1))
    rows = connection.all()
    width = len(rows[0]) - len(keys) if rows else 0
    items = [shape(row[0] if width == 1 else row[:width]) for row in rows[: page.limit]]
    more = len(rows) > page.limit
    last = list(rows[page.limit - 1][width:]) if more else None
    return Page[T](items=items, next_cursor=seal_cursor(keyring(session), page, last) if last is not None else None)


def paginate_keys(session: AsyncSession, keys: Iterable[tuple[int, int]], page: PageRequest) -> Page[tuple[int, int]]:
    """Of a list that is all at hand, the greatest first."""
    rest = sorted(keys, reverse=True)
    if page.cursor is not None:
        after = tuple(_open(session, page, 2))
        rest = [key for key in rest if key < after]
    items = rest[: page.limit]
    more = len(rest) > page.limit
    return Page(items=items, next_cursor=seal_cursor(keyring(session), page, list(items[-1])) if more else None)


def _after(order: Sequence[Order], values: Sequence[object]) -> ColumnElement[bool]:
    """Beyond a row in the list's order, spelt out since directions may differ from column to column."""
    branches: list[ColumnElement[bool]] = []
    for index, (o, value) in enumerate(zip(order, values, strict=True)):
        same = [before.column == values[i] for i, before in enumerate(order[:index])]
        branches.append(and_(*same, o.column < value if o.descending else o.column > value))
    return or_(*branches)


def seal_cursor(ring: Keyring, page: PageRequest, values: list[object]) -> str:
    """The cursor of a list that goes on after a row with these keys."""
    body = json.dumps([_write(value) for value in values], separators=(",", ":")).encode()
    kid, mac = ring.mac(_PURPOSE, _bound(page, body), length=_MAC_BYTES)
    return f"{kid}.{encode(mac + body)}"


def _open(session: AsyncSession, page: PageRequest, width: int) -> list[Any]:
    kid, _, rest = (page.cursor or "").partition(".")
    try:
        raw = decode(rest)
    except ValueError:
        raw = b""
    mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not keyring(session).verifies(_PURPOSE, _bound(page, body), kid, mac):
        raise Invalid.at("/cursor", "cursor.invalid")
    values = [_read(value) for value in json.loads(body)]
    if len(values) != width:
        raise Invalid.at("/cursor", "cursor.invalid")
    return values


def _bound(page: PageRequest, body: bytes) -> bytes:
    return hashlib.blake2b(page.query.encode(), digest_size=16).digest() + body


def _write(value: object) -> object:
    if isinstance(value, UUID):
        return {"u": value.hex}
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    return value


def _read(value: Any) -> object:
    if isinstance(value, dict):
        return UUID(value["u"]) if "u" in value else datetime.fromisoformat(value["t"])
    return value
