"""The first slice as its users walk through it."""

from tests.api.conftest import Client
from tests.organisation import Organisation


async def test_a_member_reads_about_themselves(member: Client, organisation: Organisation) -> None:
    answer = await member.get("/v1/me")
    assert answer.status_code == 200, answer.text
    profile = answer.json()
    assert profile["full_name"] == "Nguyễn Thị Bình"
    (membership,) = profile["memberships"]
    assert membership["branch"]["code"] == "CHIBO"
    assert membership["branch"]["path"][0]["name"] == "Trung ương Hội"
    assert answer.headers["cache-control"] == "private, no-cache"
    again = await member.get("/v1/me", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


async def test_nobody_is_told_to_sign_in(anyone: Client) -> None:
    answer = await anyone.get("/v1/me")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/sign_in.required"


async def test_a_code_opens_the_account_and_the_password_signs_in(
    secretary: Client, anyone: Client, organisation: Organisation
) -> None:
    issued = await secretary.post(f"/v1/members/{organisation.person('member').id}/activation-code")
    assert issued.status_code == 201, issued.text
    code = issued.json()
    opened = await anyone.post(
        "/v1/auth/activate",
        json={"login": code["login"], "activation_code": code["activation_code"], "password": "một hai ba bốn"},
    )
    assert opened.status_code == 200, opened.text
    signed_in = await anyone.post("/v1/auth/login", json={"login": code["login"], "password": "một hai ba bốn"})
    assert signed_in.status_code == 200, signed_in.text
    bearer = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    assert (await anyone.get("/v1/me", headers=bearer)).json()["member_no"] == code["login"]
    wrong = await anyone.post("/v1/auth/login", json={"login": code["login"], "password": "một hai ba năm"})
    assert wrong.status_code == 401


async def test_the_document_says_what_may_be_refused(anyone: Client) -> None:
    document = (await anyone.get("/openapi.json")).json()
    responses = document["paths"]["/v1/members/{member_id}"]["patch"]["responses"]
    assert {"200", "401", "403", "404", "409", "412", "422", "428"} <= responses.keys()
    assert all("HTTPValidationError" not in str(r) for r in responses.values())
