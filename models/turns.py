"""How SQLite is driven: what may take long in a thread of its own, what is short at once, and in whose turn.

Each turn of the thread costs the loop a wait: for all that is ready before, and for the interpreter.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from sqlite3 import Connection as Driver
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util import memoized_property
from sqlalchemy.util.queue import AsyncAdaptedQueue

T = TypeVar("T")


class Cursor:
    """What SQLAlchemy's adapter asks of a cursor.

    aiosqlite's own takes four turns a statement: to make a cursor, to execute, to fetch and to close.
    """

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._rows: Sequence[Any] = ()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> "Cursor":
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> None:
        await self._connection.do(self._run, "execute", sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> None:
        await self._connection.do(self._run, "executemany", sql, parameters)

    async def fetchall(self) -> Sequence[Any]:
        rows, self._rows = self._rows, ()
        return rows

    async def close(self) -> None:
        """Closed already, together with its statement."""

    def _run(self, what: str, sql: str, parameters: Iterable[Any]) -> None:
        cursor = self._connection._conn.cursor()  # noqa: SLF001 - of its own subclass
        try:
            getattr(cursor, what)(sql, parameters)
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else ()
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()


class Connection(aiosqlite.Connection):
    """Statements and commits take a turn of the thread. What can wait neither for a lock nor for the disk is done at
    once.

    Between `open_shared` and `commit_shared` transactions are parts of one, each of which may fail alone, and their
    statements too are done at once, in the loop's own thread.
    """

    def __init__(self, connector: Callable[[], Driver], *, writes: bool, patience: float) -> None:
        super().__init__(connector, iter_chunk_size=64)
        # as SQLAlchemy does: a forgotten connection must not hang the exit
        self._thread.daemon = True
        self._writes = writes
        self._patience = f"PRAGMA busy_timeout = {patience * 1000:.0f}"
        self._shared = False
        self._stopped: asyncio.Future[object] | None = None
        self._asked = 0
        self._answered = 0
        """How many turns were asked of the thread, and how many it has ended: each thread counts for itself."""

    def cursor(self) -> Any:
        return Cursor(self)

    async def do(self, work: Callable[..., T], *said: object) -> T:
        """A statement."""
        return work(*said) if self._shared else await self._execute(work, *said)

    async def begin(self) -> None:
        """A reader takes no lock before it reads, and a writer whose turn it is mostly finds nobody in its way."""
        if self._shared:
            self._now("SAVEPOINT part")
        elif not self._is_idle:
            await self._execute(self._now, "BEGIN IMMEDIATE" if self._writes else "BEGIN")
        elif not self._writes:
            self._now("BEGIN")
        elif not self._begin_if_free():
            await self._execute(self._now, "BEGIN IMMEDIATE")

    async def commit(self) -> None:
        if self._shared:
            self._now("RELEASE part")
        else:
            await self._execute(self._conn.commit)

    async def rollback(self) -> None:
        if self._shared:
            self._now("ROLLBACK TO part")
            self._now("RELEASE part")
        elif self._is_idle and not self._writes:
            self._conn.rollback()
        else:
            await self._execute(self._conn.rollback)

    async def open_shared(self) -> None:
        await self.begin()
        self._shared = True

    async def commit_shared(self, told: Callable[[], None]) -> None:
        """`told` is called when it is on the disk, by the loop itself: who waits for a task to tell waits once more for
        all that is ready before it.
        """
        loop = asyncio.get_running_loop()

        def work() -> None:
            self._conn.commit()
            loop.call_soon_threadsafe(told)

        self._shared = False
        await self._execute(work)

    @property
    def _is_idle(self) -> bool:
        """Whoever was cancelled may have left it a statement to finish."""
        return self._asked == self._answered

    def _now(self, sql: str) -> None:
        self._conn.execute(sql).close()

    def _begin_if_free(self) -> bool:
        """False where another process writes, for which the thread can wait."""
        self._now("PRAGMA busy_timeout = 0")
        try:
            self._now("BEGIN IMMEDIATE")
        except self._conn.OperationalError:
            return False
        finally:
            self._now(self._patience)
        return True

    async def _connect(self) -> "Connection":
        try:
            await super()._connect()
        except BaseException:
            if self._stopped is not None:
                await self._stopped  # or the thread would answer a loop that may be no more
            raise
        return self

    def stop(self) -> "asyncio.Future[object] | None":
        self._stopped = super().stop()
        return self._stopped

    async def _execute(self, fn: Callable[..., T], *args: object, **named: object) -> T:
        def work() -> T:
            try:
                return fn(*args, **named)
            finally:
                self._answered += 1

        self._asked += 1
        done: T = await super()._execute(work)  # type: ignore[no-untyped-call]  # the library leaves it untyped
        return done


class InTurn(asyncio.Queue[T]):
    """What is put goes to whoever waits longest. asyncio's own lets newcomers overtake, and who was overtaken begins to
    wait anew.
    """

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._waiting: deque[asyncio.Future[T]] = deque()

    def put_nowait(self, item: T) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(item)
                return
        super().put_nowait(item)

    async def get(self) -> T:
        if not self.empty():
            return self.get_nowait()
        waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.put_nowait(waiter.result())  # it was given to us at the same moment
            raise


class _PoolInTurn(AsyncAdaptedQueue[ConnectionPoolEntry]):
    @memoized_property
    def _queue(self) -> asyncio.Queue[ConnectionPoolEntry]:
        return InTurn(self.maxsize)


class PoolInTurn(AsyncAdaptedQueuePool):
    """Whoever asked first has the connection first."""

    _queue_class = _PoolInTurn
