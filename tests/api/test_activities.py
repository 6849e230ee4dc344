"""An activity is a notice with a time and a place: it recurs, is put off, called off, and over when it is over."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select, update
from sqlmodel import col

from api.parts import Parts
from models.notices.due import END_ACTIVITIES
from models.notices.occurrences import Occurrence
from models.notices.table import Notice
from tests.api.conftest import Client
from tests.api.problem_details import codes
from tests.clock import START, StandingClock
from tests.organisation import Organisation
from tests.serving import FEED, phone_of
from tests.ticking import tick

MEETING = {
    "starts_at": "2026-06-06T19:00:00+07:00",
    "ends_at": "2026-06-06T21:00:00+07:00",
    "place": "Nhà văn hoá thôn Đoài",
    "rsvp_by": "2026-06-05T19:00:00+07:00",
}
WEEKLY = {**MEETING, "recurrence": {"frequency": "weekly", "count": 4, "exceptions": ["2026-06-20"]}}


async def write(by: Client, organisation: Organisation, activity: dict[str, Any], **fields: Any) -> dict[str, Any]:
    body = {
        "branch_id": str(organisation.branch("chibo").id),
        "title": "Sinh hoạt chi hội tháng 6",
        "body": "Mời các đồng chí dự họp.",
        "category": "activity",
        "activity": activity,
        **fields,
    }
    answer = await by.post(FEED, json=body)
    assert answer.status_code == 201, answer.text
    notice: dict[str, Any] = answer.json()
    return notice


async def change(by: Client, notice: dict[str, Any], activity: dict[str, Any] | None, **fields: Any) -> Any:
    body = {"change": "Đổi lịch họp.", "activity": activity, **fields}
    return await by.post(f"{FEED}/{notice['id']}/amend", json=body, headers={"If-Match": f'"r{notice["revision"]}-"'})


async def rows(parts: Parts) -> list[tuple[int, str, str | None]]:
    """(number, start, how it ended) of all that takes place."""
    async with parts.database.reading() as session:
        found = await session.scalars(select(Occurrence).order_by(col(Occurrence.no)))
        ends = {(True, True): "cancelled", (True, False): "over", (False, False): None}
        return [
            (row.no, f"{row.starts_at:%m-%dT%H:%M}", ends[row.ended_at is not None, row.is_cancelled]) for row in found
        ]


async def test_its_audience_sees_when_and_where(
    app: FastAPI, parts: Parts, secretary: Client, organisation: Organisation
) -> None:
    notice = await write(secretary, organisation, MEETING, publish=True)
    async with phone_of(app, organisation.person("member")) as phone:
        shown = (await phone.get(f"{FEED}/{notice['id']}")).json()["activity"]
        assert (shown["starts_at"], shown["timezone"], shown["place"]) == (
            "2026-06-06T12:00:00Z",
            "Asia/Ho_Chi_Minh",
            "Nhà văn hoá thôn Đoài",
        )
        assert shown["occurrences"] == [
            {"no": 1, "starts_at": "2026-06-06T12:00:00Z", "ends_at": "2026-06-06T14:00:00Z"}
        ]
        (line,) = (await phone.get(f"{FEED}?category=activity")).json()["items"]
        assert line["activity"] == {name: value for name, value in shown.items() if name != "occurrences"}
        channels = (await phone.get("/v1/sync")).json()["channels"]
        (thing,) = [each for channel in channels for each in channel["things"] if each["kind"] == "notice"]
        assert thing["activity"] == shown
        assert (await phone.get("/v1/home")).json()["activities"] == [
            {
                "notice_id": notice["id"],
                "occurrence": 1,
                "title": "Sinh hoạt chi hội tháng 6",
                "starts_at": "2026-06-06T12:00:00Z",
                "ends_at": "2026-06-06T14:00:00Z",
                "place": "Nhà văn hoá thôn Đoài",
                "online_url": None,
                "answer": None,
            }
        ]
    async with phone_of(app, organisation.person("neighbour")) as phone:
        assert (await phone.get("/v1/home")).json()["activities"] == []
    assert await rows(parts) == [(1, "06-06T12:00", None)]


async def test_a_draft_takes_place_nowhere_yet(
    app: FastAPI, parts: Parts, secretary: Client, organisation: Organisation
) -> None:
    draft = await write(secretary, organisation, MEETING)
    assert await rows(parts) == []
    headers = {"If-Match": f'"r{draft["revision"]}-"'}
    general = await secretary.patch(f"{FEED}/{draft['id']}", json={"activity": None}, headers=headers)
    assert codes(general) == {"/activity": "activity.missing"}
    general = await secretary.patch(
        f"{FEED}/{draft['id']}", json={"activity": None, "category": "general"}, headers=headers
    )
    assert (general.status_code, general.json()["activity"]) == (200, None)


async def test_it_recurs_without_its_exceptions(
    app: FastAPI, parts: Parts, secretary: Client, organisation: Organisation, clock: StandingClock
) -> None:
    await write(secretary, organisation, WEEKLY, publish=True)
    assert await rows(parts) == [(1, "06-06T12:00", None), (2, "06-13T12:00", None), (4, "06-27T12:00", None)]
    async with parts.database.reading() as session:
        until = await session.scalars(select(col(Occurrence.rsvp_by)).order_by(col(Occurrence.no)))
        assert [f"{at:%d}" for at in until] == ["05", "12", "26"], "each is answered a day before"
    clock.advance(days=10)
    assert await tick(parts, [END_ACTIVITIES]) == 1
    async with phone_of(app, organisation.person("member")) as phone:
        assert [each["occurrence"] for each in (await phone.get("/v1/home")).json()["activities"]] == [2, 4]


async def test_it_is_put_off_and_called_off(
    app: FastAPI, parts: Parts, acting_as: Any, secretary: Client, organisation: Organisation, clock: StandingClock
) -> None:
    notice = await write(secretary, organisation, WEEKLY, publish=True)
    clock.at = START + timedelta(days=6)
    secretary = acting_as("secretary")
    await tick(parts)
    later = {
        **WEEKLY,
        "starts_at": "2026-06-06T20:00:00+07:00",
        "ends_at": "2026-06-06T21:00:00+07:00",
        "recurrence": {"frequency": "weekly", "count": 3, "exceptions": ["2026-06-13"]},
    }
    amended = await change(secretary, notice, later)
    assert amended.status_code == 200, amended.text
    assert await rows(parts) == [
        (1, "06-06T12:00", "over"),
        (2, "06-13T12:00", "cancelled"),
        (3, "06-20T13:00", None),
        (4, "06-27T12:00", "cancelled"),
    ]
    async with phone_of(app, organisation.person("member")) as phone:
        assert [each["occurrence"] for each in (await phone.get("/v1/home")).json()["activities"]] == [3]
        back = await change(secretary, amended.json(), WEEKLY)
        assert [ended for _, _, ended in await rows(parts)] == ["over", None, "cancelled", None]
        gone = await secretary.post(
            f"{FEED}/{notice['id']}/withdraw", json={}, headers={"If-Match": f'"r{back.json()["revision"]}-"'}
        )
        assert gone.status_code == 200
        assert (await phone.get("/v1/home")).json()["activities"] == []
    assert [ended for _, _, ended in await rows(parts)] == ["over", "cancelled", "cancelled", "cancelled"]


async def test_what_is_over_may_be_put_off_to_a_day_to_come(
    parts: Parts, acting_as: Any, secretary: Client, organisation: Organisation, clock: StandingClock
) -> None:
    notice = await write(secretary, organisation, MEETING, publish=True)
    clock.at = START + timedelta(days=6)
    await tick(parts)
    assert await rows(parts) == [(1, "06-06T12:00", "over")]
    again = {"starts_at": "2026-06-09T19:00:00+07:00", "ends_at": "2026-06-09T21:00:00+07:00"}
    assert (await change(acting_as("secretary"), notice, again)).status_code == 200
    assert await rows(parts) == [(1, "06-09T12:00", None)]


async def test_places_that_were_given_away_stay_given(
    parts: Parts, secretary: Client, organisation: Organisation
) -> None:
    notice = await write(secretary, organisation, {**MEETING, "capacity": 20}, publish=True)
    async with parts.database.writing() as session:
        await session.execute(update(Occurrence).values(taken=12))
        await session.commit()
    refused = await change(secretary, notice, {**MEETING, "capacity": 10})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/activity.capacity_taken")
    assert (await secretary.get(f"{FEED}/{notice['id']}")).json()["activity"]["capacity"] == 20
    assert (await change(secretary, notice, {**MEETING, "capacity": 12})).status_code == 200


@pytest.mark.parametrize(
    ("said", "pointer", "code"),
    [
        ({"ends_at": "2026-06-06T18:00:00+07:00"}, "/activity/ends_at", "activity.ends_before_start"),
        ({"ends_at": "2026-07-06T18:00:00+07:00"}, "/activity/ends_at", "activity.too_long"),
        ({"starts_at": "2026-02-30T19:00:00+07:00"}, "/activity/starts_at", "datetime_from_date_parsing"),
        ({"starts_at": "2026-06-06T25:00:00+07:00"}, "/activity/starts_at", "datetime_from_date_parsing"),
        ({"timezone": "Asia/Saigon_2"}, "/activity/timezone", "timezone.unknown"),
        ({"timezone": "../../etc/passwd"}, "/activity/timezone", "timezone.unknown"),
        ({"rsvp_by": "2026-06-07T19:00:00+07:00"}, "/activity/rsvp_by", "activity.rsvp_after_start"),
        ({"capacity": 0}, "/activity/capacity", "greater_than_equal"),
        ({"online_url": "javascript:alert(1)"}, "/activity/online_url", "url.malformed"),
        ({"online_url": "http://example.org"}, "/activity/online_url", "url.malformed"),
        ({"place": " "}, "/activity/place", "string_too_short"),
        ({"recurrence": {"frequency": "weekly"}}, "/activity/recurrence", "recurrence.endless"),
        ({"recurrence": {"frequency": "weekly", "count": 201}}, "/activity/recurrence", "recurrence.too_many"),
        ({"recurrence": {"frequency": "weekly", "count": 10**12}}, "/activity/recurrence", "recurrence.too_many"),
        (
            {"recurrence": {"frequency": "weekly", "until": "9999-12-31"}},
            "/activity/recurrence",
            "recurrence.too_long",
        ),
        ({"recurrence": {"frequency": "daily", "count": 3}}, "/activity/recurrence/frequency", "enum"),
        (
            {"recurrence": {"frequency": "weekly", "count": 3, "exceptions": ["2026-06-07"]}},
            "/activity/recurrence",
            "recurrence.exception_unknown",
        ),
        (
            {"recurrence": {"frequency": "weekly", "count": 2, "weekdays": [0]}},
            "/activity/recurrence",
            "recurrence.weekdays",
        ),
    ],
)
async def test_an_activity_that_cannot_be_is_refused(
    parts: Parts, secretary: Client, organisation: Organisation, said: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await secretary.post(
        FEED,
        json={
            "branch_id": str(organisation.branch("chibo").id),
            "title": "Họp",
            "body": "Mời họp.",
            "category": "activity",
            "activity": {**MEETING, **said},
            "publish": True,
        },
    )
    assert answer.status_code == 422
    assert codes(answer)[pointer] == code
    async with parts.database.reading() as session:
        assert (await session.scalars(select(Notice))).all() == []


async def test_category_and_activity_belong_together(secretary: Client, organisation: Organisation) -> None:
    body = {"branch_id": str(organisation.branch("chibo").id), "title": "Họp", "body": "Mời họp."}
    without = await secretary.post(FEED, json={**body, "category": "activity"})
    assert codes(without) == {"/activity": "activity.missing"}
    beside = await secretary.post(FEED, json={**body, "activity": MEETING})
    assert codes(beside) == {"/activity": "activity.unexpected"}
