"""Registering devices: one a session, one account an address, and nothing of it to be seen."""

import asyncio
from typing import Any

import pytest

from api.parts import Parts
from content.push_keys import encoded
from models import changes
from models.activation import switch_account
from models.base import new_id
from models.devices.rules import DEVICES_MOST, put_device
from models.devices.shapes import DeviceProvider, DevicePut
from models.permissions import OPERATOR, Viewer
from models.sessions import Device, start_session
from tests.api.conftest import As, Client
from tests.api.devices.phones import BROWSER, DEVICES, ENDPOINT, browser, kept, listed, phone, register
from tests.api.identity import PASSWORD, log_in
from tests.api.problem_details import assert_problem, codes
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.ticking import tick


@pytest.mark.parametrize("body", [phone(), phone(language="en"), browser()])
async def test_a_device_is_registered_once_however_often_it_says_so(
    member: Client, body: dict[str, Any], parts: Parts, clock: StandingClock
) -> None:
    id_ = new_id()
    first = await register(member, body, id_)
    assert first.status_code == 200, first.text
    said = first.json()
    assert said | {"created_at": "", "seen_at": ""} == {
        "id": str(id_),
        "provider": body["provider"],
        "language": body.get("language", "vi"),
        "created_at": "",
        "seen_at": "",
        "current": True,
    }
    clock.advance(hours=1)
    again = (await register(member, body, id_)).json()
    assert (again["created_at"], again["seen_at"] > said["seen_at"]) == (said["created_at"], True)
    assert (await member.get(DEVICES)).json() == {"items": [again]}
    address = body.get("token") or body["subscription"]["endpoint"]
    assert await kept(parts) == {str(id_): (address, None)}


async def test_addresses_are_sealed_and_never_shown(member: Client, parts: Parts) -> None:
    answer = await register(member, browser())
    text = answer.text + (await member.get(DEVICES)).text
    async with parts.database.reading() as session:
        row = (await (await session.connection()).exec_driver_sql("SELECT * FROM device")).one()
    for shown in (text, *map(str, row)):
        for secret in (ENDPOINT, BROWSER.p256dh, encoded(BROWSER.secret)):
            assert secret not in shown


async def test_a_session_has_one_device(member: Client, parts: Parts) -> None:
    old, new = new_id(), new_id()
    await register(member, phone("old"), old)
    await register(member, phone("new"), new)
    assert await listed(member) == [str(new)]
    assert (await kept(parts))[str(old)] == ("old", "replaced")


async def test_a_token_that_changes_stays_the_same_device(member: Client, parts: Parts) -> None:
    id_ = new_id()
    await register(member, phone("old"), id_)
    await register(member, phone("new"), id_)
    assert await kept(parts) == {str(id_): ("new", None)}
    await register(member, browser(), id_)
    assert await kept(parts) == {str(id_): (ENDPOINT, None)}


async def test_an_address_moves_to_who_registers_it(acting_as: As, parts: Parts) -> None:
    mine, theirs = new_id(), new_id()
    await register(acting_as("member"), phone("shared"), mine)
    assert (await register(acting_as("fellow"), phone("shared"), theirs)).status_code == 200
    assert await listed(acting_as("member")) == []
    assert await listed(acting_as("fellow")) == [str(theirs)]
    assert await kept(parts) == {str(mine): ("shared", "moved"), str(theirs): ("shared", None)}
    await register(acting_as("member"), phone("shared"), mine)
    assert await kept(parts) == {str(mine): ("shared", None), str(theirs): ("shared", "moved")}


async def test_of_many_who_register_it_at_once_one_has_it(acting_as: As, parts: Parts) -> None:
    people = ("member", "fellow", "secretary", "editor")
    answers = await asyncio.gather(*(register(acting_as(name), phone("shared")) for name in people))
    assert [answer.status_code for answer in answers] == [200] * 4
    reasons = sorted(str(reason) for _, reason in (await kept(parts)).values())
    assert reasons == ["None", "moved", "moved", "moved"]


async def test_two_may_take_each_other_s_address_at_once(acting_as: As) -> None:
    member, fellow = acting_as("member"), acting_as("fellow")
    mine, theirs = new_id(), new_id()
    for n in range(8):
        await register(member, phone(f"a{n}"), mine)
        await register(fellow, phone(f"b{n}"), theirs)
        answers = await asyncio.gather(register(member, phone(f"b{n}"), mine), register(fellow, phone(f"a{n}"), theirs))
        assert [answer.status_code for answer in answers] == [200, 200]


async def test_of_one_who_registers_many_at_once_one_stays(acting_as: As, parts: Parts) -> None:
    answers = await asyncio.gather(*(register(acting_as("member"), phone(f"t{n}")) for n in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len(await listed(acting_as("member"))) == 1


async def test_an_id_of_somebody_else_s_is_not_overwritten(acting_as: As, parts: Parts) -> None:
    id_ = new_id()
    await register(acting_as("member"), phone("mine"), id_)
    before = await kept(parts)
    assert_problem(await register(acting_as("fellow"), phone("theirs"), id_), 404, "not_found")
    assert_problem(await acting_as("fellow").delete(f"{DEVICES}/{id_}"), 404, "not_found")
    assert_problem(await register(acting_as("fellow"), phone("mine"), id_), 404, "not_found")
    assert await kept(parts) == before


async def test_a_device_is_removed_once(member: Client, parts: Parts) -> None:
    id_ = new_id()
    await register(member, phone(), id_)
    assert (await member.delete(f"{DEVICES}/{id_}")).status_code == 204
    assert_problem(await member.delete(f"{DEVICES}/{id_}"), 404, "not_found")
    assert await kept(parts) == {str(id_): ("dGVzdA:one", "removed")}
    assert (await register(member, phone(), id_)).status_code == 200
    assert await listed(member) == [str(id_)]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "endpoint",
    [
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://localhost/x",
        "https://push.example.org/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilfcm.googleapis.com/x",
        "https://fcm.googleapis.com./x",
        "https://fcm.googleapis.com:8443/x",
        "https://user:secret@fcm.googleapis.com/x",
        "https://fcm.googleapis.com@127.0.0.1/x",
        "https://fcm.googleapis.com\\@127.0.0.1/x",
        "https://fcm.googleapis.com/x#y",
        "https://fcm.googleapis.com/x\r\nHost: evil",
        "http://fcm.googleapis.com/x",
        "file:///etc/passwd",
        "//fcm.googleapis.com/x",
        "đây",
    ],
)
async def test_hostile_endpoints_are_refused_without_quoting_them(member: Client, endpoint: str) -> None:
    answer = await register(member, browser(endpoint))
    assert_problem(answer, 422, "request.invalid")
    assert codes(answer) == {"/subscription/endpoint": "push.endpoint_refused"}
    said = answer.text.replace(answer.json()["request_id"], "")  # which is random, and may have anything in it
    assert "evil" not in said
    assert "127" not in said


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (browser(p256dh=""), {"/subscription/keys": "push.keys_refused"}),
        (browser(p256dh=BROWSER.p256dh[:-4]), {"/subscription/keys": "push.keys_refused"}),
        (browser(p256dh="BA" + "A" * 85), {"/subscription/keys": "push.keys_refused"}),
        (browser(auth="AAAA"), {"/subscription/keys": "push.keys_refused"}),
        (browser(auth="không"), {"/subscription/keys": "push.keys_refused"}),
        (browser(p256dh="A" * 101), {"/subscription/keys/p256dh": "string_too_long"}),
        (browser(auth="A" * 100_000), {"/subscription/keys/auth": "string_too_long"}),
        (browser("https://fcm.googleapis.com/" + "x" * 2_000), {"/subscription/endpoint": "string_too_long"}),
        (phone("x" * 2_001), {"/token": "string_too_long"}),
        (phone(""), {"/token": "string_too_short"}),
        (phone("two words"), {"/token": "string_pattern_mismatch"}),
        (phone("one\n"), {"/token": "string_pattern_mismatch"}),
        (phone(language="tiếng Việt"), {"/language": "string_too_long"}),
        (phone(language="VI"), {"/language": "string_pattern_mismatch"}),
        ({"provider": "fcm"}, {"/token": "missing"}),
        ({"provider": "web_push"}, {"/subscription": "missing"}),
        (browser() | {"token": "x"}, {"/token": "extra_forbidden"}),
        (browser() | phone(), {"/subscription": "extra_forbidden"}),
        ({"provider": "web_push", "token": "x"}, {"/subscription": "missing", "/token": "extra_forbidden"}),
        ({"provider": "email", "token": "x"}, {"/provider": "enum"}),
        ({"token": "x"}, {"/provider": "missing"}),
    ],
)
async def test_what_no_device_says_is_refused(member: Client, body: dict[str, Any], expected: dict[str, str]) -> None:
    answer = await register(member, body)
    assert_problem(answer, 422, "request.invalid")
    assert codes(answer) == expected


async def test_a_member_has_so_many_devices_at_most(
    member: Client, parts: Parts, organisation: Organisation, clock: StandingClock
) -> None:
    person = organisation.person("member")
    async with parts.database.writing() as session:
        for n in range(DEVICES_MOST):
            signed_in = await start_session(session, person.id, Device(), None)
            data = DevicePut(provider=DeviceProvider.FCM, token=f"t{n}")
            await put_device(session, Viewer(person.id, signed_in.id), new_id(), data, ())
        await changes.commit(session)
    before = await kept(parts)
    assert_problem(await register(member, phone("one-more")), 409, "device.too_many")
    assert await kept(parts) == before
    moved = await register(member, phone("t3"))
    assert moved.status_code == 200, "it takes the place of the device that had the token"
    assert len(await listed(member)) == DEVICES_MOST


@pytest.mark.parametrize("how", ["logout", "session", "all", "left", "disabled", "password"])
async def test_a_device_ends_with_its_session(
    how: str, acting_as: As, anyone: Client, parts: Parts, organisation: Organisation, login: str
) -> None:
    member, secretary, person = acting_as("member"), acting_as("secretary"), organisation.person("member")
    await register(member, phone())
    if how == "logout":
        ended = await member.post("/v1/auth/logout")
    elif how == "session":
        ended = await member.delete(f"/v1/auth/sessions/{person.session_id}")
    elif how == "all":
        ended = await secretary.post(f"/v1/members/{person.id}/sign-out")
    elif how == "left":
        headers = {"If-Match": (await secretary.get(f"/v1/members/{person.id}")).headers["etag"]}
        ended = await secretary.patch(f"/v1/members/{person.id}", json={"status": "left"}, headers=headers)
    elif how == "disabled":
        async with parts.database.writing() as session:
            await switch_account(session, OPERATOR, person.id, disabled=True)
            await changes.commit(session)
        ended = await acting_as("secretary").get("/v1/me")
    else:
        other = (await log_in(anyone, login)).json()["access_token"]
        said = {"current_password": PASSWORD, "new_password": "năm cánh sao vàng"}
        ended = await anyone.put("/v1/auth/password", json=said, headers={"Authorization": f"Bearer {other}"})
    assert ended.is_success, ended.text
    assert [reason for _, reason in (await kept(parts)).values()] == ["signed_out"]


async def test_a_stolen_refresh_token_ends_the_device_too(
    anyone: Client, login: str, parts: Parts, clock: StandingClock
) -> None:
    pair = (await log_in(anyone, login)).json()
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    assert (await anyone.put(f"{DEVICES}/{new_id()}", json=phone(), headers=headers)).status_code == 200
    first = {"refresh_token": pair["refresh_token"]}
    second = (await anyone.post("/v1/auth/refresh", json=first)).json()["refresh_token"]
    third = await anyone.post("/v1/auth/refresh", json={"refresh_token": second})
    assert third.status_code == 200
    clock.advance(minutes=5)
    assert_problem(await anyone.post("/v1/auth/refresh", json=first), 401, "sign_in.required")
    assert [reason for _, reason in (await kept(parts)).values()] == ["signed_out"]


async def test_who_has_signed_out_registers_nothing(member: Client, parts: Parts) -> None:
    await member.post("/v1/auth/logout")
    assert_problem(await register(member, phone()), 401, "sign_in.required")
    assert await kept(parts) == {}


async def test_what_is_silent_for_long_ends(
    member: Client, acting_as: As, parts: Parts, clock: StandingClock, organisation: Organisation
) -> None:
    silent, heard = new_id(), new_id()
    await register(member, phone("silent"), silent)
    await register(acting_as("fellow"), phone("heard"), heard)
    clock.advance(days=200)
    async with parts.database.writing() as session:  # as an app does that starts
        viewer = await organisation.viewer(session, "fellow")
        await put_device(session, viewer, heard, DevicePut(provider=DeviceProvider.FCM, token="heard"), ())
        await changes.commit(session)
    clock.advance(days=69, hours=23)
    await tick(parts)
    assert {reason for _, reason in (await kept(parts)).values()} == {None}
    clock.advance(hours=2)
    await tick(parts)
    assert await kept(parts) == {str(silent): ("silent", "silent"), str(heard): ("heard", None)}
