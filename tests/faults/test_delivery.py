"""Delivery by processes that are killed in the middle of it, and by two whose clocks disagree."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select
from sqlmodel import col

from api.settings import Settings
from api.transactions import transaction
from models.accounts import Account
from models.base import new_id
from models.database import Database, utc_now
from models.deliveries.table import Delivery, DeliveryState
from models.devices.table import ADDRESS_DIGEST, Destination, Device, sealed
from models.keyring import Keyring
from models.members.table import Member, MemberStatus
from models.memberships import Membership, MembershipKind
from models.sessions import DeviceSession, Platform
from notifications.channels.protocol import Endpoint, Outcome, Provider, Push, Sent
from notifications.deliver import Deliverer
from notifications.means import Means
from tests.faults.courier import CONCURRENCY
from tests.notifications.delivering.phones import publish
from tests.organisation import Organisation, found_organisation
from tests.serving import until

CLAIMED = 4 * CONCURRENCY
"""What one process has claimed at once, at most."""


@pytest.fixture
async def living(settings: Settings, keyring: Keyring) -> AsyncIterator[Database]:
    """By the clocks that processes have, too."""
    database = Database(settings.database, keyring=keyring)
    yield database
    await database.close()


async def equip(database: Database, organisation: Organisation, count: int) -> set[str]:
    """So many members of a cell with a phone each; gives the phones' addresses."""
    at, people = utc_now(), [new_id() for _ in range(count)]
    members = [
        {
            "id": id_,
            "member_no": f"P{n}",
            "full_name": "Có máy",
            "full_name_folded": "co may",
            "sort_key": "may",
            "status": MemberStatus.FULL,
            "revision": 1,
            "created_at": at,
        }
        for n, id_ in enumerate(people)
    ]
    stay = {"branch_no": organisation.branch("chibo").no, "kind": MembershipKind.PRIMARY, "started_at": at}
    sessions = [
        {
            "id": new_id(),
            "member_id": id_,
            "device_name": "?",
            "device_platform": Platform.ANDROID,
            "created_at": at,
            "used": 0,
            "used_at": at,
        }
        for id_ in people
    ]
    ring = database.keyring
    devices = [
        {
            "id": (device_id := new_id()),
            "member_id": each["member_id"],
            "session_id": each["id"],
            "provider": Provider.FCM,
            "destination": sealed(ring, device_id, Destination(f"phone-{n}")),
            "address_digest": ring.digest(ADDRESS_DIGEST, f"phone-{n}"),
            "language": "vi",
            "created_at": at,
            "seen_at": at,
        }
        for n, each in enumerate(sessions)
    ]
    async with database.write_engine.begin() as connection:
        await connection.execute(insert(Member), members)
        await connection.execute(insert(Account), [{"member_id": id_} for id_ in people])
        await connection.execute(insert(Membership), [{"id": new_id(), "member_id": id_, **stay} for id_ in people])
        await connection.execute(insert(DeviceSession), sessions)
        await connection.execute(insert(Device), devices)
    return {f"phone-{n}" for n in range(count)}


async def states(database: Database) -> dict[DeliveryState, int]:
    async with database.reading() as session:
        rows = await session.execute(select(col(Delivery.state), func.count()).group_by(col(Delivery.state)))
        return dict(rows.all())


@contextmanager
def courier(settings: Settings, sent: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.faults.courier", settings.database, str(settings.keys), str(sent)]
    with (settings.data_dir / "courier.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def lines(sent: Path) -> list[str]:
    return sent.read_text().splitlines() if sent.exists() else []


async def test_a_process_that_is_killed_again_and_again_leaves_nobody_out(
    living: Database, settings: Settings, is_long: bool
) -> None:
    kills, phones = (100, 10_000) if is_long else (3, 300)
    organisation = await found_organisation(living)
    expected = await equip(living, organisation, phones)
    notice = await publish(living, organisation)
    sent = settings.data_dir / "sent"
    for _ in range(kills):
        before = len(lines(sent))
        with courier(settings, sent):

            async def is_under_way(before: int = before) -> bool:
                return len(lines(sent)) >= before + phones // (2 * kills)  # so that some are left for each

            await until(is_under_way)
    with courier(settings, sent) as last:

        async def is_done() -> bool:
            return await states(living) == {DeliveryState.SENT: phones}

        await until(is_done)
        last.terminate()
        assert last.wait(30) == 0
    times = Counter(lines(sent))
    assert {line.split()[0] for line in times} == expected, "nobody is left out"
    assert {line.split()[1] for line in times} == {notice.id.hex}, "what comes twice takes the place of the first"
    assert times.total() - phones <= kills * CLAIMED
    log = (settings.data_dir / "courier.log").read_text()
    assert "Traceback" not in log, log[:5000]


async def test_a_process_that_is_told_to_end_gives_back_what_it_has_not_sent(
    living: Database, settings: Settings
) -> None:
    organisation = await found_organisation(living)
    await equip(living, organisation, 300)
    await publish(living, organisation)
    sent = settings.data_dir / "sent"
    with courier(settings, sent) as process:

        async def is_under_way() -> bool:
            return len(lines(sent)) > 50

        await until(is_under_way)
        process.terminate()
        assert process.wait(30) == 0
    async with living.reading() as session:
        held = select(func.count()).where(col(Delivery.lease).is_not(None), col(Delivery.state) == "waiting")
        assert await session.scalar(held) == 0
    assert (await states(living))[DeliveryState.SENT] == len(lines(sent)) == len(set(lines(sent)))


class Slow:
    """A PushChannel that notes what it is given."""

    concurrency = 10

    def __init__(self, sent: list[str]) -> None:
        self._sent = sent

    async def send(self, to: Endpoint, _push: Push) -> Sent:
        await asyncio.sleep(0.01)
        self._sent.append(to.address)
        return Sent(Outcome.SENT)

    async def close(self) -> None:
        """Nothing is held open."""


async def test_two_whose_clocks_are_two_minutes_apart_never_hold_the_same(
    living: Database, settings: Settings, keyring: Keyring
) -> None:
    organisation = await found_organisation(living)
    expected = await equip(living, organisation, 300)
    await publish(living, organisation)
    sent: list[str] = []
    # on SQLite they are of one machine, which has one clock
    ahead = timedelta(0) if living.is_sqlite else timedelta(seconds=120)
    other = Database(settings.database, keyring=keyring, clock=lambda: utc_now() + ahead)
    deliverers = []
    for database in (living, other):
        begin, read = partial(transaction, database), partial(transaction, database, writes=False)
        deliverers.append(Deliverer(Means(begin, read), {Provider.FCM: Slow(sent)}))
    for each in deliverers:
        each.start()

    async def is_done() -> bool:
        return await states(living) == {DeliveryState.SENT: 300}

    await until(is_done)
    await asyncio.gather(*(each.stop() for each in deliverers))
    await other.close()
    assert sorted(sent) == sorted(expected)
