"""Writers and readers at the head of the log at once: what one commits while another reads is not lost between two
cursors.
"""

import asyncio
import random
from pathlib import Path
from uuid import UUID

from fastapi import FastAPI

from models.permissions import Role
from tests.api.sync.handset import Handset, Switchboard
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.serving import EVERYONE, FEED, HERE, Desk, calling, parts_in

SPEAKERS = ("tinh", "coso", "chibo", "chibo2", "kh")
READERS = ("member", "fellow", "grouped", "neighbour", "secretary", "stranger")
WRITERS = 4


async def _write(desk: Desk, chance: random.Random, count: int) -> None:
    """Publish, and withdraw some of one's own."""
    published: list[UUID] = []
    for number in range(count):
        if published and chance.random() < 0.4:
            await desk.withdraw(published.pop(chance.randrange(len(published))))
        else:
            branch, audience = chance.choice(SPEAKERS), chance.choice([EVERYONE, HERE])
            published.append((await desk.publish(branch, f"Việc {number}", audience)).id)
        if chance.random() < 0.3:
            await asyncio.sleep(0)


async def _read(phone: Handset, done: asyncio.Event) -> None:
    """Again and again, and once more when all is written."""
    last = False
    while not last:
        last = done.is_set()
        await phone.sync()
        assert phone.account is not None
        assert phone.account.store.doubts() == []
        await asyncio.sleep(0.005)


async def test_no_change_is_lost_between_two_cursors(
    processes: list[FastAPI], organisation: Organisation, clock: StandingClock, tmp_path: Path, *, is_long: bool
) -> None:
    chance, done = random.Random(1), asyncio.Event()
    phones = []
    for number, name in enumerate(READERS):
        board = Switchboard(processes, chance)
        phones.append(Handset(organisation.person(name), tmp_path / str(number), board, chance, clock))
    reading = [asyncio.create_task(_read(phone, done)) for phone in phones]
    desks = [Desk(processes[number % 2], organisation) for number in range(WRITERS)]
    count = 600 if is_long else 20
    await asyncio.gather(*(_write(desk, random.Random(n), count) for n, desk in enumerate(desks)))
    for app in processes:
        await parts_in(app).cache.follower.follow()
    done.set()
    await asyncio.gather(*reading)
    for phone in phones:
        await _judge(phone, chance.choice(processes))
        phone.close()
        await phone.board.close()


async def _judge(phone: Handset, app: FastAPI) -> None:
    assert phone.account is not None
    store = phone.account.store
    async with calling(app, store.value("access_token")) as client:
        shown, turn = set(), f"{FEED}?limit=100"
        while turn:
            page = (await client.get(turn)).json()
            shown |= {item["id"] for item in page["items"]}
            turn = f"{FEED}?limit=100&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert set(store.things("notice")) == shown
    began: set[str] = set()
    for page in phone.board.pages:
        for entry in page["channels"]:
            assert not (entry["reset"] and entry["channel"] in began), (
                "known already, and sent again from the beginning"
            )
            began.add(entry["channel"])
    assert not any(page["dropped"] for page in phone.board.pages)


async def test_a_process_behind_takes_the_cursor_of_one_ahead(
    processes: list[FastAPI], organisation: Organisation, clock: StandingClock, tmp_path: Path
) -> None:
    """It catches up, rather than taking the number for one of a database that was lost."""
    ahead, _ = processes
    chance, desk = random.Random(1), Desk(ahead, organisation)
    phone = Handset(organisation.person("member"), tmp_path / "phone", Switchboard(processes, chance), chance, clock)
    for number in range(5):
        await desk.publish("chibo", f"Việc {number}")
        for phone.board.only in (0, 1):
            await phone.sync()
            assert phone.account is not None
            assert len(phone.account.store.things("notice")) == number + 1
    resets = [entry["channel"] for page in phone.board.pages for entry in page["channels"] if entry["reset"]]
    assert len(resets) == len(set(resets))
    phone.close()
    await phone.board.close()


async def test_a_process_behind_does_not_take_back_what_one_ahead_has_given(
    processes: list[FastAPI], organisation: Organisation, clock: StandingClock, tmp_path: Path
) -> None:
    """Nor the other way round: who asks is known as of the same moment as what is new."""
    ahead, _ = processes
    chance, desk = random.Random(1), Desk(ahead, organisation)
    notice = await desk.publish("chibo2", "Cho chi hội bên")
    phone = Handset(organisation.person("member"), tmp_path / "phone", Switchboard(processes, chance), chance, clock)
    for _ in range(3):
        grant = await desk.grant("member", Role.CLERK, "chibo2")
        for phone.board.only in (0, 1, 0):
            assert str(notice.id) in await _held(phone)
        await desk.end_grant(grant)
        for phone.board.only in (0, 1, 0):
            assert str(notice.id) not in await _held(phone)
    phone.close()
    await phone.board.close()


async def _held(phone: Handset) -> set[str]:
    await phone.sync()
    assert phone.account is not None
    return set(phone.account.store.things("notice"))
