"""A phone that several people use: each has a store, and none sees another's."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from tests.client.account import Account
from tests.client.identity import AccountClosed, SignInRequired, ask, forget_tokens, take_tokens
from tests.client.patience import Patience, Unreachable
from tests.client.queue import upload
from tests.client.store import Store
from tests.client.wire import Request, Steps


class Phone:
    """Stores are files in `folder`, named by the member."""

    def __init__(
        self, folder: Path, chance: Callable[[], float], clock: Callable[[], datetime], *, tries: int | None = None
    ) -> None:
        self._folder = folder
        self._chance = chance
        self._clock = clock
        self._patience = Patience(chance, tries)

    def open(self, member_id: str) -> Account:
        return Account(Store(self._folder / f"{member_id}.db"), self._patience, self._clock)

    def sign_in(self, login: str, password: str, *, back: Account | None = None) -> Steps[Account]:
        """Into the member's own store, which may be there already. `back` is whose session has ended, if somebody's.

        Raises SignInRequired for a wrong password, AccountClosed, Unreachable.
        """
        body = {"login": login, "password": password}
        answer = yield from self._patience.insist(Request("POST", "/v1/auth/login", body=body))
        if answer.problem == "account.closed":
            if back is not None:
                back.store.wipe()
            raise AccountClosed
        if answer.status != 200:
            raise SignInRequired
        account = self.open(answer.body["member_id"])
        with account.store.transaction():
            take_tokens(account.store, answer)
        return account

    def sign_out(self, account: Account, *, leave_unsent: bool = False) -> Steps[int]:
        """How many things are not sent. If there are any, one stays signed in, unless told to `leave_unsent`: they are
        sent when the same member signs in again.
        """
        once = Patience(self._chance, tries=1)
        store = account.store
        with suppress(Unreachable, SignInRequired):
            yield from upload(store, once, self._clock)
        if account.unsent and not leave_unsent:
            return account.unsent
        with suppress(Unreachable, SignInRequired):
            yield from ask(store, Request("POST", "/v1/auth/logout"), once)
        forget_tokens(store)
        return account.unsent
