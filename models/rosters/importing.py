"""Importing a roster: all of a file, chunk by chunk, each chunk whole or not at all.

The import is idempotent by member number and branch code, so it may be stopped anywhere – by a signal, or by raising
from `on_progress` – and is completed by running it again. Rows that say what is stored write nothing.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from models import changes
from models.base import new_id
from models.database import Database
from models.errors import Conflict, Forbidden
from models.permissions import Permission, Viewer
from models.rosters.branches import plan_branches, write_branches
from models.rosters.columns import RosterKind
from models.rosters.members import Written, write_members
from models.rosters.reading import BATCH_ROWS, Batch, RosterRow, RowError, Survey, batches

ERRORS_KEPT = 1_000
_TRIES = 3

T = TypeVar("T")


class Phase(StrEnum):
    CHECKING = "checking"
    """Walking through the file, to refuse it whole if it cannot be read; `total` is not known yet."""
    READING = "reading"
    """Branches alone are read all before any is written."""
    WRITING = "writing"


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` rows in this phase, and what has become of them so far."""

    phase: Phase
    done: int
    total: int | None = None
    new: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the rows. `errors` are the first ERRORS_KEPT; `on_error` is told of all."""

    kind: RosterKind
    dry_run: bool
    rows: int
    new: int
    changed: int
    same: int
    refused: int
    ignored_columns: tuple[str, ...]
    errors: tuple[RowError, ...]


async def import_roster(
    database: Database,
    viewer: Viewer,
    path: Path,
    *,
    sheet: str | None = None,
    dry_run: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    on_error: Callable[[RowError], None] | None = None,
) -> Outcome:
    """Bring the branches or the members of a CSV or XLSX file in; which of them it holds is told from its headers.

    A cell that is blank, and a column that is not there, leave what is stored as it is. Broken rows are left out and
    named, the others go in. A dry run does everything but commit.

    Raises Malformed where the file as a whole cannot be read as a roster: nothing was written. Raises Forbidden where
    the viewer may import nowhere; a branch that is out of reach is an error of its rows. Raises Conflict
    `roster.changed_meanwhile` where others keep writing the same. What `on_progress` raises ends the import between two
    chunks; what was committed stays.
    """
    if not viewer.paths(Permission.ROSTER_IMPORT):
        raise Forbidden(permission=Permission.ROSTER_IMPORT.value)
    return await _Import(
        database, viewer, Survey(path, sheet), dry_run=dry_run, on_progress=on_progress, on_error=on_error
    ).run()


class _Import:
    def __init__(
        self,
        database: Database,
        viewer: Viewer,
        survey: Survey,
        *,
        dry_run: bool,
        on_progress: Callable[[Progress], None] | None,
        on_error: Callable[[RowError], None] | None,
    ) -> None:
        self._database = database
        self._viewer = viewer
        self._survey = survey
        self._dry_run = dry_run
        self._on_progress = on_progress
        self._on_error = on_error
        self._id = new_id()
        self._errors: list[RowError] = []
        self._new = self._changed = self._same = self._refused = 0

    async def run(self) -> Outcome:
        async with aclosing(_ahead(self._survey.steps())) as steps:
            async for done in steps:
                self._tell(Phase.CHECKING, done)
        kind = RosterKind(self._survey.kind or RosterKind.MEMBERS)
        await (self._branches() if kind is RosterKind.BRANCHES else self._members())
        return Outcome(
            kind=kind,
            dry_run=self._dry_run,
            rows=self._survey.rows,
            new=self._new,
            changed=self._changed,
            same=self._same,
            refused=self._refused,
            ignored_columns=tuple(self._survey.ignored),
            errors=tuple(self._errors),
        )

    async def _members(self) -> None:
        done = 0
        async with aclosing(self._batches()) as found:
            async for batch in found:
                self._count(batch.rows, await self._write_members(batch.rows))
                done += batch.read
                self._tell(Phase.WRITING, done)

    async def _write_members(self, rows: Sequence[RosterRow], tries: int = _TRIES) -> Written:
        if not rows:
            return Written()
        try:
            async with self._database.writing() as session:
                written = await write_members(session, self._viewer, rows, self._id)
                await self._end(session)
                return written
        except IntegrityError as error:  # somebody else wrote the same just now: the next look will see it
            if tries == 1:
                raise Conflict("roster.changed_meanwhile") from error
        return await self._write_members(rows, tries - 1)

    async def _branches(self) -> None:
        rows: list[RosterRow] = []
        done = 0
        async with aclosing(self._batches()) as found:
            async for batch in found:
                rows.extend(batch.rows)
                done += batch.read
                self._tell(Phase.READING, done)
        async with self._database.reading() as session:
            plan = await plan_branches(session, rows)
        self._report(plan.errors)
        self._refused += len(rows) - plan.same - len(plan.placed)
        self._same = plan.same
        # What is not committed must stay to be built upon, so a dry run is one transaction.
        async with self._database.writing() as session:
            for start in range(0, len(plan.placed), BATCH_ROWS):
                placed = plan.placed[start : start + BATCH_ROWS]
                written = await write_branches(session, self._viewer, placed, self._id)
                await self._end(session)
                self._count(placed, written)
                self._tell(Phase.WRITING, self._refused + self._same + self._new + self._changed)

    async def _end(self, session: AsyncSession) -> None:
        if not self._dry_run:
            await changes.commit(session)

    async def _batches(self) -> AsyncGenerator[Batch]:
        """Batches of the file, with what is wrong in them already told."""
        async with aclosing(_ahead(batches(self._survey, self._database.clock().date()))) as found:
            async for batch in found:
                self._report(batch.errors)
                self._refused += batch.read - len(batch.rows)
                yield batch

    def _count(self, rows: Sequence[object], written: Written) -> None:
        self._report(written.errors)
        self._new += written.new
        self._changed += written.changed
        self._same += written.same
        self._refused += len(rows) - written.new - written.changed - written.same

    def _report(self, errors: Iterable[RowError]) -> None:
        for error in errors:
            if len(self._errors) < ERRORS_KEPT:
                self._errors.append(error)
            if self._on_error is not None:
                self._on_error(error)

    def _tell(self, phase: Phase, done: int) -> None:
        if self._on_progress is not None:
            total = None if phase is Phase.CHECKING else self._survey.rows
            progress = Progress(phase, done, total, self._new, self._changed, self._same, self._refused)
            self._on_progress(progress)


async def _ahead(items: Iterator[T]) -> AsyncGenerator[T]:
    """The items, each made in a thread while the one before is being dealt with."""
    coming = asyncio.create_task(asyncio.to_thread(next, items, None))
    try:
        while (item := await coming) is not None:
            coming = asyncio.create_task(asyncio.to_thread(next, items, None))
            yield item
    finally:
        await asyncio.gather(coming, return_exceptions=True)  # a generator that runs cannot be closed
