"""Two phones of one member, with and without a network: both come to show what the API shows of progress and marks."""

import random
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid5

import pytest
from fastapi import FastAPI

from tests.api.progressing.readings import Library, marked
from tests.api.sync.handset import Handset, Switchboard
from tests.client.patience import Unreachable
from tests.client.queue import refusals
from tests.client.studies import shown_bookmarks, shown_progress
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.serving import parts_in, phone_of

STEPS = 60


def study(phone: Handset, chance: random.Random, materials: list[UUID]) -> None:
    """The member reads on, marks something, or removes a mark."""
    assert phone.account is not None
    material_id = chance.choice(materials)
    place, mark = f"p{chance.randrange(9)}", str(uuid5(material_id, str(chance.randrange(3))))
    match chance.randrange(4):
        case 0 | 1:
            is_done = chance.random() < 0.2
            phone.account.reach(str(material_id), 1, place, chance.randrange(101), completed=is_done)
        case 2:
            phone.account.mark(mark, str(material_id), 1, place, "Ghi chú" if chance.random() < 0.5 else None)
        case _:
            phone.account.unmark(mark)


@pytest.mark.parametrize("seed", range(2))
async def test_two_phones_come_to_the_same(
    seed: int, processes: list[FastAPI], organisation: Organisation, clock: StandingClock, tmp_path: Path
) -> None:
    chance, person = random.Random(seed), organisation.person("member")
    library = Library(parts_in(processes[0]), organisation)
    materials = [(await library.publish(title=f"Bài {n}")).id for n in range(2)]
    boards = [Switchboard(processes, chance) for _ in range(2)]
    phones = [Handset(person, tmp_path / str(n), board, chance, clock) for n, board in enumerate(boards)]
    for phone in phones:
        await phone.sync()
    for _ in range(STEPS):
        clock.advance(seconds=7)
        phone = chance.choice(phones)
        study(phone, chance, materials)
        if chance.random() < 0.3:
            phone.board.loss = 0.3
            with suppress(Unreachable):
                await phone.sync()
            phone.board.loss = 0.0
    for phone in (*phones, *phones):
        await phone.sync(pulled=True)
    async with phone_of(processes[0], person) as client:
        bookmarks = {mark["id"]: mark for mark in await marked(client, limit=100)}
        progress = [(await client.get(f"/v1/materials/{id_}/progress")).json()["progress"] for id_ in materials]
    for phone in phones:
        assert phone.account is not None
        store = phone.account.store
        assert refusals(store) == []
        for material_id, (there,) in zip(materials, progress, strict=True):
            assert shown_progress(store, str(material_id), 1) == there
        held = shown_bookmarks(store)
        assert {id_: {name: mark[name] for name in bookmarks[id_]} for id_, mark in held.items()} == bookmarks
    for board in boards:
        await board.close()
