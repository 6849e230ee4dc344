"""What an access token says of its bearer: branches, grants, and the log's number as of which they were so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.permissions import Role
from models.viewers import Belonging

UNRESOLVED = -1


@dataclass(frozen=True, slots=True)
class Claims:
    """`until` is seconds since 1970, 0 for open-ended. No paths: those change when somebody else's branch moves."""

    member_id: UUID
    session_id: UUID
    branches: tuple[tuple[int, int], ...]
    grants: tuple[tuple[Role, int, int], ...]
    as_of: int


def claims_of(member_id: UUID, session_id: UUID, access: Iterable[Belonging], as_of: int) -> Claims:
    held = list(access)
    return Claims(
        member_id,
        session_id,
        tuple((b.no, _seconds(b.until)) for b in held if b.role is None),
        tuple((b.role, b.no, _seconds(b.until)) for b in held if b.role is not None),
        as_of,
    )


def unresolved(member_id: UUID, session_id: UUID) -> Claims:
    """Claims as of no number at all: whoever reads them asks the database."""
    return Claims(member_id, session_id, (), (), UNRESOLVED)


def written(claims: Claims) -> dict[str, Any]:
    """As JSON, short: an access token stays below 1 KB."""
    return {
        "sub": claims.member_id.hex,
        "sid": claims.session_id.hex,
        "b": [no if not until else [no, until] for no, until in claims.branches],
        "g": [[role.value, no] if not until else [role.value, no, until] for role, no, until in claims.grants],
        "c": claims.as_of,
    }


def read(said: dict[str, Any]) -> Claims:
    """Raises ValueError, TypeError, KeyError or AttributeError on what `written` would not have said."""
    return Claims(
        UUID(hex=said["sub"]),
        UUID(hex=said["sid"]),
        tuple((b, 0) if isinstance(b, int) else (int(b[0]), int(b[1])) for b in said["b"]),
        tuple((Role(g[0]), int(g[1]), int(g[2]) if len(g) > 2 else 0) for g in said["g"]),
        int(said["c"]),
    )


def _seconds(until: datetime | None) -> int:
    return int(until.timestamp()) if until is not None else 0
