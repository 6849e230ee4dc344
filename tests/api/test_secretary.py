"""The secretary's story, from the draft to the notice that is gone from everywhere; right to the person."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from ical.calendar_stream import IcsCalendarStream
from ical.event import EventStatus
from sqlalchemy import func, select
from sqlmodel import col

from api.parts import Parts
from models import changes
from models.audit import AuditEvent
from models.branches import Branch
from tests.api.attachments.sending import attach
from tests.api.conftest import As
from tests.api.happenings import outbox, transfer
from tests.api.meetings import instant, matching
from tests.clock import START, StandingClock
from tests.organisation import Organisation, Person, enrol
from tests.samples import PDF
from tests.serving import FEED, phone_of
from tests.ticking import tick, worker_of

PEOPLE = 132
"""Of the cell and the group below it, where ten are from the start."""
IN_GROUP = 41


async def settle(parts: Parts, cell: Branch, group: Branch) -> tuple[list[Person], list[Person]]:
    """People of the cell and of the group who were not there before."""
    async with parts.database.writing() as session:
        in_group = [await enrol(session, f"N{n:04}", f"Nguyễn Văn Tổ {n}", group) for n in range(IN_GROUP - 1)]
        others = PEOPLE - 10 - len(in_group)
        in_cell = [await enrol(session, f"C{n:04}", f"Trần Thị Chi {n}", cell) for n in range(others)]
        await changes.commit(session)
    return in_cell, in_group


async def acknowledge(app: FastAPI, person: Person, notice_id: str) -> None:
    async with phone_of(app, person) as phone:
        answer = await phone.put(f"{FEED}/{notice_id}/receipt", json={"acknowledged": True})
        assert answer.status_code == 200, answer.text


async def everyone_of(by: httpx.AsyncClient, path: str, **query: str) -> list[dict[str, Any]]:
    """All pages of a list."""
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {"next_cursor": ""}
    while page["next_cursor"] is not None:
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else {}
        answer = await by.get(path, params={"limit": "50", **query, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
    return found


async def test_from_the_draft_to_the_notice_that_is_gone(
    app: FastAPI, parts: Parts, acting_as: As, organisation: Organisation, clock: StandingClock
) -> None:
    cell, group = organisation.branch("chibo"), organisation.branch("to")
    in_cell, in_group = await settle(parts, cell, group)

    # a draft with a file, looked at before it is sent
    secretary = acting_as("secretary")
    draft = (
        await secretary.post(
            FEED,
            json={
                "branch_id": str(cell.id),
                "title": "Đại hội chi hội nhiệm kỳ 2026–2031",
                "body": "Kính mời **toàn thể** hội viên.",
                "requires_ack": True,
                "publish_at": instant(START + timedelta(hours=2)),
                "category": "activity",
                "activity": {
                    "starts_at": instant(START + timedelta(days=20)),
                    "ends_at": instant(START + timedelta(days=20, hours=3)),
                    "place": "Nhà văn hoá thôn Đoài",
                },
            },
        )
    ).json()
    path = f"{FEED}/{draft['id']}"
    attached = await attach(secretary, draft["id"], PDF, "Chương trình đại hội.pdf")
    assert attached.status_code == 201, attached.text
    (file,) = attached.json()["attachments"]
    file_path = f"{path}/attachments/{file['sha256']}"
    preview = (await secretary.get(f"{path}/audience")).json()
    assert preview["people"] == PEOPLE
    assert [(part["branch"]["name"], part["people"]) for part in preview["branches"]] == [("Tổ số 1", IN_GROUP)]
    assert preview["here"] == PEOPLE - IN_GROUP

    # scheduled, and published once when it is time, whoever ticks
    scheduled = await secretary.post(f"{path}/publish", headers=matching(attached.json()))
    assert scheduled.json()["state"] == "scheduled"
    member, neighbour = organisation.person("member"), organisation.person("neighbour")
    async with phone_of(app, member) as phone:
        cursor = (await phone.get("/v1/sync")).json()["cursor"]
        assert (await phone.get(path)).status_code == 404
        clock.advance(hours=3)
        await asyncio.gather(*(worker_of(parts).tick() for _ in range(3)))
        assert await outbox(parts) == [("notice.published", 4)]
        async with parts.database.reading() as session:
            published = select(func.count()).where(col(AuditEvent.action) == "notice.publish")
            assert await session.scalar(published) == 1

        # its audience sees it, the branch beside does not
        token = (await phone.post("/v1/me/calendar-token")).json()["token"]
        assert [each["id"] for each in (await phone.get(FEED)).json()["items"]] == [draft["id"]]
        assert (await phone.get(path)).json()["attachments"] == [file]
        assert (await phone.get(file_path)).content == PDF
        (channel,) = (await phone.get("/v1/sync", params={"cursor": cursor})).json()["channels"]
        assert [thing["id"] for thing in channel["things"]] == [draft["id"]]
        (event,) = IcsCalendarStream.calendar_from_ics(
            (await phone.get("/v1/calendar.ics", params={"token": token})).text
        ).events
        assert (event.summary, event.status) == (draft["title"], EventStatus.CONFIRMED)
    async with phone_of(app, in_group[0]) as phone:
        assert (await phone.get(path)).status_code == 200
    async with phone_of(app, neighbour) as phone:
        for hidden in (path, file_path, f"{path}/calendar.ics", f"{path}/revisions", f"{path}/report"):
            assert (await phone.get(hidden)).status_code == 404

    # amended, and to be acknowledged anew; some do, and somebody moves in
    early = in_cell[:5]
    for person in early:
        await acknowledge(app, person, draft["id"])
    notice = (await secretary.get(path)).json()
    amended = await secretary.post(
        f"{path}/amend",
        json={"change": "Họp tại sân đình.", "body": "Kính mời dự họp tại **sân đình**.", "acknowledge_again": True},
        headers=matching(notice),
    )
    assert amended.status_code == 200, amended.text
    clock.advance(hours=2)
    done = [member, *in_cell[3:20], *in_group[:9]]
    for person in done:
        await acknowledge(app, person, draft["id"])
    await transfer(parts.database, neighbour, cell)
    await tick(parts)

    # the missing list and the roll-up, right to the person
    missing = await everyone_of(secretary, f"{path}/missing", kind="acknowledged")
    reached = {str(person.id) for person in (*in_cell, *in_group)} | {
        str(organisation.person(name).id)
        for name in (
            *("member", "fellow", "grouped", "disabled", "secretary"),
            *("deputy", "clerk", "editor", "auditor", "leader"),
        )
    }
    assert len(reached) == PEOPLE
    assert {entry["id"] for entry in missing} == reached - {str(person.id) for person in done}
    assert len(missing) == PEOPLE - len(done)
    arrived = await everyone_of(secretary, f"{path}/missing", kind="acknowledged", arrived="true")
    assert [entry["id"] for entry in arrived] == [str(neighbour.id)]
    await acknowledge(app, neighbour, draft["id"])
    await tick(parts)
    report = (await secretary.get(f"{path}/report")).json()
    total = report["total"]
    assert (total["eligible"], total["acknowledged"], total["also"]["acknowledged"]) == (PEOPLE, len(done), 1)
    assert [(part["branch"]["name"], part["counts"]["acknowledged"]) for part in report["items"]] == [("Tổ số 1", 9)]
    assert report["here"]["acknowledged"] == len(done) - 9

    # a reminder is queued when its time has come
    clock.advance(days=4)
    await tick(parts)
    assert await outbox(parts) == [("notice.published", 4), ("notice.amended", 5), ("notice.reminded", 5)]

    # withdrawn, and gone from everywhere
    secretary = acting_as("secretary")
    gone = await secretary.post(f"{path}/withdraw", json={}, headers=matching(amended.json()))
    assert gone.status_code == 200, gone.text
    async with phone_of(app, member) as phone:
        assert (await phone.get(FEED)).json()["items"] == []
        home = (await phone.get("/v1/home")).json()
        assert (home["notices"]["items"], home["activities"], home["unread"]) == ([], [], 0)
        for hidden in (path, file_path, f"/v1/files/{file['sha256']}", f"{path}/calendar.ics"):
            assert (await phone.get(hidden)).status_code == 404
        removed = (await phone.get("/v1/sync", params={"cursor": cursor})).json()["channels"]
        assert [(channel["things"], channel["removed"]) for channel in removed] == [([], [draft["id"]])]
        calendar = (await phone.get("/v1/calendar.ics", params={"token": token})).text
        (event,) = IcsCalendarStream.calendar_from_ics(calendar).events
        assert event.status == EventStatus.CANCELLED
        assert draft["title"] not in calendar
    assert (await secretary.get(file_path)).content == PDF, "the branch keeps what it said"
