"""A process that delivers, to be killed: `python -m tests.faults.courier DATABASE_URL KEYRING SENT`.

What it sends it adds to a file, a line a push, like a provider that remembers whatever reached it.
"""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

from api.transactions import transaction
from models.database import Database
from models.keyring import load_keyring
from notifications.channels.protocol import Endpoint, Outcome, Provider, Push, Sent
from notifications.deliver import Deliverer
from notifications.means import Means

CONCURRENCY = 20
LEASE = timedelta(seconds=4)


class Witness:
    """A PushChannel whose provider takes a moment, and fails now and then."""

    concurrency = CONCURRENCY

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._sent = 0

    async def send(self, to: Endpoint, push: Push) -> Sent:
        await asyncio.sleep(0.025)
        os.write(self._file, f"{to.address} {push.collapse_id}\n".encode())
        await asyncio.sleep(0.025)
        return Sent(Outcome.SENT)

    async def close(self) -> None:
        os.close(self._file)


async def deliver(url: str, keyring: str, sent: str) -> None:
    database = Database(url, keyring=load_keyring(Path(keyring)))
    means = Means(partial(transaction, database), partial(transaction, database, writes=False), lease=LEASE)
    deliverer = Deliverer(means, {Provider.FCM: Witness(Path(sent))})
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, deliverer.leave)
    await deliverer.run()
    await database.close()


if __name__ == "__main__":
    asyncio.run(deliver(*sys.argv[1:]))
