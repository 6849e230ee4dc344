"""Reading the log: what a process takes in when it starts, and what it takes in from then on."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.branches import Branch
from models.changes import Change, ChannelVersion, LogHead, LostRange, Topic
from models.channels import MEMBER

OWN = (Topic.ACCESS, Topic.PROFILE)
"""What concerns one member alone, and makes their file another."""
_OWN_MOST = 200_000


class Moved(NamedTuple):
    """A change as followers see it. `branch_no` and `parent_no` are there for kind `branch`."""

    seq: int
    channel: str
    topic: str
    kind: str
    thing_id: UUID
    branch_no: int | None
    parent_no: int | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The log and the tree at one moment."""

    head: int
    lost: list[tuple[int, int]]
    versions: list[tuple[str, str, int]]
    """(channel, topic, number) of branches' channels."""
    parents: list[tuple[int, int | None]]
    access: list[tuple[str, int]]
    """(channel, number) of members whose access changed lately, and of branches that were closed."""
    own: list[tuple[str, int]]
    """(channel, number) of members' files and access: everything above `own_since`."""
    own_since: int


async def load_log(session: AsyncSession, since: datetime) -> Snapshot:
    """All of it in one snapshot; `access` records no older than `since`."""
    if session.get_bind().dialect.name == "postgresql":
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    head = await session.scalar(select(col(LogHead.seq)))
    lost = await session.execute(select(col(LostRange.first), col(LostRange.last)))
    versions = await session.execute(
        select(col(ChannelVersion.channel), col(ChannelVersion.topic), col(ChannelVersion.seq)).where(
            ~col(ChannelVersion.channel).startswith(MEMBER)
        )
    )
    parents = await session.execute(select(col(Branch.no), col(Branch.parent_no)))
    access = await session.execute(
        select(col(Change.channel), func.max(col(Change.seq)))
        .where(col(Change.topic) == Topic.ACCESS, col(Change.at) >= since)
        .group_by(col(Change.channel))
    )
    own = await session.execute(
        select(col(Change.channel), col(Change.seq))
        .where(col(Change.topic).in_(OWN), col(Change.channel).startswith(MEMBER))
        .order_by(col(Change.seq).desc())
        .limit(_OWN_MOST)
    )
    newest = [(channel, seq) for channel, seq in own]
    return Snapshot(
        head=head or 0,
        lost=[(first, last) for first, last in lost],
        versions=[(channel, topic, seq) for channel, topic, seq in versions],
        parents=[(no, parent) for no, parent in parents],
        access=[(channel, seq) for channel, seq in access],
        own=newest,
        own_since=newest[-1][1] if len(newest) == _OWN_MOST else 0,
    )


async def read_log(session: AsyncSession, after: int, most: int) -> tuple[int, list[Moved]]:
    """The head, and what lies above `after` in order, in one statement: at most `most` + 1 changes."""
    rows = await session.execute(
        select(
            col(LogHead.seq),
            col(Change.seq),
            col(Change.channel),
            col(Change.topic),
            col(Change.kind),
            col(Change.thing_id),
            col(Branch.no),
            col(Branch.parent_no),
        )
        .select_from(LogHead)
        .outerjoin(Change, col(Change.seq) > after)
        .outerjoin(Branch, and_(col(Change.kind) == "branch", col(Branch.id) == col(Change.thing_id)))
        .order_by(col(Change.seq))
        .limit(most + 1)
    )
    head = after
    moved: list[Moved] = []
    for head_now, *change in rows:
        head = head_now
        if change[0] is not None:
            moved.append(Moved._make(change))
    return head, moved
