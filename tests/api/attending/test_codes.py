"""Codes to check in by: fetched beforehand, shown and scanned without a network, judged when they arrive."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.parts import Parts
from content.checkin import STEP_SECONDS, code
from models.activities.table import Attendance
from models.base import new_id
from models.keyring import save_keyring
from tests.api.attending.meetings import (
    WEEKLY,
    Meeting,
    call_to,
    codes_of,
    event,
    marks,
    present,
    scans,
    stored,
)
from tests.api.conftest import As, Client
from tests.api.happenings import days, state, told
from tests.api.problem_details import assert_problem, codes
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.serving import Desk

MINUTE = timedelta(minutes=1)


def check_in(code: str, at: datetime) -> dict[str, Any]:
    return event("check_in", at, code=code)


async def test_the_codes_of_the_window_are_fetched_beforehand(secretary: Client, meeting: Meeting) -> None:
    answer = await secretary.get(f"{meeting.url}/check-in-codes")
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    assert (found["notice_id"], found["occurrence"]) == (str(meeting.id), 1)
    assert datetime.fromisoformat(found["opens_at"]) == meeting.starts_at - timedelta(minutes=30)
    assert datetime.fromisoformat(found["closes_at"]) == meeting.ends_at
    assert len(found["codes"]) == 150 == len({one["code"] for one in found["codes"]})
    times = [(datetime.fromisoformat(one["from"]), datetime.fromisoformat(one["until"])) for one in found["codes"]]
    assert times[0][0] == meeting.starts_at - timedelta(minutes=30)
    assert times[-1][1] == meeting.ends_at
    assert all(until - start == MINUTE for start, until in times)
    assert [start for start, _ in times[1:]] == [until for _, until in times[:-1]]


async def test_of_a_long_activity_they_come_day_by_day(acting_as: As, desk: Desk, clock: StandingClock) -> None:
    starts_at = clock.at + days(3)
    camp = await call_to(desk, clock.at, starts_at=starts_at, ends_at=starts_at + days(5), rsvp_by=starts_at)
    first = await codes_of(acting_as("secretary"), camp)
    assert (min(first), len(first)) == (starts_at - timedelta(minutes=30), 1440)
    clock.at = starts_at + days(2)
    later = await codes_of(acting_as("secretary"), camp)
    assert min(later) < clock.at < max(later) <= clock.at + days(1)


async def test_they_are_for_who_takes_attendance_where_it_is_called_to(
    acting_as: As, desk: Desk, meeting: Meeting, clock: StandingClock
) -> None:
    above = await call_to(desk, clock.at, "coso")
    for name, one, status in (
        ("clerk", meeting, 200),
        ("parent_secretary", meeting, 200),
        ("auditor", meeting, 403),
        ("member", meeting, 403),
        ("clerk", above, 403),
        ("parent_secretary", above, 200),
        ("sibling_secretary", meeting, 404),
        ("stranger_admin", meeting, 404),
    ):
        assert (await acting_as(name).get(f"{one.url}/check-in-codes")).status_code == status, (name, status)


async def test_no_codes_where_there_is_nothing_to_check_in_to(
    acting_as: As, secretary: Client, desk: Desk, clock: StandingClock
) -> None:
    weekly = await call_to(desk, clock.at, **WEEKLY)
    draft = await call_to(desk, clock.at, publish=False)
    plain = await desk.publish("chibo", "Tin")
    url = "/v1/notices/{}/check-in-codes"
    assert codes(await secretary.get(url.format(weekly.id))) == {"/occurrence": "occurrence.missing"}
    assert codes(await secretary.get(url.format(weekly.id), params={"occurrence": 9})) == {
        "/occurrence": "occurrence.unknown"
    }
    for wrong in ("0", "x", "1.0", "99999999999"):
        assert codes(await secretary.get(url.format(weekly.id), params={"occurrence": wrong})).keys() == {"/occurrence"}
    assert_problem(await secretary.get(url.format(draft.id)), 409, "notice.not_published")
    assert_problem(await secretary.get(url.format(plain.id)), 409, "notice.not_activity")
    assert_problem(await secretary.get(url.format(new_id())), 404, "not_found")
    clock.at = weekly.ends_at
    late = acting_as("secretary")
    assert_problem(await late.get(url.format(weekly.id), params={"occurrence": 1}), 409, "activity.over")
    await desk.withdraw(weekly.id)
    assert_problem(await late.get(url.format(weekly.id), params={"occurrence": 2}), 409, "notice.not_published")


async def test_a_member_checks_in(
    acting_as: As, organisation: Organisation, meeting: Meeting, parts: Parts, clock: StandingClock
) -> None:
    shown = await codes_of(acting_as("clerk"), meeting)
    clock.at = meeting.starts_at + timedelta(seconds=70)
    member, one = acting_as("member"), shown[meeting.starts_at + MINUTE]
    answer = await scans(member, meeting, one)
    mine = {"notice_id": str(meeting.id), "occurrence": 1, "status": "present", "method": "code"}
    whose = organisation.person("member").id
    assert (answer.status_code, answer.json()) == (200, {"attendance": [{**mine, "member_id": str(whose)}]})
    assert (await state(member))["attendance"] == [mine]
    before = await stored(parts, Attendance)
    clock.advance(minutes=1)
    assert (await scans(member, meeting, one.lower())).json() == answer.json(), "again, as it was typed"
    assert await stored(parts, Attendance) == before
    assert (await state(member))["state"] == 1
    assert (await scans(acting_as("fellow"), meeting, one)).status_code == 200, "many scan the same"


async def test_a_phone_without_a_network_checks_in_later(
    acting_as: As, meeting: Meeting, parts: Parts, clock: StandingClock
) -> None:
    shown = await codes_of(acting_as("secretary"), meeting)
    scanned_at = meeting.starts_at + timedelta(minutes=3, seconds=20)
    one = shown[meeting.starts_at + 3 * MINUTE]
    clock.at = meeting.ends_at + days(3)
    member = acting_as("member")
    assert await told(member, check_in(one, scanned_at)) == ["applied"]
    assert await told(member, check_in(shown[meeting.starts_at], meeting.starts_at)) == ["applied"], "earlier"
    (row,) = await stored(parts, Attendance)
    assert (row.at, row.seq) == (meeting.starts_at, 1)
    # by a clock that is seven hours fast, and says so
    fast = timedelta(hours=7)
    event = check_in(one, scanned_at + fast)
    assert await told(acting_as("fellow"), event) == ["code.expired"]
    assert await told(acting_as("fellow"), event, sent_at=clock.at + fast) == ["applied"]


@pytest.mark.parametrize(
    ("late", "outcome"),
    [(-121, "code.expired"), (-120, "applied"), (0, "applied"), (179, "applied"), (180, "code.expired")],
)
async def test_a_code_is_good_for_its_minute(
    acting_as: As, meeting: Meeting, clock: StandingClock, late: int, outcome: str
) -> None:
    shown = await codes_of(acting_as("secretary"), meeting)
    minute = meeting.starts_at + 10 * MINUTE
    clock.at = minute + timedelta(seconds=late)
    assert await told(acting_as("member"), check_in(shown[minute], clock.at)) == [outcome]
    status = {"applied": 200}.get(outcome, 422)
    assert (await scans(acting_as("fellow"), meeting, shown[minute])).status_code == status


async def test_codes_are_good_in_the_window_alone(
    acting_as: As, desk: Desk, meeting: Meeting, parts: Parts, clock: StandingClock
) -> None:
    """Also where the times were others when they were fetched."""
    key = parts.database.keyring.newest.derive("check-in")
    for at, outcome in (
        (meeting.starts_at - timedelta(minutes=31), "code.outside_window"),
        (meeting.starts_at - timedelta(minutes=30), "applied"),
        (meeting.ends_at - MINUTE, "applied"),
        (meeting.ends_at, "code.outside_window"),
    ):
        clock.at = at
        made = code(key, meeting.id, 1, int(at.timestamp()) // STEP_SECONDS)
        assert await told(acting_as("member"), check_in(made, at)) == [outcome]


async def test_no_other_letter_will_do(acting_as: As, meeting: Meeting, parts: Parts, clock: StandingClock) -> None:
    shown = await codes_of(acting_as("secretary"), meeting)
    clock.at = meeting.starts_at
    one = shown[meeting.starts_at]
    events = []
    for place, letter in enumerate(one):
        other = "Z" if letter != "Z" else "Y"
        events.append(check_in(one[:place] + other + one[place + 1 :], clock.at))
    member = acting_as("member")
    assert set(await told(member, *events)) == {"code.forged", "code.malformed"}
    for wrong in (one[:-1], one + "0", one + one, "", " ", "x" * 300, "12345", "'; DROP TABLE attendance", "ơ" * 57):
        (outcome,) = await told(member, check_in(wrong, clock.at))
        assert outcome in {"code.malformed", "request.invalid"}
    assert_problem(await scans(member, meeting, "abc"), 422, "code.malformed")
    assert codes(await scans(member, meeting, "x" * 301)) == {"/code": "string_too_long"}
    (forged,) = {event["code"] for event in events[-1:]}
    assert_problem(await scans(member, meeting, forged), 422, "code.forged")
    assert codes(await scans(member, meeting, forged)) == {"/code": "code.forged"}
    assert await present(parts) == []


async def test_codes_of_something_else(
    acting_as: As, desk: Desk, meeting: Meeting, parts: Parts, clock: StandingClock
) -> None:
    weekly = await call_to(desk, clock.at, **WEEKLY)
    beside = await call_to(desk, clock.at, "chibo2")
    secretary = acting_as("secretary")
    mine, next_week = await codes_of(secretary, meeting), await codes_of(secretary, weekly, occurrence=2)
    theirs = await codes_of(acting_as("sibling_secretary"), beside)
    clock.at = meeting.starts_at
    member = acting_as("member")
    assert_problem(await scans(member, weekly, mine[clock.at]), 422, "code.other_activity")
    assert_problem(await scans(member, weekly, next_week[clock.at + days(7)], occurrence=1), 422, "code.other_activity")
    assert_problem(await scans(member, weekly, next_week[clock.at + days(7)], occurrence=2), 422, "code.expired")
    assert_problem(await scans(member, beside, theirs[clock.at]), 404, "not_found")
    assert await told(member, check_in(theirs[clock.at], clock.at)) == ["event.notice_unknown"]
    # one who reads it by right is not expected
    assert_problem(await scans(acting_as("admin"), meeting, mine[clock.at]), 403, "activity.not_audience")
    # signed, but of what this database has never heard
    key = parts.database.keyring.newest.derive("check-in")
    lost = code(key, UUID(int=7), 1, int(clock.at.timestamp()) // STEP_SECONDS)
    assert await told(member, check_in(lost, clock.at)) == ["event.notice_unknown"]
    assert await present(parts) == []


async def test_what_was_called_off_is_not_checked_in_to(
    acting_as: As, desk: Desk, meeting: Meeting, clock: StandingClock, parts: Parts
) -> None:
    shown = await codes_of(acting_as("secretary"), meeting)
    clock.at = meeting.starts_at
    await desk.withdraw(meeting.id)
    member = acting_as("member")
    assert_problem(await scans(member, meeting, shown[clock.at]), 404, "not_found")
    clock.advance(minutes=1)
    assert await told(
        member,
        check_in(shown[meeting.starts_at], meeting.starts_at),
        check_in(shown[meeting.starts_at], meeting.starts_at - timedelta(seconds=1)),
    ) == ["event.notice_unknown", "activity.cancelled"]
    assert await present(parts) == []


async def test_what_somebody_marked_stands_against_a_code(
    acting_as: As, organisation: Organisation, meeting: Meeting, parts: Parts, clock: StandingClock
) -> None:
    secretary, member = acting_as("secretary"), organisation.person("member").id
    shown = await codes_of(secretary, meeting)
    await marks(secretary, meeting, (member, "excused"))
    clock.at = meeting.starts_at
    phone, one = acting_as("member"), shown[meeting.starts_at]
    assert (await scans(phone, meeting, one)).json()["attendance"][0]["status"] == "excused"
    answer = (await phone.post("/v1/me/events", json={"events": [check_in(one, clock.at)]})).json()
    assert [entry["status"] for entry in answer["attendance"]] == ["excused"], "who scanned it hears what stands"
    await scans(acting_as("fellow"), meeting, one)
    fellow = organisation.person("fellow").id
    assert (await marks(acting_as("clerk"), meeting, (fellow, "absent"))).status_code == 200
    assert sorted(await present(parts)) == sorted([(member, "excused", "secretary"), (fellow, "absent", "secretary")])


async def test_older_keys_verify_and_those_that_are_gone_do_not(
    acting_as: As, meeting: Meeting, parts: Parts, clock: StandingClock
) -> None:
    shown = await codes_of(acting_as("secretary"), meeting)
    ring = parts.database.keyring
    path = parts.settings.data_dir / "keys.json"
    save_keyring(path, ring.rotated("2026-06-05T00:00:00Z"))
    again = await codes_of(acting_as("secretary"), meeting)
    assert again.keys() == shown.keys()
    assert not set(again.values()) & set(shown.values())
    clock.at = meeting.starts_at
    for name, codes_ in (("member", shown), ("fellow", again)):
        assert (await scans(acting_as(name), meeting, codes_[clock.at])).status_code == 200
    save_keyring(path, ring.rotated("2026-06-06T00:00:00Z").pruned(1))
    assert_problem(await scans(acting_as("clerk"), meeting, shown[clock.at]), 422, "code.forged")
