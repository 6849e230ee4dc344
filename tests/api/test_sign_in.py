"""Signing in and out, passwords, and one's devices."""

import asyncio
import unicodedata
from dataclasses import replace
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlmodel import col

from api.parts import Parts
from models import changes
from models.accounts import Account, lock_account, set_password
from models.members.table import Member
from models.sessions import DeviceSession, end_sessions
from tests.api.conftest import As, Client
from tests.api.identity import PASSWORD, WatchedPasswords, bearer, give_password, log_in, slug
from tests.organisation import Organisation


async def count_sessions(parts: Parts) -> int:
    async with parts.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(DeviceSession)) or 0


def without_id(answer: httpx.Response) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name != "request_id"}


async def test_signing_in_by_number_phone_and_address(
    anyone: Client, parts: Parts, organisation: Organisation, login: str
) -> None:
    person = organisation.person("member")
    async with parts.database.writing() as session:
        (await session.get_one(Member, person.id)).email = "binh.nguyen@example.org"
        await changes.commit(session)
    for said in (login, f" {login} ", "0912000000", "+84 912 000 000", "Binh.Nguyen@Example.org"):
        answer = await log_in(anyone, said)
        assert answer.status_code == 200, (said, answer.text)
        assert answer.headers["cache-control"] == "no-store"
        pair = answer.json()
        assert (pair["member_id"], pair["token_type"]) == (str(person.id), "Bearer")
        assert pair["expires_in"] == parts.tokens.life.total_seconds()
        assert (await anyone.get("/v1/me", headers=bearer(pair["access_token"]))).json()["member_no"] == login


async def test_a_phone_that_two_share_signs_neither_in(
    anyone: Client, parts: Parts, organisation: Organisation, login: str, watched: WatchedPasswords
) -> None:
    await give_password(parts, organisation.person("fellow").id, "một mật khẩu khác")
    async with parts.database.writing() as session:
        (await session.get_one(Member, organisation.person("fellow").id)).phone = "+84912000000"
        await changes.commit(session)
    for password in (PASSWORD, "một mật khẩu khác"):
        answer = await log_in(anyone, "0912000000", password)
        assert (answer.status_code, slug(answer)) == (401, "sign_in.required")
    assert watched.verified == 2
    assert (await log_in(anyone, login)).status_code == 200


async def test_a_number_that_is_somebody_elses_phone_is_still_a_number(
    anyone: Client, parts: Parts, organisation: Organisation
) -> None:
    fellow = organisation.person("fellow").id
    await give_password(parts, fellow)
    async with parts.database.writing() as session:
        (await session.get_one(Member, fellow)).member_no = "0912000000"
        await changes.commit(session)
    assert (await log_in(anyone, "0912000000")).json()["member_id"] == str(fellow)


async def test_every_refusal_looks_the_same_and_costs_one_verification(
    anyone: Client, parts: Parts, organisation: Organisation, login: str, watched: WatchedPasswords
) -> None:
    await give_password(parts, organisation.person("disabled").id)
    before = await count_sessions(parts)
    tries = {
        "unknown": ("T9999", PASSWORD),
        "unknown phone": ("0987654321", PASSWORD),
        "unknown address": ("ai@example.org", PASSWORD),
        "SQL": ("' OR 1=1 --", PASSWORD),
        "wrong": (login, PASSWORD + "!"),
        "in capitals": (login, PASSWORD.upper()),
        "never activated": (organisation.person("fellow").member_no, PASSWORD),
        "disabled, wrong": (organisation.person("disabled").member_no, "sai rồi bạn ơi"),
    }
    answers = {}
    for name, (said, password) in tries.items():
        verified = watched.verified
        answers[name] = await log_in(anyone, said, password)
        assert watched.verified == verified + 1, name
    bodies = {name: without_id(answer) for name, answer in answers.items()}
    assert bodies == dict.fromkeys(tries, bodies["wrong"])
    assert bodies["wrong"]["type"] == "/problems/sign_in.required"
    headers = {name: sorted({*answer.headers} - {"x-request-id"}) for name, answer in answers.items()}
    assert headers == dict.fromkeys(tries, headers["wrong"])
    assert await count_sessions(parts) == before


async def test_the_right_password_of_a_closed_account_says_so(
    anyone: Client, admin: Client, parts: Parts, organisation: Organisation, login: str
) -> None:
    await give_password(parts, organisation.person("disabled").id)
    person = organisation.person("member")
    file = await admin.get(f"/v1/members/{person.id}")
    left = await admin.patch(
        f"/v1/members/{person.id}", json={"status": "left"}, headers={"If-Match": file.headers["etag"]}
    )
    assert left.status_code == 200
    before = await count_sessions(parts)
    for said in (login, organisation.person("disabled").member_no):
        answer = await log_in(anyone, said)
        assert (answer.status_code, slug(answer)) == (401, "account.closed")
        assert slug(await log_in(anyone, said, "sai rồi bạn ơi")) == "sign_in.required"
    assert await count_sessions(parts) == before


async def test_malformed_logins_are_refused_and_not_looked_up(anyone: Client, watched: WatchedPasswords) -> None:
    good = {"login": "T0000", "password": PASSWORD}
    bad: list[dict[str, object]] = [
        {**good, "login": "T\x0000"},
        {**good, "login": ""},
        {**good, "login": "   "},
        {**good, "login": "x" * 255},
        {**good, "login": 1},
        {**good, "password": ""},
        {**good, "password": "x" * 129},
        {**good, "password": None},
        {**good, "device": {"name": "a\x00b"}},
        {**good, "device": {"platform": "toaster"}},
        {**good, "admin": True},
        {"login": "T0000"},
    ]
    for body in bad:
        answer = await anyone.post("/v1/auth/login", json=body)
        assert (answer.status_code, slug(answer)) == (422, "request.invalid"), body
        assert PASSWORD not in answer.text
    lone = rb'{"login": "T0000", "password": "\ud800 0123456789"}'
    answer = await anyone.post("/v1/auth/login", content=lone, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert watched.verified == 0


async def test_a_password_counts_however_the_keyboard_composes_it(
    anyone: Client, parts: Parts, organisation: Organisation
) -> None:
    person = organisation.person("member")
    await give_password(parts, person.id, "Tiếng Việt có dấu")
    for typed in ("Tiếng Việt có dấu", unicodedata.normalize("NFD", "Tiếng Việt có dấu"), "Ｔiếng Việt có dấu"):
        assert (await log_in(anyone, person.member_no, typed)).status_code == 200
    for typed in ("Tieng Viet co dau", " Tiếng Việt có dấu", "Tiếng Việt có dấu "):
        assert (await log_in(anyone, person.member_no, typed)).status_code == 401


async def test_a_demonstration_password_is_refused_outside_the_demo(
    app: FastAPI, anyone: Client, parts: Parts, organisation: Organisation
) -> None:
    """Even where it is stored: the database may have been the demo's."""
    person = organisation.person("member")
    await give_password(parts, person.id, "demo-0123456789")
    assert slug(await log_in(anyone, person.member_no, "demo-0123456789")) == "sign_in.required"
    app.state.parts = replace(parts, passwords=WatchedPasswords(demo=True))
    assert (await log_in(anyone, person.member_no, "demo-0123456789")).status_code == 200


async def test_devices_are_listed_and_ended_one_by_one(
    anyone: Client, member: Client, organisation: Organisation, login: str
) -> None:
    said = {"login": login, "password": PASSWORD, "device": {"name": "Máy  của\u200b Bình", "platform": "android"}}
    phone = bearer((await anyone.post("/v1/auth/login", json=said)).json()["access_token"])
    listed = await anyone.get("/v1/auth/sessions", headers=phone)
    assert listed.headers["cache-control"] == "no-store"
    newest, oldest = listed.json()["items"]
    assert (newest["device_name"], newest["device_platform"], newest["current"]) == ("Máy của Bình", "android", True)
    assert newest.keys() == {"id", "device_name", "device_platform", "created_at", "used_at", "current"}
    assert (oldest["id"], oldest["current"]) == (str(organisation.person("member").session_id), False)

    assert (await member.delete(f"/v1/auth/sessions/{newest['id']}")).status_code == 204
    refused = await anyone.get("/v1/me", headers=phone)
    assert (refused.status_code, slug(refused)) == (401, "sign_in.required")
    assert (await member.delete(f"/v1/auth/sessions/{newest['id']}")).status_code == 404, "it has ended"
    assert [item["id"] for item in (await member.get("/v1/auth/sessions")).json()["items"]] == [oldest["id"]]


async def test_nobody_ends_the_session_of_another(acting_as: As, organisation: Organisation) -> None:
    theirs = organisation.person("member").session_id
    for name in ("fellow", "secretary", "admin"):
        answer = await acting_as(name).delete(f"/v1/auth/sessions/{theirs}")
        assert (answer.status_code, slug(answer)) == (404, "not_found")
    assert (await acting_as("member").delete("/v1/auth/sessions/x")).status_code == 404
    assert (await acting_as("member").get("/v1/me")).status_code == 200


async def test_logging_out_ends_this_device_alone(anyone: Client, member: Client, login: str) -> None:
    phone = bearer((await log_in(anyone, login)).json()["access_token"])
    assert (await member.post("/v1/auth/logout")).status_code == 204
    assert slug(await member.get("/v1/me")) == "sign_in.required"
    assert slug(await member.post("/v1/auth/logout")) == "sign_in.required"
    assert (await anyone.get("/v1/me", headers=phone)).status_code == 200


async def change(client: Client, current: str, new: str) -> httpx.Response:
    return await client.put("/v1/auth/password", json={"current_password": current, "new_password": new})


async def test_a_changed_password_ends_the_other_devices(anyone: Client, member: Client, login: str) -> None:
    phone = (await log_in(anyone, login)).json()
    assert (await change(member, PASSWORD, "nắng hạ vàng ươm")).status_code == 204
    assert slug(await anyone.get("/v1/me", headers=bearer(phone["access_token"]))) == "sign_in.required"
    said = {"refresh_token": phone["refresh_token"]}
    assert slug(await anyone.post("/v1/auth/refresh", json=said)) == "sign_in.required"
    assert (await member.get("/v1/me")).status_code == 200, "this device stays"
    assert (await log_in(anyone, login)).status_code == 401
    assert (await log_in(anyone, login, "nắng hạ vàng ươm")).status_code == 200


async def test_a_wrong_current_password_changes_nothing_and_is_limited(
    member: Client, acting_as: As, anyone: Client, login: str
) -> None:
    for _ in range(5):
        answer = await change(member, "sai rồi bạn ơi", "nắng hạ vàng ươm")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == "password.wrong"
        assert answer.json()["errors"][0]["pointer"] == "/current_password"
    limited = await change(member, PASSWORD, "nắng hạ vàng ươm")
    assert (limited.status_code, slug(limited)) == (429, "sign_in.too_many")
    assert (await log_in(anyone, login)).status_code == 200, "signing in is counted apart"
    other = await change(acting_as("fellow"), "sai rồi bạn ơi", "nắng hạ vàng ươm")
    assert other.json()["errors"][0]["code"] == "password.wrong", "one who never had a password"


async def test_a_new_password_must_be_good(member: Client, anyone: Client, login: str) -> None:
    weak = {
        "ngắn quá": "string_too_short",
        f"của tôi là {login.lower()}": "password.contains_login",
        "gọi 0912000000 nhé": "password.contains_login",
        "1234567890": "password.too_common",
        "aaaaaaaaaaaa": "password.too_common",
        "demo-mùa xuân": "password.demonstration",
    }
    for new, code in weak.items():
        answer = await change(member, PASSWORD, new)
        assert answer.status_code == 422
        assert answer.json()["errors"] == [{**answer.json()["errors"][0], "pointer": "/new_password", "code": code}]
        assert new not in answer.text
    assert (await log_in(anyone, login)).status_code == 200


async def recover(parts: Parts, organisation: Organisation) -> None:
    """What an activation does, in short: a new password, and no session from before."""
    person = organisation.person("member")
    async with parts.database.writing() as session:
        await set_password(session, await session.get_one(Account, person.id), "$argon2id$another")
        await end_sessions(session, person.id, "recovered")
        await changes.commit(session)


async def test_a_password_changed_while_it_was_verified_signs_nobody_in(
    anyone: Client, parts: Parts, organisation: Organisation, login: str, watched: WatchedPasswords
) -> None:
    before = await count_sessions(parts)
    watched.meanwhile = lambda: recover(parts, organisation)
    assert slug(await log_in(anyone, login)) == "sign_in.required"
    assert await count_sessions(parts) == before


async def test_who_recovered_the_account_meanwhile_keeps_it(
    member: Client, parts: Parts, organisation: Organisation, login: str, watched: WatchedPasswords
) -> None:
    watched.meanwhile = lambda: recover(parts, organisation)
    assert slug(await change(member, PASSWORD, "mật khẩu của kẻ trộm")) == "sign_in.required"
    async with parts.database.reading() as session:
        account = await session.get_one(Account, organisation.person("member").id)
        assert account.password_hash == "$argon2id$another"


async def test_a_sign_in_waits_for_a_change_of_the_password(
    anyone: Client, parts: Parts, organisation: Organisation, login: str, watched: WatchedPasswords
) -> None:
    """The change has been written and not committed while the old password is verified: no session may slip by."""
    person = organisation.person("member")
    verified = asyncio.Event()

    async def tell() -> None:
        verified.set()

    watched.meanwhile = tell
    async with parts.database.reading() as session:
        stored = (await session.get_one(Account, person.id)).password_hash
    async with parts.database.writing() as session:
        account = await lock_account(session, person.id, stored)
        await set_password(session, account, "$argon2id$another")
        signing_in = asyncio.create_task(log_in(anyone, login))
        await verified.wait()
        await asyncio.sleep(0.1)  # for it to reach the lock; the answer is the same if it has not
        await end_sessions(session, person.id, "password_changed")
        await changes.commit(session)
    assert slug(await signing_in) == "sign_in.required"
    async with parts.database.reading() as session:
        open_ones = select(col(DeviceSession.id)).where(
            col(DeviceSession.member_id) == person.id, col(DeviceSession.ended_at).is_(None)
        )
        assert (await session.scalars(open_ones)).all() == []
