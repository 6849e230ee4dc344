"""What there is to study: written, published in versions, withdrawn, superseded."""

import asyncio

import pytest

from api.parts import Parts
from tests import pdfs
from tests.api.attachments.sending import attached, publish
from tests.api.conftest import As, Client
from tests.api.identity import events, slug
from tests.api.problem_details import codes
from tests.api.studying.shelves import TEXT, Shelf, if_match, titles
from tests.organisation import Organisation


async def test_a_draft_is_seen_by_editors_alone(shelf: Shelf, member: Client, acting_as: As) -> None:
    made = await shelf.written()
    assert (made["state"], made["version"], made["slug"]) == ("draft", 0, "ky-nang-so-can-ban")
    assert made["content"]["tags"] == TEXT["tags"]
    for other in (member, acting_as("stranger"), acting_as("secretary")):
        assert await titles(other) == []
        for path in ("", "/draft", "/versions"):
            assert (await other.get(f"/v1/materials/{made['id']}{path}")).status_code in {403, 404}


async def test_what_is_published_is_read_by_its_channel(shelf: Shelf, member: Client, acting_as: As) -> None:
    made = await shelf.published()
    assert await titles(member) == [TEXT["title"]]
    shown = (await member.get(f"/v1/materials/{made['id']}")).json()
    assert shown["version"] == 1
    assert shown["form"] == "text"
    assert "<table>" in shown["body_html"]
    assert shown["document_no"] == "57-NQ/TW"
    for other in ("neighbour", "stranger"):
        assert await titles(acting_as(other)) == []
        for path in ("", "/versions", "/versions/1", "/draft"):
            assert (await acting_as(other).get(f"/v1/materials/{made['id']}{path}")).status_code in {403, 404}


async def test_a_change_is_read_only_once_it_is_published(shelf: Shelf, member: Client, parts: Parts) -> None:
    made = await shelf.published()
    path = f"/v1/materials/{made['id']}"
    edited = await shelf.change(made["id"], {"title": "Kỹ năng số", "level": None})
    assert edited.status_code == 200, edited.text
    assert edited.json()["has_changes"]
    assert (await member.get(path)).json()["title"] == TEXT["title"]
    published = await shelf.do(made["id"], "publish", {"change": "Tên ngắn hơn"})
    assert published.status_code == 200, published.text
    assert (published.json()["version"], published.json()["has_changes"]) == (2, False)
    shown = (await member.get(path)).json()
    assert (shown["title"], shown["level"], shown["change"]) == ("Kỹ năng số", None, "Tên ngắn hơn")
    assert (await member.get(f"{path}/versions/1")).json()["title"] == TEXT["title"]
    log = (await member.get(f"{path}/versions")).json()["items"]
    assert [(each["version"], each["change"]) for each in log] == [(2, "Tên ngắn hơn"), (1, None)]
    assert len(await events(parts, "material.publish")) == 2
    assert len(await events(parts, "material.update")) == 1


async def test_nothing_is_published_twice_or_over_somebody_elses_change(shelf: Shelf) -> None:
    made = await shelf.published()
    again = await shelf.do(made["id"], "publish")
    assert (again.status_code, slug(again)) == (409, "study.nothing_changed")
    path = f"/v1/materials/{made['id']}"
    for title in ("Một", "Hai"):
        answer = await shelf.client.patch(path, json={"title": title}, headers=if_match(made["revision"]))
        assert answer.status_code == (200 if title == "Một" else 412)


async def test_of_two_who_publish_at_once_one_does(shelf: Shelf) -> None:
    made = await shelf.written()
    path = f"/v1/materials/{made['id']}/publish"
    answers = await asyncio.gather(
        *(shelf.client.post(path, json={}, headers=if_match(made["revision"])) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert (await shelf.draft(made["id"]))["version"] == 1


async def test_what_is_withdrawn_is_gone(shelf: Shelf, member: Client) -> None:
    made = await shelf.published()
    withdrawn = await shelf.do(made["id"], "withdraw", {"reason": "Đã cũ"})
    assert (withdrawn.status_code, withdrawn.json()["state"]) == (200, "withdrawn")
    assert await titles(member) == []
    assert (await member.get(f"/v1/materials/{made['id']}")).status_code == 404
    for verb in ("publish", "withdraw"):
        refused = await shelf.do(made["id"], verb)
        assert (refused.status_code, slug(refused)) == (409, "study.withdrawn")


async def test_an_old_link_leads_to_what_took_its_place(shelf: Shelf, upper_shelf: Shelf, member: Client) -> None:
    old, new = await shelf.published(), await shelf.published(title="Bản mới", slug="ban-moi")
    done = await shelf.do(old["id"], "supersede", {"by": new["id"]})
    assert (done.status_code, done.json()["superseded_by"]) == (200, new["id"])
    assert await titles(member) == ["Bản mới"]
    assert (await member.get(f"/v1/materials/{old['id']}")).json()["id"] == new["id"]
    narrower = await upper_shelf.do((await upper_shelf.published())["id"], "supersede", {"by": new["id"]})
    assert (narrower.status_code, codes(narrower)) == (422, {"/by": "study.successor_narrower"})


async def test_slugs_are_taken_once(shelf: Shelf, upper_shelf: Shelf) -> None:
    await shelf.written(slug="bai-mot")
    refused = await shelf.write(slug="bai-mot")
    assert (refused.status_code, slug(refused)) == (409, "study.slug_taken")
    await upper_shelf.written(slug="bai-mot")


async def test_the_audience_is_fixed_when_it_is_published(shelf: Shelf, acting_as: As) -> None:
    made = await shelf.written()
    assert (await shelf.change(made["id"], {"audience": {"reach": "here"}})).status_code == 200
    assert (await shelf.do(made["id"], "publish")).status_code == 200
    assert await titles(acting_as("grouped")) == []
    refused = await shelf.change(made["id"], {"audience": {"reach": "all"}})
    assert (refused.status_code, slug(refused)) == (409, "study.audience_fixed")


async def test_a_collection_holds_what_all_its_readers_may_read(
    shelf: Shelf, upper_shelf: Shelf, member: Client
) -> None:
    low, high = await shelf.published(), await upper_shelf.published()
    draft = await upper_shelf.written(slug="nhap")
    content = {"title": "Chuyên đề", "items": [{"kind": "material", "id": low["id"]}]}
    narrower = await upper_shelf.write(content, "collections", publish=True)
    assert codes(narrower) == {"/items/0/id": "collection.item_narrower"}
    items = [{"kind": "material", "id": each["id"], "is_required": each is high} for each in (high, low)]
    unpublished = await shelf.write(
        content | {"items": [{"kind": "material", "id": draft["id"]}]}, "collections", publish=True
    )
    assert codes(unpublished) == {"/items/0/id": "collection.item_unknown"}
    made = await shelf.published(content | {"items": items, "due_at": "2026-12-31T17:00:00Z"}, "collections")
    assert await titles(member, "collections") == ["Chuyên đề"]
    path = f"/v1/collections/{made['id']}"
    shown = (await member.get(path)).json()
    assert [(each["id"], each["is_required"], each["title"]) for each in shown["items"]] == [
        (high["id"], True, TEXT["title"]),
        (low["id"], False, TEXT["title"]),
    ]
    await upper_shelf.do(high["id"], "withdraw")
    assert [each["id"] for each in (await member.get(path)).json()["items"]] == [low["id"]]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("content", "refusals"),
    [
        ({"body": ""}, {"": "material.empty"}),
        ({"title": " "}, {"/title": "string_too_short"}),
        ({"file": {"sha256": "0" * 64, "name": "a.pdf"}}, {"/file/sha256": "file.unknown"}),
        ({"file": {"sha256": "0" * 64, "name": "../a.pdf"}}, {"/file/name": "file.name_malformed"}),
        ({"slug": "Không hợp lệ"}, {"/slug": "string_pattern_mismatch"}),
        ({"classification": "secret"}, {"/classification": "notice.classified"}),
        ({"title": "<b>Đậm</b>"}, {"/title": "text.markup"}),
        ({"summary": "<script>x</script>"}, {"/summary": "text.markup"}),
        ({"body": "[a](javascript:alert)"}, {"/body": "link.unsafe"}),
        ({"body": "[a]( JavaScript:alert)"}, {"/body": "link.unsafe"}),
        ({"body": "[a][b]\n\n[b]: data:text/html,x"}, {"/body": "link.unsafe"}),
        ({"body": "a <script>alert(1)</script>"}, {"/body": "markdown.active"}),
        ({"body": "<svg onload='x'>"}, {"/body": "markdown.active"}),
        ({"body": "<p onclick=x>"}, {"/body": "markdown.active"}),
        ({"body": f"![a](file:{'0' * 64})"}, {"/body": "file.unknown"}),
        ({"tags": ["a"] * 11}, {"/tags": "too_long"}),
    ],
)
async def test_what_cannot_be_is_refused(shelf: Shelf, content: dict[str, object], refusals: dict[str, str]) -> None:
    answer = await shelf.write(TEXT | content)
    assert (answer.status_code, codes(answer)) == (422, refusals), answer.text


async def test_a_branch_that_moves_takes_along_nothing_that_it_heard(
    shelf: Shelf, admin: Client, member: Client, organisation: Organisation
) -> None:
    theirs = await Shelf(admin, organisation, "coso").published(TEXT | {"title": "Của cơ sở"})
    own = await shelf.published(TEXT | {"title": "Của chi hội"})
    items = [{"kind": "material", "id": each["id"]} for each in (theirs, own)]
    path = f"/v1/collections/{(await shelf.published({'title': 'Chuyên đề', 'items': items}, 'collections'))['id']}"

    async def held() -> tuple[list[str], int]:
        files = (await member.get(f"{path}/package")).json()["files"]
        titles = [item["title"] for item in (await member.get(path)).json()["items"]]
        return titles, sum(file["path"] != "index.html" for file in files)

    assert await held() == (["Của cơ sở", "Của chi hội"], 2)
    to = {"parent_id": str(organisation.branch("xa").id)}
    moved = await admin.post(f"/v1/branches/{organisation.branch('chibo').id}/move", json=to)
    assert moved.status_code == 200, moved.text
    assert (await member.get(f"/v1/materials/{theirs['id']}")).status_code == 404
    assert await held() == (["Của chi hội"], 1)


async def test_what_came_with_a_notice_is_examined_before_it_is_studied(
    shelf: Shelf, admin: Client, organisation: Organisation
) -> None:
    data, branch_id = pdfs.pdf("Nghị quyết"), str(organisation.branch("chibo").id)
    said = {"branch_id": branch_id, "title": "Nghị quyết", "body": "Kèm theo đây."}
    draft = (await admin.post("/v1/notices", json=said)).json()
    sha256 = await attached(admin, draft["id"], data)
    await publish(admin, draft["id"], revision=2)
    file = {"file": {"sha256": sha256, "name": "nghi-quyet.pdf"}}
    refused = await shelf.write(TEXT | file, publish=True)
    assert (refused.status_code, codes(refused)) == (422, {"/file/sha256": "material.file_unexamined"})
    sent = await shelf.client.post(
        "/v1/files", params={"name": "a.pdf"}, content=data, headers={"Content-Type": "application/pdf"}
    )
    assert (sent.status_code, sent.json()["sha256"]) == (201, sha256), sent.text
    assert (await shelf.published(TEXT | file))["version"] == 1


async def test_a_branch_lists_what_it_has_for_its_editors(
    shelf: Shelf, secretary: Client, organisation: Organisation
) -> None:
    await shelf.published()
    draft = await shelf.written(slug="nhap")
    path = f"/v1/branches/{organisation.branch('chibo').id}/studies"
    assert len((await shelf.client.get(path)).json()["items"]) == 2
    drafts = (await shelf.client.get(path, params={"state": "draft"})).json()["items"]
    assert [each["id"] for each in drafts] == [draft["id"]]
    assert (await secretary.get(path)).status_code == 403
