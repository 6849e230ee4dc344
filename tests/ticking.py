"""Doing what is due, at a moment that the test chooses: no worker runs in tests unless they start one."""

from collections.abc import Sequence
from typing import Any

from api.parts import Parts
from api.worker import Worker
from models.duties import DUTIES
from models.schedule import Duty


def worker_of(parts: Parts, duties: Sequence[Duty[Any]] = DUTIES) -> Worker:
    """The worker of this process."""
    return Worker(parts.database, duties, committed=parts.cache.follower.committed)


async def tick(parts: Parts, duties: Sequence[Duty[Any]] = DUTIES, *, failing: int = 0) -> int:
    """Do all that is due by the clock, in this process; gives how many things were done."""
    done = 0
    while True:
        ran = await worker_of(parts, duties).tick()
        assert ran.failed == failing
        done += ran.done
        if not ran.full:
            return done
