"""`handbook import`: rosters of branches and members."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from api.commands.running import console, fail, open_database, run, sentence, settings
from api.settings import Settings
from content.malformed import Malformed
from content.tabular import csv_line
from models.permissions import OPERATOR
from models.rosters.importing import Outcome, import_roster
from models.rosters.importing import Progress as Done
from models.rosters.reading import RowError

_HEADER = ("row", "column", "lý do", "reason")
_SHOWN = 10


def import_roster_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV or XLSX file.")],
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook; all visible ones by default.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen and change nothing.")] = False,
    errors: Annotated[
        Path | None, typer.Option(help="Where broken rows are listed; FILE.errors.csv by default.")
    ] = None,
) -> None:
    """Bring branches or members in. Broken rows are left out and listed; importing again changes nothing."""
    listed = errors or file.with_name(f"{file.name}.errors.csv")
    outcome = run(_import(settings(), file, sheet, listed, dry_run=dry_run))
    _report(outcome, listed)
    if outcome.refused:
        raise typer.Exit(2)


async def _import(using: Settings, file: Path, sheet: str | None, listed: Path, *, dry_run: bool) -> Outcome:
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )
    with ExitStack() as stack:
        writer = _ErrorFile(stack, listed)
        task = stack.enter_context(bar).add_task("", total=None)

        def show(done: Done) -> None:
            bar.update(task, description=done.phase.value, completed=done.done, total=done.total)

        async with open_database(using) as database:
            try:
                return await import_roster(
                    database,
                    OPERATOR,
                    file,
                    sheet=sheet,
                    dry_run=dry_run,
                    on_progress=show,
                    on_error=writer.write,
                )
            except Malformed as error:
                bar.stop()
                fail(f"{file}: {sentence(error.code, dict(error.details))}")


class _ErrorFile:
    """Made with the first error: where all is well no file is left, nor one of an earlier try."""

    def __init__(self, stack: ExitStack, path: Path) -> None:
        self._stack = stack
        self._path = path
        self._file: TextIO | None = None
        path.unlink(missing_ok=True)

    def write(self, error: RowError) -> None:
        if self._file is None:
            self._file = self._stack.enter_context(self._path.open("w", encoding="utf-8-sig", newline=""))
            self._file.write(csv_line(_HEADER))
        self._file.write(csv_line(_line(error)))


def _line(error: RowError) -> tuple[str, str, str, str]:
    where = f"{error.sheet}!{error.row}" if error.sheet else str(error.row)
    params = dict(error.params)
    return where, error.field or "", sentence(error.code, params, "vi"), sentence(error.code, params, "en")


def _report(outcome: Outcome, listed: Path) -> None:
    told = "would be " if outcome.dry_run else ""
    console.print(
        f"[bold]{outcome.rows}[/bold] {outcome.kind.value}: {outcome.new} {told}new, {outcome.changed} {told}changed, "
        f"{outcome.same} as they were, [bold]{outcome.refused}[/bold] refused"
    )
    if outcome.ignored_columns:
        console.print(f"columns not known and left aside: {', '.join(outcome.ignored_columns)}")
    if not outcome.errors:
        return
    table = Table(*_HEADER, box=None, pad_edge=False)
    for error in outcome.errors[:_SHOWN]:
        table.add_row(*_line(error))
    console.print(table)
    console.print(f"all of them: {listed}")
