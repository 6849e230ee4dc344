"""Small writes on SQLite: those that wait at the same time are written together."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from models.errors import Unavailable
from models.turns import Connection

T = TypeVar("T")

_LEAST_SECONDS, _MOST_SECONDS = 0.01, 0.05
"""After which jobs are committed and whatever else is ready has its turn, though more of them wait: the time that all
else had since the last turn, within these bounds.
"""


@dataclass(slots=True, eq=False)
class _Job(Generic[T]):
    work: Callable[[AsyncSession], Awaitable[T]]
    answer: "asyncio.Future[T]"
    """Given when it is on the disk."""
    asked_at: float = field(default_factory=time.monotonic)
    result: T | None = None
    error: Exception | None = None

    def tell(self) -> None:
        if self.answer.done():
            return  # whoever asked has left
        if self.error is not None:
            self.answer.set_exception(self.error)
        else:
            self.answer.set_result(cast("T", self.result))


def _tell(jobs: Iterable[_Job[Any]]) -> None:
    for job in jobs:
        job.tell()


class Writer:
    """Runs jobs one after the other as they came, in the loop's own thread, and commits those that waited together.

    A write whose every statement hops to a thread is held up at each by all that is ready in the loop, and holds up all
    other writers meanwhile. Here the commit alone is waited for, once by many: the busier the loop, the more of them.
    Each job has a transaction of its own within the one they share, and fails alone.
    """

    def __init__(
        self, engine: AsyncEngine, session_on: Callable[[AsyncConnection], AsyncSession], patience: float
    ) -> None:
        """`engine` has one connection, from whose queue other writers have it in their turn. `patience` is in seconds:
        a job that waited longer is refused.
        """
        self._engine = engine
        self._session_on = session_on
        self._patience = patience
        self._waiting: deque[_Job[Any]] = deque()
        self._running: asyncio.Task[None] | None = None
        self._ended_at = float("-inf")
        self._closed = False

    async def write(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Returns when what `work` committed is on the disk. Who is cancelled before their turn has written nothing.

        Raises what `work` raises; Unavailable or SQLAlchemy's errors where the job had no turn or the commit failed.
        """
        if self._closed:
            raise Unavailable
        job: _Job[T] = _Job(work, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name="write")
        return await job.answer

    async def close(self) -> None:
        """Once everything that waits is written. Who comes later is refused."""
        self._closed = True
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._take_turn()
        finally:
            self._running = None

    async def _take_turn(self) -> None:
        jobs: list[_Job[Any]] = []
        try:
            connection = await self._engine.connect()
            try:
                await self._write_together(connection, jobs)
            except BaseException:
                await connection.invalidate()  # with all that it was in the middle of
                raise
            finally:
                await connection.close()
        except BaseException as error:
            if not jobs:  # there was no connection, or another process would not end writing
                jobs, self._waiting = list(self._waiting), deque()
            for job in jobs:
                job.error = error if isinstance(error, Exception) else Unavailable()
            _tell(jobs)
            if not isinstance(error, Exception):
                raise

    async def _write_together(self, connection: AsyncConnection, jobs: list[_Job[Any]]) -> None:
        """Adds those it does to `jobs`. Where it raises, none of them was done."""
        driver = cast("Connection", (await connection.get_raw_connection()).driver_connection)
        await driver.open_shared()
        began = time.monotonic()
        until = began + min(max(began - self._ended_at, _LEAST_SECONDS), _MOST_SECONDS)
        while self._waiting and time.monotonic() < until:
            job = self._waiting.popleft()
            if not job.answer.done():
                jobs.append(job)
                await self._do(job, connection)
                if not driver.in_transaction:  # a full disk ends the transaction of all
                    raise job.error or Unavailable()
        self._ended_at = time.monotonic()
        await driver.commit_shared(partial(_tell, jobs))

    async def _do(self, job: _Job[Any], connection: AsyncConnection) -> None:
        if time.monotonic() - job.asked_at > self._patience:
            job.error = Unavailable()
            return
        session = self._session_on(connection)
        try:
            job.result = await job.work(session)
        except Exception as error:  # noqa: BLE001 - told to whoever asked
            job.error = error
        finally:
            await session.close()  # `async with` would close it in a task of its own, after all that is ready before
