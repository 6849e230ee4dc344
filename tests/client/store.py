"""What a phone keeps of one account: a SQLite file of its own, changed in transactions alone."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

_TABLES = """
CREATE TABLE IF NOT EXISTS value (name TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS thing (
    id TEXT PRIMARY KEY, channel TEXT NOT NULL, kind TEXT NOT NULL, seq INTEGER NOT NULL, json TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS thing_channel ON thing (channel);
CREATE TABLE IF NOT EXISTS doubt (channel TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS event (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refusal (id TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS receipt (
    notice_id TEXT NOT NULL, revision INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (notice_id, revision)
);
CREATE TABLE IF NOT EXISTS rsvp (
    notice_id TEXT NOT NULL, occurrence INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (notice_id, occurrence)
);
CREATE TABLE IF NOT EXISTS attendance (
    notice_id TEXT NOT NULL, occurrence INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (notice_id, occurrence)
);
CREATE TABLE IF NOT EXISTS progress (
    material_id TEXT NOT NULL, version INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (material_id, version)
);
CREATE TABLE IF NOT EXISTS attempt (id TEXT PRIMARY KEY, quiz_id TEXT NOT NULL, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS bookmark (id TEXT PRIMARY KEY, json TEXT NOT NULL);
"""
# value: cursor, nothing_new (an ETag), me, state, up_to_date_at, access_token, refresh_token.
# doubt: channels that did not come to what the server said, to be asked for again, also after a restart.
# refusal: events that will never be applied, until the member was told.


class Store:
    """Writing outside a transaction raises RuntimeError: nothing here may be half done."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_open = False
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute(
            "PRAGMA synchronous = OFF"
        )  # a killed app loses nothing; a real phone keeps the default
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing."""
        self._run("BEGIN IMMEDIATE")
        self._is_open = True
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            self._run("ROLLBACK")
            raise
        finally:
            self._is_open = False

    def write(self, statement: str, *values: object) -> None:
        if not self._is_open:
            raise RuntimeError("outside a transaction")
        self._run(statement, *values)

    def read(self, statement: str, *values: object) -> list[Any]:
        return self._run(statement, *values)

    def _run(self, statement: str, *values: object) -> list[Any]:
        return self._connection.execute(statement, values).fetchall()

    def value(self, name: str) -> Any:
        """What is kept under this name, or None."""
        rows = self.read("SELECT json FROM value WHERE name = ?", name)
        return json.loads(rows[0][0]) if rows else None

    def keep(self, name: str, value: object) -> None:
        self.write("INSERT OR REPLACE INTO value VALUES (?, ?)", name, json.dumps(value))

    def forget(self, *names: str) -> None:
        for name in names:
            self.write("DELETE FROM value WHERE name = ?", name)

    def put(self, channel: str, thing: Mapping[str, Any]) -> None:
        """Under its id, whatever was there; of a kind that is not known too."""
        row = (thing["id"], channel, thing["kind"], thing["seq"], json.dumps(thing))
        self.write("INSERT OR REPLACE INTO thing VALUES (?, ?, ?, ?, ?)", *row)

    def remove(self, channel: str, thing_id: str) -> None:
        """Not where another channel has it by now."""
        self.write("DELETE FROM thing WHERE id = ? AND channel = ?", thing_id, channel)

    def clear(self, channel: str) -> None:
        self.write("DELETE FROM thing WHERE channel = ?", channel)

    def things(self, kind: str | None = None) -> dict[str, dict[str, Any]]:
        """By id, of one kind or all, each with its `channel`."""
        rows = self.read("SELECT id, channel, json FROM thing WHERE ? IN (kind, '')", kind or "")
        return {id_: {**json.loads(text), "channel": channel} for id_, channel, text in rows}

    def digest(self, channel: str) -> tuple[int, str]:
        """How many things a channel has, and what they and their numbers come to."""
        lines = sorted(f"{id_}:{seq}" for id_, seq in self.read("SELECT id, seq FROM thing WHERE channel = ?", channel))
        return len(lines), sha256("\n".join(lines).encode()).hexdigest()[:32]

    def wipe(self) -> None:
        """As if it had never been used."""
        with self.transaction():
            for (table,) in self.read("SELECT name FROM sqlite_schema WHERE type = 'table'"):
                self.write(f"DELETE FROM {table}")  # noqa: S608 - our own names

    def doubt(self, channel: str) -> None:
        self.write("INSERT OR IGNORE INTO doubt VALUES (?)", channel)

    def trust(self, channel: str) -> None:
        self.write("DELETE FROM doubt WHERE channel = ?", channel)

    def doubts(self) -> list[str]:
        return [channel for (channel,) in self.read("SELECT channel FROM doubt ORDER BY channel")]
