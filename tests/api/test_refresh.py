"""Refresh tokens: families, generations, lost answers, thieves and restored databases."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Connection, event, select, text
from sqlmodel import col

from api.parts import Parts
from api.security.claims import unresolved
from api.settings import Settings
from models import changes
from models.accounts import Account
from models.keyring import Keyring, decode, encode, new_keyring, save_keyring
from models.sessions import DeviceSession
from tests.api.conftest import As, Client
from tests.api.identity import bearer, refresh, slug
from tests.clock import StandingClock
from tests.organisation import Organisation, Person


@pytest.fixture
def person(organisation: Organisation) -> Person:
    return organisation.person("member")


@pytest.fixture
def first(parts: Parts, person: Person) -> str:
    """The refresh token that signing in gave."""
    return parts.tokens.refresh(person.session_id, 1)


async def rotate(client: Client, token: str) -> str:
    """The successor, used or not."""
    answer = await refresh(client, token)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["refresh_token"])


async def row_of(parts: Parts, person: Person) -> DeviceSession:
    async with parts.database.reading() as session:
        return await session.get_one(DeviceSession, person.session_id)


@contextmanager
def rows_written(parts: Parts) -> Iterator[list[int]]:
    """How many rows each UPDATE of sessions really changed."""
    engine = parts.database.write_engine.sync_engine
    counts: list[int] = []

    def note(connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE session"):
            # SQLite's driver does not know how many an UPDATE that returns something has changed
            sqlite = connection.dialect.name == "sqlite"
            counts.append(connection.scalar(text("SELECT changes()")) if sqlite else cursor.rowcount)

    event.listen(engine, "after_cursor_execute", note)
    yield counts
    event.remove(engine, "after_cursor_execute", note)


async def test_a_token_always_yields_the_same_successor(
    anyone: Client, parts: Parts, person: Person, first: str
) -> None:
    answer = await refresh(anyone, first)
    assert answer.headers["cache-control"] == "no-store"
    pair = answer.json()
    assert pair.keys() == {"access_token", "token_type", "expires_in", "refresh_token", "member_id"}
    assert pair["member_id"] == str(person.id)
    assert (await anyone.get("/v1/me", headers=bearer(pair["access_token"]))).status_code == 200
    with rows_written(parts) as written:
        assert [await rotate(anyone, first) for _ in range(3)] == [pair["refresh_token"]] * 3
    assert sum(written) == 0


async def test_a_lost_answer_may_be_asked_for_an_hour_later(anyone: Client, first: str, clock: StandingClock) -> None:
    lost = await rotate(anyone, first)
    clock.advance(hours=1)
    second = await rotate(anyone, first)
    assert second == lost
    clock.advance(days=100)
    third = await rotate(anyone, second)
    clock.advance(hours=20)
    assert await rotate(anyone, second) == third


async def test_fifty_parallel_refreshes_make_one_successor_and_one_write(
    anyone: Client, parts: Parts, person: Person, first: str
) -> None:
    for token, used in ((first, 1), (parts.tokens.refresh(person.session_id, 2), 2)):
        with rows_written(parts) as written:
            answers = await asyncio.gather(*(refresh(anyone, token) for _ in range(50)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["refresh_token"] for answer in answers}) == 1
        assert sum(written) == 1
        assert (await row_of(parts, person)).used == used


async def test_a_retired_token_is_refused_at_first_and_the_family_lives(
    anyone: Client, member: Client, first: str, clock: StandingClock
) -> None:
    second = await rotate(anyone, first)
    third = await rotate(anyone, second)
    clock.advance(seconds=60)
    late = await refresh(anyone, first)
    assert (late.status_code, slug(late)) == (401, "token.invalid")
    assert (await member.get("/v1/me")).status_code == 200
    fourth = await rotate(anyone, third)
    for retired in (first, second):
        assert slug(await refresh(anyone, retired)) == "token.invalid"
    assert await rotate(anyone, fourth)


async def test_a_retired_token_that_comes_back_later_ends_the_family(
    anyone: Client, member: Client, acting_as: As, parts: Parts, person: Person, first: str, clock: StandingClock
) -> None:
    second = await rotate(anyone, first)
    third = await rotate(anyone, second)
    clock.advance(seconds=61)
    stolen = await refresh(anyone, first)
    assert (stolen.status_code, slug(stolen)) == (401, "sign_in.required")
    for token in (first, second, third):
        assert slug(await refresh(anyone, token)) == "sign_in.required"
    refused = await member.get("/v1/me")
    assert (refused.status_code, slug(refused)) == (401, "sign_in.required")
    row = await row_of(parts, person)
    assert (row.end_reason, row.ended_at) == ("reused", clock())
    assert (await acting_as("fellow").get("/v1/me")).status_code == 200, "other families live"


async def test_a_long_retired_token_ends_the_family_too(anyone: Client, first: str, clock: StandingClock) -> None:
    token = first
    for _ in range(5):
        token = await rotate(anyone, token)
        clock.advance(hours=12)
    assert slug(await refresh(anyone, first)) == "sign_in.required"
    assert slug(await refresh(anyone, token)) == "sign_in.required"


async def test_the_end_of_a_family_is_told_to_followers(
    anyone: Client, parts: Parts, person: Person, first: str, clock: StandingClock
) -> None:
    await rotate(anyone, await rotate(anyone, first))
    clock.advance(hours=1)
    await refresh(anyone, first)
    async with parts.database.reading() as session:
        told = await session.scalars(select(col(changes.Change.topic)).where(col(changes.Change.kind) == "session"))
        assert told.all() == ["access"]


async def test_a_token_from_beyond_a_restored_backup_counts_and_the_story_goes_on(
    anyone: Client, parts: Parts, person: Person, first: str, clock: StandingClock
) -> None:
    assert await rotate(anyone, first)
    held = parts.tokens.refresh(person.session_id, 9)
    clock.advance(hours=1)
    tenth = await rotate(anyone, held)
    assert tenth == parts.tokens.refresh(person.session_id, 10)
    assert (await row_of(parts, person)).used == 9
    assert await rotate(anyone, held) == tenth, "a lost answer, once more"
    assert await rotate(anyone, tenth) == parts.tokens.refresh(person.session_id, 11)
    clock.advance(seconds=61)
    assert slug(await refresh(anyone, held)) == "sign_in.required"


async def test_tokens_not_made_here_are_refused(
    anyone: Client, member: Client, parts: Parts, person: Person, first: str
) -> None:
    kid, _, body = first.partition(".")
    raw = decode(body)
    flipped = [encode(bytes([*raw[:at], raw[at] ^ 1, *raw[at + 1 :]])) for at in range(len(raw))]
    foreign = new_keyring("").mac("token.refresh", raw[:20])
    tampered = [f"{kid}.{body}" for body in flipped]
    bad = [
        *tampered,
        f"{foreign[0]}.{encode(raw[:20] + foreign[1])}",
        f"{kid}.{encode(raw[:20] + foreign[1])}",
        f"deadbeef.{body}",
        f".{body}",
        body,
        kid,
        f"{kid}.",
        f"{kid}.{encode(raw[:20])}",
        f"{kid}.{encode(raw[:32])}",
        f"{kid}.{body}=",
        f"{kid}.{body}A",
        f"{first}.{first}",
        "đ" * 60,
        parts.tokens.access(unresolved(person.id, person.session_id)),
        parts.tokens.refresh(uuid4(), 1),
    ]
    for token in bad:
        answer = await refresh(anyone, token)
        assert (answer.status_code, slug(answer)) == (401, "sign_in.required"), token
    assert (await member.get("/v1/me")).status_code == 200
    assert (await row_of(parts, person)).used == 0
    assert await rotate(anyone, first)


async def test_a_malformed_request_is_refused(anyone: Client) -> None:
    for body in ({}, {"refresh_token": ""}, {"refresh_token": None}, {"refresh_token": ["x"]}, {"token": "x"}):
        assert (await anyone.post("/v1/auth/refresh", json=body)).status_code == 422


async def test_a_device_that_was_away_too_long_signs_in_again(anyone: Client, first: str, clock: StandingClock) -> None:
    clock.advance(days=179)
    second = await rotate(anyone, first)
    clock.advance(days=180)
    third = await rotate(anyone, second)
    clock.advance(days=180, seconds=1)
    answer = await refresh(anyone, third)
    assert (answer.status_code, slug(answer)) == (401, "sign_in.required")


async def test_members_who_left_or_died_and_disabled_accounts_are_told_to_wipe(
    anyone: Client, admin: Client, parts: Parts, organisation: Organisation
) -> None:
    for name, status in (("member", "left"), ("fellow", "deceased")):
        person = organisation.person(name)
        file = await admin.get(f"/v1/members/{person.id}")
        match = {"If-Match": file.headers["etag"]}
        done = await admin.patch(f"/v1/members/{person.id}", json={"status": status}, headers=match)
        assert done.status_code == 200, done.text
    token = parts.tokens.refresh(organisation.person("grouped").session_id, 1)
    async with parts.database.writing() as session:
        account = await session.get_one(Account, organisation.person("grouped").id)
        account.disabled_at = parts.database.clock()
        await changes.commit(session)
    for name in ("member", "fellow", "grouped", "disabled"):
        token = parts.tokens.refresh(organisation.person(name).session_id, 1)
        answer = await refresh(anyone, token)
        assert (answer.status_code, slug(answer)) == (401, "account.closed"), name


async def test_an_ended_session_does_not_come_back(member: Client, anyone: Client, parts: Parts, first: str) -> None:
    second = await rotate(anyone, first)
    assert (await member.post("/v1/auth/logout")).status_code == 204
    for token in (first, second):
        assert slug(await refresh(anyone, token)) == "sign_in.required"


async def test_tokens_outlive_a_rotation_of_the_key_and_not_its_pruning(
    anyone: Client, parts: Parts, settings: Settings, keyring: Keyring, person: Person, first: str
) -> None:
    rotated = keyring.rotated("2026-06-01T00:00:00Z")
    save_keyring(settings.keys, rotated)
    second = await rotate(anyone, first)
    assert second.partition(".")[0] == rotated.newest.kid != keyring.newest.kid
    assert await rotate(anyone, first) == second
    third = await rotate(anyone, second)
    save_keyring(settings.keys, rotated.pruned(1))
    assert slug(await refresh(anyone, first)) == "sign_in.required"
    assert await rotate(anyone, third)


async def test_a_refresh_and_the_end_of_the_session_meet(
    anyone: Client, member: Client, parts: Parts, first: str
) -> None:
    """Whatever comes first: afterwards nothing of the session is accepted."""
    answers: list[httpx.Response] = await asyncio.gather(
        *(refresh(anyone, first) for _ in range(5)), member.post("/v1/auth/logout"), refresh(anyone, first)
    )
    for answer in answers:
        if answer.status_code == 200:
            token = answer.json()["access_token"]
            assert slug(await anyone.get("/v1/me", headers=bearer(token))) == "sign_in.required"
    assert slug(await refresh(anyone, first)) == "sign_in.required"
