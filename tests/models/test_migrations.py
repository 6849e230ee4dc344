from uuid import uuid4

import pytest
from sqlalchemy import inspect

from models.database import Database
from models.keyring import Keyring
from models.migrate import HEAD, current_revision, drift, latest_revision, migrate
from tests.servers import create_database, drop_database


async def test_migrations_make_what_the_tables_say(database: Database) -> None:
    assert await current_revision(database) == latest_revision()
    assert await drift(database) == []


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_down_and_up_again(database: Database) -> None:
    await migrate(database, "base", down=True)
    async with database.write_engine.connect() as connection:
        tables = await connection.run_sync(lambda c: inspect(c).get_table_names())
    assert tables == ["alembic_version"]
    await migrate(database, HEAD)
    assert await drift(database) == []


async def test_down_and_up_again_on_postgresql(postgres_url: str, keyring: Keyring) -> None:
    """In a database of its own: the others of this run are migrated once."""
    name = f"down_{uuid4().hex}"
    database = Database(await create_database(postgres_url, name), keyring=keyring)
    try:
        await migrate(database)
        await migrate(database, "base", down=True)
        async with database.write_engine.connect() as connection:
            tables = await connection.run_sync(lambda c: inspect(c).get_table_names())
        assert tables == ["alembic_version"]
        await migrate(database, HEAD)
        assert await drift(database) == []
    finally:
        await database.close()
        await drop_database(postgres_url, name)
