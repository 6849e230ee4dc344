"""Topics of large channels: which devices are to be subscribed, kept right by the log and by going through all of them.

What is written here is only what the provider is to be told; telling it is a matter of delivery.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.accounts import Account
from models.audiences import Audience, is_small, places_of
from models.branches import Branch
from models.changes import Change, LogHead, Topic
from models.channels import MEMBER
from models.database import keyring, now, table_of, upsert
from models.deliveries.devices import FCM, ByTopic
from models.deliveries.table import ChannelTopic, SubscriptionState, TopicSubscription
from models.devices.table import Device
from models.members.table import ACTIVE, Member
from models.schedule import Duty
from models.sessions import IDLE_MOST, DeviceSession

CHECK_AFTER = timedelta(days=1)
_PART = 1000
_NOBODY = UUID(int=0)
_TOPIC, _SUBSCRIPTION, _DEVICE = table_of(ChannelTopic), table_of(TopicSubscription), table_of(Device)
_SESSION, _MEMBER, _ACCOUNT = table_of(DeviceSession), table_of(Member), table_of(Account)
_KEYS = ("device_id", "branch_no", "who")
_FRESH = ("attempts", "lease", "subscribed_at")


def topic_name(session: AsyncSession, topic: ChannelTopic) -> str:
    """What nobody can guess who has not the keyring: whoever knows a topic's name may subscribe to it."""
    said = f"{topic.branch_no}:{topic.who}:{topic.epoch}"
    return f"c{keyring(session).digest('push.topic', said)[:40]}"


async def count_subscribers(session: AsyncSession, by_topic: ByTopic) -> int:
    """Devices that get what goes to a channel's topic."""
    subscribed = select(func.count()).select_from(_SUBSCRIPTION).where(by_topic.subscribed())
    return await session.scalar(subscribed) or 0


async def subscribers(session: AsyncSession, topic: ChannelTopic, members: Sequence[UUID], at: datetime) -> int:
    """Make what is wanted of these members' devices what it should be; gives how many subscriptions that changes."""
    branch = (await session.scalars(select(Branch).where(col(Branch.no) == topic.branch_no))).one()
    hearing = (await places_of(session, Audience(branch.place, topic.who, at), members)).keys()
    should = dict(
        (
            await session.execute(
                select(_DEVICE.c.id, _DEVICE.c.member_id)
                .join_from(_DEVICE, _SESSION, _SESSION.c.id == _DEVICE.c.session_id)
                .join(_MEMBER, _MEMBER.c.id == _DEVICE.c.member_id)
                .join(_ACCOUNT, _ACCOUNT.c.member_id == _DEVICE.c.member_id)
                .where(
                    _MEMBER.c.status.in_(sorted(ACTIVE)),
                    _ACCOUNT.c.disabled_at.is_(None),
                    _SESSION.c.ended_at.is_(None),
                    _SESSION.c.used_at > at - IDLE_MOST,
                    _DEVICE.c.member_id.in_(sorted(hearing)),
                    _DEVICE.c.provider == FCM,
                    _DEVICE.c.ended_at.is_(None),
                )
            )
        ).all()
    )
    found = await session.execute(
        select(_SUBSCRIPTION)
        .where(*_of(topic), _SUBSCRIPTION.c.member_id.in_(members))
        .order_by(_SUBSCRIPTION.c.device_id)
        .with_for_update()
    )
    known = {row.device_id: row for row in found}
    wanted, unwanted = SubscriptionState.WANTED, SubscriptionState.UNWANTED
    changes = [(id_, whose, wanted, at) for id_, whose in should.items() if id_ not in known]
    changes += [
        # not before whoever tells the contrary at this moment has ended: which would come last, nobody knows
        (id_, row.member_id, wanted if id_ in should else unwanted, at if row.lease is None else max(at, row.due_at))
        for id_, row in known.items()
        if (id_ in should) is (row.state == unwanted)
    ]
    fresh = {"branch_no": topic.branch_no, "who": topic.who, "attempts": 0, "lease": None, "subscribed_at": None}
    rows = [
        {**fresh, "device_id": device_id, "member_id": member_id, "state": state, "due_at": due_at}
        for device_id, member_id, state, due_at in sorted(changes)
    ]
    await upsert(session, TopicSubscription, rows, keys=_KEYS, update=("state", "due_at", *_FRESH))
    return len(rows)


async def _check(session: AsyncSession, topic: ChannelTopic) -> None:
    """A part of all who hear the channel and have devices, or are subscribed."""
    after, at = topic.after or _NOBODY, now(session)
    has = select(_DEVICE.c.member_id).where(
        _DEVICE.c.provider == FCM, _DEVICE.c.ended_at.is_(None), _DEVICE.c.member_id > after
    )
    branch = (await session.scalars(select(Branch).where(col(Branch.no) == topic.branch_no))).one()
    if await is_small(session, branch, topic.who):
        people = Audience(branch.place, topic.who, at).people(branch.path).subquery()
        has = has.where(_DEVICE.c.member_id.in_(select(people.c.member_id)))
    had = select(_SUBSCRIPTION.c.member_id).where(*_of(topic), _SUBSCRIPTION.c.member_id > after)
    members: set[UUID] = set()
    until: list[UUID] = []
    for side in (has, had):
        some = (await session.scalars(side.distinct().order_by(side.selected_columns[0]).limit(_PART))).all()
        members.update(some)
        if len(some) == _PART:
            until.append(some[-1])
    last = min(until, default=None)
    await subscribers(session, topic, sorted(m for m in members if last is None or m <= last), at)
    topic.after = last
    if last is None:
        topic.checked_at = at


async def _follow(session: AsyncSession, topic: ChannelTopic) -> None:
    """Those whose access changed since."""
    head = await session.scalar(select(col(LogHead.seq))) or 0  # before the changes: none is passed over
    found = await session.execute(
        select(col(Change.channel), col(Change.seq))
        .where(col(Change.seq) > topic.seq, col(Change.topic) == Topic.ACCESS, col(Change.channel).startswith(MEMBER))
        .order_by(col(Change.seq))
        .limit(_PART)
    )
    moved = found.all()
    members = {UUID(channel.removeprefix(MEMBER)) for channel, _ in moved}
    await subscribers(session, topic, sorted(members), now(session))
    if len(moved) < _PART:
        topic.seq = max(head, topic.seq)
    elif moved[0].seq < moved[-1].seq:
        topic.seq = moved[-1].seq - 1
    else:  # more at once than are gone through at once: the look through all begins anew
        topic.seq, topic.after, topic.checked_at = moved[-1].seq, None, None


def _of(topic: ChannelTopic) -> tuple[ColumnElement[bool], ...]:
    return _SUBSCRIPTION.c.branch_no == topic.branch_no, _SUBSCRIPTION.c.who == topic.who


async def _find_to_check(session: AsyncSession, at: datetime, most: int) -> Sequence[ChannelTopic]:
    is_due = or_(_TOPIC.c.checked_at.is_(None), _TOPIC.c.after.is_not(None), _TOPIC.c.checked_at <= at - CHECK_AFTER)
    return (await session.scalars(_held(is_due, _TOPIC.c.checked_at.nulls_first(), most))).all()


async def _find_to_follow(session: AsyncSession, _at: datetime, most: int) -> Sequence[ChannelTopic]:
    head = select(col(LogHead.seq)).scalar_subquery()
    return (await session.scalars(_held(_TOPIC.c.seq < head, _TOPIC.c.seq, most))).all()


def _held(which: ColumnElement[bool], first: ColumnElement[Any], most: int) -> Select[ChannelTopic]:
    chosen = select(ChannelTopic).where(which).order_by(first, _TOPIC.c.branch_no, _TOPIC.c.who).limit(most)
    return chosen.with_for_update(skip_locked=True).execution_options(populate_existing=True)


def _named(topic: ChannelTopic) -> str:
    return f"{topic.branch_no}:{topic.who}"


CHECK_TOPICS = Duty("topic.check", _find_to_check, _check, key=_named)
FOLLOW_TOPICS = Duty("topic.follow", _find_to_follow, _follow, key=_named)
