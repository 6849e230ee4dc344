"""What a piece of code asks of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
from sqlalchemy import event

from models.database import Database


@contextmanager
def counting(database: Database) -> Iterator[list[str]]:
    """The statements sent while it lasts, without those that begin a transaction.

    `with counting(database) as statements: …; assert len(statements) == 1`
    """
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    engines = {database._read_engine.sync_engine, database._write_engine.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


@contextmanager
def round_trips(database: Database) -> Iterator[list[str]]:
    """What goes to PostgreSQL, by its first words: what begins and ends a transaction too, and questions whether a
    connection stands.
    """
    sent: list[str] = []
    watched: list[asyncpg.Connection] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: Any) -> None:
        sent.append(statement.partition(" ")[0])

    def log(record: asyncpg.connection.LoggedQuery) -> None:
        sent.append(record.query.partition(" ")[0].rstrip(";"))  # what SQLAlchemy does not prepare

    def watch(connection: Any, *_: object) -> None:
        watched.append(connection.driver_connection)
        connection.driver_connection.add_query_logger(log)

    engine = database.write_engine.sync_engine
    event.listen(engine, "checkout", watch, insert=True)
    event.listen(engine, "after_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "checkout", watch)
        event.remove(engine, "after_cursor_execute", note)
        for connection in watched:
            connection.remove_query_logger(log)
