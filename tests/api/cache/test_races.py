"""The store race, provoked: what was read before a change is never served as of after it."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from api.cache.forms import Form, Page
from api.cache.listings import OPENINGS, RENDERS
from models.notices.shared import render_channel, render_notice
from models.permissions import Role
from models.roles import open_grants
from models.sharing import SharedThing
from tests.organisation import Organisation
from tests.serving import FEED, Desk, calling, for_roles, parts_in, phone_of, refreshed, titles

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
READERS = 2_000


class Gate:
    """Holds renders of some channels between their reading and their being stored."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held: set[tuple[int, int]] = set()
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        self.renders = 0
        monkeypatch.setitem(RENDERS, "notices", self.render)
        monkeypatch.setitem(OPENINGS, "notices", self._open)

    async def render(self, session: AsyncSession, branch_no: int, who: int) -> Any:
        self.renders += 1
        read = await render_channel(session, branch_no, who)
        await self._wait((branch_no, who))
        return read

    async def _open(self, session: AsyncSession, notice_id: Any) -> SharedThing | None:
        read = await render_notice(session, notice_id)
        if read is not None:
            await self._wait((read.branch_no, read.who))
        return read

    async def _wait(self, channel: tuple[int, int]) -> None:
        if channel in self.held:
            self.held.discard(channel)
            self.reached.set()
            await self.opened.wait()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    return Gate(monkeypatch)


async def test_a_slow_render_is_not_served_for_a_newer_version(
    app: FastAPI, desk: Desk, organisation: Organisation, gate: Gate
) -> None:
    await desk.publish("tinh", "Cũ")
    gate.held.add((organisation.branch("tinh").no, 0))
    async with (
        phone_of(app, organisation.person("member")) as slow,
        phone_of(app, organisation.person("fellow")) as phone,
    ):
        waiting = asyncio.create_task(slow.get(FEED))
        await gate.reached.wait()
        await desk.publish("tinh", "Mới")
        assert await titles(phone) == ["Mới", "Cũ"]
        gate.opened.set()
        await waiting
        for reader in (slow, phone, slow, phone):
            assert await titles(reader) == ["Mới", "Cũ"]


async def test_fragments_of_different_moments_make_no_page_of_one(
    app: FastAPI, desk: Desk, organisation: Organisation, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One channel is read before a change, the other after a later one: the greatest number is that of now alone."""
    await desk.publish("tinh", "A cũ")
    await desk.publish("chibo", "B cũ")
    gate.held.add((organisation.branch("tinh").no, 0))
    stay = asyncio.Event()

    async def late(session: AsyncSession, branch_no: int, who: int) -> Any:
        if branch_no == organisation.branch("chibo").no:
            await stay.wait()
        return await gate.render(session, branch_no, who)

    monkeypatch.setitem(RENDERS, "notices", late)
    async with (
        phone_of(app, organisation.person("member")) as slow,
        phone_of(app, organisation.person("fellow")) as phone,
    ):
        waiting = asyncio.create_task(slow.get(FEED))
        await gate.reached.wait()
        await desk.publish("tinh", "A mới")
        await desk.publish("chibo", "B mới")
        stay.set()
        gate.opened.set()
        await waiting
        for reader in (slow, phone, slow):
            assert set(await titles(reader)) == {"A mới", "B mới", "A cũ", "B cũ"}


async def test_an_answer_is_not_kept_under_a_head_that_another_request_reached(
    app: FastAPI, desk: Desk, organisation: Organisation, gate: Gate
) -> None:
    """The same token twice: the slow answer comes after the second one has brought the entry to the new head."""
    await desk.publish("tinh", "Cũ")
    gate.held.add((organisation.branch("tinh").no, 0))
    token = await refreshed(app, organisation.person("member"))
    async with calling(app, token) as phone:
        waiting = asyncio.create_task(phone.get(FEED))
        await gate.reached.wait()
        await desk.publish("tinh", "Mới")
        await phone.get(f"{FEED}?limit=10")
        gate.opened.set()
        await waiting
        assert await titles(phone) == ["Mới", "Cũ"]


async def test_an_answer_is_not_kept_beyond_a_role(
    app: FastAPI, desk: Desk, organisation: Organisation, gate: Gate
) -> None:
    await desk.publish("tinh", "Cho bí thư", for_roles([Role.SECRETARY]))
    gate.held.add((organisation.branch("tinh").no, 1 << 1))
    person = organisation.person("secretary")
    async with phone_of(app, person) as phone:
        waiting = asyncio.create_task(phone.get(FEED))
        await gate.reached.wait()
        async with parts_in(app).database.reading() as session:
            (grant, _), *_rest = await open_grants(session, person.id)
        await desk.end_grant(grant.id)
        await phone.get(f"{FEED}?limit=10")
        gate.opened.set()
        await waiting
        for _ in range(2):
            assert await titles(phone) == []


async def test_a_notice_read_before_it_was_withdrawn_is_not_kept(
    app: FastAPI, desk: Desk, organisation: Organisation, gate: Gate
) -> None:
    notice = await desk.publish("tinh", "Rút lại")
    gate.held.add((organisation.branch("tinh").no, 0))
    async with phone_of(app, organisation.person("member")) as phone:
        waiting = asyncio.create_task(phone.get(f"{FEED}/{notice.id}"))
        await gate.reached.wait()
        await desk.withdraw(notice.id)
        assert (await phone.get(f"{FEED}/{notice.id}")).status_code == 404
        gate.opened.set()
        await waiting
        for _ in range(2):
            assert (await phone.get(f"{FEED}/{notice.id}")).status_code == 404


@pytest.mark.parametrize("leave", [0, 1, 50])
async def test_everybody_at_once_makes_one_render(
    app: FastAPI, desk: Desk, organisation: Organisation, gate: Gate, monkeypatch: pytest.MonkeyPatch, leave: int
) -> None:
    """Also when the first of them leave while it is made; and the page is finished and compressed once."""
    made: list[str] = []
    finish = Page._make

    def noted(page: Page, encoding: str, security: list[tuple[bytes, bytes]]) -> Form:
        made.append(encoding)
        return finish(page, encoding, security)

    monkeypatch.setattr(Page, "_make", noted)
    await desk.publish("tinh", "Cũ")
    async with phone_of(app, organisation.person("member")) as one, phone_of(app, organisation.person("fellow")) as two:
        await titles(one)
        await titles(two)
        await desk.publish("tinh", "Mới")
        gate.renders = 0
        made.clear()
        gate.held.add((organisation.branch("tinh").no, 0))
        reading = [asyncio.create_task(phone.get(FEED)) for phone in (one, two) for _ in range(READERS // 2)]
        await gate.reached.wait()
        for task in reading[:leave]:
            task.cancel()
        gate.opened.set()
        answers = await asyncio.gather(*reading[leave:])
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["items"][0]["title"] for answer in answers} == {"Mới"}
    assert (gate.renders, len(made)) == (1, 1)
