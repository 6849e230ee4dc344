"""The audit over HTTP: one event for each privileged write, read by auditors of the subtree, without secrets."""

from typing import Any

from models import changes
from models.database import Database
from models.permissions import OPERATOR, Role
from models.roles import RoleGrantCreate, grant_role
from tests.api.conftest import As, Client
from tests.organisation import Organisation

MASK = "•••"


async def newest(client: Client, action: str) -> list[dict[str, Any]]:
    answer = await client.get("/v1/audit", params={"limit": 100})
    assert answer.status_code == 200, answer.text
    return [event for event in answer.json()["items"] if event["action"] == action]


async def appoint(database: Database, organisation: Organisation, name: str, at: str) -> None:
    async with database.writing() as session:
        data = RoleGrantCreate(member_id=organisation.person(name).id, role=Role.AUDITOR)
        await grant_role(session, OPERATOR, organisation.branch(at), data)
        await changes.commit(session)


async def test_what_is_sensitive_is_masked(secretary: Client, acting_as: As, organisation: Organisation) -> None:
    secrets = {
        "birth_date": "1985-03-08",
        "phone": "0987654321",
        "email": "anh@example.com",
        "address": "Xóm 3",
        "national_id": "001185000123",
    }
    branch_id = str(organisation.branch("chibo").id)
    body = {"branch_id": branch_id, "member_no": "DL-0099", "full_name": "Tạ Thị Ánh", **secrets}
    made = (await secretary.post("/v1/members", json=body)).json()
    said = {"phone": "0912345678", "address": None, "full_name": "Tạ Ánh"}
    corrected = await secretary.patch(f"/v1/members/{made['id']}", json=said, headers={"If-Match": '"r1-"'})
    assert corrected.status_code == 200, corrected.text
    auditor = acting_as("auditor")
    created, *_ = await newest(auditor, "member.create")
    assert created["after"] == {
        "member_no": "DL-0099",
        "full_name": "Tạ Thị Ánh",
        "status": "full",
        **dict.fromkeys(secrets, MASK),
    }
    (updated,) = await newest(auditor, "member.update")
    assert updated["before"] == {"full_name": "Tạ Thị Ánh", "phone": MASK, "address": MASK}
    assert updated["after"] == {"full_name": "Tạ Ánh", "phone": MASK, "address": None}
    assert updated["actor_id"] == str(organisation.person("secretary").id)
    assert updated["target_id"] == made["id"]
    assert updated["request_id"] == corrected.headers["x-request-id"]
    shown = (await auditor.get("/v1/audit", params={"limit": 100})).text
    assert not any(secret in shown for secret in ("0123", "7654321", "2345678", "anh@", "Xóm 3", "1985-03"))


async def test_auditors_see_their_subtree_and_no_more(
    acting_as: As, organisation: Organisation, database: Database
) -> None:
    await appoint(database, organisation, "neighbour", "chibo2")
    await appoint(database, organisation, "stranger", "kh")
    for actor, target in (("secretary", "member"), ("sibling_secretary", "neighbour"), ("deputy", "grouped")):
        answer = await acting_as(actor).get(f"/v1/members/{organisation.person(target).id}")
        assert answer.status_code == 200
    ids = {name: str(person.id) for name, person in organisation.people.items()}
    for auditor, targets in (
        ("auditor", ["grouped", "member"]),
        ("neighbour", ["neighbour"]),
        ("admin", ["grouped", "neighbour", "member"]),
        ("stranger", []),
        ("stranger_admin", []),
    ):
        seen = await newest(acting_as(auditor), "member.read")
        assert [event["target_id"] for event in seen] == [ids[target] for target in targets], auditor


async def test_each_privileged_write_leaves_one_event(
    acting_as: As, admin: Client, secretary: Client, organisation: Organisation
) -> None:
    people = {name: f"/v1/members/{person.id}" for name, person in organisation.people.items()}
    branches = {name: f"/v1/branches/{branch.id}" for name, branch in organisation.branches.items()}
    ids = {name: str(branch.id) for name, branch in organisation.branches.items()}
    cell = {"parent_id": ids["coso"], "code": "C3", "name": "Chi hội 3", "kind": "cell"}
    fellow = str(organisation.person("fellow").id)
    first = {"If-Match": '"r1-"'}
    written: list[tuple[str, Client, str, str, dict[str, Any]]] = [
        ("branch.create", admin, "POST", "/v1/branches", {"json": cell}),
        ("branch.update", admin, "PATCH", branches["to"], {"json": {"name": "Tổ số 2"}}),
        ("branch.move", admin, "POST", f"{branches['to']}/move", {"json": {"parent_id": ids["chibo2"]}}),
        ("branch.merge", admin, "POST", f"{branches['to']}/merge", {"json": {"into_id": ids["chibo2"]}}),
        (
            "role.grant",
            secretary,
            "POST",
            f"{branches['chibo']}/role-grants",
            {"json": {"member_id": fellow, "role": "editor"}},
        ),
        ("member.activate", secretary, "POST", f"{people['fellow']}/activation-code", {}),
        ("member.sign_out", secretary, "POST", f"{people['fellow']}/sign-out", {}),
        ("member.update", secretary, "PATCH", people["fellow"], {"json": {"gender": "male"}, "headers": first}),
        (
            "notice.create",
            secretary,
            "POST",
            "/v1/notices",
            {"json": {"branch_id": ids["chibo"], "title": "Họp", "body": "Mời họp."}},
        ),
    ]
    for action, client, method, url, said in written:
        before = (await admin.get("/v1/audit", params={"limit": 100})).json()["items"]
        answer = await client.request(method, url, **said)
        assert answer.is_success, answer.text
        after = (await admin.get("/v1/audit", params={"limit": 100})).json()["items"]
        new = after[: len(after) - len(before)]
        assert [event["action"] for event in new] == [action]
        assert new[0]["request_id"] == answer.headers["x-request-id"]


async def test_a_printed_sheet_leaves_one_event_a_person(
    secretary: Client, acting_as: As, organisation: Organisation
) -> None:
    await secretary.post(f"/v1/branches/{organisation.branch('chibo').id}/activation-sheet")
    printed = {event["target_id"] for event in await newest(acting_as("auditor"), "member.activate")}
    expected = {"member", "fellow", "deputy", "clerk", "editor", "auditor"}
    assert printed == {str(organisation.person(name).id) for name in expected}


async def test_a_caller_names_the_request(secretary: Client, acting_as: As, organisation: Organisation) -> None:
    url = f"/v1/members/{organisation.person('member').id}"
    await secretary.get(url, headers={"X-Request-ID": "ticket-2026-0042"})
    (event,) = await newest(acting_as("auditor"), "member.read")
    assert event["request_id"] == "ticket-2026-0042"


async def test_the_audit_has_no_way_in(acting_as: As, organisation: Organisation) -> None:
    admin = acting_as("admin")
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await admin.request(method, "/v1/audit")).status_code == 405
