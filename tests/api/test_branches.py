"""Branches over HTTP: the tree is made, renamed, moved, listed and searched."""

from typing import Any

from tests.api.conftest import Client
from tests.organisation import Organisation


async def codes(client: Client, path: str, **params: Any) -> list[str]:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return [branch["code"] for branch in answer.json()["items"]]


def below(organisation: Organisation, parent: str, **over: Any) -> dict[str, Any]:
    parent_id = str(organisation.branch(parent).id)
    return {"parent_id": parent_id, "code": "DL-02", "name": "Chi hội thôn Đình", "kind": "cell", **over}


def path_of(branch: dict[str, Any]) -> list[str]:
    return [step["name"] for step in branch["path"]]


async def test_an_admin_adds_a_branch(admin: Client, member: Client, organisation: Organisation) -> None:
    made = await admin.post("/v1/branches", json=below(organisation, "coso", name="Chi  hội thôn  Đình "))
    assert made.status_code == 201, made.text
    branch = made.json()
    assert branch["name"] == "Chi hội thôn Đình"
    assert (branch["status"], branch["parent_id"]) == ("active", str(organisation.branch("coso").id))
    assert path_of(branch) == [
        *("Trung ương Hội", "Tỉnh hội Hạ Lan", "Hội xã Đông Lâm", "Hội cơ sở thôn Thượng"),
        "Chi hội thôn Đình",
    ]
    read = await member.get(f"/v1/branches/{branch['id']}")
    assert read.json() == branch
    assert await codes(member, f"/v1/branches/{organisation.branch('coso').id}/children") == [
        "CHIBO",
        "CHIBO2",
        "DL-02",
    ]


async def test_a_branch_with_faults_is_refused_field_by_field(admin: Client, organisation: Organisation) -> None:
    faulty = below(organisation, "coso", code="có dấu cách", name=" ", kind="club", colour="red")
    answer = await admin.post("/v1/branches", json=faulty)
    assert answer.status_code == 422
    assert {(error["pointer"], error["code"]) for error in answer.json()["errors"]} == {
        ("/code", "string_pattern_mismatch"),
        ("/name", "string_too_short"),
        ("/kind", "enum"),
        ("/colour", "extra_forbidden"),
    }
    assert await codes(admin, "/v1/branches", q="Đình") == []


async def test_a_code_belongs_to_one_branch(admin: Client, organisation: Organisation) -> None:
    taken = await admin.post("/v1/branches", json=below(organisation, "coso", code="CHIBO2"))
    assert (taken.status_code, taken.json()["type"]) == (409, "/problems/branch.code_taken")
    assert "CHIBO2" in taken.json()["detail"]
    url = f"/v1/branches/{organisation.branch('chibo').id}"
    renamed = await admin.patch(url, json={"code": "CHIBO2"}, headers={"Accept-Language": "vi"})
    assert renamed.status_code == 409
    assert renamed.json()["title"] == "Mã đã được dùng"
    assert (await admin.get(url)).json()["code"] == "CHIBO"


async def test_the_tree_is_at_most_eight_levels_deep(admin: Client, organisation: Organisation) -> None:
    parent_id = str(organisation.branch("to").id)
    for level, status in ((7, 201), (8, 201), (9, 409)):
        answer = await admin.post("/v1/branches", json=below(organisation, "to", parent_id=parent_id, code=f"L{level}"))
        assert answer.status_code == status
        parent_id = answer.json().get("id")
    assert answer.json()["type"] == "/problems/branch.too_deep"
    url = f"/v1/branches/{organisation.branch('chibo').id}/move"  # with three levels below it
    moved = await admin.post(url, json={"parent_id": str(organisation.branch("chibo2").id)})
    assert (moved.status_code, moved.json()["type"]) == (409, "/problems/branch.too_deep")


async def test_a_renamed_branch_is_found_by_its_new_name(admin: Client, organisation: Organisation) -> None:
    url = f"/v1/branches/{organisation.branch('chibo').id}"
    renamed = await admin.patch(url, json={"name": "Chi hội thôn Đông", "kind": "base", "code": "TD"})
    assert renamed.status_code == 200, renamed.text
    assert (renamed.json()["name"], renamed.json()["kind"]) == ("Chi hội thôn Đông", "base")
    assert await codes(admin, "/v1/branches", q="thon dong") == ["TD"]
    assert await codes(admin, "/v1/branches", q="đoài") == []
    group = (await admin.get(f"/v1/branches/{organisation.branch('to').id}")).json()
    assert path_of(group)[-2:] == ["Chi hội thôn Đông", "Tổ số 1"]


async def test_a_name_cannot_be_taken_away(admin: Client, organisation: Organisation) -> None:
    url = f"/v1/branches/{organisation.branch('chibo').id}"
    answer = await admin.patch(url, json={"name": None})
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [("/name", "missing")]
    assert (await admin.patch(url, json={})).json()["name"] == "Chi hội thôn Đoài"


async def test_a_branch_moves_with_all_below_it(admin: Client, organisation: Organisation) -> None:
    chibo, to, xa = (organisation.branch(name).id for name in ("chibo", "to", "xa"))
    for _ in range(2):  # the second time there is nothing left to do
        moved = await admin.post(f"/v1/branches/{chibo}/move", json={"parent_id": str(xa)})
        assert moved.status_code == 200, moved.text
        assert moved.json()["parent_id"] == str(xa)
    above = ["Trung ương Hội", "Tỉnh hội Hạ Lan", "Hội xã Đông Lâm"]
    assert path_of(moved.json()) == [*above, "Chi hội thôn Đoài"]
    assert path_of((await admin.get(f"/v1/branches/{to}")).json()) == [*above, "Chi hội thôn Đoài", "Tổ số 1"]
    assert await codes(admin, f"/v1/branches/{xa}/children") == ["CHIBO", "COSO"]
    assert await codes(admin, f"/v1/branches/{organisation.branch('coso').id}/children") == ["CHIBO2"]


async def test_a_branch_does_not_move_into_itself_nor_out_of_reach(admin: Client, organisation: Organisation) -> None:
    for branch, parent, status in (
        *(("chibo", "chibo", 409), ("coso", "to", 409)),
        *(("tinh", "xa", 403), ("chibo", "tw", 403), ("kh_chibo", "xa", 403)),
    ):
        url = f"/v1/branches/{organisation.branch(branch).id}/move"
        answer = await admin.post(url, json={"parent_id": str(organisation.branch(parent).id)})
        assert answer.status_code == status, (branch, parent)
    unknown = await admin.post(url, json={"parent_id": str(organisation.person("member").id)})
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (422, "branch.unknown")
    assert await codes(admin, f"/v1/branches/{organisation.branch('coso').id}/children") == ["CHIBO", "CHIBO2"]


async def test_search_folds_case_and_diacritics(member: Client, organisation: Organisation) -> None:
    for q in ("dong lam", "Đông Lâm", "ĐÔNG LÂM", "lam dong", "do la", "đong-lâm", "do\u0302ng la\u0302m"):
        assert await codes(member, "/v1/branches", q=q) == ["XA"], q
    for q in ("ong lam", "dong lam thuong", "%ong", "_ong lam"):
        assert await codes(member, "/v1/branches", q=q) == [], q
    assert await codes(member, "/v1/branches", q="hoi khuyen hoc") == ["KH", "KH_CHIBO"]


async def test_search_finds_a_whole_code(member: Client, organisation: Organisation) -> None:
    assert await codes(member, "/v1/branches", q="KH_CHIBO") == ["KH_CHIBO"]
    assert await codes(member, "/v1/branches", q=" XA ") == ["XA"]
    assert await codes(member, "/v1/branches", q="KH-CHIBO") == []


async def test_pages_hold_every_branch_once(member: Client, organisation: Organisation) -> None:
    whole = await codes(member, "/v1/branches")
    assert whole == sorted(branch.code for branch in organisation.branches.values())
    collected: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await member.get("/v1/branches", params={"limit": 4, **cursor})).json()
        assert len(page["items"]) <= 4
        collected += [branch["code"] for branch in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert collected == whole


async def test_a_cursor_is_good_for_its_own_list_alone(member: Client, organisation: Organisation) -> None:
    cursor = (await member.get("/v1/branches", params={"limit": 2})).json()["next_cursor"]
    for path, params in (
        ("/v1/branches", {"q": "hoi"}),
        (f"/v1/branches/{organisation.branch('coso').id}/children", {}),
        ("/v1/notices", {}),
    ):
        answer = await member.get(path, params={**params, "cursor": cursor})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "cursor.invalid"), path
    for broken in (cursor[:-1], cursor + "A", "k.AAAA", "…"):
        assert (await member.get("/v1/branches", params={"cursor": broken})).status_code == 422
    for limit in ("0", "101", "ten"):
        assert (await member.get("/v1/branches", params={"limit": limit})).status_code == 422
