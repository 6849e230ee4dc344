"""Codes that a branch hands over, and what a password must be."""

import asyncio
import re
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from fastapi import FastAPI

from api.parts import Parts
from api.security.attempts import Attempts
from models import changes
from models.accounts import CODE_ALPHABET, CODE_LENGTH
from models.members.table import Member
from tests.api.conftest import As, Client
from tests.api.identity import (
    PASSWORD,
    WatchedPasswords,
    account_of,
    activate,
    bearer,
    calling_from,
    events,
    give_password,
    log_in,
    slug,
)
from tests.clock import StandingClock
from tests.organisation import Organisation, Person

ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
Issue = Callable[[], Awaitable[str]]


@pytest.fixture
def person(organisation: Organisation) -> Person:
    return organisation.person("member")


@pytest.fixture
def issue(secretary: Client, person: Person) -> Issue:
    """Gives the member a new code, from the secretary's hand."""

    async def issue() -> str:
        answer = await secretary.post(f"/v1/members/{person.id}/activation-code")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["activation_code"])

    return issue


async def test_a_code_is_shown_once_and_leaves_one_event(
    secretary: Client, parts: Parts, organisation: Organisation, person: Person, clock: StandingClock
) -> None:
    answer = await secretary.post(
        f"/v1/members/{person.id}/activation-code", headers={"X-Request-ID": "issuing-a-code-1"}
    )
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert said.keys() == {"login", "activation_code", "expires_at"}
    assert said["login"] == person.member_no
    assert re.fullmatch(f"[{CODE_ALPHABET}]{{{CODE_LENGTH}}}", said["activation_code"])
    assert CODE_LENGTH * 5 >= 40, "bits"
    (event,) = await events(parts, "member.activate")
    secretary_id = organisation.person("secretary").id
    assert (event.actor_id, event.target_id, event.at) == (secretary_id, person.id, clock())
    assert (event.branch_no, event.request_id) == (organisation.branch("chibo").no, "issuing-a-code-1")
    assert said["activation_code"] not in str((event.before, event.after))
    account = await account_of(parts, person.id)
    assert said["activation_code"] not in str(account.activation_digest)


async def test_a_code_opens_once(anyone: Client, issue: Issue, person: Person) -> None:
    code = await issue()
    opened = await activate(anyone, person.member_no, code)
    assert opened.status_code == 200
    assert opened.headers["cache-control"] == "no-store"
    pair = opened.json()
    assert (await anyone.get("/v1/me", headers=bearer(pair["access_token"]))).status_code == 200
    again = await activate(anyone, person.member_no, code, "một mật khẩu khác")
    assert (again.status_code, slug(again)) == (401, "sign_in.required")
    assert (await log_in(anyone, person.member_no)).status_code == 200, "the first password stays"


async def test_of_parallel_uses_of_one_code_one_wins(
    anyone: Client, issue: Issue, person: Person, watched: WatchedPasswords
) -> None:
    code = await issue()
    passwords = [f"mật khẩu của máy {number}" for number in range(5)]
    answers = await asyncio.gather(*(activate(anyone, person.member_no, code, password) for password in passwords))
    won = [password for password, answer in zip(passwords, answers, strict=True) if answer.status_code == 200]
    assert len(won) == 1
    assert {slug(answer) for answer in answers if answer.status_code != 200} <= {"sign_in.required", "sign_in.too_many"}
    assert (await log_in(anyone, person.member_no, won[0])).status_code == 200


async def test_a_code_used_or_replaced_while_the_password_is_hashed_opens_nothing(
    anyone: Client, issue: Issue, person: Person, watched: WatchedPasswords
) -> None:
    code = await issue()

    async def replace_code() -> None:
        await issue()

    async def use_code() -> None:
        assert (await activate(anyone, person.member_no, code, "mật khẩu đến trước")).status_code == 200

    watched.meanwhile = replace_code
    assert slug(await activate(anyone, person.member_no, code)) == "sign_in.required"
    code = await issue()
    watched.meanwhile = use_code
    assert slug(await activate(anyone, person.member_no, code)) == "sign_in.required"
    assert (await log_in(anyone, person.member_no, "mật khẩu đến trước")).status_code == 200


@pytest.mark.parametrize(("seconds", "status"), [(-1, 200), (0, 401), (1, 401)])
async def test_a_code_lives_fourteen_days(
    seconds: int, status: int, anyone: Client, issue: Issue, person: Person, clock: StandingClock
) -> None:
    code = await issue()
    clock.advance(days=14, seconds=seconds)
    assert (await activate(anyone, person.member_no, code)).status_code == status


@pytest.mark.parametrize(
    "typed",
    [
        "{}",
        "{:.5} {:.5}",
        "lower",
        "hyphens",
        "dashes",
        "look-alikes",
        "full width",
        "around",
    ],
)
@ON_SQLITE
async def test_codes_are_read_as_people_type_them(
    typed: str, anyone: Client, person: Person, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = iter("10V1A0BV1Z")
    monkeypatch.setattr("models.accounts.secrets.choice", lambda _alphabet: next(letters))
    code = await issue()
    assert code == "10V1A0BV1Z"
    ways = {
        "{}": code,
        "{:.5} {:.5}": f"{code[:5]} {code[5:]}",
        "lower": code.lower(),
        "hyphens": "-".join(code),
        "dashes": f"{code[:5]} – {code[5:]}",
        "look-alikes": "IoUlaObuLz",
        "full width": "１０Ｖ１Ａ０ＢＶ１Ｚ",
        "around": f"\t {code}\n",
    }
    assert (await activate(anyone, person.member_no, ways[typed])).status_code == 200


async def test_a_new_code_replaces_the_one_before(anyone: Client, issue: Issue, person: Person) -> None:
    first, second = await issue(), await issue()
    assert first != second
    assert slug(await activate(anyone, person.member_no, first)) == "sign_in.required"
    assert (await activate(anyone, person.member_no, second)).status_code == 200


async def test_recovery_ends_the_sessions_from_before(
    anyone: Client, member: Client, parts: Parts, issue: Issue, person: Person
) -> None:
    await give_password(parts, person.id, "mật khẩu đã quên")
    phone = (await log_in(anyone, person.member_no, "mật khẩu đã quên")).json()
    code = await issue()
    assert (await member.get("/v1/me")).status_code == 200, "a code that was issued changes nothing yet"
    assert (await log_in(anyone, person.member_no, "mật khẩu đã quên")).status_code == 200
    opened = (await activate(anyone, person.member_no, code)).json()
    for token in (phone["access_token"],):
        assert slug(await anyone.get("/v1/me", headers=bearer(token))) == "sign_in.required"
    assert slug(await member.get("/v1/me")) == "sign_in.required"
    said = {"refresh_token": phone["refresh_token"]}
    assert slug(await anyone.post("/v1/auth/refresh", json=said)) == "sign_in.required"
    assert (await anyone.get("/v1/me", headers=bearer(opened["access_token"]))).status_code == 200
    assert (await log_in(anyone, person.member_no, "mật khẩu đã quên")).status_code == 401


async def test_a_changed_password_uses_an_open_code_up(
    anyone: Client, member: Client, parts: Parts, issue: Issue, person: Person
) -> None:
    await give_password(parts, person.id)
    code = await issue()
    said = {"current_password": PASSWORD, "new_password": "nắng hạ vàng ươm"}
    assert (await member.put("/v1/auth/password", json=said)).status_code == 204
    assert slug(await activate(anyone, person.member_no, code)) == "sign_in.required"


async def test_refusals_look_the_same_and_cost_no_hash(
    anyone: Client, parts: Parts, organisation: Organisation, issue: Issue, person: Person, watched: WatchedPasswords
) -> None:
    code = await issue()
    fellow = organisation.person("fellow").member_no
    tries = {
        "wrong": (person.member_no, "0000000000"),
        "short": (person.member_no, code[:-1]),
        "long": (person.member_no, code + "0"),
        "blank": (person.member_no, " - "),
        "of another": (fellow, code),
        "unknown": ("T9999", code),
        "letters of other scripts": (organisation.person("grouped").member_no, "đừng thử nữa"),
    }
    bodies = {}
    for name, (login, said) in tries.items():
        answer = await activate(anyone, login, said)
        assert answer.status_code == 401, name
        bodies[name] = {key: value for key, value in answer.json().items() if key != "request_id"}
    assert bodies == dict.fromkeys(tries, bodies["wrong"])
    assert watched.hashed == 0
    assert (await account_of(parts, person.id)).password_hash is None
    assert (await activate(anyone, person.member_no, code)).status_code == 200, "it was not used up"


@pytest.mark.parametrize("limits", ["memory", "redis"])
@ON_SQLITE
async def test_wrong_codes_are_limited_and_lock_nobody_out(
    limits: str, app: FastAPI, issue: Issue, person: Person, request: pytest.FixtureRequest
) -> None:
    attempts = Attempts(request.getfixturevalue("emptied_redis_url") if limits == "redis" else None)
    app.state.parts = replace(app.state.parts, attempts=attempts)
    code = await issue()
    for last in range(6):
        guesser = calling_from(app, f"198.51.100.{last}")
        assert [(await activate(guesser, person.member_no, f"{n:010}")).status_code for n in range(5)] == [401] * 5
        refused = await activate(guesser, person.member_no, code)
        assert (refused.status_code, slug(refused)) == (429, "sign_in.too_many")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
    at_home = calling_from(app, "203.0.113.7")
    assert (await activate(at_home, person.member_no, code)).status_code == 200
    assert (await log_in(calling_from(app, "198.51.100.1"), person.member_no)).status_code == 200, "counted apart"
    await attempts.close()


async def test_who_has_left_or_was_disabled_is_let_in_by_no_code(
    anyone: Client,
    admin: Client,
    secretary: Client,
    parts: Parts,
    issue: Issue,
    organisation: Organisation,
    person: Person,
) -> None:
    code = await issue()
    disabled = organisation.person("disabled")
    issued = await secretary.post(f"/v1/members/{disabled.id}/activation-code")
    refused = await activate(anyone, disabled.member_no, issued.json()["activation_code"])
    assert (refused.status_code, slug(refused)) == (401, "account.closed")
    assert (await account_of(parts, disabled.id)).password_hash is None, "nothing was written"
    file = await admin.get(f"/v1/members/{person.id}")
    match = {"If-Match": file.headers["etag"]}
    assert (await admin.patch(f"/v1/members/{person.id}", json={"status": "left"}, headers=match)).status_code == 200
    assert slug(await activate(anyone, person.member_no, code)) == "account.closed"
    assert slug(await admin.post(f"/v1/members/{person.id}/activation-code")) == "member.not_active"


async def test_who_may_issue_a_code_for_whom(acting_as: As, parts: Parts, organisation: Organisation) -> None:
    """Rule 3: never for an equal or a superior, never for somebody with a role elsewhere."""
    expected = {
        ("member", "fellow"): 403,
        ("clerk", "member"): 403,
        ("editor", "member"): 403,
        ("auditor", "member"): 403,
        ("deputy", "member"): 201,
        ("deputy", "clerk"): 201,
        ("deputy", "deputy"): 403,
        ("deputy", "secretary"): 403,
        ("secretary", "deputy"): 201,
        ("secretary", "secretary"): 403,
        ("secretary", "leader"): 403,
        ("secretary", "grouped"): 201,
        ("secretary", "neighbour"): 404,
        ("sibling_secretary", "member"): 404,
        ("sibling_secretary", "parent_secretary"): 403,
        ("sibling_secretary", "admin"): 403,
        ("parent_secretary", "leader"): 403,
        ("parent_secretary", "sibling_secretary"): 403,
        ("admin", "leader"): 201,
        ("admin", "secretary"): 201,
        ("admin", "admin"): 403,
        ("stranger_admin", "member"): 404,
    }
    met = {}
    for who, whom in expected:
        answer = await acting_as(who).post(f"/v1/members/{organisation.person(whom).id}/activation-code")
        met[who, whom] = answer.status_code
    assert met == expected
    assert len(await events(parts, "member.activate")) == list(expected.values()).count(201)
    refused = {organisation.person(whom).id for (_, whom), status in expected.items() if status != 201}
    allowed = {organisation.person(whom).id for (_, whom), status in expected.items() if status == 201}
    for member_id in refused - allowed:
        assert (await account_of(parts, member_id)).activation_digest is None


PASSWORDS = {
    "nine letters": ("chín chữ ", "string_too_short"),
    "ten letters": ("mười chữ à", None),
    "nothing": ("", "string_too_short"),
    "its login": ("Tôi là t0000 đây", "password.contains_login"),
    "its phone": ("số 0912000000", "password.contains_login"),
    "full-width login": ("Tôi là Ｔ００００ đây", "password.contains_login"),
    "common": ("Password123", "password.too_common"),
    "one letter": ("zzzzzzzzzzzz", "password.too_common"),
    "demo": ("demo-abcdefgh", "password.demonstration"),
    "demo full width": ("ｄemo-abcdefgh", "password.demonstration"),
    "128 letters": ("ă" * 124 + "bcde", None),
    "129 letters": ("ă" * 125 + "bcde", "string_too_long"),
    "128 emoji": ("🌾🌻🍃🌙" * 32, None),
    "129 emoji": ("🌾🌻🍃🌙" * 32 + "🌾", "string_too_long"),
    "blanks around": ("  có dấu cách  ", None),
    "blanks alone": (" " * 12, "password.too_common"),
    "line breaks": ("dòng một\ndòng hai", None),
    "ligature": ("\ufdfa và bạn", None),
}


@pytest.mark.parametrize("name", PASSWORDS)
@ON_SQLITE
async def test_what_a_password_must_be(name: str, anyone: Client, parts: Parts, issue: Issue, person: Person) -> None:
    password, code = PASSWORDS[name]
    answer = await activate(anyone, person.member_no, await issue(), password)
    if code is None:
        assert answer.status_code == 200, answer.text
        assert (await log_in(anyone, person.member_no, password)).status_code == 200
        stripped = password.strip()
        if stripped != password:
            assert (await log_in(anyone, person.member_no, stripped)).status_code == 401, "blanks are part of it"
    else:
        assert (answer.status_code, slug(answer)) == (422, "request.invalid")
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/password", code)
        assert (await account_of(parts, person.id)).password_hash is None


@ON_SQLITE
async def test_a_short_login_is_no_reason_to_refuse(anyone: Client, parts: Parts, issue: Issue, person: Person) -> None:
    async with parts.database.writing() as session:
        (await session.get_one(Member, person.id)).member_no = "hoa"
        await changes.commit(session)
    assert (await activate(anyone, "hoa", await issue())).status_code == 200


@ON_SQLITE
async def test_the_demo_takes_its_own_passwords(app: FastAPI, anyone: Client, issue: Issue, person: Person) -> None:
    app.state.parts = replace(app.state.parts, passwords=WatchedPasswords(demo=True))
    assert (await activate(anyone, person.member_no, await issue(), "demo-mùa xuân")).status_code == 200
    assert (await log_in(anyone, person.member_no, "demo-mùa xuân")).status_code == 200


@ON_SQLITE
async def test_a_password_set_decomposed_is_the_same_composed(anyone: Client, issue: Issue, person: Person) -> None:
    said = "Đường về quê hương"
    composed, decomposed = unicodedata.normalize("NFC", said), unicodedata.normalize("NFD", said)
    assert composed != decomposed
    assert (await activate(anyone, person.member_no, await issue(), decomposed)).status_code == 200
    assert (await log_in(anyone, person.member_no, composed)).status_code == 200
