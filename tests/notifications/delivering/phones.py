"""Phones that are told of news, and what is told to them."""

from collections.abc import Sequence
from datetime import datetime, time
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from api.transactions import transaction
from api.worker import Worker
from models import changes
from models.base import new_id
from models.database import Database, now
from models.deliveries.table import Delivery
from models.devices.table import ADDRESS_DIGEST, Destination, Device, Preference, PushCategory, sealed
from models.duties import DUTIES
from models.notices.drafts import create_notice
from models.notices.shapes import NoticeCreate, NoticePublic
from models.outbox import OutboxMessage
from models.permissions import OPERATOR
from models.schedule import Duty
from notifications.channels.protocol import Provider
from notifications.deliver import Deliverer
from notifications.means import Means
from tests.notifications.delivering.recording import Recorder
from tests.organisation import Organisation, Person

AT_ONCE = 10**10


async def own_clock(session: Any) -> datetime:
    """The test's, whatever the database's says."""
    return now(session)


def means_of(database: Database, **said: Any) -> Means:
    begin, read = partial(transaction, database), partial(transaction, database, writes=False)
    settings: dict[str, Any] = {"clock": own_clock, "spread": AT_ONCE} | said
    return Means(begin, read, **settings)


class Post:
    """A deliverer over channels that note what they are given."""

    def __init__(self, database: Database, *, concurrency: int = 8, **said: Any) -> None:
        self.database = database
        self.channels = {provider: Recorder(concurrency) for provider in Provider}
        self.fcm = self.channels[Provider.FCM]
        self.means = means_of(database, **said)
        self.deliverer = Deliverer(self.means, dict(self.channels), self.fcm)

    async def deliver(self) -> int:
        return await self.deliverer.drain()

    async def told(self) -> list[str]:
        """Delivers, and gives the addresses that got something since the last time."""
        await self.deliver()
        found = sorted(address for each in self.channels.values() for address in each.addresses)
        for each in self.channels.values():
            each.sent.clear()
        return found

    async def deliveries(self) -> Sequence[Delivery]:
        async with self.database.reading() as session:
            return (await session.scalars(select(Delivery).order_by(col(Delivery.id)))).all()

    async def messages(self) -> Sequence[OutboxMessage]:
        async with self.database.reading() as session:
            return (await session.scalars(select(OutboxMessage).order_by(col(OutboxMessage.id)))).all()


async def give_phone(database: Database, person: Person, provider: Provider = Provider.FCM, name: str = "") -> UUID:
    """Its address is the provider and the member's number, unless it has a name."""
    return await give_device(database, person, provider, Destination(name or f"{provider}:{person.member_no}"))


async def give_device(database: Database, person: Person, provider: Provider, to: Destination) -> UUID:
    device_id = new_id()
    async with database.writing() as session:
        device = Device(
            id=device_id,
            address_digest=database.keyring.digest(ADDRESS_DIGEST, to.address),
            member_id=person.id,
            session_id=person.session_id,
            provider=provider,
            destination=sealed(database.keyring, device_id, to),
            created_at=now(session),
            seen_at=now(session),
        )
        session.add(device)
        await changes.commit(session)
    return device_id


async def prefer(
    database: Database,
    person: Person,
    *,
    muted: Sequence[PushCategory] = (),
    quiet: tuple[time, time] | None = None,
    email: bool = False,
    language: str = "vi",
) -> None:
    async with database.writing() as session:
        row = Preference(member_id=person.id, muted=list(muted), email=email, language=language)
        if quiet is not None:
            row.quiet_from, row.quiet_until = quiet
        await session.merge(row)
        await changes.commit(session)


async def publish(database: Database, organisation: Organisation, branch: str = "chibo", **said: Any) -> NoticePublic:
    async with database.writing() as session:
        data = NoticeCreate.model_validate(
            {"branch_id": organisation.branch(branch).id, "title": "Họp", "body": "Mời họp.", "publish": True} | said
        )
        notice = await create_notice(session, OPERATOR, data)
        await changes.commit(session)
    return notice


def number(organisation: Organisation, *names: str, provider: Provider = Provider.FCM) -> list[str]:
    """Addresses of these people's phones."""
    return sorted(f"{provider}:{organisation.person(name).member_no}" for name in names)


async def do_due(database: Database, duties: Sequence[Duty[Any]] = DUTIES) -> None:
    """What time has made due, to the end."""
    while (ran := await Worker(database, duties).tick()).full:
        assert ran.failed == 0
    assert ran.failed == 0
