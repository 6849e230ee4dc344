"""What there is to study as pages from memory and as things of sync: as the router says it, for as long as it is so."""

from typing import Any

import pytest
from fastapi import FastAPI

from tests.api.conftest import As
from tests.api.studying.shelves import TEXT, Shelf
from tests.organisation import Organisation
from tests.queries import counting
from tests.serving import parts_in, phone_of

ROUTED = {"/v1/materials": "/v1/%6daterials", "/v1/collections": "/v1/%63ollections"}
"""The same addresses in a spelling that the page cache leaves to the router."""


async def test_memory_says_what_the_router_says(
    app: FastAPI, organisation: Organisation, shelf: Shelf, upper_shelf: Shelf, acting_as: As
) -> None:
    low, high = await shelf.published(), await upper_shelf.published(level=None)
    items = [{"kind": "material", "id": each["id"]} for each in (high, low)]
    made = await shelf.published({"title": "Chuyên đề", "items": items}, "collections")
    paths = ["/v1/materials", "/v1/materials?limit=10", "/v1/materials?level=basic", "/v1/collections"]
    paths += [f"/v1/materials/{low['id']}", f"/v1/materials/{high['id']}", f"/v1/collections/{made['id']}"]
    for name in ("member", "grouped", "neighbour", "editor", "stranger"):
        async with phone_of(app, organisation.person(name)) as phone:
            for path in paths:
                base = next(each for each in ROUTED if path.startswith(each))
                routed = await phone.get(path.replace(base, ROUTED[base]))
                for _ in range(2):
                    cached = await phone.get(path)
                    assert cached.status_code == routed.status_code, path
                    if cached.status_code == 200:
                        assert cached.content == routed.content
    await upper_shelf.do(high["id"], "withdraw")
    async with phone_of(app, organisation.person("member")) as phone:
        shown = (await phone.get(f"/v1/collections/{made['id']}")).json()
        assert [item["id"] for item in shown["items"]] == [low["id"]]
        assert [item["id"] for item in (await phone.get("/v1/materials")).json()["items"]] == [low["id"]]


async def test_a_page_is_rendered_once_until_something_changes(
    app: FastAPI, organisation: Organisation, shelf: Shelf
) -> None:
    made = await shelf.published()
    path = f"/v1/materials/{made['id']}"
    async with (
        phone_of(app, organisation.person("member")) as phone,
        phone_of(app, organisation.person("fellow")) as other,
    ):
        tags = [(await phone.get(each)).headers["etag"] for each in ("/v1/materials", path)]
        with counting(parts_in(app).database) as sent:
            for each, tag in zip(("/v1/materials", path), tags, strict=True):
                assert (await other.get(each)).headers["etag"] == tag
                assert (await phone.get(each, headers={"If-None-Match": tag})).status_code == 304
        assert sent == []
        await shelf.change(made["id"], {"title": "Tên mới"})
        assert (await phone.get(path, headers={"If-None-Match": tags[1]})).status_code == 304, "a draft is nobody's"
        await shelf.do(made["id"], "publish")
        for each, tag in zip(("/v1/materials", path), tags, strict=True):
            answer = await phone.get(each, headers={"If-None-Match": tag})
            assert answer.status_code == 200
            assert "Tên mới" in answer.text


@pytest.mark.parametrize("lean", [False, True])
async def test_sync_brings_what_there_is_to_study(
    app: FastAPI, organisation: Organisation, shelf: Shelf, *, lean: bool
) -> None:
    made = await shelf.published()
    items = [{"kind": "material", "id": made["id"]}]
    held = await shelf.published(
        {"title": "Chuyên đề", "items": items, "due_at": "2026-12-31T17:00:00Z"}, "collections"
    )
    said = {"Save-Data": "on"} if lean else {}
    async with phone_of(app, organisation.person("member"), **said) as phone:
        first = (await phone.get("/v1/sync")).json()
        things = _things(first)
        assert things[made["id"]]["kind"] == "material"
        assert things[made["id"]]["document_no"] == TEXT["document_no"]
        assert things[held["id"]]["items"] == [{"kind": "material", "id": made["id"], "is_required": True}]
        assert things[held["id"]]["due_at"] == "2026-12-31T17:00:00Z"
        assert (await phone.get("/v1/sync", params={"cursor": first["cursor"]})).json()["cursor"] is None
        await shelf.change(made["id"], {"title": "Tên mới"})
        assert (await phone.get("/v1/sync", params={"cursor": first["cursor"]})).json()["cursor"] is None
        await shelf.do(made["id"], "publish", {"change": "Tên khác"})
        second = (await phone.get("/v1/sync", params={"cursor": first["cursor"]})).json()
        changed = _things(second)
        assert changed.keys() == {made["id"], held["id"]}, "a collection shows the titles of what it holds"
        assert (changed[made["id"]]["version"], changed[made["id"]]["change"]) == (2, "Tên khác")
        await shelf.do(made["id"], "withdraw")
        third = (await phone.get("/v1/sync", params={"cursor": second["cursor"]})).json()
        assert [each["removed"] for each in third["channels"]] == [[made["id"]]]
    async with phone_of(app, organisation.person("neighbour"), **said) as phone:
        assert not _things((await phone.get("/v1/sync")).json()).keys() & {made["id"], held["id"]}


def _things(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {thing["id"]: thing for each in answer["channels"] for thing in each["things"]}
