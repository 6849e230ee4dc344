"""Keyset paging through HTTP: every item once, whatever happens meanwhile, and no cursor good for anything else."""

import re

import httpx
import pytest
from fastapi import FastAPI

from tests.api.conftest import As, Client
from tests.api.operations import operations
from tests.api.problem_details import assert_problem, codes
from tests.organisation import Organisation

NUMBER = 45


async def add(admin: Client, parent: object, code: str) -> None:
    body = {"parent_id": str(parent), "code": code, "name": f"Tổ {code}", "kind": "group"}
    assert (await admin.post("/v1/branches", json=body)).status_code == 201


@pytest.fixture
async def children(admin: Client, organisation: Organisation) -> str:
    """The address of a list of 45."""
    parent = organisation.branch("chibo2").id
    for index in range(NUMBER):
        await add(admin, parent, f"P{index:03}")
    return f"/v1/branches/{parent}/children"


async def walk(client: Client, url: str, key: str, **params: str) -> list[str]:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = (await client.get(url, params={"limit": "7", **params, **({"cursor": cursor} if cursor else {})})).json()
        seen += [item[key] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return seen
        assert len(page["items"]) == 7
        assert re.fullmatch(r"[A-Za-z0-9._~-]+", cursor), "a cursor needs no escaping"


async def test_a_walk_meets_every_item_once(admin: Client, children: str) -> None:
    assert await walk(admin, children, "code") == [f"P{index:03}" for index in range(NUMBER)]


async def test_what_is_added_meanwhile_neither_repeats_nor_hides_anything(
    admin: Client, children: str, organisation: Organisation
) -> None:
    parent = organisation.branch("chibo2").id
    first = (await admin.get(children, params={"limit": "7"})).json()
    await add(admin, parent, "A000")  # before what was read
    await add(admin, parent, "P010A")  # after it
    seen = [item["code"] for item in first["items"]]
    cursor = first["next_cursor"]
    while cursor:
        page = (await admin.get(children, params={"limit": "7", "cursor": cursor})).json()
        seen += [item["code"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == NUMBER + 1
    assert "P010A" in seen
    assert "A000" not in seen


async def test_a_list_that_grows_at_its_head_is_walked_to_its_end(
    acting_as: As, children: str, organisation: Organisation
) -> None:
    auditor, admin = acting_as("admin"), acting_as("admin")
    whole = await walk(auditor, "/v1/audit", "id")
    assert len(whole) == len(set(whole)) > NUMBER
    first = (await auditor.get("/v1/audit", params={"limit": "7"})).json()
    await add(admin, organisation.branch("chibo2").id, "Z1")
    seen = [item["id"] for item in first["items"]]
    cursor = first["next_cursor"]
    while cursor:
        page = (await auditor.get("/v1/audit", params={"limit": "7", "cursor": cursor})).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == whole


async def test_a_page_that_ends_the_list_says_so(admin: Client, children: str) -> None:
    for limit, cursors in ((45, 0), (44, 1), (100, 0), (15, 3)):
        page = (await admin.get(children, params={"limit": str(limit)})).json()
        assert (page["next_cursor"] is not None) == (cursors > 0), limit
    assert (await admin.get(children)).json()["items"][19]["code"] == "P019"
    assert len((await admin.get(children)).json()["items"]) == 20
    empty = (await admin.get("/v1/branches", params={"q": "khôngcótên"})).json()
    assert empty == {"items": [], "next_cursor": None}


async def test_a_cursor_is_good_for_its_own_query_alone(
    acting_as: As, children: str, organisation: Organisation
) -> None:
    admin = acting_as("admin")
    cursor = (await admin.get(children, params={"limit": "7"})).json()["next_cursor"]
    other_list = f"/v1/branches/{organisation.branch('coso').id}/children"
    kid, _, rest = cursor.partition(".")
    strange = [
        (other_list, {"cursor": cursor}),
        ("/v1/branches", {"cursor": cursor}),
        ("/v1/audit", {"cursor": cursor}),
        (children, {"cursor": cursor, "q": "x"}),
        *((children, {"cursor": said}) for said in _spoilt(kid, rest)),
    ]
    for url, params in strange:
        assert codes(await admin.get(url, params=params)) == {"/cursor": "cursor.invalid"}, params
    assert (await admin.get(children, params={"limit": "8", "cursor": cursor})).status_code == 200, (
        "another limit is fine"
    )


def _spoilt(kid: str, rest: str) -> list[str]:
    turned = "A" if rest[20] != "A" else "B"
    return [
        "x",
        ".",
        "..",
        f".{rest}",
        f"{kid}.",
        f"{kid}",
        f"{kid}.{rest[:-2]}",
        f"{kid}.{rest}AAAA",
        f"x{kid}.{rest}",
        f"{kid}.{rest[:20]}{turned}{rest[21:]}",
        "🐉",
        "null",
        "-1",
        "' OR 1=1 --",
        "../../etc/passwd",
        f"{kid}.🐉",
        "a" * 1000,
        f"{kid}.{rest}=",
        f"{kid}.{rest} ",
        f"{kid}.!{rest}",
    ]


async def test_every_list_holds_to_the_limits(app: FastAPI, admin: Client, organisation: Organisation) -> None:
    lists = 0
    for operation in operations(app):
        if not {"limit", "cursor"} <= operation.parameters:
            continue
        url = operation.url(organisation)

        async def ask(url: str = url, **params: str) -> httpx.Response:
            return await admin.get(url, params=params)

        if (await ask()).status_code != 200:
            continue  # a list of a thing that the organisation does not have
        lists += 1
        assert (await ask()).json().keys() >= {"items", "next_cursor"}
        for bad in (
            "0",
            "-1",
            "101",
            "abc",
            "1.5",
            "5.0",
            "1_0",
            "+5",
            " 5",
            "",
            "٥",
            "9" * 5000,
            "1e1",
            "0x5",
            "null",
        ):
            assert codes(await ask(limit=bad)).keys() == {"/limit"}, f"{url} {bad[:10]}"
        for good in ("1", "100"):
            assert (await ask(limit=good)).status_code == 200
        assert codes(await ask(cursor="garbage")) == {"/cursor": "cursor.invalid"}, url
        for bad in ("", "a" * 1001):
            assert codes(await ask(cursor=bad)).keys() == {"/cursor"}
    assert lists >= 7


async def test_refusals_of_a_list_are_in_vietnamese_too(admin: Client) -> None:
    answer = await admin.get("/v1/branches", params={"limit": "101"}, headers={"Accept-Language": "vi"})
    problem = assert_problem(answer, 422, "request.invalid", "vi")
    assert problem["errors"] == [{"pointer": "/limit", "code": "less_than_equal", "detail": "Nhiều nhất là 100."}]
