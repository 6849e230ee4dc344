"""`handbook keys`: the keyring, and the key of Web Push."""

import os
from pathlib import Path
from typing import Annotated

import typer

from api.commands.running import console, fail, one_line, open_database, run, settings
from api.settings import Settings
from api.transactions import transaction
from models.database import utc_now
from models.keyring import Keyring, load_keyring, new_keyring, save_keyring
from models.sealing import reseal
from notifications.channels.vapid import new_vapid_key, public_vapid_key, read_vapid_key

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


@keys.command()
def vapid(
    file: Annotated[
        Path | None, typer.Option(help="Where it is kept; vapid.pem in the data folder by default.")
    ] = None,
) -> None:
    """Make a key for Web Push (VAPID) where there is none, and print its public half for web apps."""
    path = file or settings(vapid_key_file=None, vapid_subject=None).data_dir / "vapid.pem"
    with one_line():
        if not path.exists():
            _save_new(path, new_vapid_key())
            console.print(f"made {path}: with another key every browser would have to subscribe anew, so back it up")
            console.print(f"set HANDBOOK_VAPID_KEY_FILE={path} and HANDBOOK_VAPID_SUBJECT=mailto:…", soft_wrap=True)
        try:
            key = read_vapid_key(path)
        except ValueError as error:
            fail(str(error))
    console.print(f"applicationServerKey: {public_vapid_key(key)}", soft_wrap=True)


def _save_new(path: Path, pem: bytes) -> None:
    """Readable by its owner alone; never in the place of another."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
        written.write(pem)
        written.flush()
        os.fsync(written.fileno())


async def _reseal(using: Settings, ring: Keyring) -> int:
    async with open_database(using) as database:
        count, done = 0, 1
        while done:
            async with transaction(database) as session:
                done = await reseal(session, ring)
                count += done
        return count
