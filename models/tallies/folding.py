"""What was said since is added to the tallies: each receipt, answer and attendance once, whoever does it and however
often it was cut off.

Nobody who takes note waits for a counter: their own row says what of it is counted, and changes together with the
tallies. Locks go head, then rows that nobody else holds.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Row, Table, TextClause, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.activities.table import Attendance, Rsvp, uncounted
from models.database import table_of
from models.devices.table import Device
from models.notices.table import UNCOUNTED_RECEIPT, Notice, Receipt, ReceiptMethod
from models.tallies.adding import Step, add_up
from models.tallies.counting import expect_occurrence, hold_head
from models.tallies.table import RECEIPTS, Tally, TallyHead

BATCH = 1000
_RECEIPT, _TALLY = table_of(Receipt), table_of(Tally)
_DEVICE = table_of(Device)
_OF_RECEIPTS = ("read", "acknowledged", "opened", "also_read", "also_acknowledged", "also_opened")
_LEVELS: tuple[tuple[str, ...], ...] = ((), ("read",), ("read", "acknowledged"))


@dataclass(frozen=True, slots=True)
class Answers:
    """Of one kind: a table whose `column` says what is to be counted."""

    table: Table
    column: str

    @property
    def is_uncounted(self) -> TextClause:
        return uncounted(self.column)


RSVPS = Answers(table_of(Rsvp), "answer")
ATTENDANCE = Answers(table_of(Attendance), "status")


async def fold_receipts(session: AsyncSession, notice_id: UUID, most: int = BATCH) -> int:
    """Gives how many were taken: 0 where nothing is left, the audience is not counted, or another is at it."""
    head = await hold_head(session, notice_id, RECEIPTS, waiting=False)
    if head is None:
        return 0
    chosen = (_RECEIPT.c.member_id, _RECEIPT.c.revision, _RECEIPT.c.acknowledged_at, _RECEIPT.c.method)
    found = await session.execute(
        select(*chosen)
        .where(_RECEIPT.c.notice_id == notice_id, UNCOUNTED_RECEIPT)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    rows = found.all()
    if not rows:
        return 0
    levels = {(row.member_id, row.revision): 2 if row.acknowledged_at else 1 for row in rows}
    opened = await _with_device(session, {row.member_id for row in rows if row.method == ReceiptMethod.SELF})
    # read after the receipts: where one of them is of an amended notice, its amendment is seen
    notice = await _read_anew(session, notice_id)
    if head.ack_revision < notice.ack_revision:
        await _begin_anew(session, head, notice.ack_revision)
    after: dict[UUID, int] = defaultdict(int)
    for (member_id, revision), level in levels.items():
        if revision >= notice.ack_revision:
            after[member_id] = max(after[member_id], level)
    before: dict[UUID, int] = defaultdict(int)
    also: dict[UUID, int | None] = {}
    for row in await _counted(session, notice, after.keys()):
        before[row.member_id] = max(before[row.member_id], row.counted)
        also[row.member_id] = row.also_no
    steps = {
        member_id: Step(
            _LEVELS[before[member_id]],
            # by how somebody read it first
            _LEVELS[max(level, before[member_id])]
            + (("opened",) if member_id in opened and not before[member_id] else ()),
            also.get(member_id),
        )
        for member_id, level in after.items()
    }
    placed = await add_up(session, notice, head, steps)
    told = [
        {"of_member_id": member_id, "of_revision": revision, "said": level, "under": placed.get(member_id)}
        for (member_id, revision), level in levels.items()
    ]
    await _mark(session, _RECEIPT, {"notice_id": notice_id}, ("member_id", "revision"), told)
    return len(levels)


async def fold_answers(
    session: AsyncSession, answers: Answers, notice_id: UUID, occurrence: int, most: int = BATCH
) -> int:
    """The same of answers or attendance: one that has changed is taken out as what it was."""
    notice = await _read_anew(session, notice_id)
    head = await hold_head(session, notice_id, occurrence, waiting=False)
    if head is None:
        await expect_occurrence(session, notice, occurrence)
        head = await hold_head(session, notice_id, occurrence, waiting=False)
    if head is None:
        return 0
    columns = answers.table.c
    found = await session.execute(
        select(columns.member_id, columns[answers.column].label("said"), columns.counted, columns.also_no)
        .where(columns.notice_id == notice_id, columns.occurrence == occurrence, answers.is_uncounted)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    rows = found.all()
    if not rows:
        return 0
    steps = {row.member_id: Step((row.counted,) if row.counted else (), (row.said,), row.also_no) for row in rows}
    placed = await add_up(session, notice, head, steps)
    told = [{"of_member_id": row.member_id, "said": row.said, "under": placed[row.member_id]} for row in rows]
    await _mark(session, answers.table, {"notice_id": notice_id, "occurrence": occurrence}, ("member_id",), told)
    return len(rows)


async def _with_device(session: AsyncSession, members: Collection[UUID]) -> set[UUID]:
    """Those of them who are told of news by an app."""
    is_theirs = (_DEVICE.c.member_id.in_(sorted(members)), _DEVICE.c.ended_at.is_(None))
    return set(await session.scalars(select(_DEVICE.c.member_id).where(*is_theirs)))


async def _read_anew(session: AsyncSession, notice_id: UUID) -> Notice:
    return await session.get_one(Notice, notice_id, populate_existing=True)


async def _begin_anew(session: AsyncSession, head: TallyHead, ack_revision: int) -> None:
    """What was said of earlier revisions no longer counts."""
    of_this = {"notice_id": head.notice_id, "occurrence": head.occurrence}
    nothing = dict.fromkeys(_OF_RECEIPTS, 0)
    await session.execute(update(_TALLY).filter_by(**of_this).values(nothing))
    head.ack_revision = ack_revision


async def _counted(
    session: AsyncSession, notice: Notice, members: Collection[UUID]
) -> Sequence[Row[UUID, int, int | None]]:
    """What of these members' receipts is in the tallies."""
    rows = await session.execute(
        select(col(Receipt.member_id), col(Receipt.counted), col(Receipt.also_no)).where(
            col(Receipt.notice_id) == notice.id,
            col(Receipt.member_id).in_(members),
            col(Receipt.revision) >= notice.ack_revision,
            col(Receipt.counted) > 0,
        )
    )
    return rows.all()


async def _mark(
    session: AsyncSession,
    table: Table,
    of_all: dict[str, object],
    keys: Sequence[str],
    told: Sequence[dict[str, object]],
) -> None:
    statement = (
        update(table)
        .where(*(table.c[key] == value for key, value in of_all.items()))
        .where(*(table.c[key] == bindparam(f"of_{key}") for key in keys))
        .values(counted=bindparam("said"), also_no=bindparam("under"))
    )
    connection = await session.connection()
    await connection.execute(statement, told)
