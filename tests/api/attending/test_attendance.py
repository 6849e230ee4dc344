"""Who was there: by the secretary's list, all of it or nothing, and by whom it may be taken."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import col

from api.parts import Parts
from models.activities.table import Attendance
from models.audit import AuditEvent
from models.base import new_id
from models.database import Database
from models.permissions import Role
from tests.api.attending.meetings import (
    WEEKLY,
    Meeting,
    answers,
    attended,
    call_to,
    event,
    marks,
    present,
    stored,
)
from tests.api.conftest import As, Client
from tests.api.happenings import rows, send, state, told, transfer
from tests.api.problem_details import assert_problem, codes
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.queries import counting
from tests.serving import HERE, Desk, for_roles


@pytest.fixture
def ids(organisation: Organisation) -> dict[str, UUID]:
    return {name: person.id for name, person in organisation.people.items()}


@pytest.fixture
async def meeting(desk: Desk, clock: StandingClock) -> Meeting:
    """It begins in a quarter of an hour."""
    return await call_to(desk, clock.at, in_days=1 / 96, rsvp_by=clock.at + timedelta(minutes=15))


async def test_a_secretary_marks_who_is_there(
    acting_as: As, ids: dict[str, UUID], meeting: Meeting, parts: Parts, clock: StandingClock
) -> None:
    secretary = acting_as("secretary")
    entries = (
        (ids["member"], "present"),
        (ids["fellow"], "absent"),
        (ids["grouped"], "excused"),
        (ids["secretary"], "present"),
    )
    answer = await marks(secretary, meeting, *entries)
    assert answer.status_code == 200
    found = {one["member_id"]: (one["status"], one["method"]) for one in answer.json()["attendance"]}
    assert found == {str(member_id): (status, "secretary") for member_id, status in entries}
    mine = {"notice_id": str(meeting.id), "occurrence": 1, "status": "present", "method": "secretary"}
    assert (await state(acting_as("member")))["attendance"] == [mine]
    assert {row.marked_by for row in await stored(parts, Attendance)} == {ids["secretary"]}
    before = await state(acting_as("member"))
    clock.advance(minutes=1)
    assert (await marks(secretary, meeting, (ids["fellow"], "present"), (ids["member"], "present"))).status_code == 200
    assert await state(acting_as("member")) == before
    assert [one["status"] for one in (await state(acting_as("fellow")))["attendance"]] == ["present"]


async def test_each_list_leaves_one_audit_event_of_what_it_changed(
    secretary: Client, ids: dict[str, UUID], meeting: Meeting, database: Database, clock: StandingClock
) -> None:
    member, fellow = ids["member"], ids["fellow"]
    await marks(secretary, meeting, (member, "absent"), (fellow, "present"))
    clock.advance(minutes=1)
    await marks(secretary, meeting, (member, "present"), (fellow, "present"))
    clock.advance(minutes=1)
    await marks(secretary, meeting, (member, "present"), (fellow, "present"))
    async with database.reading() as session:
        taken = select(AuditEvent).where(col(AuditEvent.action) == "attendance.mark").order_by(col(AuditEvent.id))
        found = list(await session.scalars(taken))
    marked = [one.after["marks"] for one in found if one.after]
    assert marked == [
        {str(member): "absent (secretary)", str(fellow): "present (secretary)"},
        {str(member): "present (secretary)"},
    ]
    assert found[1].before == {"occurrence": 1, "marks": {str(member): "absent (secretary)"}}
    assert {(one.actor_id, one.target_id) for one in found} == {(ids["secretary"], meeting.id)}


async def test_who_is_helped_is_marked_so(
    secretary: Client, ids: dict[str, UUID], meeting: Meeting, parts: Parts
) -> None:
    helped = {"member_id": str(ids["member"]), "status": "present", "assisted": True}
    answer = await secretary.post(f"{meeting.url}/attendance", json={"entries": [helped]})
    assert answer.status_code == 200
    assert await present(parts) == [(ids["member"], "present", "assisted")]
    wrong = {**helped, "status": "absent"}
    answer = await secretary.post(f"{meeting.url}/attendance", json={"entries": [wrong]})
    assert codes(answer) == {"/entries/0": "attendance.assisted_absent"}


async def test_a_cells_secretary_takes_the_attendance_of_the_cell_whoever_called(
    acting_as: As, ids: dict[str, UUID], desk: Desk, parts: Parts, clock: StandingClock
) -> None:
    above = await call_to(desk, clock.at, "tinh", in_days=0.01, rsvp_by=clock.at)
    assert (await marks(acting_as("clerk"), above, (ids["member"], "present"))).status_code == 200
    both = (ids["fellow"], "present"), (ids["neighbour"], "present"), (ids["stranger"], "present")
    answer = await marks(acting_as("clerk"), above, *both)
    assert codes(answer) == {f"/entries/{n}/member_id": "member.unknown" for n in (1, 2)}
    assert (await marks(acting_as("parent_secretary"), above, *both[:2])).status_code == 200
    assert {who for who, *_ in await present(parts)} == {ids[name] for name in ("member", "fellow", "neighbour")}
    # through the office of those to whom it speaks alone
    officers = await call_to(desk, clock.at, "tinh", for_roles([Role.CLERK]), in_days=0.01, rsvp_by=clock.at)
    assert (await marks(acting_as("clerk"), officers, (ids["clerk"], "present"))).status_code == 200
    assert codes(await marks(acting_as("clerk"), officers, (ids["member"], "present"))) == {
        "/entries/0/member_id": "member.unknown"
    }


@pytest.mark.usefixtures("meeting", "unchanged")
async def test_others_take_none(acting_as: As, ids: dict[str, UUID], meeting: Meeting, clock: StandingClock) -> None:
    one = (ids["fellow"], "present")
    for name in ("member", "editor", "auditor"):
        assert_problem(await marks(acting_as(name), meeting, one), 403, "forbidden")
        assert_problem(await acting_as(name).get(f"{meeting.url}/attendance"), 403, "forbidden")
        assert await told(acting_as(name), attended(meeting, clock.at, ids["fellow"])) == ["forbidden"]
    for name in ("sibling_secretary", "stranger_admin"):
        assert_problem(await marks(acting_as(name), meeting, one), 404, "not_found")
        assert_problem(await acting_as(name).get(f"{meeting.url}/attendance"), 404, "not_found")
        assert await told(acting_as(name), attended(meeting, clock.at, ids["fellow"])) == ["event.notice_unknown"]
    assert_problem(await marks(acting_as(None), meeting, one), 401, "sign_in.required")


@pytest.mark.usefixtures("meeting", "unchanged")
async def test_a_list_with_something_wrong_marks_nobody(
    acting_as: As, secretary: Client, ids: dict[str, UUID], meeting: Meeting, clock: StandingClock
) -> None:
    url = f"{meeting.url}/attendance"
    good: dict[str, Any] = {"member_id": str(ids["member"]), "status": "present"}
    for entries, expected in (
        ([good, {**good, "member_id": str(new_id())}], {"/entries/1/member_id": "member.unknown"}),
        ([good, {**good, "member_id": str(ids["neighbour"])}], {"/entries/1/member_id": "member.unknown"}),
        ([good, {**good, "status": "absent"}], {"/entries/1/member_id": "attendance.member_twice"}),
        ([good, {**good, "member_id": 7}], {"/entries/1/member_id": "uuid_type"}),
        ([good, {**good, "status": "late"}], {"/entries/1/status": "enum"}),
        ([good, {**good, "method": "code"}], {"/entries/1/method": "extra_forbidden"}),
        ([good, {**good, "assisted": 1}], {"/entries/1/assisted": "bool_type"}),
        ([], {"/entries": "too_short"}),
        ([good] * 501, {"/entries": "too_long"}),
        ({}, {"/entries": "list_type"}),
    ):
        assert codes(await secretary.post(url, json={"entries": entries})) == expected
    for body in ({}, {"entries": [good], "code": "x"}, {"entries": None, "code": None}):
        assert codes(await secretary.post(url, json=body)) == {"": "attendance.entries_or_code"}
    assert codes(await marks(secretary, meeting, (ids["member"], "present"), occurrence=2)) == {
        "/occurrence": "occurrence.unknown"
    }
    assert_problem(
        await marks(
            secretary,
            Meeting(meeting.notice.model_copy(update={"id": new_id()}), clock.at, clock.at),
            (ids["member"], "present"),
        ),
        404,
        "not_found",
    )


async def test_times_at_which_nobody_is_marked(
    secretary: Client, ids: dict[str, UUID], desk: Desk, clock: StandingClock, parts: Parts
) -> None:
    weekly = await call_to(desk, clock.at, in_days=0.5, rsvp_by=clock.at, **WEEKLY)
    member = ids["member"]
    assert codes(await marks(secretary, weekly, (member, "present"))) == {"/occurrence": "occurrence.missing"}
    for status in ("present", "absent"):
        assert_problem(await marks(secretary, weekly, (member, status), occurrence=1), 409, "activity.not_begun")
        assert await told(secretary, attended(weekly, clock.at, member, status)) == ["activity.not_begun"]
    assert (await marks(secretary, weekly, (member, "excused"), occurrence=1)).status_code == 200
    clock.at = weekly.starts_at - timedelta(minutes=30)
    assert (await marks(secretary, weekly, (member, "present"), occurrence=1)).status_code == 200
    draft = await call_to(desk, clock.at, publish=False)
    assert_problem(await marks(secretary, draft, (member, "excused")), 409, "notice.not_published")
    plain = Meeting(await desk.publish("chibo", "Tin"), clock.at, clock.at)
    assert_problem(await marks(secretary, plain, (member, "excused")), 409, "notice.not_activity")
    await desk.withdraw(weekly.id)
    assert_problem(await marks(secretary, weekly, (member, "absent"), occurrence=1), 409, "notice.not_published")
    clock.advance(minutes=1)
    assert await told(secretary, attended(weekly, clock.at, member, "absent")) == ["event.notice_unknown"]
    assert await present(parts) == [(member, "present", "secretary")]


async def test_it_is_asked_who_it_was_for_when_it_began(
    acting_as: As,
    ids: dict[str, UUID],
    organisation: Organisation,
    database: Database,
    desk: Desk,
    meeting: Meeting,
    parts: Parts,
    clock: StandingClock,
) -> None:
    clock.at = meeting.ends_at
    await transfer(database, organisation.person("member"), organisation.branch("chibo2"))
    await transfer(database, organisation.person("neighbour"), organisation.branch("chibo"))
    await transfer(database, organisation.person("stranger"), organisation.branch("chibo2"))
    clock.advance(hours=1)
    there = ids["member"], ids["neighbour"]
    assert (await marks(acting_as("secretary"), meeting, *((who, "present") for who in there))).status_code == 200
    # whom the new branch got meanwhile
    assert_problem(await marks(acting_as("sibling_secretary"), meeting, (there[0], "absent")), 404, "not_found")
    assert codes(await marks(acting_as("secretary"), meeting, (ids["stranger"], "present"))) == {
        "/entries/0/member_id": "member.unknown"
    }
    listed = (await acting_as("secretary").get(f"{meeting.url}/attendance", params={"limit": 100})).json()["items"]
    names = [one["member"]["id"] for one in listed if one["attendance"] is not None]
    assert set(names) == {str(who) for who in there}


async def test_the_list_shows_answers_and_attendance_in_vietnamese_order(
    acting_as: As, ids: dict[str, UUID], desk: Desk, clock: StandingClock
) -> None:
    above = await call_to(desk, clock.at, "coso", in_days=0.01, rsvp_by=clock.at + timedelta(minutes=1))
    await answers(acting_as("member"), above, "no", note="Bận việc nhà")
    await answers(acting_as("neighbour"), above)
    await marks(acting_as("clerk"), above, (ids["fellow"], "present"), (ids["grouped"], "excused"))
    page = ""
    names: list[str] = []
    found: dict[UUID, Any] = {}
    while True:
        answer = (await acting_as("clerk").get(f"{above.url}/attendance?limit=3{page}")).json()
        names += [one["member"]["full_name"].split()[-1] for one in answer["items"]]
        found |= {UUID(one["member"]["id"]): one for one in answer["items"]}
        if answer["next_cursor"] is None:
            break
        page = f"&cursor={answer['next_cursor']}"
    # the cell's people and the group's; nobody of the cell beside it, whatever they hold
    assert names == ["Bình", "Cảnh", "Dậu", "Khoa", "Lan", "Minh", "Nga", "Oanh", "Phương", "Tài"]
    written = clock.at.isoformat().replace("+00:00", "Z")
    assert found[ids["member"]]["rsvp"] == {"answer": "no", "note": "Bận việc nhà", "at": written}
    assert found[ids["fellow"]]["attendance"] == {
        "status": "present",
        "method": "secretary",
        "at": written,
        "marked_by": str(ids["clerk"]),
    }
    assert (found[ids["grouped"]]["rsvp"], found[ids["member"]]["attendance"]) == (None, None)
    everyone = (await acting_as("parent_secretary").get(f"{above.url}/attendance?limit=100")).json()["items"]
    assert str(ids["neighbour"]) in {one["member"]["id"] for one in everyone}
    assert len({one["member"]["id"] for one in everyone}) == len(everyone) == 14


async def test_the_list_of_narrow_audiences(
    acting_as: As, ids: dict[str, UUID], desk: Desk, clock: StandingClock
) -> None:
    cell = {"member", "fellow", "disabled", "secretary", "deputy", "clerk", "editor", "auditor", "leader"}
    for audience, by, expected in (
        (HERE, "secretary", cell),
        (for_roles([Role.CLERK, Role.AUDITOR]), "admin", {"clerk", "auditor"}),
    ):
        meeting = await call_to(desk, clock.at, audience=audience)
        found = (await acting_as(by).get(f"{meeting.url}/attendance?limit=100")).json()["items"]
        assert {one["member"]["id"] for one in found} == {str(ids[name]) for name in expected}


async def test_a_list_takes_as_many_statements_whatever_its_size(
    secretary: Client, ids: dict[str, UUID], meeting: Meeting, parts: Parts, clock: StandingClock
) -> None:
    sizes = []
    for names in (("member",), ("member", "fellow", "grouped", "clerk", "deputy", "editor", "auditor", "leader")):
        clock.advance(seconds=1)
        status = "absent" if len(names) > 1 else "present"
        with counting(parts.database) as statements:
            assert (await marks(secretary, meeting, *((ids[name], status) for name in names))).status_code == 200
        sizes.append(len(statements))
        with counting(parts.database) as again:
            assert (await marks(secretary, meeting, *((ids[name], status) for name in names))).status_code == 200
        assert len(again) <= len(statements) + 1
    assert sizes[0] == sizes[1] <= 10, sizes


# --- as events ---


async def test_an_officer_is_judged_by_the_office_they_held_then(
    acting_as: As, ids: dict[str, UUID], desk: Desk, meeting: Meeting, parts: Parts, clock: StandingClock
) -> None:
    began = meeting.starts_at
    clock.at = began
    grant = await desk.grant("fellow", Role.CLERK, "chibo")
    clock.advance(hours=1)
    await desk.end_grant(grant)
    clock.advance(days=2)
    fellow, member = acting_as("fellow"), ids["member"]
    before = await rows_of(parts)
    assert (
        await told(
            fellow,
            attended(meeting, began - timedelta(seconds=1), member),
            attended(meeting, clock.at, member),
        )
        == ["forbidden"] * 2
    )
    assert await rows_of(parts) == before
    assert await told(fellow, attended(meeting, began + timedelta(minutes=30), member)) == ["applied"]
    assert await present(parts) == [(member, "present", "secretary")]
    assert (await state(fellow))["attendance"] == []
    assert len((await state(acting_as("member")))["attendance"]) == 1


async def rows_of(parts: Parts) -> dict[str, int]:
    return {**await rows(parts.database), "attendance": len(await stored(parts, Attendance))}


async def test_an_officers_own_state_is_right_whomever_they_mark(
    secretary: Client, ids: dict[str, UUID], meeting: Meeting, clock: StandingClock
) -> None:
    clock.at = meeting.starts_at
    others = [attended(meeting, clock.at, ids[name]) for name in ("member", "fellow")]
    answer = (await secretary.post("/v1/me/events", json={"events": others})).json()
    assert (answer["since"], answer["state"], answer["attendance"]) == (0, 0, [])
    mine = attended(meeting, clock.at, ids["secretary"], assisted=True)
    read = event("read", clock.at, notice_id=str(meeting.id), revision=1)
    answer = (await secretary.post("/v1/me/events", json={"events": [mine, read, *others]})).json()
    assert [one["result"] for one in answer["results"]] == ["applied", "applied", "duplicate", "duplicate"]
    assert (answer["state"], len(answer["attendance"]), len(answer["receipts"])) == (2, 1, 1)
    found = await state(secretary, 0)
    assert {name: found[name] for name in ("state", "receipts", "rsvps", "attendance")} == {
        name: answer[name] for name in ("state", "receipts", "rsvps", "attendance")
    }


async def test_what_is_wrong_with_a_mark_refuses_it_alone(
    secretary: Client, ids: dict[str, UUID], meeting: Meeting, clock: StandingClock, parts: Parts
) -> None:
    clock.at = meeting.starts_at
    sound = attended(meeting, clock.at, ids["member"])
    broken: list[tuple[dict[str, Any], str]] = [
        ({**sound, "member_id": str(new_id())}, "/member_id"),
        ({**sound, "member_id": str(ids["neighbour"])}, "/member_id"),
        ({**sound, "member_id": None}, "/member_id"),
        ({**sound, "occurrence": 2}, "/occurrence"),
        ({**sound, "occurrence": True}, "/occurrence"),
        ({**sound, "status": "late"}, "/status"),
        ({**sound, "status": "absent", "assisted": True}, ""),
        ({**sound, "method": "code"}, "/method"),
    ]
    results = await send(secretary, *({**one, "id": str(new_id())} for one, _ in broken), sound)
    for result, (_, pointer) in zip(results, broken, strict=False):
        assert [one["pointer"] for one in result["problem"]["errors"]] == [pointer]
    assert results[-1]["result"] == "applied"
    assert await present(parts) == [(ids["member"], "present", "secretary")]


async def test_batches_that_mark_each_other_do_not_wait_for_each_other(
    acting_as: As, ids: dict[str, UUID], desk: Desk, parts: Parts, clock: StandingClock
) -> None:
    """Each does something of their own and marks and tells others, in every order; places are taken and freed."""
    meetings = [
        await call_to(desk, clock.at, in_days=0.02, rsvp_by=clock.at + timedelta(minutes=9), capacity=9)
        for _ in range(3)
    ]
    clock.advance(minutes=5)
    officers = ("secretary", "deputy", "clerk", "leader")

    async def batch(name: str, turn: int) -> list[str]:
        ordered = meetings if turn % 2 else meetings[::-1]
        others = [ids[other] for other in (officers if turn % 3 else officers[::-1]) if other != name]
        events: list[dict[str, Any]] = []
        for one in ordered:
            said = {"notice_id": str(one.id), "revision": 1}
            events.append(event("read", clock.at, **said))
            answer = {"notice_id": str(one.id), "occurrence": 1, "answer": ("yes", "no", "maybe")[turn % 3]}
            events.append(event("rsvp", clock.at - timedelta(seconds=turn), **answer))
            events += [attended(one, clock.at, other, "excused") for other in others]
            events += [event("told", clock.at, member_id=str(other), **said) for other in others]
        return await told(acting_as(name), *events)

    found = await asyncio.gather(*(batch(name, turn) for turn in range(4) for name in officers))
    assert {outcome for each in found for outcome in each} == {"applied"}
    assert len(await stored(parts, Attendance)) == 12


async def test_a_batch_of_marks_takes_as_many_statements_whatever_its_size(
    secretary: Client, ids: dict[str, UUID], desk: Desk, parts: Parts, clock: StandingClock
) -> None:
    meetings = [await call_to(desk, clock.at, in_days=0.01, rsvp_by=clock.at) for _ in range(20)]
    names = ["member", "fellow", "grouped", "clerk"]
    sizes = []
    for size in (4, 8, 80):
        clock.advance(minutes=5)
        each = [(one, ids[name]) for name in names for one in meetings[: size // 4]]
        events = [attended(one, clock.at, who) for one, who in each]
        events += [event("told", clock.at, notice_id=str(one.id), revision=1, member_id=str(who)) for one, who in each]
        with counting(parts.database) as statements:
            assert await told(secretary, *events) == ["applied"] * (2 * size)
        sizes.append(len(statements))
    assert sizes[1] == sizes[2], sizes
