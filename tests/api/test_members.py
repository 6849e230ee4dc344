"""Members over HTTP: enrolled, corrected, found, and let go; and who sees what is sensitive of them."""

from typing import Any

from sqlalchemy import text

from models.database import Database
from tests.api.conftest import As, Client
from tests.organisation import Organisation

SENSITIVE = {"national_id", "phone", "address", "birth_date", "email"}
NUMBER = "001185000123"
"""A woman born in 1985, registered in Hà Nội."""


def newcomer(organisation: Organisation, **over: Any) -> dict[str, Any]:
    return {
        "branch_id": str(organisation.branch("chibo").id),
        "member_no": "DL-0099",
        "full_name": "Tạ Thị Ánh",
        "birth_date": "1985-03-08",
        "gender": "female",
        "phone": "0169 234 5678",
        "email": "Anh.Ta@Example.com",
        "address": "Xóm 3, thôn Đoài",
        "national_id": NUMBER,
        "admitted_on": "2010-05-19",
        "confirmed_on": "2011-05-19",
        **over,
    }


async def enrol(client: Client, organisation: Organisation, **over: Any) -> dict[str, Any]:
    answer = await client.post("/v1/members", json=newcomer(organisation, **over))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def faults(client: Client, organisation: Organisation, **over: Any) -> set[tuple[str, str]]:
    answer = await client.post("/v1/members", json=newcomer(organisation, **over))
    assert answer.status_code == 422, answer.text
    return {(error["pointer"], error["code"]) for error in answer.json()["errors"]}


async def names(client: Client, path: str = "/v1/members", **params: Any) -> list[str]:
    answer = await client.get(path, params={"limit": 100, **params})
    assert answer.status_code == 200, answer.text
    return [entry["full_name"] for entry in answer.json()["items"]]


async def events(database: Database, action: str) -> list[Any]:
    async with database.reading() as session:
        statement = text("SELECT actor_id, target_id FROM audit_event WHERE action = :action ORDER BY id")
        return list(await session.execute(statement, {"action": action}))


async def test_a_newcomer_is_enrolled(secretary: Client, organisation: Organisation) -> None:
    answer = await secretary.post("/v1/members", json=newcomer(organisation))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["phone"] == "+84392345678"  # 0169 became 039 in 2018
    assert made["email"] == "anh.ta@example.com"
    assert (made["national_id"], made["birth_date"], made["status"]) == (NUMBER, "1985-03-08", "full")
    assert [(m["kind"], m["branch"]["code"]) for m in made["memberships"]] == [("primary", "CHIBO")]
    again = await secretary.get(f"/v1/members/{made['id']}")
    assert again.json() == made
    assert again.headers["etag"] == answer.headers["etag"]
    assert again.headers["cache-control"] == "no-store"


async def test_faults_are_told_in_the_callers_language(secretary: Client, organisation: Organisation) -> None:
    faulty = newcomer(organisation, phone="12", email="anh", national_id="123")
    for language, title, phone in (
        ("vi", "Dữ liệu chưa hợp lệ", "Số điện thoại chưa đúng."),
        ("en", "Invalid data", "This is no telephone number."),
    ):
        answer = await secretary.post("/v1/members", json=faulty, headers={"Accept-Language": language})
        problem = answer.json()
        assert (answer.status_code, problem["title"]) == (422, title)
        assert answer.headers["content-language"] == language
        told = {error["pointer"]: (error["code"], error["detail"]) for error in problem["errors"]}
        assert told["/phone"] == ("phone.malformed", phone)
        assert (told["/email"][0], told["/national_id"][0]) == ("email.malformed", "citizen_id.malformed")
    assert await names(secretary, q="Ánh") == []


async def test_what_cannot_be_true_together_is_refused(secretary: Client, organisation: Organisation) -> None:
    assert await faults(secretary, organisation, gender="male", birth_date="1986-03-08") == {
        ("/national_id", "citizen_id.gender_mismatch"),
        ("/national_id", "citizen_id.birth_year_mismatch"),
    }
    assert await faults(secretary, organisation, national_id="000185000123") == {
        ("/national_id", "citizen_id.province_unknown")
    }
    assert await faults(secretary, organisation, admitted_on="1985-03-08", confirmed_on="1984-01-01") == {
        ("/admitted_on", "member.admitted_before_birth"),
        ("/confirmed_on", "member.confirmed_before_admitted"),
    }
    assert await faults(secretary, organisation, confirmed_on="2026-06-02") == {("/confirmed_on", "day.future")}
    assert await faults(secretary, organisation, birth_date="1985-02-30") == {
        ("/birth_date", "date_from_datetime_parsing")
    }
    assert await faults(secretary, organisation, birth_date=480000000) == {("/birth_date", "string_type")}
    assert await faults(secretary, organisation, status="left") == {("/status", "literal_error")}
    assert await faults(secretary, organisation, full_name="A\u0007n") == {("/full_name", "text.control_character")}
    assert await names(secretary, q="Ánh") == []


async def test_numbers_belong_to_one_person(secretary: Client, organisation: Organisation) -> None:
    await enrol(secretary, organisation)
    for over, slug in (
        ({"national_id": None}, "member.number_taken"),
        ({"member_no": "DL-0100", "national_id": "001 185 000 123"}, "member.national_id_taken"),
    ):
        answer = await secretary.post("/v1/members", json=newcomer(organisation, **over))
        assert (answer.status_code, answer.json()["type"]) == (409, f"/problems/{slug}")
        assert NUMBER not in answer.text
    await enrol(secretary, organisation, member_no="DL-0100", national_id=None)  # a family may share a telephone
    assert await names(secretary, q="Ánh") == ["Tạ Thị Ánh"] * 2


async def test_an_enrolment_is_done_once(secretary: Client, organisation: Organisation) -> None:
    key = {"Idempotency-Key": "anh-1"}
    first, again = [await secretary.post("/v1/members", json=newcomer(organisation), headers=key) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    other = await secretary.post("/v1/members", json=newcomer(organisation, gender=None), headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency.reused")
    assert await names(secretary, q="Ánh") == ["Tạ Thị Ánh"]


async def test_the_citizen_id_is_sealed_at_rest_and_in_no_list(
    secretary: Client, organisation: Organisation, database: Database
) -> None:
    made = await enrol(secretary, organisation)
    async with database.reading() as session:
        statement = text("SELECT national_id, national_id_digest FROM member WHERE member_no = 'DL-0099'")
        sealed, digest = (await session.execute(statement)).one()
        everything = [str(row) for row in await session.execute(text("SELECT * FROM audit_event"))]
    assert sealed
    assert digest
    assert not any(NUMBER in stored for stored in (sealed, digest, *everything))
    for path in ("/v1/members", f"/v1/branches/{organisation.branch('chibo').id}/members"):
        answer = await secretary.get(path, params={"q": "Ánh"})
        (entry,) = answer.json()["items"]
        assert entry["id"] == made["id"]
        assert not SENSITIVE & entry.keys()
        assert not any(secret in answer.text for secret in (NUMBER, "392345678", "Xóm 3", "1985", "@example"))


async def test_a_correction_needs_the_newest_copy(secretary: Client, organisation: Organisation) -> None:
    made = await enrol(secretary, organisation)
    url = f"/v1/members/{made['id']}"
    tag = (await secretary.get(url)).headers["etag"]
    assert (await secretary.patch(url, json={"address": "Xóm 4"})).status_code == 428
    assert (await secretary.patch(url, json={"address": "Xóm 4"}, headers={"If-Match": "*"})).status_code == 428
    corrected = await secretary.patch(
        url, json={"full_name": "Tạ Thị Ánh Tuyết", "phone": "0912 345 678", "email": None}, headers={"If-Match": tag}
    )
    assert corrected.status_code == 200, corrected.text
    assert (corrected.json()["phone"], corrected.json()["email"]) == ("+84912345678", None)
    assert corrected.json()["address"] == "Xóm 3, thôn Đoài"
    assert corrected.json()["revision"] == made["revision"] + 1
    stale = await secretary.patch(url, json={"address": "Xóm 4"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/revision.stale")
    assert (await secretary.get(url)).json() == corrected.json()
    assert await names(secretary, q="tuyet") == ["Tạ Thị Ánh Tuyết"]
    same = await secretary.patch(url, json={"phone": "0912345678"}, headers={"If-Match": corrected.headers["etag"]})
    assert same.json()["revision"] == corrected.json()["revision"]


async def test_a_correction_is_held_to_the_whole_file(secretary: Client, organisation: Organisation) -> None:
    made = await enrol(secretary, organisation)
    url, first = f"/v1/members/{made['id']}", {"If-Match": '"r1-"'}
    for said, code in (
        ({"gender": "male"}, "citizen_id.gender_mismatch"),
        ({"birth_date": "1990-01-01"}, "citizen_id.birth_year_mismatch"),
        ({"admitted_on": "2012-01-01"}, "member.confirmed_before_admitted"),
        ({"full_name": None}, "missing"),
        ({"status": None}, "missing"),
        ({"member_no": "DL-1"}, "extra_forbidden"),
    ):
        answer = await secretary.patch(url, json=said, headers=first)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code), said
    assert (await secretary.get(url)).json() == made
    cleared = await secretary.patch(url, json={"national_id": None, "gender": "male"}, headers=first)
    assert (cleared.status_code, cleared.json()["national_id"]) == (200, None)
    await enrol(secretary, organisation, member_no="DL-0100")  # the number is free again


async def test_whoever_leaves_is_let_go_in_one_breath(
    secretary: Client, acting_as: As, organisation: Organisation
) -> None:
    fellow = organisation.person("fellow")
    leaving = acting_as("fellow")
    assert (await leaving.get("/v1/me")).status_code == 200
    url = f"/v1/members/{fellow.id}"
    left = await secretary.patch(url, json={"status": "left"}, headers={"If-Match": '"r1-"'})
    assert left.status_code == 200, left.text
    assert (left.json()["status"], left.json()["memberships"], left.json()["grants"]) == ("left", [], [])
    refused = await leaving.get("/v1/me")
    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/account.closed")
    assert "Trần Văn Cảnh" not in await names(secretary, f"/v1/branches/{organisation.branch('chibo').id}/members")
    assert (await secretary.get(url)).json()["status"] == "left"  # the last branch keeps the file
    assert (await secretary.post(f"{url}/activation-code")).status_code == 409
    back = await secretary.patch(url, json={"status": "full"}, headers={"If-Match": left.headers["etag"]})
    assert (back.status_code, back.json()["type"]) == (409, "/problems/member.closed")


async def test_a_suspended_member_stays_in_the_branch(
    secretary: Client, acting_as: As, organisation: Organisation
) -> None:
    url = f"/v1/members/{organisation.person('fellow').id}"
    suspended = await secretary.patch(url, json={"status": "suspended"}, headers={"If-Match": '"r1-"'})
    assert suspended.json()["status"] == "suspended"
    assert len(suspended.json()["memberships"]) == 1
    assert (await acting_as("fellow").get("/v1/me")).status_code == 200


async def test_search_folds_diacritics_and_finds_numbers(secretary: Client, organisation: Organisation) -> None:
    for q in ("nguyen thi binh", "BÌNH", "binh ng", "Nguyê\u0303n"):
        assert await names(secretary, q=q) == ["Nguyễn Thị Bình"], q
    assert await names(secretary, q="do khoa") == ["Đỗ Văn Khoa"]
    assert await names(secretary, q=organisation.person("member").member_no) == ["Nguyễn Thị Bình"]
    for q in ("inh", "binh giap", "0912000000", "+84912000000"):
        assert await names(secretary, q=q) == [], q


async def test_search_reaches_no_further_than_the_right(
    secretary: Client, acting_as: As, organisation: Organisation
) -> None:
    assert await names(secretary, q="Lê Thị Dậu") == ["Lê Thị Dậu"]
    for beyond in ("Phạm Văn Giáp", "Ngô Thị Hạnh"):
        assert await names(secretary, q=beyond) == []
    assert await names(acting_as("admin"), q="Phạm Văn Giáp") == ["Phạm Văn Giáp"]


async def test_people_stand_in_vietnamese_order(secretary: Client, organisation: Organisation) -> None:
    ordered = [
        *("Lê Văn Anh", "Trần Thị Anh", "Bùi Văn Ánh", "Lý Văn Ân", "Đỗ Thị Chi", "Lê Văn Dũng", "Lê Văn Đà"),
        *("Vũ Văn Hoa", "An Thị Hòa", "Hà Văn Hóa", "Lê Thị Ô", "Lê Thị Ơn", "Lê Thị Yến"),
    ]
    to = str(organisation.branch("to").id)
    for index, name in enumerate(sorted(ordered)):
        body = {"branch_id": to, "member_no": f"V{index}", "full_name": name}
        assert (await secretary.post("/v1/members", json=body)).status_code == 201
    path = f"/v1/branches/{to}/members"
    assert [name for name in await names(secretary, path) if name != "Lê Thị Dậu"] == ordered
    in_all = await names(secretary)
    assert [name for name in in_all if name in ordered] == ordered
    paged: list[str] = []
    page: dict[str, Any] = {"next_cursor": ""}
    while page["next_cursor"] is not None:
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else {}
        page = (await secretary.get("/v1/members", params={"limit": 3, **cursor})).json()
        paged += [entry["full_name"] for entry in page["items"]]
    assert paged == in_all


async def test_what_is_sensitive_is_for_those_who_may_and_they_are_seen(
    secretary: Client, member: Client, organisation: Organisation, database: Database
) -> None:
    url = f"/v1/members/{organisation.person('member').id}"
    opened = (await secretary.get(url)).json()
    assert opened.keys() >= SENSITIVE
    assert opened["phone"] == "+84912000000"
    assert len(await events(database, "member.read")) == 1
    looks = (await member.get("/v1/me/access-log")).json()["items"]
    assert [(look["action"], look["by"]["full_name"]) for look in looks] == [("member.read", "Vũ Thị Lan")]
    assert (await secretary.get("/v1/me/access-log")).json()["items"] == []


async def test_others_get_the_file_without_and_leave_no_event(
    acting_as: As, organisation: Organisation, database: Database
) -> None:
    url = f"/v1/members/{organisation.person('member').id}"
    for name in ("clerk", "auditor"):
        answer = await acting_as(name).get(url)
        assert answer.status_code == 200
        assert not SENSITIVE & answer.json().keys()
        assert "912000000" not in answer.text
    for name, status in (("fellow", 403), ("neighbour", 404), ("stranger_admin", 404)):
        answer = await acting_as(name).get(url)
        assert answer.status_code == status, name
        assert "Bình" not in answer.text
    assert await events(database, "member.read") == []


async def test_ones_own_file_is_whole_and_leaves_no_event(
    member: Client, organisation: Organisation, database: Database
) -> None:
    mine = await member.get(f"/v1/members/{organisation.person('member').id}")
    assert mine.status_code == 200
    assert mine.json() == (await member.get("/v1/me")).json()
    assert await events(database, "member.read") == []
