"""`handbook restored`: after a backup was restored."""

from api.commands.running import console, open_database, run, settings
from api.settings import Settings
from api.transactions import transaction
from models.changes import restored


def say_restored() -> None:
    """Say, before serving, that the database was restored from a backup: phones and caches that know more start afresh.

    On PostgreSQL a failover or a point-in-time recovery is noticed without this.
    """
    console.print(f"numbers go on from {run(_restored(settings()))}")


async def _restored(using: Settings) -> int:
    async with open_database(using) as database, transaction(database) as session:
        return await restored(session)
