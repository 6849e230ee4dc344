"""A member's phone in a bad world: answers are lost, pages come twice, the app is killed, old backups are put back."""

import random
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from tests.api.identity import PASSWORD
from tests.client.account import Account
from tests.client.identity import AccountClosed, SignInRequired
from tests.client.phone import Phone
from tests.client.sending import HttpTransport, carry_out
from tests.client.syncing import PATH, take
from tests.client.wire import Answer, Request, Steps, T
from tests.organisation import Person


class Switchboard:
    """Sends to either process, and is not to be relied upon while `loss` is above 0."""

    def __init__(self, processes: list[FastAPI], chance: random.Random) -> None:
        self._clients = [
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") for app in processes
        ]
        self._chance = chance
        self.only: int | None = None
        """Which process is asked; either, if None."""
        self.loss = 0.0
        self.heard: list[tuple[Request, Answer]] = []
        """What sync answered, also where that was lost."""

    async def send(self, request: Request) -> Answer | None:
        if self._chance.random() < self.loss:
            return None
        client = self._chance.choice(self._clients) if self.only is None else self._clients[self.only]
        answer = await HttpTransport(client).send(request)
        assert answer is not None
        assert answer.status < 500 or answer.status == 503, (request, answer)
        if request.path == PATH and answer.status in {200, 304, 400}:
            self.heard.append((request, answer))
        return None if self._chance.random() < self.loss else answer

    @property
    def pages(self) -> list[Any]:
        """The bodies of answers with something in them."""
        return [answer.body for _, answer in self.heard if answer.status == 200]

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


class Handset:
    """`person` uses it; `account` is None before they have signed in, and after theirs was closed."""

    def __init__(
        self,
        person: Person,
        folder: Path,
        board: Switchboard,
        chance: random.Random,
        clock: Callable[[], datetime],
        *,
        save_data: bool = False,
    ) -> None:
        folder.mkdir()
        self.person = person
        self.board = board
        self.account: Account | None = None
        self.save_data = save_data
        self._folder = folder
        self._phone = Phone(folder, chance.random, clock)
        self._chance = chance

    async def sync(self, *, pulled: bool = False) -> None:
        """To the end, or until the app is killed: see `kill`. Signs in where need be."""
        try:
            account = self.account or await self._sign_in()
            try:
                await self._do(account.bring_up_to_date(save_data=self.save_data, pulled=pulled))
            except SignInRequired:
                account = await self._sign_in()
                await self._do(account.bring_up_to_date(save_data=self.save_data, pulled=pulled))
        except AccountClosed:
            self._close()

    async def sync_until_killed(self) -> None:
        """The app goes on for some steps and is gone."""
        if self.account is None:
            return
        steps = self.account.bring_up_to_date(save_data=self.save_data)
        said: Answer | None = None
        try:
            for _ in range(self._chance.randrange(1, 9)):
                step = steps.send(said)
                said = await self.board.send(step) if isinstance(step, Request) else None
        except (StopIteration, SignInRequired):
            pass
        except AccountClosed:
            self._close()
            return
        steps.close()
        self.account.store.close()
        self.account = self._phone.open(str(self.person.id))

    def read(self) -> None:
        """The member opens something that the phone shows, network or not."""
        notices = [] if self.account is None else sorted(self.account.store.things("notice"))
        if self.account is not None and notices:
            self.account.read(self._chance.choice(notices), acknowledge=self._chance.random() < 0.3)

    def answer(self) -> None:
        """The member answers to something that takes place, network or not, in time or not."""
        notices = {} if self.account is None else self.account.store.things("notice")
        called_to = sorted(id_ for id_, notice in notices.items() if notice["activity"] is not None)
        if self.account is not None and called_to:
            notice = notices[self._chance.choice(called_to)]
            no = self._chance.choice(notice["activity"]["occurrences"])["no"]
            self.account.answer(notice["id"], self._chance.choice(["yes", "no", "maybe"]), occurrence=no)

    def repeat_a_page(self) -> None:
        """An answer comes once more, or for the first time after it was given up, however old it is."""
        if self.account is not None and self.board.heard:
            take(self.account.store, *self._chance.choice(self.board.heard[-4:]))

    def back_up(self) -> None:
        for path in self._folder.glob("*.db"):
            shutil.copy(path, path.with_suffix(".backup"))

    def restore(self) -> None:
        """The store as it was at some time, tokens and all."""
        for path in self._folder.glob("*.backup"):
            if self.account is not None:
                self.account.store.close()
            shutil.copy(path, path.with_suffix(".db"))
            self.account = self._phone.open(str(self.person.id))

    def close(self) -> None:
        if self.account is not None:
            self.account.store.close()

    def _close(self) -> None:
        assert self.account is None or self.account.store.things() == {}
        self.close()
        self.account = None

    async def _sign_in(self) -> Account:
        account = await self._do(self._phone.sign_in(self.person.member_no, PASSWORD, back=self.account))
        self.close()
        self.account = account
        return account

    async def _do(self, steps: Steps[T]) -> T:
        async def at_once(_seconds: float) -> None: ...

        return await carry_out(steps, self.board, at_once)
