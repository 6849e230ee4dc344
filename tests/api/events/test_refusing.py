"""What is malformed is refused alone, clearly, and in the language of its caller."""

from typing import Any

import pytest

from models.base import new_id
from models.database import Database
from models.notices.shapes import NoticePublic
from tests.api.conftest import Client
from tests.api.happenings import EVENTS, days, event, rows, send
from tests.api.problem_details import assert_problem, codes
from tests.clock import StandingClock


def broken(sound: dict[str, Any]) -> list[tuple[object, str, str, bool]]:
    """Events with the pointer and the code of what is wrong, and whether their ids can be read."""
    without = {name: {key: value for key, value in sound.items() if key != name} for name in sound}
    return [
        (None, "", "model_attributes_type", False),
        (7, "", "model_attributes_type", False),
        ([sound], "", "model_attributes_type", False),
        ("read", "", "model_attributes_type", False),
        ({}, "/id", "missing", False),
        (without["id"], "/id", "missing", False),
        (without["kind"], "/kind", "missing", True),
        (without["at"], "/at", "missing", True),
        (without["notice_id"], "/notice_id", "missing", True),
        (without["revision"], "/revision", "missing", True),
        ({**sound, "id": 7}, "/id", "uuid_type", False),
        ({**sound, "id": "7"}, "/id", "uuid_parsing", False),
        ({**sound, "kind": 7}, "/kind", "string_type", True),
        ({**sound, "kind": ["read"]}, "/kind", "string_type", True),
        ({**sound, "kind": "slept"}, "/kind", "event.kind_unknown", True),
        ({**sound, "at": 0}, "/at", "string_type", True),
        ({**sound, "at": "2026-06-01"}, "/at", "instant.malformed", True),
        ({**sound, "at": "2026-02-30T00:00:00Z"}, "/at", "datetime_from_date_parsing", True),
        ({**sound, "notice_id": "x"}, "/notice_id", "uuid_parsing", True),
        ({**sound, "revision": 0}, "/revision", "greater_than_equal", True),
        ({**sound, "revision": "1"}, "/revision", "int_type", True),
        ({**sound, "revision": True}, "/revision", "int_type", True),
        ({**sound, "revision": 10**30}, "/revision", "revision.unknown", True),
        ({**sound, "member_id": str(new_id())}, "/member_id", "extra_forbidden", True),
    ]


async def test_a_malformed_event_is_refused_alone(
    member: Client, notice: NoticePublic, database: Database, clock: StandingClock
) -> None:
    bad = broken(event(notice, clock.at))
    good = event(notice, clock.at)
    results = await send(member, *(one for one, *_ in bad), good)
    assert results[-1] == {"id": good["id"], "result": "applied"}
    for (one, pointer, code, is_named), result in zip(bad, results, strict=False):
        assert result["result"] == "refused"
        assert result["problem"]["status"] == 422
        assert (result["id"] is not None) == is_named
        errors = result["problem"]["errors"]
        assert (pointer, code) in [(error["pointer"], error["code"]) for error in errors], one
    assert await rows(database) == {"event": 1, "receipt": 1, "member_state": 1}


async def test_refusals_speak_the_callers_language(member: Client, notice: NoticePublic, clock: StandingClock) -> None:
    body = {"events": [event(notice, clock.at, kind="slept"), event(notice, clock.at + days(9))]}
    spoken = {}
    for language in ("vi", "en"):
        answer = await member.post(EVENTS, json=body, headers={"Accept-Language": language})
        spoken[language] = [result["problem"] for result in answer.json()["results"]]
        assert all(problem["request_id"] == answer.headers["x-request-id"] for problem in spoken[language])
    assert [problem["title"] for problem in spoken["vi"]] == ["Loại sự kiện không rõ", "Thời điểm ở tương lai"]
    assert [problem["title"] for problem in spoken["en"]] == ["Unknown kind", "In the future"]
    assert [problem["errors"][0]["code"] for problem in spoken["en"]] == ["event.kind_unknown", "event.at_future"]
    explained = await member.get(spoken["en"][0]["type"])
    assert explained.status_code == 200


@pytest.mark.usefixtures("unchanged")
async def test_a_batch_that_is_none_is_refused_whole(member: Client) -> None:
    many = [{"kind": "read"}] * 501
    for body, expected in (
        ({}, {"/events": "missing"}),
        ({"events": None}, {"/events": "list_type"}),
        ({"events": {}}, {"/events": "list_type"}),
        ({"events": "[]"}, {"/events": "list_type"}),
        ({"events": many}, {"/events": "too_long"}),
        ({"events": [], "sent_at": 7}, {"/sent_at": "string_type"}),
        ({"events": [], "sent_at": "today"}, {"/sent_at": "instant.malformed"}),
        ({"events": [], "more": True}, {"/more": "extra_forbidden"}),
    ):
        assert codes(await member.post(EVENTS, json=body)) == expected
    million = b'{"events":[' + b",".join([b"0"] * 1_000_000) + b"]}"
    answer = await member.post(EVENTS, content=million, headers={"Content-Type": "application/json"})
    assert_problem(answer, 413, "body.too_large")
    nothing = (await member.post(EVENTS, json={"events": []})).json()
    assert {name: nothing.pop(name) for name in ("since", "state", "more")} == {"since": 0, "state": 0, "more": False}
    assert all(each == [] for each in nothing.values())
