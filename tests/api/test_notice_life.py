"""A notice is scheduled, published once whoever ticks, approved by a second person, reminded of, expires."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlmodel import col

from api.parts import Parts
from models.audit import AuditEvent
from models.notices.due import EXPIRE_NOTICES, PUBLISH_NOTICES
from models.notices.table import Notice
from tests.api.conftest import As, Client
from tests.api.happenings import outbox
from tests.api.meetings import instant, matching
from tests.api.problem_details import codes
from tests.clock import START, StandingClock
from tests.organisation import Organisation
from tests.serving import FEED, phone_of
from tests.ticking import tick, worker_of


@pytest.fixture
def soon() -> str:
    return instant(START + timedelta(hours=2))


async def write(by: Client, organisation: Organisation, **fields: Any) -> dict[str, Any]:
    body = {"branch_id": str(organisation.branch("chibo").id), "title": "Họp chi hội", "body": "19 giờ.", **fields}
    answer = await by.post(FEED, json=body)
    assert answer.status_code == 201, answer.text
    notice: dict[str, Any] = answer.json()
    return notice


async def test_what_is_scheduled_is_published_once_when_it_is_time(
    app: FastAPI,
    parts: Parts,
    secretary: Client,
    member: Client,
    organisation: Organisation,
    clock: StandingClock,
    soon: str,
) -> None:
    draft = await write(secretary, organisation, publish_at=soon)
    assert draft["state"] == "draft"
    answer = await secretary.post(f"{FEED}/{draft['id']}/publish", headers=matching(draft))
    assert (answer.status_code, answer.json()["state"]) == (200, "scheduled")
    await tick(parts)
    assert (await member.get(f"{FEED}/{draft['id']}")).status_code == 404
    assert (
        (await secretary.patch(f"{FEED}/{draft['id']}", json={"title": "B"}, headers=matching(answer.json())))
        .json()["type"]
        .endswith("notice.not_draft")
    )
    clock.advance(hours=3)
    async with phone_of(app, organisation.person("member")) as phone:
        await asyncio.gather(*(worker_of(parts).tick() for _ in range(3)))
        notice = (await phone.get(f"{FEED}/{draft['id']}")).json()
        assert (notice["state"], notice["revision"], notice["published_at"]) == ("published", 3, instant(clock()))
        assert [each["id"] for each in (await phone.get(FEED)).json()["items"]] == [draft["id"]]
    assert await outbox(parts) == [("notice.published", 3)]
    async with parts.database.reading() as session:
        events = await session.scalars(select(AuditEvent).order_by(col(AuditEvent.id)))
        assert [event.action for event in events if event.target_kind == "notice"] == [
            "notice.create",
            "notice.schedule",
            "notice.publish",
        ]


async def test_an_hour_may_be_taken_back(
    parts: Parts, secretary: Client, member: Client, organisation: Organisation, clock: StandingClock, soon: str
) -> None:
    notice = await write(secretary, organisation, publish_at=soon, publish=True)
    assert notice["state"] == "scheduled"
    back = await secretary.post(f"{FEED}/{notice['id']}/unschedule", headers=matching(notice))
    assert (back.status_code, back.json()["state"]) == (200, "draft")
    clock.advance(hours=3)
    assert await tick(parts, [PUBLISH_NOTICES]) == 0
    assert (await member.get(f"{FEED}/{notice['id']}")).status_code == 404
    now = await secretary.post(f"{FEED}/{notice['id']}/publish", headers=matching(back.json()))
    assert now.json()["state"] == "published", "an hour that has passed keeps nobody waiting"


async def test_what_is_scheduled_may_be_published_at_once(
    secretary: Client, member: Client, organisation: Organisation, soon: str
) -> None:
    notice = await write(secretary, organisation, publish_at=soon, publish=True)
    assert (await secretary.post(f"{FEED}/{notice['id']}/publish", headers=matching(notice))).json()[
        "state"
    ] == "published"
    assert (await member.get(f"{FEED}/{notice['id']}")).status_code == 200


async def test_what_has_expired_is_gone_from_phones_and_kept_in_history(
    app: FastAPI, parts: Parts, secretary: Client, organisation: Organisation, clock: StandingClock, soon: str
) -> None:
    notice = await write(secretary, organisation, expires_at=soon, publish=True)
    async with phone_of(app, organisation.person("member")) as phone:
        before = (await phone.get("/v1/sync")).json()
        clock.advance(hours=3)
        assert (await phone.get(f"{FEED}/{notice['id']}")).status_code == 200, "no clock decides what is read"
        assert await tick(parts, [EXPIRE_NOTICES]) == 1
        assert (await phone.get(f"{FEED}/{notice['id']}")).status_code == 404
        assert (await phone.get(FEED)).json()["items"] == []
        after = (await phone.get("/v1/sync", params={"cursor": before["cursor"]})).json()
    assert [channel["removed"] for channel in after["channels"]] == [[notice["id"]]]
    kept = (await secretary.get(f"{FEED}/{notice['id']}")).json()
    assert (kept["state"], kept["expired_at"]) == ("expired", instant(clock()))
    again = await secretary.post(f"{FEED}/{notice['id']}/publish", headers=matching(kept))
    assert (again.status_code, again.json()["type"]) == (409, "/problems/notice.expired")


async def test_a_branch_that_is_no_more_says_nothing_that_was_scheduled(
    parts: Parts, acting_as: As, secretary: Client, organisation: Organisation, clock: StandingClock, soon: str
) -> None:
    notice = await write(secretary, organisation, publish_at=soon, publish=True)
    into = {"into_id": str(organisation.branch("chibo2").id)}
    merged = await acting_as("admin").post(f"/v1/branches/{organisation.branch('chibo').id}/merge", json=into)
    assert merged.status_code == 200, merged.text
    clock.advance(hours=3)
    await tick(parts)
    async with parts.database.reading() as session:
        stored = (await session.scalars(select(Notice).where(col(Notice.state) == "draft"))).one()
    assert str(stored.id) == notice["id"]
    assert await outbox(parts) == []


class TestApproval:
    """Of what is urgent and reaches more people than the settings allow one person to disturb."""

    @pytest.fixture
    def settings(self, settings: Any) -> Any:
        return settings.model_copy(update={"approval_above": 5})

    async def test_a_second_person_is_needed(
        self, acting_as: As, secretary: Client, member: Client, organisation: Organisation
    ) -> None:
        draft = await write(secretary, organisation, priority="urgent")
        path = f"{FEED}/{draft['id']}"
        alone = await secretary.post(f"{path}/publish", headers=matching(draft))
        assert (alone.status_code, alone.json()["type"]) == (409, "/problems/notice.approval_missing")
        assert "5 people" in alone.json()["detail"]
        await secretary.post(f"{path}/approve", headers=matching(draft))
        assert (await secretary.post(f"{path}/publish", headers=matching(draft))).status_code == 409, "not one's own"
        deputy = acting_as("deputy")
        assert (await deputy.post(f"{path}/approve", headers=matching(draft))).status_code == 200
        changed = (await secretary.patch(path, json={"title": "Khẩn"}, headers=matching(draft))).json()
        assert (await secretary.post(f"{path}/publish", headers=matching(changed))).status_code == 409, (
            "another revision"
        )
        assert (await deputy.post(f"{path}/approve", headers=matching(changed))).status_code == 200
        assert (await member.get(path)).status_code == 404
        assert (await secretary.post(f"{path}/publish", headers=matching(changed))).json()["state"] == "published"

    async def test_nobody_makes_it_urgent_by_the_way(
        self, secretary: Client, member: Client, organisation: Organisation
    ) -> None:
        notice = await write(secretary, organisation, publish=True)
        path = f"{FEED}/{notice['id']}"
        raised = {"change": "Khẩn!", "priority": "urgent"}
        refused = await secretary.post(f"{path}/amend", json=raised, headers=matching(notice))
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/notice.approval_missing")
        assert (await member.get(path)).json()["priority"] == "normal"
        few = {"reach": "roles", "roles": ["deputy"]}
        notice = await write(secretary, organisation, audience=few, publish=True)
        raised_for_few = await secretary.post(f"{FEED}/{notice['id']}/amend", json=raised, headers=matching(notice))
        assert raised_for_few.json()["priority"] == "urgent"

    async def test_what_is_not_urgent_or_for_few_needs_none(
        self, secretary: Client, organisation: Organisation
    ) -> None:
        assert (await write(secretary, organisation, publish=True))["state"] == "published"
        few = {"reach": "roles", "roles": ["deputy"]}
        assert (await write(secretary, organisation, priority="urgent", audience=few, publish=True))[
            "state"
        ] == "published"

    async def test_nothing_is_written_where_it_is_missing(
        self, parts: Parts, secretary: Client, organisation: Organisation
    ) -> None:
        body = {"branch_id": str(organisation.branch("chibo").id), "title": "A", "body": "B", "priority": "urgent"}
        assert (await secretary.post(FEED, json={**body, "publish": True})).status_code == 409
        async with parts.database.reading() as session:
            assert (await session.scalars(select(Notice))).all() == []


async def test_a_reminder_is_queued_once(
    parts: Parts, acting_as: As, secretary: Client, organisation: Organisation, clock: StandingClock
) -> None:
    notice = await write(secretary, organisation, requires_ack=True, publish=True)
    assert notice["remind_at"] == instant(START + timedelta(days=3))
    clock.advance(days=3)
    await asyncio.gather(*(worker_of(parts).tick() for _ in range(3)))
    clock.advance(days=30)
    await tick(parts)
    assert await outbox(parts) == [("notice.published", 1), ("notice.reminded", 1)]
    secretary = acting_as("secretary")
    by_hand = await secretary.post(f"{FEED}/{notice['id']}/remind")
    assert by_hand.json()["reminded_at"] == instant(clock())
    again = await secretary.post(f"{FEED}/{notice['id']}/remind")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/notice.reminded_lately")
    assert len(await outbox(parts)) == 2, "what was not handed out yet is told once"


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"expires_at": instant(START - timedelta(hours=1))}, "/expires_at", "notice.before_publication"),
        (
            {"publish_at": instant(START + timedelta(hours=2)), "expires_at": instant(START + timedelta(hours=1))},
            "/expires_at",
            "notice.before_publication",
        ),
        ({"remind_at": instant(START)}, "/remind_at", "notice.before_publication"),
        ({"publish_at": "2026-06-31T08:00:00Z"}, "/publish_at", "datetime_from_date_parsing"),
        ({"publish_at": "2026-06-30T08:00:00"}, "/publish_at", "instant.malformed"),
    ],
)
async def test_times_that_make_no_sense_publish_nothing(
    parts: Parts, secretary: Client, organisation: Organisation, fields: dict[str, str], pointer: str, code: str
) -> None:
    body = {"branch_id": str(organisation.branch("chibo").id), "title": "A", "body": "B", "publish": True, **fields}
    answer = await secretary.post(FEED, json=body)
    assert answer.status_code == 422
    assert codes(answer)[pointer] == code
    async with parts.database.reading() as session:
        assert (await session.scalars(select(Notice))).all() == []
