"""Handing a message out: to whom, part by part in the order of members' ids, so that a crash costs one part at most."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.audiences import Audience, is_small, places_of
from models.base import new_id
from models.branches import Branch
from models.changes import LogHead
from models.database import table_of, upsert
from models.deliveries.devices import FCM, ByTopic, Target, targets_after, targets_of
from models.deliveries.table import ChannelTopic, Delivery
from models.deliveries.topics import count_subscribers, topic_name
from models.outbox import OutboxMessage

PART = 1000
"""People, or devices, of one transaction."""
_NOBODY = UUID(int=0)
_MESSAGE = table_of(OutboxMessage)


class Part(NamedTuple):
    """Where each stands who hears it, what goes to them, and after whom to go on; None where all had their turn."""

    places: dict[UUID, int]
    targets: Sequence[Target]
    after: UUID | None


async def unsent(session: AsyncSession, most: int) -> Sequence[UUID]:
    """Messages that are not handed out, urgent ones first, then the oldest."""
    found = await session.scalars(
        select(col(OutboxMessage.id))
        .where(_MESSAGE.c.sent_at.is_(None))
        .order_by(_MESSAGE.c.urgent.desc(), _MESSAGE.c.id)
        .limit(most)
    )
    return found.all()


async def hold_message(session: AsyncSession, message_id: UUID) -> OutboxMessage | None:
    """To the end of the transaction; None where another is at it, or was."""
    return await session.scalar(
        select(OutboxMessage)
        .where(col(OutboxMessage.id) == message_id, col(OutboxMessage.sent_at).is_(None))
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    )


async def hand_out(
    session: AsyncSession, message: OutboxMessage, at: datetime, *, urgent: bool, per_minute: int, topics: bool
) -> bool:
    """The next part of a message that the caller holds; gives whether more is left.

    What is not urgent becomes due at `per_minute`, in a random order within a part. With `topics` those who subscribed
    to the channel's topic get it by that.
    """
    if message.begun_at is None:
        message.begun_at = at
        if topics:
            await _hand_to_topic(session, message, at)
    part = await _next_part(session, message, at)
    waits = list(range(len(part.targets)))
    random.shuffle(waits)
    begun_at, step = message.begun_at, 0.0 if urgent else 60 / per_minute
    rows = [
        {
            "id": new_id(),
            "message_id": message.id,
            "device_id": target.device_id,
            "member_id": target.member_id,
            "topic": None,
            "branch_no": part.places[target.member_id],
            "is_first": is_first,
            "provider": target.provider,
            "due_at": begun_at + timedelta(seconds=step * (message.planned + wait)),
            **_NEW,
        }
        for (target, is_first), wait in zip(_each(part.targets), waits, strict=True)
    ]
    await _write(session, rows)
    message.planned += len(rows)
    if part.after is None:
        message.sent_at = at
    else:
        message.after = part.after
    await session.flush()
    return part.after is not None


async def want_topic(session: AsyncSession, message: OutboxMessage) -> None:
    """From now on the devices of its channel subscribe to a topic."""
    head = await session.scalar(select(col(LogHead.seq))) or 0  # before anybody is looked at: none is passed over
    row = {"branch_no": message.branch_no, "who": message.who, "epoch": 1, "seq": head}
    await upsert(session, ChannelTopic, [row], keys=("branch_no", "who"), update=())


_NEW = {"state": "waiting", "attempts": 0, "is_counted": False}


async def _hand_to_topic(session: AsyncSession, message: OutboxMessage, at: datetime) -> None:
    topic = await session.get(ChannelTopic, (message.branch_no, message.who))
    if topic is None:
        return
    message.by_topic = await count_subscribers(session, ByTopic(message.branch_no, message.who, at))
    if message.by_topic:
        target = {"topic": topic_name(session, topic), "branch_no": message.branch_no, "provider": FCM, "due_at": at}
        nobody = {"device_id": None, "member_id": None, "is_first": False}
        await _write(session, [{"id": new_id(), "message_id": message.id, **target, **nobody, **_NEW}])


async def _write(session: AsyncSession, rows: Sequence[dict[str, object]]) -> None:
    if rows:
        connection = await session.connection()
        await connection.execute(table_of(Delivery).insert(), list(rows))


def _each(targets: Sequence[Target]) -> Sequence[tuple[Target, bool]]:
    """With whether it is the first of its member's. They come member by member."""
    return [
        (target, position == 0)
        for _, mine in groupby(targets, key=attrgetter("member_id"))
        for position, target in enumerate(mine)
    ]


async def _next_part(session: AsyncSession, message: OutboxMessage, at: datetime) -> Part:
    after = message.after or _NOBODY
    skipped = ByTopic(message.branch_no, message.who, message.begun_at or at) if message.by_topic else None
    if message.member_id is not None:
        mine = await targets_of(session, [message.member_id], skipped)
        return Part({message.member_id: message.branch_no}, mine, None)
    branch = (await session.scalars(select(Branch).where(col(Branch.no) == message.branch_no))).one()
    audience = Audience(branch.place, message.who, at)
    if await is_small(session, branch, message.who):
        people = audience.people(branch.path).subquery()
        found = await session.execute(
            select(people.c.member_id, people.c.branch_no)
            .where(people.c.member_id > after)
            .order_by(people.c.member_id)
            .limit(PART)
        )
        places = dict(found.all())
        targets = await targets_of(session, list(places), skipped)
        return Part(places, targets, max(places) if len(places) == PART else None)
    targets, last = await targets_after(session, after, PART, skipped)
    places = await places_of(session, audience, {target.member_id for target in targets})
    return Part(places, [target for target in targets if target.member_id in places], last)
