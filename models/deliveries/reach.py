"""How far a notice came: to whom it goes, who can be told, to how many devices that was sent, and who opened it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.base import Shape
from models.notices.shapes import NoticeBranch
from models.outbox import Cause, OutboxMessage
from models.paging import Page, PageRequest
from models.permissions import Viewer
from models.tallies.access import get_reported
from models.tallies.catching_up import catch_up
from models.tallies.reports import tallied
from models.tallies.table import EVERY


class Reached(Shape):
    """People: `eligible` are the audience at publication, `with_device` those of them who could be told, `opened` those
    who read it in an app of their own. Devices and mailboxes: `sent` to so many, `failed` for so many. As far as its
    publication is concerned, and what has come to its end.
    """

    eligible: int
    with_device: int
    opened: int
    sent: int
    failed: int


class ReachPart(Shape):
    """A branch right below, with all that is below it."""

    branch: NoticeBranch
    reached: Reached


class NoticeReach(Page[ReachPart]):
    """`total` is the branch with all below it, `here` the branch itself, `items` the branches right below it, by code.

    `by_topic` devices were told at once, because it was urgent and they are very many: they are not among the others.
    `is_sent` once nothing of it waits for a device any more. `counted_at`, `total` and `here` are null while the
    audience is being counted.
    """

    branch: NoticeBranch
    is_sent: bool
    by_topic: int
    counted_at: datetime | None
    total: Reached | None
    here: Reached | None


async def read_reach(
    session: AsyncSession, viewer: Viewer, notice_id: UUID, page: PageRequest, *, branch_id: UUID | None = None
) -> NoticeReach:
    """By a few rows of the tallies, whatever the size. Raises what `get_reported` raises."""
    asked = await get_reported(session, viewer, notice_id, branch_id, None)
    standing = await catch_up(session, asked)
    said = (
        await session.execute(
            select(col(OutboxMessage.finished_at), col(OutboxMessage.by_topic))
            .where(col(OutboxMessage.thing_id) == notice_id, col(OutboxMessage.cause) == Cause.NOTICE_PUBLISHED)
            .order_by(col(OutboxMessage.id).desc())
            .limit(1)
        )
    ).one_or_none()
    reach = NoticeReach(
        branch=NoticeBranch.model_validate(asked.branch),
        is_sent=said is not None and said.finished_at is not None,
        by_topic=said.by_topic if said is not None and asked.branch.no == asked.speaking.no else 0,
        counted_at=None,
        total=None,
        here=None,
        items=[],
        next_cursor=None,
    )
    if standing is None:
        return reach
    total, here, parts = await tallied(session, asked, standing.head, page)
    return reach.model_copy(
        update={
            "counted_at": standing.head.counted_at,
            "total": _tell(total),
            "here": _tell(here),
            "items": [ReachPart(branch=below, reached=_tell(numbers)) for below, numbers in parts.items],
            "next_cursor": parts.next_cursor,
        }
    )


def _tell(numbers: Sequence[int]) -> Reached:
    said = dict(zip(EVERY, numbers, strict=True))
    return Reached(
        eligible=said["eligible"],
        with_device=said["equipped"],
        opened=said["opened"] + said["also_opened"],
        sent=said["delivered"],
        failed=said["failed"],
    )
