"""What is frequent and a member's own, such as receipts, stays out of the log: a counter of the member's orders it.

The counter's row is narrow, so that a receipt does not rewrite the member's wide one. It is locked to the end of the
transaction that takes a number: a member's numbers become visible in order, as the log's do.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import CTE, BigInteger, ForeignKey, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import Field, SQLModel

from models.changes import JUMP
from models.database import is_postgresql, table_of


class MemberState(SQLModel, table=True):
    """`seq` is the last number given out; whoever has no row yet is at 0."""

    __tablename__ = "member_state"

    member_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("member.id")])
    seq: int = Field(sa_type=BigInteger)


_STATE = table_of(MemberState)


def _advance(insert: postgresql.Insert | sqlite.Insert) -> ReturningInsert[tuple[UUID, int]]:
    return insert.on_conflict_do_update(
        index_elements=[_STATE.c.member_id], set_={"seq": _STATE.c.seq + insert.excluded.seq}
    ).returning(_STATE.c.member_id, _STATE.c.seq)


# made once: making a statement takes longer than sending it
_ADVANCE = {True: _advance(postgresql.insert(_STATE)), False: _advance(sqlite.insert(_STATE))}
_GIVE_BACK = (
    update(_STATE).where(_STATE.c.member_id == bindparam("whose")).values(seq=_STATE.c.seq - bindparam("steps"))
)


async def advance(session: AsyncSession, steps: Mapping[UUID, int]) -> dict[UUID, int]:
    """Take so many numbers of each member's counter, locking it; gives the last of each.

    Counters are locked in the order of their members, so that two who write for the same ones never wait for each
    other.
    """
    rows = [{"member_id": member_id, "seq": steps[member_id]} for member_id in sorted(steps)]
    connection = await session.connection()
    taken = await connection.execute(_ADVANCE[is_postgresql(session)], rows)
    return {row.member_id: row.seq for row in taken}


async def hold(session: AsyncSession, members: Iterable[UUID]) -> None:
    """Lock all these counters at once, before any is advanced: whoever advances some now and others later would else
    lock them in an order of their own.
    """
    await advance(session, dict.fromkeys(members, 0))


async def give_back(session: AsyncSession, steps: Mapping[UUID, int]) -> None:
    """Undo `advance` by so many of the last numbers, while its lock still holds: less was changed than might have
    been, and nobody has seen the numbers.
    """
    rows = [{"whose": member_id, "steps": number} for member_id, number in steps.items() if number]
    if rows:
        connection = await session.connection()
        await connection.execute(_GIVE_BACK, rows)


def advancing() -> CTE:
    """`:steps` numbers of `:member_id`'s counter, the last as `seq`, taken by the statement that uses them, as
    PostgreSQL can.
    """
    taken = postgresql.insert(_STATE).values(member_id=bindparam("member_id"), seq=bindparam("steps"))
    return _advance(taken).cte("counter")


def state_number(head: int, seq: int) -> int:
    """What apps are told instead of a counter's bare number. The head of a database that came back from a backup has
    jumped: no number of the lost one is taken for one of ours.
    """
    return head // JUMP * JUMP + seq


def seq_of(state: int, head: int) -> int | None:
    """The counter's number in what an app was told; None where another database told it."""
    return state % JUMP if state // JUMP == head // JUMP else None
