"""What a POST with an `Idempotency-Key` answered, kept in the transaction that it speaks of."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Index, LargeBinary, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, col

from models.database import now, try_lock
from models.errors import Conflict, FieldError, Invalid

KEPT = timedelta(hours=24)
_AT_ONCE = 100


class IdempotencyKey(SQLModel, table=True):
    __tablename__ = "idempotency_key"
    __table_args__ = (Index("ix_idempotency_key_created_at", "created_at"),)

    owner: str = Field(max_length=36, primary_key=True)
    route: str = Field(max_length=80, primary_key=True)
    key: str = Field(max_length=200, primary_key=True)
    request_digest: str = Field(max_length=64)
    status: int
    headers: str
    body: bytes = Field(sa_type=LargeBinary)
    created_at: datetime


async def earlier_answer(
    session: AsyncSession, owner: UUID, route: str, key: str, digest: str
) -> IdempotencyKey | None:
    """The first answer, if this key was used in the last 24 hours.

    Raises Conflict while the first request still runs (on SQLite writers queue, so it has ended by now), Invalid
    where the key was used with another body. Whoever asks also clears away some answers that are too old, whose they
    may be: what they hold of people is not kept longer than it is of use.
    """
    if not await try_lock(session, f"idempotency\n{owner}\n{route}\n{key}"):
        raise Conflict("idempotency.running")
    await _forget_some(session)
    found = await session.get(IdempotencyKey, (str(owner), route, key))
    if found is None:
        return None
    if found.created_at < now(session) - KEPT:
        await session.delete(found)
        await session.flush()
        return None
    if found.request_digest != digest:
        raise Invalid([FieldError("/headers/Idempotency-Key", "idempotency.reused")], "idempotency.reused")
    return found


async def _forget_some(session: AsyncSession) -> None:
    row = (col(IdempotencyKey.owner), col(IdempotencyKey.route), col(IdempotencyKey.key))
    old = select(*row).where(col(IdempotencyKey.created_at) < now(session) - KEPT).limit(_AT_ONCE)
    # those that another request clears away just now are not waited for
    cleared = delete(IdempotencyKey).where(tuple_(*row).in_(old.with_for_update(skip_locked=True)))
    await session.execute(cleared.execution_options(synchronize_session=False))
