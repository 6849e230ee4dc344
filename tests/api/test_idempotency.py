"""`Idempotency-Key`: whatever the network does, done once."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from api.parts import Parts
from api.routing import _named
from models.audit import AuditEvent
from models.branches import Branch
from models.idempotency import IdempotencyKey
from tests.api.conftest import As, Client
from tests.api.problem_details import assert_problem, codes
from tests.clock import StandingClock
from tests.organisation import Organisation

KEY = {"Idempotency-Key": "0198c0de-7e57"}


@pytest.fixture
def branch(organisation: Organisation) -> dict[str, str]:
    """What a new branch is made of."""
    return {"parent_id": str(organisation.branch("coso").id), "code": "N1", "name": "Chi hội mới", "kind": "cell"}


async def made(parts: Parts, code: str) -> int:
    async with parts.database.reading() as session:
        return await session.scalar(select(func.count()).where(col(Branch.code) == code)) or 0


async def remembered(parts: Parts) -> int:
    async with parts.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(IdempotencyKey)) or 0


async def test_the_same_request_again_gets_the_same_answer(admin: Client, parts: Parts, branch: dict[str, str]) -> None:
    first = await admin.post("/v1/branches", json=branch, headers=KEY)
    again = await admin.post("/v1/branches", json=branch, headers=KEY)
    assert first.status_code == 201, first.text
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    differing = {"x-request-id", "idempotency-replayed"}
    assert {k: v for k, v in again.headers.items() if k not in differing} == {
        k: v for k, v in first.headers.items() if k not in differing
    }
    assert await made(parts, branch["code"]) == 1


async def test_a_hundred_at_once_do_it_once(admin: Client, parts: Parts, branch: dict[str, str]) -> None:
    async def ask() -> httpx.Response:
        return await admin.post("/v1/branches", json=branch, headers=KEY)

    answers = await asyncio.gather(*(ask() for _ in range(100)))
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in done}) == 1
    for answer in answers:
        if answer.status_code != 201:
            assert_problem(answer, 409, "idempotency.running")
            assert int(answer.headers["retry-after"]) > 0
    assert await made(parts, branch["code"]) == 1
    async with parts.database.reading() as session:
        written = select(func.count()).where(
            col(AuditEvent.action) == "branch.create", col(AuditEvent.actor_id).is_not(None)
        )
        assert await session.scalar(written) == 1


async def test_another_body_under_the_same_key_is_refused(admin: Client, parts: Parts, branch: dict[str, str]) -> None:
    assert (await admin.post("/v1/branches", json=branch, headers=KEY)).status_code == 201
    other: dict[str, Any] = {**branch, "code": "N2"}
    answer = await admin.post("/v1/branches", json=other, headers=KEY)
    assert assert_problem(answer, 422, "idempotency.reused")["errors"][0]["pointer"] == "/headers/Idempotency-Key"
    assert await made(parts, other["code"]) == 0


async def test_a_key_belongs_to_its_user_and_its_route(
    acting_as: As, parts: Parts, branch: dict[str, str], organisation: Organisation
) -> None:
    assert (await acting_as("admin").post("/v1/branches", json=branch, headers=KEY)).status_code == 201
    theirs = {**branch, "parent_id": str(organisation.branch("kh").id), "code": "KH-9"}
    answer = await acting_as("stranger_admin").post("/v1/branches", json=theirs, headers=KEY)
    assert answer.status_code == 201, answer.text
    grants = f"/v1/branches/{organisation.branch('chibo').id}/role-grants"
    grant = {"member_id": str(organisation.person("fellow").id), "role": "clerk"}
    answer = await acting_as("admin").post(grants, json=grant, headers=KEY)
    assert answer.status_code == 201, answer.text
    elsewhere = f"/v1/branches/{organisation.branch('chibo2').id}/role-grants"
    assert (await acting_as("admin").post(elsewhere, json=grant, headers=KEY)).status_code == 201


async def test_a_refusal_is_not_remembered(admin: Client, parts: Parts, branch: dict[str, str]) -> None:
    taken = {**branch, "code": "CHIBO"}
    assert_problem(await admin.post("/v1/branches", json=taken, headers=KEY), 409, "branch.code_taken")
    assert_problem(await admin.post("/v1/branches", json={}, headers=KEY), 422)
    assert await remembered(parts) == 0
    assert (await admin.post("/v1/branches", json=branch, headers=KEY)).status_code == 201
    assert await remembered(parts) == 1


async def test_a_key_is_forgotten_after_a_day(
    acting_as: As, parts: Parts, branch: dict[str, str], clock: StandingClock
) -> None:
    assert (await acting_as("admin").post("/v1/branches", json=branch, headers=KEY)).status_code == 201
    clock.advance(hours=23, minutes=59)
    again = await acting_as("admin").post("/v1/branches", json=branch, headers=KEY)
    assert again.headers["idempotency-replayed"] == "true"
    clock.advance(minutes=2)
    answer = await acting_as("admin").post("/v1/branches", json=branch, headers=KEY)
    assert_problem(answer, 409, "branch.code_taken")
    answer = await acting_as("admin").post("/v1/branches", json={**branch, "code": "N2"}, headers=KEY)
    assert answer.status_code == 201
    assert await remembered(parts) == 1


async def test_what_others_were_answered_is_cleared_away_after_a_day(
    acting_as: As, parts: Parts, organisation: Organisation, branch: dict[str, str], clock: StandingClock
) -> None:
    """Answers speak of people: they do not wait for their owner to come back."""
    assert (await acting_as("admin").post("/v1/branches", json=branch, headers=KEY)).status_code == 201
    clock.advance(hours=25)
    theirs = {**branch, "parent_id": str(organisation.branch("kh").id), "code": "N3"}
    answer = await acting_as("stranger_admin").post("/v1/branches", json=theirs, headers=KEY)
    assert answer.status_code == 201, answer.text
    assert await remembered(parts) == 1


async def test_whoever_lost_the_right_gets_no_replay_without_signing_in(acting_as: As, branch: dict[str, str]) -> None:
    assert (await acting_as("admin").post("/v1/branches", json=branch, headers=KEY)).status_code == 201
    assert_problem(await acting_as(None).post("/v1/branches", json=branch, headers=KEY), 401, "sign_in.required")


@pytest.mark.parametrize("key", ["", "a" * 201, "del\x7f", "tab\tinside"])
async def test_a_key_is_one_to_200_ascii_characters(
    admin: Client, parts: Parts, branch: dict[str, str], key: str
) -> None:
    answer = await admin.post("/v1/branches", json=branch, headers={"Idempotency-Key": key})
    assert codes(answer) == {"/headers/Idempotency-Key": "idempotency.malformed"}
    assert await made(parts, branch["code"]) == 0


def test_two_long_paths_do_not_share_a_key() -> None:
    named = _named("POST /v1/" + "a" * 100 + "/x"), _named("POST /v1/" + "a" * 100 + "/y")
    assert len(set(named)) == 2
    assert max(map(len, named)) <= 80
