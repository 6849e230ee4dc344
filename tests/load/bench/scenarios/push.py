"""Telling devices: what a worker's core sends, from the outbox to a provider, and what a root notice costs in calls."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlmodel import col

from api.security.keys import KeyringFile
from api.transactions import transaction
from api.worker import Worker
from models import changes
from models.base import new_id
from models.database import Database, table_of
from models.deliveries.table import Delivery, DeliveryState, TopicSubscription
from models.deliveries.topics import CHECK_TOPICS, FOLLOW_TOPICS
from models.devices.table import ADDRESS_DIGEST, Destination, Device, sealed
from models.notices.drafts import create_notice
from models.notices.shapes import NoticeCreate
from models.permissions import OPERATOR
from notifications.channels.choice import channels
from notifications.channels.protocol import Endpoint, Provider
from notifications.deliver import Deliverer
from notifications.means import Means
from tests.load.audience import Seat
from tests.load.bench.figures import Bound, Figures, NotMeasured, Promise, Row, Series
from tests.load.bench.processes import on_cores
from tests.load.bench.scenario import Scenario
from tests.load.bench.stage import Stage
from tests.load.dataset import DataSet
from tests.notifications.simulator.elsewhere import Description, browsers_in, channels_config

FCM = Promise("FCM device sends of a worker's core, outbox to answer", "/s")
WEB_PUSH = Promise("Web Push device sends of a worker's core, outbox to answer", "/s")
CALLS = Promise("calls for a root notice to all members with FCM", "calls", sense=Bound.AT_MOST, bound=10)
_DEVICES = 2_000
_BROWSERS = 200
"""Different ones; a simulator makes each of them keys."""


def _measure(stage: Stage, figures: Figures) -> Iterator[Row]:
    data = stage.data("small")
    seats = [*data.audience.seated, *data.audience.strangers][:_DEVICES]
    with _simulator(stage) as there:
        for provider, promise in ((Provider.FCM, FCM), (Provider.WEB_PUSH, WEB_PUSH)):
            sent, worked = asyncio.run(_sent(data, seats, provider, there, topics_above=10**9))
            if sent < len(seats):
                raise NotMeasured(f"{sent} of {len(seats)} were sent")
            figures[f"push {provider}"] = Series((sent / worked,))
            note = f"{sent:,} devices; by processor time, the simulator on the other core"
            yield Row(promise, figures[f"push {provider}"], note=note)
        calls, _ = asyncio.run(_sent(data, seats, Provider.FCM, there, topics_above=100, urgent=True))
        figures["root notice calls"] = Series((float(calls),))
        note = f"urgent, {len(seats):,} devices, topics from 100 on: one call a topic, whatever the number of members"
        yield Row(CALLS, figures["root notice calls"], note=note)


@contextmanager
def _simulator(stage: Stage) -> Iterator[Description]:
    with on_cores(stage.load_cores):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.notifications.simulator", str(_BROWSERS)], stdout=subprocess.PIPE, text=True
        )
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


async def _sent(
    data: DataSet,
    seats: list[Seat],
    provider: Provider,
    there: Description,
    *,
    topics_above: int,
    urgent: bool = False,
) -> tuple[int, float]:
    """How many deliveries were sent, and the seconds that this process worked for them."""
    database = Database(data.url, keyring=KeyringFile(data.keys).current)
    ways = channels(channels_config(there))
    begin, read = partial(transaction, database), partial(transaction, database, writes=False)
    means = Means(begin, read, spread=10**10, topics_above=topics_above)
    deliverer = Deliverer(means, ways.by_provider, ways.topics)
    try:
        await deliverer.drain()  # whatever was said before
        await _register(database, seats, provider, there)
        if urgent:  # the channel's topic comes about with what it says first
            await _publish(database, data, "normal")
            await deliverer.drain()
            while (await Worker(database, (CHECK_TOPICS, FOLLOW_TOPICS)).tick()).done:
                await deliverer.drain()
            await _settle(database)
        await _publish(database, data, "urgent" if urgent else "normal")
        before = await _done(database)
        began = time.process_time()
        await deliverer.drain()
        worked = time.process_time() - began
        return await _done(database) - before, worked
    finally:
        await ways.close()
        await database.close()


async def _done(database: Database) -> int:
    async with database.reading() as session:
        of_sent = select(func.count()).where(col(Delivery.state) == DeliveryState.SENT)
        return await session.scalar(of_sent) or 0


async def _settle(database: Database) -> None:
    """As if they had been subscribed for a while."""
    async with database.writing() as session:
        await session.execute(update(TopicSubscription).values(subscribed_at=database.clock() - timedelta(hours=1)))
        await changes.commit(session)


async def _publish(database: Database, data: DataSet, priority: str) -> None:
    said = {"branch_id": data.root, "title": "Thông báo", "body": "Mời họp.", "publish": True, "priority": priority}
    async with database.writing() as session:
        await create_notice(session, OPERATOR, NoticeCreate.model_validate(said))
        await changes.commit(session)


async def _register(database: Database, seats: list[Seat], provider: Provider, there: Description) -> None:
    """A device for each of these, of this provider alone."""
    browsers = browsers_in(there)
    async with database.writing() as session:
        await session.execute(delete(Device).where(col(Device.provider).is_not(None)))
        rows = [_row(database, seat, provider, browsers[n % len(browsers)], n) for n, seat in enumerate(seats)]
        for start in range(0, len(rows), 500):
            await session.execute(insert(table_of(Device)), rows[start : start + 500])
        await changes.commit(session)


def _row(database: Database, seat: Seat, provider: Provider, browser: Endpoint, n: int) -> Mapping[str, Any]:
    is_browser = provider is Provider.WEB_PUSH
    device_id = new_id()
    to = Destination(browser.address, browser.p256dh, browser.auth) if is_browser else Destination(f"bench-{n}")
    named = f"{to.address} {n}" if is_browser else to.address  # many share a browser here, which in life never happens
    return {
        "id": device_id,
        "member_id": seat.member_id,
        "session_id": seat.session_id,
        "provider": provider.value,
        "destination": sealed(database.keyring, device_id, to),
        "address_digest": database.keyring.digest(ADDRESS_DIGEST, named),
        "language": "vi",
        "created_at": database.clock(),
        "seen_at": database.clock(),
    }


SCENARIO = Scenario("push", (FCM, WEB_PUSH, CALLS), _measure)
