"""What goes to devices, from this process: the deliverer over the channels of the settings."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from api.metrics import publish_pushes
from api.pushing import channels_config
from api.settings import Settings
from api.transactions import transaction
from models.database import Database
from notifications.channels.choice import channels
from notifications.channels.protocol import Provider
from notifications.deliver import Deliverer
from notifications.means import Means

_METRICS_SECONDS = 5


def means_of(settings: Settings, database: Database) -> Means:
    return Means(
        begin=partial(transaction, database),
        read=partial(transaction, database, writes=False),
        per_minute={Provider.FCM: settings.fcm_per_minute, Provider.EMAIL: settings.email_per_minute},
        spread=max(settings.fcm_per_minute // 2, 1),
        topics_above=settings.topics_above,
    )


@asynccontextmanager
async def delivering(settings: Settings, database: Database) -> AsyncIterator[None]:
    """For as long as it lasts; what is under way at its end is finished."""
    ways = channels(channels_config(settings))
    means = means_of(settings, database)
    deliverer = Deliverer(means, ways.by_provider, ways.topics)
    publishing = asyncio.create_task(_publish(means), name="publish figures of pushes")
    deliverer.start()
    try:
        yield
    finally:
        await deliverer.stop()
        await ways.close()
        publishing.cancel()
        with suppress(asyncio.CancelledError):
            await publishing
        publish_pushes(means.figures)


async def _publish(means: Means) -> None:
    while True:
        publish_pushes(means.figures)
        await asyncio.sleep(_METRICS_SECONDS)
