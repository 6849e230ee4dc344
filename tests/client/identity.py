"""Who is asking: tokens, and the three kinds of 401."""

from dataclasses import replace
from typing import NoReturn

from tests.client.patience import Patience
from tests.client.store import Store
from tests.client.wire import Answer, Refused, Request, Steps

_TOKENS = ("access_token", "refresh_token")


class SignInRequired(Exception):
    """Ask for the password. Store and queue are as they were."""


class AccountClosed(Exception):
    """What the phone held of this account is gone."""


def ask(store: Store, request: Request, patience: Patience) -> Steps[Answer]:
    """An answer to the member of this store. Raises SignInRequired, AccountClosed, Unreachable, Refused."""
    refreshed = False
    while True:
        token = store.value("access_token")
        if token is None:
            raise SignInRequired
        bearing = replace(request, headers={**request.headers, "Authorization": f"Bearer {token}"})
        answer = yield from patience.insist(bearing)
        if answer.status != 401:
            return answer
        if answer.problem != "token.invalid":
            end(store, answer)
        if refreshed:
            raise Refused(answer)
        yield from refresh(store, patience)
        refreshed = True


def refresh(store: Store, patience: Patience) -> Steps[None]:
    """New tokens. Where the answer is lost, the same refresh token is sent again; where another part of the app was
    faster, its tokens are taken.
    """
    token = store.value("refresh_token")
    answer = yield from patience.insist(Request("POST", "/v1/auth/refresh", body={"refresh_token": token}))
    if answer.status == 401 and store.value("refresh_token") not in {None, token}:
        return
    if answer.status == 401:
        end(store, answer)
    if answer.status != 200:
        raise Refused(answer)
    with store.transaction():
        take_tokens(store, answer)


def take_tokens(store: Store, answer: Answer) -> None:
    for name in _TOKENS:
        store.keep(name, answer.body[name])


def forget_tokens(store: Store) -> None:
    with store.transaction():
        store.forget(*_TOKENS)


def end(store: Store, answer: Answer) -> NoReturn:
    """The session is over, or with it the account."""
    if answer.problem == "account.closed":
        store.wipe()
        raise AccountClosed
    forget_tokens(store)
    raise SignInRequired
