"""`handbook content`: what there is to study, from a folder."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api.commands.running import console, fail, open_database, run, said, sentence, settings
from api.settings import Settings
from api.storage import open_files
from api.transactions import transaction
from content.folders import Folder
from content.malformed import Malformed
from models.branches import Branch
from models.permissions import OPERATOR, Viewer
from models.study.importing import ImportResult, Means, StudyImport, import_folder

content = typer.Typer(help="What there is to study.", no_args_is_help=True)

_SHOWN = 20


@content.command("import")
def import_content(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, readable=True, help="What to bring in.")],
    branch: Annotated[str, typer.Option(help="The code of the branch whose it is.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen and change nothing.")] = False,
) -> None:
    """Publish a folder: Markdown with TOML front matter, files, collection.toml and quiz.toml.

    Importing again changes nothing; a changed file makes one new version. What is wrong is left out and listed.
    """
    outcome = run(_import(settings(), folder, branch, dry_run=dry_run))
    _report(outcome)
    if outcome.count(ImportResult.REFUSED):
        raise typer.Exit(2)


async def _import(using: Settings, path: Path, code: str, *, dry_run: bool) -> StudyImport:
    try:
        folder = Folder(path)
    except Malformed as error:
        fail(f"{path}: {sentence(error.code, dict(error.details))}")
    bar = Progress(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)
    async with open_database(using) as database:
        async with database.reading() as session:
            branch_id = await session.scalar(select(col(Branch.id)).where(col(Branch.code) == code))
        if branch_id is None:
            fail(f"there is no branch {code}")

        means = Means(partial(transaction, database), _operator, open_files(using))
        with bar:
            task = bar.add_task("", total=len(folder.entries))
            return await import_folder(
                means, branch_id, folder, dry_run=dry_run, on_progress=lambda done, _: bar.update(task, completed=done)
            )


async def _operator(_session: AsyncSession) -> Viewer:
    return OPERATOR


def _report(outcome: StudyImport) -> None:
    told = "would be " if outcome.dry_run else ""
    console.print(
        f"[bold]{len(outcome.things)}[/bold] things: {outcome.count(ImportResult.NEW)} {told}new, "
        f"{outcome.count(ImportResult.CHANGED)} {told}changed, {outcome.count(ImportResult.SAME)} as they were, "
        f"[bold]{outcome.count(ImportResult.REFUSED)}[/bold] refused"
    )
    scanned = [thing.path for thing in outcome.things if thing.is_scanned]
    if scanned:
        console.print(f"PDFs without text, which search cannot look into: {', '.join(scanned)}", markup=False)
    refused = [(thing.path, said(thing.refusal)) for thing in outcome.things if thing.refusal is not None]
    if not refused:
        return
    table = Table("file", "reason", box=None, pad_edge=False)
    for row in refused[:_SHOWN]:
        table.add_row(*row)
    console.print(table)
    if len(refused) > _SHOWN:
        console.print(f"and {len(refused) - _SHOWN} more")
