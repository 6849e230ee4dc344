"""Adding to the tallies what people are counted as: each in their place, and all the way up from it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.audiences import Audience, places_of
from models.branches import Branch, above
from models.channels import ancestors
from models.database import now, table_of, upsert
from models.notices.table import Notice
from models.permissions import Place
from models.tallies.counting import kept
from models.tallies.table import DELIVERED, Tally, TallyHead

_TALLY = table_of(Tally)
_KEYS = ("notice_id", "occurrence", "branch_no")


class Step(NamedTuple):
    """What somebody is counted as, and is to be counted as. `also_no` is under which branch, if it is known already
    that they were not in the audience.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    also_no: int | None


async def add_up(
    session: AsyncSession, notice: Notice, head: TallyHead, steps: Mapping[UUID, Step]
) -> dict[UUID, int | None]:
    """Gives under which branch those are counted who were not in the audience, and None for the others. The caller
    holds the head.
    """
    top = await kept_top(session, notice, head.occurrence)
    known = {member_id: step.also_no for member_id, step in steps.items() if step.also_no is not None}
    then = Audience(top, notice.who, head.at, kept(notice.id, head.occurrence))
    places = await places_of(session, then, steps.keys() - known.keys())
    arrived = steps.keys() - known.keys() - places.keys()
    branch = await session.get_one(Branch, notice.branch_no)
    now_places = await places_of(session, Audience(branch.place, notice.who, now(session)), arrived)
    also = known | {member_id: now_places.get(member_id, top.no) for member_id in arrived}
    paths = await _hang(session, head, {*places.values(), *also.values()}, top)
    also = {member_id: no if no in paths else top.no for member_id, no in also.items()}
    sums: dict[int, Counter[str]] = defaultdict(Counter)
    for member_id, step in steps.items():
        no, prefix = (also[member_id], "also_") if member_id in also else (places[member_id], "")
        changes = {prefix + name: 1 for name in step.after if name not in step.before}
        changes |= {prefix + name: -1 for name in step.before if name not in step.after}
        for each in _upwards(paths[no], top) if changes else ():
            sums[each].update(changes)
    await _add(session, head, sums)
    head.counted_at = now(session)
    await session.flush()
    return {member_id: also.get(member_id) for member_id in steps}


async def add_delivered(
    session: AsyncSession, notice: Notice, head: TallyHead, placed: Mapping[int, Mapping[str, int]]
) -> None:
    """Of `DELIVERED`, by the branch in which they stood when they were told. The caller holds the head."""
    top = await kept_top(session, notice, head.occurrence)
    paths = await _hang(session, head, placed.keys(), top)
    sums: dict[int, Counter[str]] = defaultdict(Counter)
    for no, counted in placed.items():
        changes = {name: number for name, number in counted.items() if name in DELIVERED}
        for each in _upwards(paths.get(no, top.path), top):
            sums[each].update(changes)
    await _add(session, head, sums)


async def kept_top(session: AsyncSession, notice: Notice, occurrence: int) -> Place:
    """The branch that speaks, where it stood when its audience was counted."""
    of_this = (col(Tally.notice_id) == notice.id, col(Tally.occurrence) == occurrence)
    path = await session.scalar(select(col(Tally.path)).where(*of_this, col(Tally.branch_no) == notice.branch_no))
    if path is None:
        raise LookupError(f"{notice.id} is not counted")
    return Place(notice.branch_no, path)


async def _hang(session: AsyncSession, head: TallyHead, numbers: Collection[int], top: Place) -> dict[int, str]:
    """Where these branches stand in the tree that is counted by. New ones, and such as came from elsewhere, are hung
    below the nearest that stands in it; what has none above itself is not among the answer.
    """
    paths = {top.no: top.path} | await _paths(session, head, numbers)
    strange = sorted(set(numbers) - paths.keys())
    if not strange:
        return paths
    rows = await session.execute(select(col(Branch.no), col(Branch.path)).where(col(Branch.no).in_(strange)))
    today = dict(rows.all())
    paths |= await _paths(session, head, {no for path in today.values() for no in ancestors(path)})
    hung = []
    for no in strange:
        way = ancestors(today[no])
        known = max((index for index, each in enumerate(way) if each in paths), default=None)
        for parent_no, each in zip(way[known:], way[known + 1 :], strict=False) if known is not None else ():
            paths[each] = f"{paths[parent_no]}{each}/"
            place = {"branch_no": each, "parent_no": parent_no, "path": paths[each]}
            hung.append({"notice_id": head.notice_id, "occurrence": head.occurrence, **place})
    await upsert(session, Tally, hung, keys=_KEYS, update=())
    return paths


async def _paths(session: AsyncSession, head: TallyHead, numbers: Iterable[int]) -> dict[int, str]:
    of_this = (col(Tally.notice_id) == head.notice_id, col(Tally.occurrence) == head.occurrence)
    rows = await session.execute(
        select(col(Tally.branch_no), col(Tally.path)).where(*of_this, col(Tally.branch_no).in_(sorted(numbers)))
    )
    return dict(rows.all())


def _upwards(path: str, top: Place) -> Iterator[int]:
    """The branch itself and all above it, up to the top."""
    while path.startswith(top.path):
        yield ancestors(path)[-1]
        path = above(path)


async def _add(session: AsyncSession, head: TallyHead, sums: Mapping[int, Mapping[str, int]]) -> None:
    names = sorted({name for counted in sums.values() for name in counted})
    if not names:
        return
    statement = (
        update(_TALLY)
        .where(*(_TALLY.c[key] == bindparam(f"of_{key}") for key in _KEYS))
        .values({name: _TALLY.c[name] + bindparam(f"more_{name}") for name in names})
    )
    connection = await session.connection()
    await connection.execute(
        statement,
        [
            {
                "of_notice_id": head.notice_id,
                "of_occurrence": head.occurrence,
                "of_branch_no": no,
                **{f"more_{name}": counted.get(name, 0) for name in names},
            }
            for no, counted in sorted(sums.items())
        ],
    )
