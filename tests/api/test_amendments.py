"""What is published is amended with a trace: a new revision that says what changed, read and acknowledged anew."""

from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlmodel import col

from models.audit import AuditEvent
from models.database import Database
from models.notices.shapes import NoticePublic
from tests.api.conftest import As, Client
from tests.api.problem_details import codes
from tests.organisation import Organisation
from tests.serving import FEED, Desk, phone_of

CHANGE = {"change": "Đổi sang 20 giờ.", "body": "Kính mời các đồng chí họp lúc **20 giờ**."}


@pytest.fixture
def desk(app: FastAPI, organisation: Organisation) -> Desk:
    return Desk(app, organisation)


async def amend(by: Client, notice: NoticePublic, revision: int = 1, **said: Any) -> Any:
    headers = {"If-Match": f'"r{revision}-"'}
    return await by.post(f"{FEED}/{notice.id}/amend", json={**CHANGE, **said}, headers=headers)


async def test_an_amendment_is_a_new_revision_that_says_what_changed(
    acting_as: As, secretary: Client, member: Client, desk: Desk
) -> None:
    notice = await desk.publish("chibo", "Họp chi hội")
    await member.put(f"{FEED}/{notice.id}/receipt", json={"acknowledged": True})
    answer = await amend(secretary, notice)
    assert answer.status_code == 200, answer.text
    amended = answer.json()
    assert (amended["revision"], amended["ack_revision"], amended["change"]) == (2, 1, CHANGE["change"])
    assert amended["published_at"] == (await member.get(f"{FEED}/{notice.id}")).json()["published_at"]
    shown = (await member.get(f"{FEED}/{notice.id}")).json()
    assert (shown["revision"], "20 giờ" in shown["body_html"], shown["title"]) == (2, True, "Họp chi hội")
    assert [each["id"] for each in (await member.get(f"{FEED}?unread=true")).json()["items"]] == [str(notice.id)]
    again = await amend(secretary, notice, 2, change="Đổi lại 19 giờ.", body="19 giờ.", acknowledge_again=True)
    assert (again.json()["revision"], again.json()["ack_revision"]) == (3, 3)
    history = (await member.get(f"{FEED}/{notice.id}/revisions")).json()["items"]
    assert [(each["revision"], each["change"]) for each in history] == [
        (3, "Đổi lại 19 giờ."),
        (2, CHANGE["change"]),
        (1, None),
    ]
    assert [each["body"] for each in history[1:]] == [CHANGE["body"], notice.body]
    assert (await acting_as("neighbour").get(f"{FEED}/{notice.id}/revisions")).status_code == 404


async def test_phones_hear_of_it(app: FastAPI, secretary: Client, desk: Desk, organisation: Organisation) -> None:
    notice = await desk.publish("chibo", "Họp chi hội")
    async with phone_of(app, organisation.person("member")) as phone:
        first = (await phone.get("/v1/sync")).json()
        await amend(secretary, notice)
        after = (await phone.get("/v1/sync", params={"cursor": first["cursor"]})).json()
    (channel,) = after["channels"]
    (thing,) = channel["things"]
    assert (thing["id"], thing["revision"], thing["change"]) == (str(notice.id), 2, CHANGE["change"])
    assert channel["count"] == 2


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"change": ""}, 422, "string_too_short"),
        ({"change": None}, 422, "string_type"),
        ({"title": None}, 422, "missing"),
        ({"audience": {"reach": "here"}}, 422, "extra_forbidden"),
        ({"classification": "secret"}, 422, "notice.classified"),
        ({"body": "Kính mời các đồng chí: Họp chi hội."}, 409, "notice.nothing_changed"),
    ],
)
async def test_a_bad_amendment_changes_nothing(
    secretary: Client, member: Client, desk: Desk, said: dict[str, Any], status: int, code: str
) -> None:
    notice = await desk.publish("chibo", "Họp chi hội")
    before = (await member.get(f"{FEED}/{notice.id}")).content
    answer = await amend(secretary, notice, **said)
    assert answer.status_code == status
    assert code in (codes(answer).values() if status == 422 else answer.json()["type"])
    assert (await member.get(f"{FEED}/{notice.id}")).content == before


async def test_only_what_is_published_is_amended_and_only_as_it_stands(
    secretary: Client, member: Client, desk: Desk, database: Database
) -> None:
    draft = await desk.publish("chibo", "Nháp", draft=True)
    assert (await amend(secretary, draft)).status_code == 409
    notice = await desk.publish("chibo", "Họp chi hội")
    assert (await amend(member, notice)).status_code == 403
    assert (await secretary.post(f"{FEED}/{notice.id}/amend", json=CHANGE)).status_code == 428
    assert (await amend(secretary, notice)).status_code == 200
    assert (await amend(secretary, notice, title="Chậm một bước")).status_code == 412
    await desk.withdraw(notice.id)
    assert (await amend(secretary, notice, 3)).status_code == 409
    async with database.reading() as session:
        events = await session.scalars(select(AuditEvent).where(col(AuditEvent.action) == "notice.amend"))
        (event,) = events.all()
        assert event.after is not None
        assert event.after["change"] == CHANGE["change"]
