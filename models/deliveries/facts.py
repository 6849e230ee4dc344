"""What is known of a thing and its recipients right before it is sent: they may have left, read it, or gone to bed."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from uuid import UUID

from sqlalchemy import case, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.audiences import Audience, places_of
from models.branches import Branch
from models.database import table_of
from models.deliveries.addresses import Address, addresses_of
from models.deliveries.devices import FCM
from models.deliveries.table import Delivery, DeliveryState
from models.devices.table import Destination, PushCategory
from models.members.table import Member
from models.notices.table import Category, Notice, NoticeState, Receipt
from models.outbox import OutboxMessage, ThingKind
from models.progress.due import is_done
from models.progress.table import Progress
from models.quizzes.table import Attempt
from models.study.table import Study, StudyItem, StudyState, StudyVersion

_STUDIED = frozenset({ThingKind.MATERIAL, ThingKind.COLLECTION, ThingKind.QUIZ})


class Taken(StrEnum):
    """What somebody has done with a thing, in the revision that the message is about or a later one; of what has ended,
    in any.
    """

    READ = "read"
    ACKNOWLEDGED = "acknowledged"
    """Where that is asked for, and read otherwise."""
    STUDIED = "studied"
    """A material or quiz opened, and of a collection all that it requires done."""
    TOLD = "told"
    """This device was, before it ended."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What a message is about, as it is now; `is_said` while its channel hears it."""

    revision: int
    is_said: bool
    is_activity: bool = False
    ack_revision: int | None = None
    """The oldest revision whose acknowledgement counts, where one is asked for."""
    title: str | None = None
    """Where the branch that speaks lets it be sent."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somewhere to send to, and what speaks against it. `quiet` is from when, until when, and in which zone."""

    is_signed_in: bool
    hears: bool
    taken: frozenset[Taken]
    muted: frozenset[PushCategory]
    quiet: tuple[time, time, str] | None
    destination: Destination | None
    """None where no key opens it."""
    language: str


async def things_of(session: AsyncSession, messages: Iterable[OutboxMessage]) -> dict[UUID, Thing]:
    """By message; of what is gone there is none."""
    asked = list(messages)
    notices = {message.thing_id for message in asked if message.kind is ThingKind.NOTICE}
    studies = {message.thing_id for message in asked if message.kind in _STUDIED}
    found: dict[UUID, Thing] = {}
    if notices:
        notice, branch = table_of(Notice).c, table_of(Branch).c
        said = select(
            notice.id,
            notice.revision,
            notice.state,
            notice.category,
            notice.requires_ack,
            notice.ack_revision,
            case((branch.push_titles, notice.title)).label("title"),
        ).join_from(table_of(Notice), table_of(Branch), branch.no == notice.branch_no)
        for row in await session.execute(said.where(notice.id.in_(sorted(notices)))):
            ack_revision = row.ack_revision if row.requires_ack else None
            is_activity = row.category == Category.ACTIVITY
            is_said = row.state == NoticeState.PUBLISHED
            found[row.id] = Thing(row.revision, is_said, is_activity, ack_revision, row.title if is_said else None)
    if studies:
        study, version, branch = table_of(Study).c, table_of(StudyVersion).c, table_of(Branch).c
        title = case((branch.push_titles, version.title)).label("title")
        shown = (
            select(study.id, study.version, study.state, title)
            .join_from(table_of(Study), table_of(Branch), branch.no == study.branch_no)
            .join(table_of(StudyVersion), (version.study_id == study.id) & (version.version == study.version))
        )
        for each in await session.execute(shown.where(study.id.in_(sorted(studies)))):
            is_said = each.state == StudyState.PUBLISHED
            found[each.id] = Thing(each.version, is_said, title=each.title if is_said else None)
    decided = [message for message in asked if message.kind is not ThingKind.NOTICE and message.kind not in _STUDIED]
    found |= {message.thing_id: Thing(message.revision, is_said=True) for message in decided}
    return {message.id: found[message.thing_id] for message in asked if message.thing_id in found}


async def recipients_of(
    session: AsyncSession, message: OutboxMessage, deliveries: Sequence[Delivery], thing: Thing, at: datetime
) -> dict[UUID, Recipient]:
    """By delivery to a device; of devices that are gone there is none. In a few statements, however many there are."""
    members = {each.member_id for each in deliveries if each.member_id is not None}
    addresses = await addresses_of(session, deliveries, at)
    hearing: Collection[UUID] = members
    if message.member_id is None:
        branch = (await session.scalars(select(Branch).where(col(Branch.no) == message.branch_no))).one()
        hearing = (await places_of(session, Audience(branch.place, message.who, at), members)).keys()
    taken = await _taken(session, message, thing, members)
    told = set() if thing.is_said else await _told(session, message, deliveries)
    return {
        each.id: _recipient(
            found,
            hears=each.member_id in hearing,
            taken=taken.get(each.member_id, frozenset()) | ({Taken.TOLD} if each.device_id in told else set()),
        )
        for each in deliveries
        if each.member_id is not None and (found := addresses.get(each.id)) is not None
    }


def _recipient(address: Address, *, hears: bool, taken: frozenset[Taken]) -> Recipient:
    return Recipient(
        is_signed_in=address.is_signed_in,
        hears=hears,
        taken=taken,
        muted=address.muted,
        quiet=address.quiet,
        destination=address.destination,
        language=address.language,
    )


async def _told(session: AsyncSession, message: OutboxMessage, deliveries: Sequence[Delivery]) -> set[UUID | None]:
    """Devices that were told of the same thing before, by themselves or by a topic."""
    mine = [each.device_id for each in deliveries if each.device_id is not None]
    delivery = table_of(Delivery).c
    others = await session.scalars(
        select(col(OutboxMessage.id)).where(
            col(OutboxMessage.thing_id) == message.thing_id, col(OutboxMessage.id) != message.id
        )
    )
    was_sent = (delivery.message_id.in_(sorted(others)), delivery.state == DeliveryState.SENT)
    # one after the other: both in one statement would read all that an earlier message has, which may be millions
    told: set[UUID | None] = set(
        await session.scalars(select(delivery.device_id).where(*was_sent, delivery.device_id.in_(sorted(mine))))
    )
    if await session.scalar(select(exists().where(*was_sent, delivery.device_id.is_(None)))):
        told |= {each.device_id for each in deliveries if each.provider == FCM}
    return told


async def _taken(
    session: AsyncSession, message: OutboxMessage, thing: Thing, members: Collection[UUID]
) -> dict[UUID, frozenset[Taken]]:
    if message.kind is ThingKind.NOTICE:
        return await _read(session, message, thing, members)
    done = _DONE.get(message.kind)
    if done is None:
        return {}
    return dict.fromkeys(await done(session, message, members), frozenset({Taken.STUDIED}))


async def _read(
    session: AsyncSession, message: OutboxMessage, thing: Thing, members: Collection[UUID]
) -> dict[UUID, frozenset[Taken]]:
    since = min(message.revision, thing.ack_revision or message.revision) if thing.is_said else 1
    rows = await session.execute(
        select(col(Receipt.member_id), col(Receipt.revision), col(Receipt.acknowledged_at)).where(
            col(Receipt.notice_id) == message.thing_id,
            col(Receipt.member_id).in_(sorted(members)),
            col(Receipt.revision) >= since,
        )
    )
    found: dict[UUID, frozenset[Taken]] = {}
    for member_id, revision, acknowledged_at in rows:
        did = {Taken.READ} if revision >= message.revision or not thing.is_said else set()
        if acknowledged_at is not None or thing.ack_revision is None:
            did.add(Taken.ACKNOWLEDGED)
        found[member_id] = found.get(member_id, frozenset()) | did
    return found


async def _opened(session: AsyncSession, message: OutboxMessage, members: Collection[UUID]) -> Sequence[UUID]:
    rows = await session.scalars(
        select(col(Progress.member_id)).where(
            col(Progress.material_id) == message.thing_id,
            col(Progress.member_id).in_(sorted(members)),
            col(Progress.version) >= message.revision,
        )
    )
    return rows.all()


async def _tried(session: AsyncSession, message: OutboxMessage, members: Collection[UUID]) -> Sequence[UUID]:
    rows = await session.scalars(
        select(col(Attempt.member_id)).where(
            col(Attempt.quiz_id) == message.thing_id,
            col(Attempt.member_id).in_(sorted(members)),
            col(Attempt.version) >= message.revision,
        )
    )
    return rows.all()


async def _done_with(session: AsyncSession, message: OutboxMessage, members: Collection[UUID]) -> Sequence[UUID]:
    """Those who have done all of a collection that is required and there; where nothing is, nobody."""
    item, member = table_of(Study).alias("item"), table_of(Member)
    required = (
        col(StudyItem.collection_id) == message.thing_id,
        col(StudyItem.version) == message.revision,
        col(StudyItem.is_required),
        item.c.id == col(StudyItem.item_id),
        item.c.state == StudyState.PUBLISHED,
    )
    is_left = exists().where(*required, ~is_done(member.c.id, col(StudyItem.item_id)))
    rows = await session.scalars(
        select(member.c.id).where(member.c.id.in_(sorted(members)), exists().where(*required), ~is_left)
    )
    return rows.all()


_DONE: dict[ThingKind, Callable[[AsyncSession, OutboxMessage, Collection[UUID]], Awaitable[Sequence[UUID]]]] = {
    ThingKind.MATERIAL: _opened,
    ThingKind.COLLECTION: _done_with,
    ThingKind.QUIZ: _tried,
}
