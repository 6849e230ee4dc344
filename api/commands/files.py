"""`handbook files`: is all there that should be, and nothing else?"""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import func, select
from sqlmodel import col

from api.commands.running import console, fail, open_database, run, settings
from api.settings import Settings
from api.storage import open_files
from api.transactions import transaction
from content.files import FileStore, HeldFile, fault_of
from models.database import Database, utc_now
from models.file_clearing import find_unused, forget, review, unspoken
from models.files import YOUNG, ClearedFile, File

files = typer.Typer(help="What the file store holds.", no_args_is_help=True)

_BATCH = 200
_SHOWN = 50


@files.command("verify")
def verify_files() -> None:
    """Read every file again; exit code 1 if one is missing or not what it was."""
    faults, count = run(_verify(settings()))
    if not faults:
        console.print(f"[green]✓[/green] {count} files, all as they were sent")
        return
    table = Table("sha256", "fault", box=None, pad_edge=False)
    for sha256, fault in faults[:_SHOWN]:
        table.add_row(sha256, fault)
    console.print(table)
    fail(f"{len(faults)} of {count} files are not as they were sent")


@files.command("clear")
def clear_files(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go and let it be.")] = False,
) -> None:
    """Clear away what nothing refers to and what no row speaks of; the worker does the first by itself, in time."""
    unused, strays, left = run(_clear(settings(), dry_run=dry_run))
    told = "would go" if dry_run else "cleared"
    console.print(f"{told}: {unused} files that nothing refers to, {strays} that no row speaks of, {left} half arrived")


async def _verify(using: Settings) -> tuple[list[tuple[str, str]], int]:
    store, faults, count = open_files(using), list[tuple[str, str]](), 0
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=console
    )
    async with open_database(using) as database:
        async with database.reading() as session:
            total = await session.scalar(select(func.sum(col(File.size))))
        with bar:
            task = bar.add_task("reading", total=int(total or 0))
            async for file in _all_files(database):
                fault = await fault_of(store, file.sha256, file.size, file.crc32)
                if fault is not None:
                    faults.append((file.sha256, fault))
                count += 1
                bar.advance(task, file.size)
    return faults, count


async def _all_files(database: Database) -> AsyncIterator[File]:
    after = ""
    while True:
        async with database.reading() as session:
            asked = select(File).where(col(File.sha256) > after).order_by(col(File.sha256)).limit(_BATCH)
            found = (await session.scalars(asked)).all()
        for file in found:
            yield file
        if len(found) < _BATCH:
            return
        after = found[-1].sha256


async def _clear(using: Settings, *, dry_run: bool) -> tuple[int, int, int]:
    store = open_files(using)
    async with open_database(using) as database:
        unused = await _clear_unused(database, dry_run=dry_run)
        if not dry_run:
            await _forget_cleared(database, store)
        strays = await _clear_strays(database, store, dry_run=dry_run)
    left = 0 if dry_run else await store.sweep(utc_now() - YOUNG)
    return unused, strays, left


async def _clear_unused(database: Database, *, dry_run: bool) -> int:
    after, count = "", 0
    while True:
        async with transaction(database) as session:
            found = await find_unused(session, after, _BATCH)
            names = [file.sha256 for file in found]
            count += len(names) if dry_run else sum([await review(session, file) for file in found])
        if not names:
            return count
        after = names[-1]


async def _forget_cleared(database: Database, store: FileStore) -> None:
    async with database.reading() as session:
        names = (await session.scalars(select(col(ClearedFile.sha256)))).all()
    for sha256 in names:
        async with transaction(database) as session:
            await forget(session, store, sha256)


async def _clear_strays(database: Database, store: FileStore, *, dry_run: bool) -> int:
    """What a commit that failed has left: bytes that are old and that no row speaks of."""
    before, batch, count = utc_now() - YOUNG - timedelta(hours=1), list[HeldFile](), 0
    async for held in store.held():
        if held.kept_at >= before:
            continue
        batch.append(held)
        if len(batch) == _BATCH:
            count += await _clear_some(database, store, batch, dry_run=dry_run)
            batch.clear()
    return count + await _clear_some(database, store, batch, dry_run=dry_run)


async def _clear_some(database: Database, store: FileStore, batch: Sequence[HeldFile], *, dry_run: bool) -> int:
    async with database.reading() as session:
        strays = await unspoken(session, [held.sha256 for held in batch])
    if dry_run:
        return len(strays)
    count = 0
    for sha256 in sorted(strays):
        async with transaction(database) as session:
            count += await forget(session, store, sha256)
    return count
