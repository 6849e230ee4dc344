"""A phone that is signed in with the server that tests make up, and has what it says."""

from pathlib import Path

from tests.client.account import Account
from tests.client.fake import Server, play
from tests.client.patience import Patience
from tests.client.store import Store
from tests.clock import StandingClock


def open_phone(folder: Path, name: str, server: Server, clock: StandingClock) -> Account:
    account = Account(Store(folder / f"{name}.db"), Patience(lambda: 0.5), clock)
    with account.store.transaction():
        account.store.keep("access_token", "first")
    play(account.bring_up_to_date(), server.send)
    return account
