"""`handbook keys`: the keyring."""

from typing import Annotated

import typer

from api.commands.running import console, fail, one_line, open_database, run, settings
from api.settings import Settings
from api.transactions import transaction
from models.database import utc_now
from models.keyring import Keyring, load_keyring, new_keyring, save_keyring
from models.sealing import reseal

keys = typer.Typer(
    help="The keyring: what tokens are signed with and citizen ids are sealed with.", no_args_is_help=True
)


@keys.command()
def init() -> None:
    """Make a keyring where there is none."""
    path = settings().keys
    if path.exists():
        fail(f"there is a keyring at {path} already; `handbook keys rotate` adds a key to it")
    with one_line():
        save_keyring(path, new_keyring(utc_now().isoformat()))
    console.print(f"made {path}: back it up apart from the database, sealed data cannot be read without it")


@keys.command()
def rotate() -> None:
    """Add a new newest key. Running servers take it up with the next token; older keys go on verifying."""
    path = settings().keys
    with one_line():
        ring = load_keyring(path).rotated(utc_now().isoformat())
        save_keyring(path, ring)
    console.print(f"new key {ring.newest.kid}, {len(ring.keys)} in all; `handbook keys prune` drops old ones")


@keys.command()
def prune(
    keep: Annotated[int, typer.Option(min=1, help="How many of the newest keys stay.")] = 2,
) -> None:
    """Seal what was sealed under older keys anew, then drop them. Refresh tokens signed with them end."""
    using = settings()
    with one_line():
        ring = load_keyring(using.keys)
    count = run(_reseal(using, ring))
    with one_line():
        save_keyring(using.keys, ring.pruned(keep))
    console.print(f"{count} values sealed anew; {min(keep, len(ring.keys))} keys left")


async def _reseal(using: Settings, ring: Keyring) -> int:
    async with open_database(using) as database:
        count, done = 0, 1
        while done:
            async with transaction(database) as session:
                done = await reseal(session, ring)
                count += done
        return count
