"""Bringing a database to the schema of this release, and asking how far it is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from models.database import Database
from models.tables import METADATA

HEAD = "head"
_LOCK = "handbook.migrate"


class MigrationError(RuntimeError):
    """The database is not whole after a migration; the message is one line for the operator."""


async def migrate(database: Database, revision: str = HEAD, *, down: bool = False) -> None:
    """Upgrade (or with `down` downgrade) to a revision; several processes may try at once.

    On PostgreSQL statements give up after 10 minutes and lock waits after 5 seconds, so that a migration never queues
    the whole service behind itself: it fails, changes nothing, and is tried again.
    """
    if not database.is_sqlite:
        async with database.write_engine.connect() as guard:
            await guard.execute(text("SELECT pg_advisory_lock(hashtextextended(:name, 0))"), {"name": _LOCK})
            try:
                await _run(database, revision, down=down)
            finally:
                await guard.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), {"name": _LOCK})
    else:
        await _run(database, revision, down=down)


async def _run(database: Database, revision: str, *, down: bool) -> None:
    def work(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET statement_timeout = '10min'"))
            connection.execute(text("SET lock_timeout = '5s'"))
            connection.commit()
        (command.downgrade if down else command.upgrade)(config, revision)

    async with database.write_engine.connect() as connection, _without_foreign_keys(connection):
        await connection.run_sync(work)
        await connection.commit()


@asynccontextmanager
async def _without_foreign_keys(connection: AsyncConnection) -> AsyncIterator[None]:
    """SQLite changes a constraint by making the table anew, and would not let go of one that others refer to. What
    they refer to is checked when all is done; raises MigrationError.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None  # noqa: S101 - a connection that is open has one
    await driver.execute("PRAGMA foreign_keys=OFF")  # does nothing inside a transaction
    try:
        yield
    finally:
        await driver.execute("PRAGMA foreign_keys=ON")
    broken = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).mappings().first()
    await connection.rollback()
    if broken is not None:
        raise MigrationError(f"a row of {broken['table']} refers to one of {broken['parent']} that does not exist")


async def current_revision(database: Database) -> str | None:
    async with database.write_engine.connect() as connection:
        return await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())


def latest_revision() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


async def drift(database: Database) -> list[Any]:
    """What the tables of the code and of the database do not agree on: empty when migrations are complete."""

    def compare(connection: Connection) -> list[Any]:
        options = {"compare_type": True, "include_object": is_comparable}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))

    async with database.write_engine.connect() as connection:
        return await connection.run_sync(compare)


def is_comparable(_thing: object, name: str | None, *_: object) -> bool:
    """Indexes over expressions cannot be reflected alike on both databases, and SQLite's FTS5 tables are several:
    migrations write them by hand.
    """
    return not (name or "").endswith("_name_words") and not (name or "").startswith("search_words")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
