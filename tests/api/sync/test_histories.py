"""Random histories: whatever happens to the organisation, its server and its phones, in the end each phone holds what
the API shows its member.
"""

import random
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.cache import syncing
from models import sync
from tests.api.sync.copies import Copy, copy, put_back
from tests.api.sync.handset import Handset, Switchboard
from tests.api.sync.showing import Shown, read_all
from tests.api.sync.world import World
from tests.client.activities import shown_rsvp
from tests.client.queue import queued
from tests.client.receipts import shown_receipt
from tests.client.store import Store
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.serving import parts_in

OWNERS = ("member", "grouped", "neighbour", "secretary", "leader", "stranger", "member")
"""Whose phones; one has two."""
ROUNDS, STEPS = 4, 40


class History:
    """One organisation, its processes, and its people's phones."""

    def __init__(
        self,
        processes: list[FastAPI],
        organisation: Organisation,
        chance: random.Random,
        clock: StandingClock,
        folder: Path,
    ) -> None:
        self.processes = processes
        self.chance = chance
        self.clock = clock
        people = [organisation.person(name) for name in dict.fromkeys(OWNERS)]
        self.world = World(processes, people, chance, clock)
        self.copies: list[Copy] = []
        self.went_on = False
        self._numbers = count()
        self._folder = folder
        self.phones = [self.handset(organisation.person(name), save_data=n == 2) for n, name in enumerate(OWNERS)]

    def handset(self, person: Any, *, save_data: bool = False) -> Handset:
        board = Switchboard(self.processes, self.chance)
        folder = self._folder / str(next(self._numbers))
        return Handset(person, folder, board, self.chance, self.clock, save_data=save_data)

    async def step(self) -> None:
        phone, which = self.chance.choice(self.phones), self.chance.random()
        phone.board.loss = self.chance.choice([0.0, 0.15])
        if which < 0.45:
            await self.world.step()
        elif which < 0.5:
            phone.read()
        elif which < 0.72:
            phone.answer()
            await phone.sync()
        elif which < 0.82:
            await phone.sync_until_killed()
        elif which < 0.87:
            phone.repeat_a_page()
        elif which < 0.91:
            phone.back_up()
        elif which < 0.95:
            phone.restore()
        elif which < 0.975:
            self.copies.append(await copy(parts_in(self.processes[0]).database))
        elif self.copies:
            await self.restore_server()

    async def restore_server(self) -> None:
        """Any copy, also one that was put back before. Processes start again, or as in a failover they go on and
        learn of it within a second: until then they may give things of one history and numbers of another, which the
        check finds.
        """
        self.world.log.append("restored")
        self.clock.advance(minutes=1)
        await put_back(parts_in(self.processes[0]).database, self.chance.choice(self.copies))
        if self.chance.random() < 0.7:
            await self.follow()
        else:
            self.went_on = True

    async def follow(self) -> None:
        for app in self.processes:
            await parts_in(app).cache.follower.follow()

    async def check(self) -> None:
        """Everything is at rest: each phone fetches what is new, and is compared with the API and with a new phone."""
        await self.follow()
        for phone in self.phones:
            phone.board.loss = 0.0
            await phone.sync(pulled=True)
        for phone in self.phones:  # once more: what one phone of a member did, the other hears
            await phone.sync(pulled=True)
            if phone.account is None:
                continue
            new = self.handset(phone.person)
            await new.sync(pulled=True)
            assert new.account is not None
            _compare(phone.account.store, new.account.store, new.board.pages)
            token = phone.account.store.value("access_token")
            async with _reader(self.chance.choice(self.processes), token) as client:
                _judge(phone, await read_all(client, self.clock()))
            for _ in range(2):  # the first may be the first of all to learn what "nothing new" looks like
                await phone.sync()
            assert phone.board.heard[-1][1].status == 304
            asked_again = any("again" in dict(request.query) for request, _ in phone.board.heard)
            assert self.went_on or not asked_again, "the check found drift"
            new.close()
            await new.board.close()

    async def close(self) -> None:
        for phone in self.phones:
            phone.close()
            await phone.board.close()


def _reader(app: FastAPI, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver", headers=headers)


def _compare(store: Store, new: Store, pages: list[Any]) -> None:
    """Everything since then came to the same as everything at once, by the server's own digests too."""
    assert _held(store) == _held(new)
    assert store.doubts() == new.doubts() == []
    said = {entry["channel"]: entry for page in pages for entry in page["channels"]}
    assert {thing["channel"] for thing in new.things().values()} <= said.keys()
    for channel, entry in said.items():
        assert entry["complete"]
        assert store.digest(channel) == (entry["count"], entry["digest"])


def _held(store: Store) -> dict[str, tuple[str, int]]:
    return {id_: (thing["channel"], thing["seq"]) for id_, thing in store.things().items()}


def _judge(phone: Handset, shown: Shown) -> None:
    assert phone.account is not None
    store = phone.account.store
    notices, cards, me = store.things("notice"), store.things("branch"), store.value("me")
    assert notices.keys() == shown.notices.keys()
    for id_, notice in notices.items():
        there = shown.notices[id_]
        assert notice["branch_id"] == there["branch"]["id"]
        assert {"title", "body_html", "summary", "revision", "category", "priority", "requires_ack"} <= notice.keys()
        skipped = {"branch", "body_html"} if phone.save_data and notice["body_html"] is None else {"branch"}
        for name in (notice.keys() & there.keys()) - skipped:
            assert notice[name] == there[name], name
        assert _receipt(shown_receipt(store, id_, notice["revision"])) == _receipt(shown.receipts.get(id_))
        times = {time["no"] for time in (notice["activity"] or {}).get("occurrences", ())} | shown.rsvps[id_].keys()
        assert {no: shown_rsvp(store, id_, no) for no in times} == {no: shown.rsvps[id_].get(no) for no in times}
    assert queued(store) == []
    assert cards.keys() == shown.cards.keys()
    for id_, card in cards.items():
        there = {**shown.cards[id_], "kind": "branch", "branch_kind": shown.cards[id_]["kind"]}
        assert {"name", "code", "parent_id", "status"} <= card.keys()
        assert all(card[name] == there[name] for name in card.keys() & there.keys())
    assert (me["id"], me["full_name"]) == (shown.me["id"], shown.me["full_name"])
    assert [(m["id"], m["kind"], m["branch_id"]) for m in me["memberships"]] == [
        (m["id"], m["kind"], m["branch"]["id"]) for m in shown.me["memberships"]
    ]
    assert [(g["id"], g["role"], g["branch_id"]) for g in me["grants"]] == [
        (g["id"], g["role"], g["branch_id"]) for g in shown.me["grants"]
    ]


def _receipt(said: dict[str, Any] | None) -> Any:
    return None if said is None else (said["revision"], said["read_at"], said["acknowledged_at"])


@pytest.mark.parametrize("seed", range(4))
async def test_every_phone_comes_to_hold_what_the_api_shows(
    processes: list[FastAPI],
    organisation: Organisation,
    clock: StandingClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    *,
    is_long: bool,
) -> None:
    if seed % 2:
        monkeypatch.setattr(sync, "THINGS_MOST", 4)
        monkeypatch.setattr(sync, "BYTES_MOST", 800)
        monkeypatch.setattr(syncing, "BYTES_MOST", 2_000)
    history = History(processes, organisation, random.Random(seed), clock, tmp_path)
    for _ in range(ROUNDS * (25 if is_long else 1)):
        for _ in range(STEPS):
            await history.step()
        await history.check()
    await history.close()
