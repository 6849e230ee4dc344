"""What a member did, for the member's other phones: pages in the order of change, and a new start after a restore."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.parts import Parts
from models import changes
from models.changes import JUMP
from models.database import Database
from models.notices.receipts import Noted, take_note
from models.notices.shapes import NoticePublic
from tests.api.conftest import As, Client
from tests.api.happenings import EVENTS, STATE, event, send, state, told
from tests.api.problem_details import codes
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.queries import counting
from tests.serving import Desk

NOTHING: dict[str, Any] = {
    "receipts": [],
    "rsvps": [],
    "attendance": [],
    "progress": [],
    "bookmarks": [],
    "attempts": [],
}


@pytest.fixture
def desk(app: FastAPI, organisation: Organisation) -> Desk:
    return Desk(app, organisation)


async def read(phone: httpx.AsyncClient, notice: NoticePublic, **said: Any) -> None:
    assert (await phone.put(f"/v1/notices/{notice.id}/receipt", json=said)).status_code == 200


def ids(page: dict[str, Any]) -> list[str]:
    return [receipt["notice_id"] for receipt in page["receipts"]]


async def test_a_new_member_has_done_nothing(member: Client) -> None:
    assert await state(member) == {"state": 0, "reset": True, "more": False, **NOTHING}
    assert await state(member, 0) == {"state": 0, "reset": False, "more": False, **NOTHING}


async def test_what_changed_since_comes_in_the_order_of_change(acting_as: As, desk: Desk) -> None:
    phone, other = acting_as("member"), acting_as("fellow")
    first, second, third = [await desk.publish("chibo", f"Họp {n}") for n in range(3)]
    await read(phone, first)
    await read(phone, second)
    await read(other, third, acknowledged=True)
    seen = await state(phone)
    assert (ids(seen), seen["state"]) == ([str(first.id), str(second.id)], 2)
    await read(phone, first, acknowledged=True)
    await read(phone, third)
    news = await state(phone, seen["state"])
    assert (ids(news), news["reset"], news["state"]) == ([str(first.id), str(third.id)], False, 4)
    assert (await state(phone, 4)) == {"state": 4, "reset": False, "more": False, **NOTHING}
    assert ids(await state(phone)) == [str(second.id), str(first.id), str(third.id)]


async def test_events_say_the_state_after_them(member: Client, desk: Desk, clock: StandingClock) -> None:
    notices = [await desk.publish("chibo", f"Họp {n}") for n in range(3)]
    answer = await member.post("/v1/me/events", json={"events": [event(notice, clock.at) for notice in notices]})
    assert answer.json()["state"] == (await state(member))["state"] == 3


async def test_pages_lead_to_the_end_also_while_it_moves(
    member: Client, desk: Desk, database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    notice, other = await desk.publish("chibo", "Họp"), await desk.publish("chibo", "Khác")
    mine = organisation.person("member").id
    async with database.writing() as session:  # so many revisions, since they cost less than notices
        await take_note(session, [Noted(mine, notice.id, n, clock.at, None) for n in range(1, 1_101)])
        await changes.commit(session)
    held: dict[tuple[str, int], dict[str, Any]] = {}
    since, sizes = None, []
    while True:
        page = await state(member, since)
        held |= {(receipt["notice_id"], receipt["revision"]): receipt for receipt in page["receipts"]}
        assert page["reset"] == (since is None)
        sizes.append(len(page["receipts"]))
        since = page["state"]
        if len(sizes) == 1:
            await read(member, other)
            await send(member, event(notice, clock.at, "acknowledged"))
        if not page["more"]:
            break
    assert sizes == [500, 500, 102]
    assert len(held) == 1_101
    assert held[str(notice.id), 1]["acknowledged_at"] is not None


async def test_an_exact_page_has_no_other(
    member: Client, desk: Desk, database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    notice, mine = await desk.publish("chibo", "Họp"), organisation.person("member").id
    async with database.writing() as session:
        await take_note(session, [Noted(mine, notice.id, n, clock.at, None) for n in range(1, 501)])
        await changes.commit(session)
    page = await state(member)
    assert (len(page["receipts"]), page["more"], page["state"]) == (500, False, 500)


async def test_numbers_of_a_lost_database_start_afresh(member: Client, desk: Desk, parts: Parts) -> None:
    first, second = await desk.publish("chibo", "Một"), await desk.publish("chibo", "Hai")
    await read(member, first)
    seen = await state(member)
    ahead = await state(member, seen["state"] + 1)  # given out after the backup was made
    assert (ahead["reset"], ids(ahead), ahead["state"]) == (True, [str(first.id)], 1)
    async with parts.transaction() as session:
        era = await changes.restored(session) - 1
    await read(member, second)  # as many numbers as the lost database had given out
    for since in (seen["state"], seen["state"] + 1, 0, 5 * JUMP, 2**63 - 1):
        found = await state(member, since)
        assert (found["reset"], ids(found)) == (True, [str(first.id), str(second.id)]), since
        assert found["state"] == era + 2
    assert (await state(member, era + 2)) == {"state": era + 2, "reset": False, "more": False, **NOTHING}
    assert ids(await state(member, era + 1)) == [str(second.id)]


@pytest.mark.parametrize("since", ["", "-1", "1.5", "x", "1e3", "1_0", "٣", " 1", "9" * 30])
async def test_a_state_that_is_none_is_refused(member: Client, since: str) -> None:
    answer = await member.get(STATE, params={"since": since})
    assert codes(answer).keys() == {"/since"}


async def test_it_takes_one_statement_and_nothing_new_has_no_body(
    member: Client, desk: Desk, parts: Parts, clock: StandingClock
) -> None:
    notices = [await desk.publish("chibo", f"Họp {n}") for n in range(9)]
    await told(member, *(event(notice, clock.at) for notice in notices))
    taken = []
    for since in (None, 8, 9):
        await member.get("/v1/me")  # whose access is looked up then
        with counting(parts.database) as statements:
            await state(member, since)
        taken.append([one for one in statements if "member_state" in one])
    assert [len(found) for found in taken] == [1, 1, 1]
    answer = await member.get(STATE, params={"since": 9})
    again = await member.get(STATE, params={"since": 9}, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_one_receipt_at_once_takes_one_number(acting_as: As, desk: Desk) -> None:
    notice = await desk.publish("chibo", "Họp")
    phones = [acting_as("member") for _ in range(8)]
    await asyncio.gather(*(read(phone, notice, acknowledged=True) for phone in phones))
    found = await state(phones[0])
    assert (found["state"], len(found["receipts"])) == (1, 1)


async def test_the_answer_to_events_brings_what_lies_after_the_state_before_them(
    member: Client, desk: Desk, clock: StandingClock
) -> None:
    """A phone that was at that state need not ask; one that was not sees that it must."""
    notices = [await desk.publish("tinh", f"Tin {n}") for n in range(3)]

    async def tell(*events: Any) -> dict[str, Any]:
        answer: dict[str, Any] = (await member.post(EVENTS, json={"events": events})).json()
        return answer

    first = await tell(event(notices[0], clock.at))
    assert (first["since"], first["more"], ids(first)) == (0, False, [str(notices[0].id)])
    await read(member, notices[1])
    second = await tell(event(notices[2], clock.at))
    assert second["since"] > first["state"], "something was done in between"
    for answer in (first, second):
        asked = await state(member, answer["since"])
        assert ids(asked)[: len(ids(answer))] == ids(answer)
    assert asked["state"] == second["state"]
    assert await tell() == {**second, "results": [], "since": second["state"], **NOTHING}
