"""SQLite answers from a thread of its own. Each turn of that thread costs the loop a wait: a statement takes one."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import aiosqlite


class Cursor:
    """What SQLAlchemy's adapter asks of a cursor.

    aiosqlite's own takes four turns a statement: to make a cursor, to execute, to fetch and to close. While the loop is
    busy each waits for the interpreter, and with it all other writers.
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
        await self._connection.take_turn(self._run, "execute", sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> None:
        await self._connection.take_turn(self._run, "executemany", sql, parameters)

    async def fetchall(self) -> Sequence[Any]:
        rows, self._rows = self._rows, ()
        return rows

    async def close(self) -> None:
        """Closed already, in the turn of its statement."""

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
    def cursor(self) -> Any:
        return Cursor(self)

    async def take_turn(self, work: Callable[..., None], *said: object) -> None:
        await self._execute(work, *said)  # type: ignore[no-untyped-call]  # the library leaves it untyped
