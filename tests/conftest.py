"""The real parts that tests run against, and an organisation to act in."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import delete

from models.database import Database
from models.keyring import Keyring, new_keyring
from models.migrate import migrate
from models.tables import METADATA
from tests.clock import START, StandingClock
from tests.organisation import Founded, Organisation, found_organisation
from tests.servers import Postgres, administer, create_database, drop_database, pytest_configure, running

__all__ = ["pytest_configure"]

settings.register_profile("handbook", deadline=None)
settings.load_profile("handbook")

BOTH = ("sqlite", "postgresql")


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    return new_keyring("2026-01-01T00:00:00Z")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server's URL; the run shares one."""
    with running(Postgres) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str, keyring: Keyring) -> Iterator[str]:
    """A migrated database for this worker, emptied between tests: cloning one costs half a second."""
    name = f"handbook_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    url = asyncio.run(create_database(postgres_url, name))
    asyncio.run(_migrate(url, keyring))
    yield url
    asyncio.run(drop_database(postgres_url, name))


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory, keyring: Keyring) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(_migrate(f"sqlite+aiosqlite:///{path}", keyring))
    return path


@pytest.fixture(params=BOTH)
def database_kind(request: pytest.FixtureRequest) -> str:
    """Override by parametrising: `@pytest.mark.parametrize("database_kind", ["sqlite"])`."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(database_kind: str, tmp_path: Path, keyring: Keyring, request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database of this kind."""
    if database_kind == "sqlite":
        path = tmp_path / "handbook.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        return f"sqlite+aiosqlite:///{path}"
    url: str = request.getfixturevalue("migrated_postgres")
    asyncio.run(_empty(url))
    return url


@pytest.fixture
async def database(database_url: str, keyring: Keyring, clock: StandingClock) -> AsyncIterator[Database]:
    database = Database(database_url, keyring=keyring, clock=clock)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def founded(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory, keyring: Keyring) -> Founded:
    path = tmp_path_factory.mktemp("founded") / "handbook.db"
    shutil.copy(migrated_sqlite, path)
    return asyncio.run(_found(f"sqlite+aiosqlite:///{path}", keyring))


@pytest.fixture
async def organisation(database: Database, clock: StandingClock, founded: Founded) -> Organisation:
    return await (founded.put(database) if clock() == START else found_organisation(database))


async def _found(url: str, keyring: Keyring) -> Founded:
    database = Database(url, keyring=keyring, clock=StandingClock())
    founded = await Founded.anew(database)
    await database.close()
    return founded


async def _migrate(url: str, keyring: Keyring) -> None:
    database = Database(url, keyring=keyring)
    await migrate(database)
    await database.close()


async def _empty(url: str) -> None:
    """By deletes: to truncate makes new files for every table and index, of which most were not touched."""
    deletes = [str(delete(table)) for table in reversed(METADATA.sorted_tables) if table.name != "log_head"]
    await administer(url, "; ".join([*deletes, "UPDATE log_head SET seq = 0"]))
