"""Accounts for load tools: sessions of many made-up members at once, with their tokens in a file."""

import json
import os
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import TextIO
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api.demo.loading import begin_bulk, write_rows
from api.demo.rows import Rows
from api.security.claims import Claims, claims_of
from api.security.keys import KeyringFile
from api.security.tokens import Tokens
from models import changes
from models.accounts import Account
from models.audit import AuditEvent
from models.base import new_id
from models.branches import Branch
from models.changes import LogHead
from models.database import Database, now
from models.members.table import ACTIVE, Member
from models.memberships import Membership, MembershipKind
from models.permissions import Role
from models.roles import RoleGrant, in_force
from models.sessions import DeviceSession, Platform
from models.viewers import belongings_of

EXPIRED = 0.25
"""The share of access tokens that are past their time, so that their apps refresh first."""

_SEED = 2026
_SESSIONS_A_COMMIT = 10_000
_BRANCHES_A_QUERY = 500
_SESSION = ("id", "member_id", "device_name", "device_platform", "created_at", "used", "used_at")


class NotMadeUp(RuntimeError):
    """The database was not filled by the demonstration: nobody's account is opened there."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """`publishes_at` is the root branch where this member is secretary, if they are."""

    member_id: UUID
    member_no: str
    publishes_at: UUID | None = None


async def write_load_tokens(
    database: Database, keys: KeyringFile, life: timedelta, count: int, path: Path, *, expired: float = EXPIRED
) -> int:
    """Sign in up to `count` members of a made-up organisation; gives how many there were.

    The file has a JSON object a line: `login, member_id, access_token, refresh_token, expires_at, publishes_at`.
    The first is the secretary of the root, whose branch id is `publishes_at` (null for others); the others follow
    in no order, and belong to branches that Zipf's law chose. The share `expired` have access tokens of
    yesterday and good refresh tokens. A load uses the file up: refresh tokens are good once.

    It is readable by the owner alone, and written whole or not at all. Raises NotMadeUp where the organisation is
    not made up.
    """
    await _require_made_up(database)
    rng = random.Random(_SEED)  # noqa: S311 - chooses members, not secrets
    chosen = await _choose(database, count, rng)
    at = database.clock()
    fresh = Tokens(keys, lambda: at, life)
    stale = Tokens(keys, lambda: at - life - timedelta(minutes=1), life)
    with _owner_alone(path) as file:
        async for claims, member in _sign_in(database, chosen, at):
            is_late = rng.random() < expired and member.publishes_at is None
            tokens = stale if is_late else fresh
            line = {
                "login": member.member_no,
                "member_id": str(member.member_id),
                "access_token": tokens.access(claims),
                "refresh_token": fresh.refresh(claims.session_id, 1),
                "expires_at": (at - timedelta(minutes=1) if is_late else at + life).isoformat(),
                "publishes_at": str(member.publishes_at) if member.publishes_at else None,
            }
            file.write(json.dumps(line) + "\n")
    return len(chosen)


def spread(sizes: Sequence[int], count: int) -> list[int]:
    """How many to take of each branch: by Zipf's law over their order, rounded up, and none beyond its size."""
    taken = [0] * len(sizes)
    left = min(count, sum(sizes))
    while left:
        open_ranks = [rank for rank, size in enumerate(sizes) if taken[rank] < size]
        weights = [1 / (rank + 1) for rank in open_ranks]
        behind = list(accumulate(reversed(weights)))[::-1]  # of this rank and all after it
        for rank, weight, rest in zip(open_ranks, weights, behind, strict=True):
            share = min(sizes[rank] - taken[rank], left, -int(-left * weight // rest))
            taken[rank] += share
            left -= share
            if not left:
                break
    return taken


async def _require_made_up(database: Database) -> None:
    """Only the demonstration's loader writes this event, and only into an empty database."""
    loaded = select(col(AuditEvent.id)).where(
        col(AuditEvent.action) == "organisation.load", col(AuditEvent.actor_id).is_(None)
    )
    async with database.reading() as session:
        if await session.scalar(loaded.limit(1)) is None:
            raise NotMadeUp(f"{database.url.render_as_string()} does not hold a made-up organisation")


async def _choose(database: Database, count: int, rng: random.Random) -> list[_Chosen]:
    async with database.reading() as session:
        await begin_bulk(session)
        publisher = await _publisher(session)
        sizes = (
            await session.execute(
                select(col(Membership.branch_no), func.count())
                .where(col(Membership.kind) == MembershipKind.PRIMARY, col(Membership.ended_at).is_(None))
                .group_by(col(Membership.branch_no))
                .order_by(col(Membership.branch_no))
            )
        ).all()
        ranked = rng.sample(sizes, len(sizes))
        quotas = spread([size for _, size in ranked], count)
        wanted = {no: quota for (no, _), quota in zip(ranked, quotas, strict=True) if quota}
        branches = list(wanted)
        chosen: list[_Chosen] = []
        for start in range(0, len(branches), _BRANCHES_A_QUERY):
            chosen += await _members_of(session, branches[start : start + _BRANCHES_A_QUERY], wanted)
    rng.shuffle(chosen)
    if publisher is None:
        return chosen
    others = [member for member in chosen if member.member_id != publisher.member_id]
    return [publisher, *others][:count]


async def _publisher(session: AsyncSession) -> _Chosen | None:
    row = (
        await session.execute(
            select(col(Member.id), col(Member.member_no), col(Branch.id))
            .join(RoleGrant, col(RoleGrant.member_id) == col(Member.id))
            .join(Branch, col(Branch.no) == col(RoleGrant.branch_no))
            .where(
                col(Branch.parent_no).is_(None),
                col(RoleGrant.role) == Role.SECRETARY,
                in_force(now(session)),
            )
            .order_by(col(Branch.no))
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else _Chosen(*row)


async def _members_of(session: AsyncSession, branches: list[int], wanted: dict[int, int]) -> list[_Chosen]:
    rows = await session.execute(
        select(col(Membership.branch_no), col(Member.id), col(Member.member_no))
        .join(Member, col(Member.id) == col(Membership.member_id))
        .join(Account, col(Account.member_id) == col(Member.id))
        .where(
            col(Membership.branch_no).in_(branches),
            col(Membership.kind) == MembershipKind.PRIMARY,
            col(Membership.ended_at).is_(None),
            col(Member.status).in_(ACTIVE),
            col(Account.disabled_at).is_(None),
        )
        .order_by(col(Member.id))
    )
    left = {no: wanted[no] for no in branches}
    chosen = []
    for no, member_id, member_no in rows:
        if left[no]:
            left[no] -= 1
            chosen.append(_Chosen(member_id, member_no))
    return chosen


async def _sign_in(
    database: Database, chosen: Sequence[_Chosen], at: datetime
) -> AsyncIterator[tuple[Claims, _Chosen]]:
    """Starts a session for each; they are in the database when they are given."""
    for start in range(0, len(chosen), _SESSIONS_A_COMMIT):
        some = [(new_id(), member) for member in chosen[start : start + _SESSIONS_A_COMMIT]]
        rows: list[tuple[object, ...]] = [
            (session_id, member.member_id, "load", Platform.OTHER, at, 0, at) for session_id, member in some
        ]
        async with database.writing() as session:
            await begin_bulk(session)
            await write_rows(session, Rows(DeviceSession, _SESSION, rows))
            await changes.commit(session)
        async with database.reading() as session:
            head = await session.scalar(select(col(LogHead.seq))) or 0
            held = await belongings_of(session, [member.member_id for _, member in some])
        for session_id, member in some:
            yield claims_of(member.member_id, session_id, held.get(member.member_id, ()), head), member


@contextmanager
def _owner_alone(path: Path) -> Iterator[TextIO]:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)  # what is there already would keep its mode
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
