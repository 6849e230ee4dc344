"""`handbook push`: what could not be sent to devices."""

from typing import Annotated
from uuid import UUID

import typer

from api.commands.running import console, open_database, run, settings
from api.settings import Settings
from api.transactions import transaction
from models.database import database_now
from models.deliveries.dead import DeadLetters, dead_letters, requeue

push = typer.Typer(help="What could not be sent to devices.", no_args_is_help=True)

_SHOWN = 100
_AT_ONCE = 500


@push.command()
def dead() -> None:
    """List what was given up, by message and reason, the latest first."""
    found = run(_dead(settings()))
    if not found:
        console.print("nothing was given up")
        return
    for each in found:  # lines, not a table: nothing of an id may be cut off that `requeue` is to be told
        said = f"{each.last_at:%Y-%m-%d %H:%M}  {each.message_id}  {each.number} by {each.provider}, {each.cause.value}"
        console.print(f"{said}: {each.detail or 'no reason'}", markup=False, highlight=False, soft_wrap=True)


@push.command("requeue")
def requeue_dead(
    message: Annotated[UUID | None, typer.Argument(help="Of this message alone; of all by default.")] = None,
) -> None:
    """Have it sent again, to those for whom it still is."""
    console.print(f"{run(_requeue(settings(), message))} are sent again")


async def _dead(using: Settings) -> list[DeadLetters]:
    async with open_database(using) as database, transaction(database, writes=False) as session:
        return list(await dead_letters(session, _SHOWN))


async def _requeue(using: Settings, message_id: UUID | None) -> int:
    async with open_database(using) as database:
        count, done = 0, _AT_ONCE
        while done == _AT_ONCE:
            async with transaction(database) as session:
                done = await requeue(session, await database_now(session), message_id, _AT_ONCE)
                count += done
        return count
