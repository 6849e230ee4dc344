"""Rows of a roster become branches: first the whole file is put in order – parents before children, whatever their
order in it, cycles and strangers refused – then it is written from the top of the tree down.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.audit import audit
from models.base import new_id
from models.branches import (
    DEPTH_MOST,
    TREE,
    Branch,
    BranchStatus,
    BranchUpdate,
    move_branch,
    update_branch,
)
from models.changes import Topic, record, savepoint
from models.channels import ALL, channel
from models.database import lock, now
from models.errors import HandbookError, Invalid
from models.permissions import Permission, Viewer, allowed, require
from models.rosters.bulk import insert_rows
from models.rosters.members import ACTION, Written, common_branch
from models.rosters.reading import RosterRow, RowError, refusal_of
from models.search import folded

_UPDATED = ("name", "kind")


@dataclass(frozen=True, slots=True)
class Placed:
    """A row with its branch's depth in the tree as it will be; roots have depth 1."""

    row: RosterRow
    depth: int
    is_new: bool

    @property
    def parent_code(self) -> str | None:
        code: str | None = self.row.values.get("parent_code")
        return code


@dataclass(frozen=True, slots=True)
class _Known:
    name: str
    kind: str
    status: BranchStatus
    parent_code: str | None


class _Found(NamedTuple):
    no: int
    id: UUID
    code: str
    path: str
    status: BranchStatus


@dataclass(slots=True)
class Plan:
    """Rows to write, parents first; the rest are `same` or refused."""

    placed: list[Placed]
    same: int
    errors: list[RowError]


async def plan_branches(session: AsyncSession, rows: Sequence[RosterRow]) -> Plan:
    """Judge a whole file against the tree as it stands. Keeps both in memory: half a KiB a branch."""
    by_code = {row.values["code"]: row for row in rows}
    known = await _known(session)
    errors: list[RowError] = []
    wanted: dict[str, RosterRow] = {}
    for code, row in by_code.items():
        if code in known and known[code].status is not BranchStatus.ACTIVE:
            errors.append(row.error("code", "branch.not_active", code=code))
        else:
            wanted[code] = row
    # What is refused stays where it is, or away: others may have counted on it, so look again until nothing is.
    while True:
        depths, refused = _Depths(wanted, known, by_code).measure()
        if not refused:
            break
        errors.extend(refused.values())
        for code in refused:
            del wanted[code]
    placed = [
        Placed(row, depths[code], code not in known)
        for code, row in wanted.items()
        if code not in known or _changes(row, known[code])
    ]
    same = len(wanted) - len(placed)
    placed.sort(key=lambda each: (each.depth, each.is_new))
    return Plan(placed, same, errors)


async def _known(session: AsyncSession) -> dict[str, _Known]:
    statement = select(
        col(Branch.no),
        col(Branch.code),
        col(Branch.name),
        col(Branch.kind),
        col(Branch.status),
        col(Branch.parent_no),
    )
    rows = (await session.execute(statement)).all()
    codes = {row.no: row.code for row in rows}
    return {row.code: _Known(row.name, row.kind, row.status, codes.get(row.parent_no)) for row in rows}


def _changes(row: RosterRow, known: _Known) -> bool:
    parent_code = row.values.get("parent_code", known.parent_code)
    return (row.values["name"], row.values["kind"], parent_code) != (known.name, known.kind, known.parent_code)


class _Depths:
    """How deep each wanted branch will be, or why it cannot be."""

    def __init__(
        self, wanted: Mapping[str, RosterRow], known: Mapping[str, _Known], in_file: Mapping[str, RosterRow]
    ) -> None:
        self._wanted = wanted
        self._known = known
        self._in_file = in_file
        self._depths: dict[str, int] = {}
        self._refused: dict[str, RowError] = {}

    def measure(self) -> tuple[dict[str, int], dict[str, RowError]]:
        for code in self._wanted:
            self._climb(code)
        return self._depths, self._refused

    def _parent(self, code: str) -> str | None:
        stored = self._known[code].parent_code if code in self._known else None
        parent: str | None = self._wanted[code].values.get("parent_code", stored) if code in self._wanted else stored
        return parent

    def _climb(self, code: str) -> None:
        """Go up from a branch to what is known already, and come down again numbering."""
        chain: dict[str, None] = {}
        current: str | None = code
        while current is not None and current not in self._depths:
            if current in chain:
                self._refuse_cycle(list(chain), current)
                return
            if current not in self._known and current not in self._wanted:
                self._refuse_stranger(list(chain), current)
                return
            chain[current] = None
            current = self._parent(current)
        depth = self._depths[current] if current is not None else 0
        for each in reversed(chain):
            depth += 1
            self._depths[each] = depth
            self._check(each, depth)

    def _check(self, code: str, depth: int) -> None:
        row = self._wanted.get(code)
        if row is None:
            return
        parent_code = row.values.get("parent_code")
        parent = self._known.get(parent_code) if parent_code is not None else None
        if parent is not None and parent.status is not BranchStatus.ACTIVE:
            self._refused[code] = row.error("parent_code", "branch.not_active", code=parent_code)
        elif depth > DEPTH_MOST:
            self._refused[code] = row.error("parent_code", "branch.too_deep", most=DEPTH_MOST)

    def _refuse_cycle(self, chain: list[str], start: str) -> None:
        for code in chain[chain.index(start) :]:
            row = self._wanted.get(code)
            if row is not None and "parent_code" in row.values:
                self._refused[code] = row.error("parent_code", "branch.cycle")
        self._pass_over(chain)

    def _refuse_stranger(self, chain: list[str], stranger: str) -> None:
        row = self._wanted[chain[-1]]
        if stranger in self._in_file:
            error = row.error("parent_code", "branch.parent_refused", row=self._in_file[stranger].number)
        else:
            error = row.error("parent_code", "branch.unknown", code=stranger)
        self._refused[chain[-1]] = error
        self._pass_over(chain)

    def _pass_over(self, chain: Iterable[str]) -> None:
        # measured again in the next round, without what was refused
        self._depths.update(dict.fromkeys(chain, 0))


async def write_branches(session: AsyncSession, viewer: Viewer, placed: Sequence[Placed], run_id: UUID) -> Written:
    """Bring a chunk of planned rows in; the caller ends the transaction, and gives chunks in the plan's order.

    New branches leave one audit event a depth and chunk; renames and moves are the rules' own, with theirs.
    """
    await lock(session, TREE)
    written = Written()
    for (_, is_new), group in groupby(placed, key=lambda each: (each.depth, each.is_new)):
        if is_new:
            await _plant(session, viewer, list(group), run_id, written)
        else:
            await _change(session, viewer, list(group), written)
    return written


async def _plant(
    session: AsyncSession, viewer: Viewer, group: Sequence[Placed], run_id: UUID, written: Written
) -> None:
    found = await _find(session, (code for each in group for code in (each.row.values["code"], each.parent_code)))
    last = await session.scalar(select(func.max(Branch.no)))
    at, no = now(session), last or 0
    rows: list[dict[str, Any]] = []
    for each, parent_path in _plantable(viewer, group, found, written):
        no += 1
        values = each.row.values
        rows.append(
            {
                "no": no,
                "id": new_id(),
                "code": values["code"],
                "name": values["name"],
                "name_folded": folded(values["name"]),
                "kind": values["kind"],
                "parent_no": found[each.parent_code].no if each.parent_code else None,
                "path": f"{parent_path}{no}/",
                "status": BranchStatus.ACTIVE,
                "created_at": at,
            }
        )
        record(session, channel(no, ALL), Topic.BRANCH, "branch", rows[-1]["id"])
    await insert_rows(session, Branch, rows)
    if rows:
        branch_no = common_branch([row["path"] for row in rows])
        after = {"new": [row["code"] for row in rows]}
        audit(session, viewer, ACTION, "roster", run_id, branch_no=branch_no, after=after)
    written.new += len(rows)


def _plantable(
    viewer: Viewer, group: Sequence[Placed], found: Mapping[str, _Found], written: Written
) -> Iterator[tuple[Placed, str]]:
    for each in group:
        parent = found.get(each.parent_code) if each.parent_code else None
        path = parent.path if parent is not None else ""
        if each.row.values["code"] in found:
            written.errors.append(each.row.error("code", "branch.code_taken", code=each.row.values["code"]))
        elif each.parent_code and parent is None:
            written.errors.append(each.row.error("parent_code", "branch.parent_refused"))
        elif parent is not None and parent.status is not BranchStatus.ACTIVE:
            written.errors.append(each.row.error("parent_code", "branch.not_active", code=each.parent_code))
        elif path.count("/") >= DEPTH_MOST:
            written.errors.append(each.row.error("parent_code", "branch.too_deep", most=DEPTH_MOST))
        elif not allowed(viewer, Permission.ROSTER_IMPORT, path):
            permission = Permission.ROSTER_IMPORT.value
            written.errors.append(each.row.error("parent_code", "forbidden", permission=permission))
        else:
            yield each, path


async def _change(session: AsyncSession, viewer: Viewer, group: Sequence[Placed], written: Written) -> None:
    found = await _find(session, (code for each in group for code in (each.row.values["code"], each.parent_code)))
    for each in group:
        row = each.row
        try:
            async with savepoint(session):
                branch = await session.get_one(Branch, found[row.values["code"]].no, populate_existing=True)
                require(viewer, Permission.ROSTER_IMPORT, branch.path)
                data = BranchUpdate(**{name: row.values[name] for name in _UPDATED})
                await update_branch(session, viewer, branch, data)
                if each.parent_code is not None and found[each.parent_code].no != branch.parent_no:
                    await move_branch(session, viewer, branch.id, found[each.parent_code].id)
        except Invalid as invalid:
            errors = (replace(error, pointer="/parent_code") for error in invalid.errors)
            written.errors.extend(refusal_of(row, error) for error in errors)
        except HandbookError as refused:
            written.errors.append(row.error("parent_code", refused.slug, **refused.params))
        else:
            written.changed += 1


async def _find(session: AsyncSession, codes: Iterable[str | None]) -> dict[str, _Found]:
    wanted = sorted({code for code in codes if code})
    statement = select(col(Branch.no), col(Branch.id), col(Branch.code), col(Branch.path), col(Branch.status))
    rows = await session.execute(statement.where(col(Branch.code).in_(wanted)))
    return {row.code: _Found(*row) for row in rows}
