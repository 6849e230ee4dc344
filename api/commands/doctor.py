"""`handbook doctor`: is this installation set up as it should be?"""

import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import redis.asyncio as redis
from rich.table import Table
from sqlalchemy import text

from api.commands.running import console, fail, run, settings
from api.security.keys import open_keyring
from api.settings import Settings
from models.database import SQLITE_SAFE_FROM, SQLITE_VERSION, Database, utc_now
from models.deliveries.dead import count_dead
from models.keyring import KeyringError
from models.migrate import current_revision, latest_revision
from models.schedule import last_round, stuck

_FREE_LEAST = 1024**3
_CLOCKS_APART_MOST = 2.0
_UNATTENDED_MOST = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    verdict: str
    """ok, warning or wrong."""
    said: str


def doctor() -> None:
    """Check settings, keyring, database, Redis, files and disk; exit code 1 if something is wrong."""
    using = settings()
    findings = run(_examine(using))
    table = Table(box=None, pad_edge=False)
    for heading in ("", "part", "finding"):
        table.add_column(heading, overflow="fold")
    signs = {"ok": "[green]✓[/green]", "warning": "[yellow]![/yellow]", "wrong": "[red]✗[/red]"}
    for finding in findings:
        table.add_row(signs[finding.verdict], finding.what, finding.said)
    console.print(table)
    if any(finding.verdict == "wrong" for finding in findings):
        fail("something is wrong")


async def _examine(using: Settings) -> list[Finding]:
    findings = [Finding("Python", "ok", sys.version.split()[0]), _keyring(using), *_disk(using)]
    for what, examine in (("database", _database), ("Redis", _redis)):
        findings += await _guarded(what, examine, using)
    return findings


async def _guarded(
    what: str, examine: Callable[[Settings], Awaitable[list[Finding]]], using: Settings
) -> list[Finding]:
    try:
        return await examine(using)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return [Finding(what, "wrong", f"{type(error).__name__}: {error}".splitlines()[0])]


def _keyring(using: Settings) -> Finding:
    try:
        ring = open_keyring(using.keys, made_at="", demo=False).current()
    except (KeyringError, OSError) as error:
        return Finding("keyring", "wrong", str(error))
    return Finding("keyring", "ok", f"{len(ring.keys)} keys, the newest of {ring.newest.created_at[:10]}")


def _disk(using: Settings) -> list[Finding]:
    folder = using.data_dir if using.data_dir.exists() else using.data_dir.absolute().parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    verdict = "ok" if free >= _FREE_LEAST else "warning"
    return [Finding("disk", verdict, f"{free / 1024**3:.1f} GiB free at {folder}")]


async def _database(using: Settings) -> list[Finding]:
    keys = open_keyring(using.keys, made_at="", demo=using.demo)
    database = Database(using.database, keyring=keys.current, pool_size=1)
    try:
        at, wanted = await current_revision(database), latest_revision()
        schema = Finding("schema", "ok", str(at))
        if at != wanted:
            schema = Finding("schema", "wrong", f"at {at or 'none'}, this release needs {wanted}: `handbook migrate`")
        findings = [*await (_sqlite(database) if database.is_sqlite else _postgresql(database)), schema]
        return findings if at != wanted else [*findings, *await _due(database, using), *await _pushes(database, using)]
    finally:
        await database.close()


async def _sqlite(database: Database) -> list[Finding]:
    async with database.reading() as session:
        mode = await session.scalar(text("PRAGMA journal_mode"))
        synchronous = await session.scalar(text("PRAGMA synchronous"))
        broken = await session.scalar(text("PRAGMA quick_check(1)"))
    version = tuple(int(part) for part in SQLITE_VERSION.split("."))
    safe = version >= SQLITE_SAFE_FROM
    advice = "" if safe else "; below 3.51.3 two connections may corrupt a WAL database: install the pysqlite3 wheel"
    return [
        Finding("SQLite", "ok" if safe else "warning", f"{SQLITE_VERSION}{advice}"),
        Finding(
            "journal", "ok" if (mode, synchronous) == ("wal", 2) else "wrong", f"{mode}, synchronous {synchronous}"
        ),
        Finding("integrity", "ok" if broken == "ok" else "wrong", str(broken)),
    ]


async def _postgresql(database: Database) -> list[Finding]:
    async with database.reading() as session:
        version = await session.scalar(text("SHOW server_version"))
        encoding = await session.scalar(text("SHOW server_encoding"))
        fsync = await session.scalar(
            text("SELECT current_setting('fsync') || ', ' || current_setting('synchronous_commit')")
        )
        there = await session.scalar(text("SELECT clock_timestamp()"))
    apart = abs((utc_now() - there).total_seconds()) if there is not None else 0.0
    return [
        Finding("PostgreSQL", "ok" if encoding == "UTF8" else "wrong", f"{version}, {encoding}"),
        Finding("durability", "ok" if fsync == "on, on" else "warning", f"fsync, synchronous_commit: {fsync}"),
        Finding("clocks", "ok" if apart <= _CLOCKS_APART_MOST else "wrong", f"{apart:.1f} s apart"),
    ]


async def _due(database: Database, using: Settings) -> list[Finding]:
    """Whether anybody does what time makes due, and what of it cannot be done."""
    async with database.reading() as session:
        last, failing = await last_round(session), await stuck(session)
    who = "`handbook serve` does it" if using.works_inside else "run `handbook worker` beside `handbook serve`"
    if last is None:
        found = Finding("what is due", "warning", f"nobody has ever done it: {who}")
    elif (since := utc_now() - last) > _UNATTENDED_MOST:
        found = Finding("what is due", "warning", f"nobody has done it for {since.total_seconds():.0f} s: {who}")
    else:
        found = Finding("what is due", "ok", f"was gone through {max(since.total_seconds(), 0):.0f} s ago")
    return [
        found,
        *(Finding("what is due", "warning", f"{duty} fails for {count}: {error}") for duty, error, count in failing),
    ]


async def _pushes(database: Database, using: Settings) -> list[Finding]:
    ways = [
        name
        for name, is_set in (
            ("Firebase", using.fcm_account_file),
            ("Web Push", using.vapid_key_file),
            ("e-mail", using.smtp_url),
        )
        if is_set is not None
    ]
    otherwise = f"written to {using.push_file}" if using.push_file is not None else "written to the log"
    said = f"by {', '.join(ways)}" if ways else f"no provider is set: they are {otherwise}"
    async with database.reading() as session:
        given_up = await count_dead(session)
    if given_up == 0:
        return [Finding("pushes", "ok", said)]
    return [Finding("pushes", "warning", f"{said}; {given_up:,} were given up: `handbook push dead`")]


async def _redis(using: Settings) -> list[Finding]:
    if using.redis_url is None:
        return [Finding("Redis", "ok", "not configured: each process counts log-in failures alone")]
    client = redis.from_url(using.redis_url, socket_timeout=2, socket_connect_timeout=2)
    try:
        about = await client.info("server")
    finally:
        await client.aclose()
    return [Finding("Redis", "ok", str(about.get("redis_version")))]
