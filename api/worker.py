"""The third front door: going through what is due, round after round, for as long as the process lives."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from api.metrics import count_due, publish_behind
from api.transactions import transaction, write
from models.database import Database, now
from models.schedule import Duty, Ran, begin_round, run_due

TICK = 1.0
"""Seconds between rounds, give or take a fifth: processes that started together spread."""
BATCHES_MOST = 20
"""Batches of one duty in a round: what has piled up of it does not keep the others waiting."""
_SMALL_MOST = 4
"""Small things of one round on SQLite, each in a write of its own: nothing else happens in the process meanwhile."""
_BEAT = 30.0
_LONGEST_PAUSE = 30.0
_LONGEST_REST = 300.0

_log = logging.getLogger("handbook")


class Worker:
    """`run` goes through the duties until told to stop; any number of processes may, each thing is done once.

    `committed` is told of every commit that others should see.
    """

    def __init__(
        self,
        database: Database,
        duties: Sequence[Duty[Any]],
        *,
        committed: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._database = database
        self._duties = tuple(duties)
        self._committed = committed
        self._woken = asyncio.Event()
        self._stopping = False
        self._running: asyncio.Task[None] | None = None
        self._said_at = float("-inf")
        self._hurries = False
        """Whether more is due than the last round did."""
        self._pause = 0.0
        """Seconds for which the database is left alone; 0 while it answers."""
        self._rests: dict[str, tuple[float, float]] = {}
        """(how long, until when) duties rest whose `find` failed."""
        self._up_to_date = {duty.name: time.monotonic() for duty in self._duties}

    def start(self) -> None:
        self._running = asyncio.create_task(self.run(), name="do what is due")

    async def stop(self) -> None:
        """A batch that has begun is done to its end."""
        self.leave()
        if self._running is not None:
            await self._running

    def leave(self) -> None:
        """Let `run` come to its end."""
        self._stopping = True
        self.wake()

    def wake(self) -> None:
        """Begin a round now rather than at the next tick."""
        self._woken.set()

    async def run(self) -> None:
        while not self._stopping:
            pause = await self._go_round()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), pause)
            self._woken.clear()

    async def tick(self) -> Ran:
        """One round: each duty until nothing is left of it, or for a number of batches. Raises what the database
        raises when it is gone.
        """
        await self._say()
        self._hurries = False
        ran = [await self._go_through(duty) for duty in self._duties]
        return Ran(sum(each.done for each in ran), sum(each.failed for each in ran), any(each.full for each in ran))

    async def _go_round(self) -> float:
        """Gives the seconds until the next."""
        try:
            await self.tick()
        except Exception as error:  # noqa: BLE001 - whatever a database that is gone, slow or starting answers with
            if not self._pause:
                _log.warning("what is due waits for the database: %s", type(error).__name__)
            self._pause = min(max(2 * self._pause, TICK), _LONGEST_PAUSE)
            return self._pause * random.uniform(0.8, 1.2)  # noqa: S311 - to spread, not to hide
        finally:
            publish_behind({name: time.monotonic() - at for name, at in self._up_to_date.items()})
        if self._pause:
            _log.warning("what is due is done again")
            self._pause = 0.0
        return 0.0 if self._hurries else TICK * random.uniform(0.8, 1.2)  # noqa: S311

    async def _go_through(self, duty: Duty[Any]) -> Ran:
        done = failed = batches = 0
        if self._stopping or self._rests_now(duty):
            return Ran(0, 0, full=False)
        try:
            more, most = await self._anything(duty), _SMALL_MOST if self._goes_along(duty) else BATCHES_MOST
            while more and batches < most and not self._stopping:
                ran = await self._do_some(duty)
                count_due(duty.name, done=ran.done, failed=ran.failed)
                done, failed, more, batches = done + ran.done, failed + ran.failed, ran.full, batches + 1
        except Exception as error:  # noqa: BLE001 - a duty that cannot be gone through leaves the others be
            await self._say(again=True)  # if it is the database, this fails too
            self._rest(duty, error)
            return Ran(done, failed + 1, full=False)
        self._rests.pop(duty.name, None)
        if not more:
            self._up_to_date[duty.name] = time.monotonic()
        self._hurries = self._hurries or (more and not self._goes_along(duty))
        return Ran(done, failed, more)

    def _goes_along(self, duty: Duty[Any]) -> bool:
        return duty.is_small and self._database.is_sqlite

    async def _do_some(self, duty: Duty[Any]) -> Ran:
        if self._goes_along(duty):
            work = partial(run_due, duty=duty, most=1)
            return await write(self._database, work, committed=self._committed)
        async with transaction(self._database, committed=self._committed) as session:
            return await run_due(session, duty)

    async def _anything(self, duty: Duty[Any]) -> bool:
        """Whether it is worth a transaction that writes. On SQLite whoever has one keeps all others waiting."""
        if not self._database.is_sqlite:
            return True
        async with self._database.reading() as session:
            return bool(await duty.find(session, now(session), 1))

    async def _say(self, *, again: bool = False) -> None:
        """Note that somebody goes through what is due, for `handbook doctor`."""
        if not again and time.monotonic() - self._said_at < _BEAT:
            return
        async with transaction(self._database) as session:
            await begin_round(session)
        self._said_at = time.monotonic()

    def _rest(self, duty: Duty[Any], error: Exception) -> None:
        before, _ = self._rests.get(duty.name, (0.0, 0.0))
        pause = min(max(2 * before, 10 * TICK), _LONGEST_REST)
        self._rests[duty.name] = pause, time.monotonic() + pause
        count_due(duty.name, done=0, failed=1)
        _log.error("%s cannot be gone through, and rests for %d s", duty.name, pause, exc_info=error)

    def _rests_now(self, duty: Duty[Any]) -> bool:
        return duty.name in self._rests and time.monotonic() < self._rests[duty.name][1]
