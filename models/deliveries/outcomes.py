"""What became of deliveries, as it is written down: by who held the lease, and by nobody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.database import table_of
from models.deliveries.table import DETAIL_MOST, WAITS, Delivery, DeliveryState

_DELIVERY = table_of(Delivery)


@dataclass(frozen=True, slots=True)
class Ending:
    """A delivery's new state; while it is `waiting`, with when it is due again, or in how many seconds."""

    delivery: Delivery
    state: DeliveryState
    detail: str | None = None
    due_at: datetime | None = None
    pause: float = 0.0
    attempts: int = 0
    """How many more there were."""


_WRITE = (
    update(_DELIVERY)
    .where(_DELIVERY.c.id == bindparam("of_id"), _DELIVERY.c.lease == bindparam("held"), WAITS)
    .values(
        state=bindparam("becomes"),
        detail=bindparam("said"),
        due_at=bindparam("due"),
        attempts=_DELIVERY.c.attempts + bindparam("more"),
        finished_at=bindparam("at"),
        lease=None,
        leased_until=None,
    )
)


async def write_endings(session: AsyncSession, endings: Sequence[Ending], at: datetime) -> None:
    """In one statement for all, in the order of ids: two who write never wait for each other in a circle."""
    if not endings:
        return
    connection = await session.connection()
    await connection.execute(
        _WRITE,
        [
            {
                "of_id": ending.delivery.id,
                "held": ending.delivery.lease,
                "becomes": ending.state,
                "said": ending.detail[:DETAIL_MOST] if ending.detail else None,
                "due": ending.due_at or at + timedelta(seconds=ending.pause),
                "more": ending.attempts,
                "at": None if ending.state is DeliveryState.WAITING else at,
            }
            for ending in sorted(endings, key=lambda each: each.delivery.id)
        ],
    )
