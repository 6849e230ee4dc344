"""Roles over HTTP: given, listed, ended. Who may give what to whom is in `permissions/test_take_over.py`."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from models import changes
from models.audit import AuditEvent
from models.database import Database
from models.permissions import OPERATOR, Role
from models.roles import RoleGrantCreate, end_grant, grant_role
from tests.api.conftest import As, Client
from tests.clock import StandingClock
from tests.organisation import Organisation


def grants_of(organisation: Organisation, branch: str = "chibo") -> str:
    return f"/v1/branches/{organisation.branch(branch).id}/role-grants"


async def give(client: Client, organisation: Organisation, name: str, role: str, **over: Any) -> dict[str, Any]:
    body = {"member_id": str(organisation.person(name).id), "role": role, **over}
    answer = await client.post(grants_of(organisation), json=body)
    assert answer.status_code == 201, answer.text
    given: dict[str, Any] = answer.json()
    return given


async def listed(client: Client, organisation: Organisation) -> list[tuple[str, str, bool]]:
    """(name, role, is open) from the newest to the oldest."""
    items = (await client.get(grants_of(organisation))).json()["items"]
    return [(item["member"]["full_name"], item["role"], item["ended_at"] is None) for item in items]


async def test_a_role_works_at_once_and_until_it_is_taken_back(
    secretary: Client, acting_as: As, organisation: Organisation
) -> None:
    fellow = acting_as("fellow")
    assert (await fellow.get("/v1/members")).status_code == 403
    given = await give(secretary, organisation, "fellow", "clerk")
    assert given["member"] == {
        "id": str(organisation.person("fellow").id),
        "full_name": "Trần Văn Cảnh",
        "photo": None,
    }
    assert (given["started_at"], given["until"], given["ended_at"]) == ("2026-06-01T01:00:00Z", None, None)
    assert (await fellow.get("/v1/members")).status_code == 200
    assert [grant["id"] for grant in (await fellow.get("/v1/me")).json()["grants"]] == [given["id"]]
    ended = await secretary.post(f"/v1/role-grants/{given['id']}/end")
    assert (ended.status_code, ended.json()["end_reason"]) == (200, "ended")
    assert (await fellow.get("/v1/members")).status_code == 403
    assert (await fellow.get("/v1/me")).json()["grants"] == []


async def test_ending_twice_changes_nothing_more(
    secretary: Client, organisation: Organisation, acting_as: As, clock: StandingClock
) -> None:
    given = await give(secretary, organisation, "fellow", "clerk")
    url = f"/v1/role-grants/{given['id']}/end"
    first = await secretary.post(url)
    clock.advance(minutes=1)
    again = await secretary.post(url)
    assert (again.status_code, again.json()) == (200, first.json())
    audited = (await acting_as("auditor").get("/v1/audit")).json()["items"]
    assert [event["action"] for event in audited].count("role.end") == 1
    await give(secretary, organisation, "fellow", "clerk")  # and may be given anew
    assert [entry for entry in await listed(secretary, organisation) if entry[0] == "Trần Văn Cảnh"] == [
        ("Trần Văn Cảnh", "clerk", True),
        ("Trần Văn Cảnh", "clerk", False),
    ]


async def test_a_role_is_held_once(secretary: Client, organisation: Organisation) -> None:
    await give(secretary, organisation, "fellow", "clerk")
    await give(secretary, organisation, "fellow", "editor")
    body = {"member_id": str(organisation.person("fellow").id), "role": "clerk"}
    answer = await secretary.post(grants_of(organisation), json=body)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/grant.exists")
    assert (await listed(secretary, organisation))[:2] == [
        ("Trần Văn Cảnh", "editor", True),
        ("Trần Văn Cảnh", "clerk", True),
    ]


async def test_what_is_no_role_is_refused(secretary: Client, organisation: Organisation) -> None:
    before = await listed(secretary, organisation)
    fellow = str(organisation.person("fellow").id)
    for body, pointer, code in (
        ({"member_id": fellow, "role": "king"}, "/role", "enum"),
        ({"member_id": fellow}, "/role", "missing"),
        ({"member_id": "fellow", "role": "clerk"}, "/member_id", "uuid_parsing"),
        ({"member_id": str(organisation.branch("to").id), "role": "clerk"}, "/member_id", "member.unknown"),
        ({"member_id": fellow, "role": "clerk", "until": "2026-06-01T01:00:00Z"}, "/until", "instant.past"),
        ({"member_id": fellow, "role": "clerk", "until": "2027-06-01"}, "/until", "instant.malformed"),
        ({"member_id": fellow, "role": "clerk", "until": "9999-12-31T23:00:00-07:00"}, "/until", "instant.malformed"),
        ({"member_id": fellow, "role": "clerk", "until": 1900000000}, "/until", "string_type"),
    ):
        answer = await secretary.post(grants_of(organisation), json=body)
        assert answer.status_code == 422, body
        assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]
    assert await listed(secretary, organisation) == before


async def test_whoever_has_left_gets_no_role(secretary: Client, organisation: Organisation) -> None:
    url = f"/v1/members/{organisation.person('fellow').id}"
    assert (await secretary.patch(url, json={"status": "left"}, headers={"If-Match": '"r1-"'})).status_code == 200
    body = {"member_id": str(organisation.person("fellow").id), "role": "clerk"}
    answer = await secretary.post(grants_of(organisation), json=body)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/member.not_active")


async def test_the_time_of_a_role_is_told_in_utc(secretary: Client, organisation: Organisation) -> None:
    given = await give(secretary, organisation, "fellow", "clerk", until="2026-07-01T00:00:00+07:00")
    assert given["until"] == "2026-06-30T17:00:00Z"


async def test_a_role_that_ran_out_is_shown_with_its_end_and_gives_no_right(
    secretary: Client, acting_as: As, organisation: Organisation, clock: StandingClock
) -> None:
    """What members keep on their phones may not change by the clock alone: nothing would tell them."""
    await give(secretary, organisation, "fellow", "clerk", until="2026-06-01T05:00:00Z")
    fellow, roster = acting_as("fellow"), f"/v1/members?q={organisation.person('member').member_no}"
    before = (await fellow.get("/v1/me")).json()["grants"]
    assert [(grant["role"], grant["until"]) for grant in before] == [("clerk", "2026-06-01T05:00:00Z")]
    assert (await fellow.get(roster)).status_code == 200
    clock.advance(hours=4)
    assert (await fellow.get("/v1/me")).json()["grants"] == before
    assert (await fellow.get(roster)).status_code == 403


async def test_members_see_who_holds_which_role_now(
    member: Client, secretary: Client, organisation: Organisation
) -> None:
    path = f"/v1/branches/{organisation.branch('chibo').id}/officers"
    given = await give(secretary, organisation, "fellow", "editor")
    officers = (await member.get(path)).json()["items"]
    assert ("editor", "Trần Văn Cảnh") in {(officer["role"], officer["member"]["full_name"]) for officer in officers}
    assert all(officer["member"].keys() == {"id", "full_name", "photo"} for officer in officers)
    await secretary.post(f"/v1/role-grants/{given['id']}/end")
    officers = (await member.get(path)).json()["items"]
    assert [officer["role"] for officer in officers] == ["secretary", "deputy", "clerk", "editor", "auditor"]


async def test_the_same_key_gives_a_role_once(secretary: Client, organisation: Organisation) -> None:
    body = {"member_id": str(organisation.person("fellow").id), "role": "clerk"}
    key = {"Idempotency-Key": "k1"}
    first, again = [await secretary.post(grants_of(organisation), json=body, headers=key) for _ in range(2)]
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("database_kind", ["postgresql"])  # on SQLite writers come one after the other anyway
async def test_a_role_that_two_people_end_at_once_ends_once(database: Database, organisation: Organisation) -> None:
    async with database.writing() as session:
        data = RoleGrantCreate(member_id=organisation.person("fellow").id, role=Role.CLERK)
        given = await grant_role(session, OPERATOR, organisation.branch("chibo"), data)
        await changes.commit(session)
    async with database.writing() as first, database.writing() as second:
        ended = await end_grant(first, OPERATOR, given.id)
        later = asyncio.create_task(end_grant(second, OPERATOR, given.id))
        await asyncio.sleep(0.1)
        assert not later.done()
        await changes.commit(first)
        assert await later == ended
        await changes.commit(second)
    async with database.reading() as session:
        events = select(AuditEvent).where(col(AuditEvent.action) == "role.end")
        assert len((await session.scalars(events)).all()) == 1
