"""Engines and sessions from a URL: SQLite and PostgreSQL through the same code."""

import math
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast

import aiosqlite
from sqlalchemy import Engine, PrimaryKeyConstraint, Table, UniqueConstraint, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_dbapi
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlmodel import SQLModel

from models.errors import HandbookError
from models.keyring import Keyring
from models.turns import Connection as SQLiteConnection
from models.turns import PoolInTurn
from models.writer import Writer

Clock = Callable[[], datetime]
T = TypeVar("T")

_driver: ModuleType = sqlite3
with suppress(ImportError):  # wheels exist for Linux only; elsewhere `handbook doctor` warns of an old engine
    import pysqlite3.dbapi2 as _pysqlite3

    _driver = cast("ModuleType", _pysqlite3)

SQLITE_VERSION: str = _driver.sqlite_version
SQLITE_SAFE_FROM = (3, 51, 3)
"""Up to 3.51.2 a WAL database with two connections can be corrupted when the WAL is reset
(https://sqlite.org/wal.html).
"""

_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (.+)")
_SQLITE_CHECK = re.compile(r"CHECK constraint failed: (\w+)")

_READERS = 8
_FOLLOW_SECONDS = 2.0
_IDLE_SECONDS = 5.0
"""A connection to PostgreSQL that was used more lately is not asked whether it still stands."""
_BUSY_SECONDS = 10
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # what was acknowledged survives a power cut
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
)
_WRITE_CACHE, _READ_CACHE, _FOLLOW_CACHE = 32, 8, 1
"""MiB a connection. What is not there is in the system's cache, a few microseconds away, and there only once."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def seconds_of(clock: Clock) -> Callable[[], float]:
    """The same clock in seconds since 1970, for where an instant an answer would be felt."""
    return time.time if clock is utc_now else lambda: clock().timestamp()


class Database:
    """One database: `reading()` and `writing()` give sessions that know the clock and the keyring.

    On SQLite writers queue for one connection, in order and without blocking a thread each; readers have their own
    pool and never wait for them. On PostgreSQL both share one pool. `write` is for what is small and frequent.
    """

    def __init__(
        self, url: str, *, keyring: Keyring | Callable[[], Keyring], clock: Clock = utc_now, pool_size: int = 10
    ) -> None:
        self.url = make_url(url)
        self.clock = clock
        self._keyring = keyring if callable(keyring) else lambda: keyring
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._writer: Writer | None = None
        if self.is_sqlite:
            path = str(self.url.database)
            self._read_engine = _sqlite_engine(path, pool_size=_READERS, cache=_READ_CACHE)
            self._write_engine = _sqlite_engine(path, writes=True, cache=_WRITE_CACHE)
            self._follow_engine = _sqlite_engine(path, cache=_FOLLOW_CACHE)
            self._writer = Writer(self._write_engine, self._session, _BUSY_SECONDS)
        else:
            self._read_engine = self._write_engine = _postgres_engine(url, pool_size)
            self._follow_engine = _postgres_engine(url, 1, patience=_FOLLOW_SECONDS)

    @property
    def keyring(self) -> Keyring:
        return self._keyring()

    def reading(self) -> AsyncSession:
        return self._session(self._read_engine)

    def writing(self) -> AsyncSession:
        return self._session(self._write_engine)

    async def write(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """What `work` gives, once what it committed is on the disk. It must ask nothing but its session, and little.

        On SQLite it shares a transaction and the wait for the disk with others that came at the same time, and none of
        them hops between threads; on PostgreSQL it is `writing()`.
        """
        if self._writer is not None:
            return await self._writer.write(work)
        async with self.writing() as session:
            return await work(session)

    def following(self) -> AsyncSession:
        """For following the log: a connection of its own, which no burst of requests can keep it from."""
        return self._session(self._follow_engine)

    @property
    def write_engine(self) -> AsyncEngine:
        """For migrations and bulk loading, which need connections rather than sessions."""
        return self._write_engine

    def _session(self, bind: AsyncEngine | AsyncConnection) -> AsyncSession:
        return AsyncSession(
            bind,
            expire_on_commit=False,
            autoflush=False,
            info={"clock": self.clock, "keyring": self.keyring, "records": []},
        )

    async def close(self) -> None:
        if self._writer is not None:
            await self._writer.close()
        await self._write_engine.dispose()
        await self._read_engine.dispose()
        await self._follow_engine.dispose()


def copy_sqlite(source: Path, target: Path) -> None:
    """The whole of one SQLite database into another. Either may be in use; users of the target see what it held before
    or what it holds now, and nothing between. Blocks: call it in a thread.
    """
    with (
        closing(_driver.connect(source, timeout=_BUSY_SECONDS)) as read,
        closing(_driver.connect(target, timeout=_BUSY_SECONDS)) as written,
    ):
        read.backup(written)


def now(session: AsyncSession) -> datetime:
    """The instant, in UTC, by the clock that the session was given."""
    clock: Clock = session.info["clock"]
    return clock()


async def database_now(session: AsyncSession) -> datetime:
    """The instant by the database's own clock, for what several machines agree on whose clocks differ: on SQLite there
    is one machine, and it is `now`.
    """
    if not is_postgresql(session):
        return now(session)
    at: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return at


def keyring(session: AsyncSession) -> Keyring:
    ring: Keyring = session.info["keyring"]
    return ring


def is_lost(error: Exception) -> bool:
    """Whether the database cannot be asked at all: of anything else than what was asked it would say the same."""
    if isinstance(error, DBAPIError):
        return isinstance(error, InterfaceError) or error.connection_invalidated
    return isinstance(error, OSError | TimeoutError | PoolTimeout)


async def lock(session: AsyncSession, name: str, *, shared: bool = False) -> None:
    """Hold the lock of this name to the end of the transaction, with `shared` beside others who share it.

    On SQLite a writer already holds the whole database.
    """
    if is_postgresql(session):
        take = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
        await session.execute(select(take(func.hashtextextended(name, 0))))


async def try_lock(session: AsyncSession, name: str) -> bool:
    """`lock` if nobody holds it now."""
    if not is_postgresql(session):
        return True
    taken = await session.execute(select(func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0))))
    return bool(taken.scalar_one())


@asynccontextmanager
async def translating(session: AsyncSession, violations: Mapping[str, HandbookError]) -> AsyncIterator[None]:
    """Flush at the end, and raise the domain's word for a violated constraint: the database decides races, not a
    look before.

    `violations` maps names of constraints and unique indexes.
    """
    try:
        yield
        await session.flush()
    except IntegrityError as error:
        refusal = violations.get(_violated(error) or "")
        if refusal is None:
            raise
        raise refusal from error


def _violated(error: IntegrityError) -> str | None:
    """The name of the violated constraint. SQLite names the columns instead: they are looked up in the metadata."""
    cause = error.orig.__cause__ if error.orig is not None else None
    named: str | None = getattr(cause, "constraint_name", None)
    if named is not None:
        return named
    message = str(error.orig)
    check = _SQLITE_CHECK.search(message)
    if check is not None:
        return check[1]
    unique = _SQLITE_UNIQUE.search(message)
    if unique is None:
        return None
    columns = [column.strip().partition(".") for column in unique[1].split(",")]
    table = SQLModel.metadata.tables[columns[0][0]]
    names = {name for _, _, name in columns}
    candidates = [
        *(c for c in table.constraints if isinstance(c, UniqueConstraint | PrimaryKeyConstraint)),
        *table.indexes,
    ]
    for candidate in candidates:
        if {column.name for column in candidate.columns} == names and getattr(candidate, "unique", True):
            return str(candidate.name)
    return None


def is_postgresql(session: AsyncSession) -> bool:
    """Asked only where the two databases must be told different things."""
    return session.get_bind().dialect.name == "postgresql"


async def upsert(
    session: AsyncSession,
    model: type[SQLModel],
    rows: Sequence[Mapping[str, object]],
    *,
    keys: Sequence[str],
    update: Mapping[str, Any] | Sequence[str],
) -> None:
    """Insert `rows`, or change the ones whose `keys` exist: `update` names columns taken from the new row, or gives
    expressions.

    An empty `update` leaves existing rows alone.
    """
    if not rows:
        return
    table = table_of(model)
    insert = (postgresql if is_postgresql(session) else sqlite).insert(table)
    changes = update if isinstance(update, Mapping) else {name: insert.excluded[name] for name in update}
    statement = (
        insert.on_conflict_do_update(index_elements=list(keys), set_=dict(changes))
        if changes
        else insert.on_conflict_do_nothing(index_elements=list(keys))
    )
    connection = await session.connection()
    await connection.execute(statement, [dict(row) for row in rows])


def table_of(model: type[SQLModel]) -> Table:
    """Its table, for what every request asks: a statement over columns takes half the time of one over attributes."""
    return cast("Table", model.__table__)  # type: ignore[attr-defined]  # SQLModel does not type `__table__`


def _postgres_engine(url: str, pool_size: int, *, patience: float | None = None) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        hide_parameters=True,
        connect_args={
            "timeout": patience or 5,
            "command_timeout": patience,
            "server_settings": {
                "application_name": "handbook",
                "jit": "off",  # compiling takes longer than all but the rarest statements
                "statement_timeout": "15000",
                "lock_timeout": "5000",
                "idle_in_transaction_session_timeout": "60000",
            },
        },
    )
    _check_connections(engine.sync_engine)
    return engine


def _check_connections(engine: Engine) -> None:
    """Before a transaction, replace a connection that no longer stands.

    The loop knows at once when a server closes one. A server that is gone without a word is found by asking, where
    nothing was heard of it lately: SQLAlchemy's `pool_pre_ping` asks each time, in three round trips.
    """
    dialect = engine.dialect

    @event.listens_for(engine, "checkin")
    def note(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["used"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def check(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        if connection.driver_connection.is_closed():
            raise InvalidatePoolError
        if time.monotonic() - record.info.get("used", math.inf) > _IDLE_SECONDS:
            try:
                dialect.do_ping(connection)
            except dialect.loaded_dbapi.Error as error:
                raise InvalidatePoolError from error


class _Dbapi(AsyncAdapt_aiosqlite_dbapi):
    """The async adapter over `_driver`, whose exceptions are its own and not those of the standard library's module."""

    def _init_dbapi_attributes(self) -> None:
        for name in (
            *(
                "DatabaseError",
                "Error",
                "IntegrityError",
                "NotSupportedError",
                "OperationalError",
                "ProgrammingError",
            ),
            *("sqlite_version", "sqlite_version_info", "PARSE_COLNAMES", "PARSE_DECLTYPES", "Binary"),
        ):
            setattr(self, name, getattr(self.sqlite, name))


def _sqlite_engine(path: str, *, cache: int, writes: bool = False, pool_size: int = 1) -> AsyncEngine:
    """`cache` is in MiB a connection."""

    async def connect() -> aiosqlite.Connection:
        return await SQLiteConnection(
            lambda: _driver.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False),
            writes=writes,
            patience=_BUSY_SECONDS,
        )

    engine = create_async_engine(
        "sqlite+aiosqlite:///" + path,
        module=_Dbapi(aiosqlite, _driver),
        async_creator=connect,
        poolclass=PoolInTurn if writes else AsyncAdaptedQueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_BUSY_SECONDS,
        pool_use_lifo=not writes,  # the connection that was used last has the pages that are asked for most
        hide_parameters=True,
        pool_reset_on_return=None,  # a transaction ends with its session: a rollback after that is a turn for nothing
    )
    sync_engine: Engine = engine.sync_engine

    @event.listens_for(sync_engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (*_PRAGMAS, f"PRAGMA cache_size={-1024 * cache}"):
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(sync_engine, "begin")
    def begin_explicitly(connection: Connection) -> None:
        connection.connection.run_async(SQLiteConnection.begin)

    return engine
