"""What a branch says again and again: templates, and drafts that begin from them."""

import asyncio
from typing import Any

import httpx
import pytest

from api.parts import Parts
from tests.api.conftest import As, Client
from tests.api.identity import events, slug
from tests.api.problem_details import codes
from tests.organisation import Organisation

HOME = "Asia/Ho_Chi_Minh"
LETTER = {"title": "Nhắc đóng phí", "body": "Đề nghị các đồng chí **đóng phí**."}
MEETING = {
    "title": "Sinh hoạt chi hội",
    "body": "Kính mời toàn thể hội viên.",
    "category": "activity",
    "audience": {"reach": "here"},
    "requires_ack": True,
    "activity": {
        "starts": "19:30",
        "minutes": 120,
        "place": "Nhà văn hoá thôn Đoài",
        "rsvp_hours_before": 24,
        "capacity": 60,
    },
}


class Shelf:
    """A branch's templates, as somebody handles them."""

    def __init__(self, client: Client, organisation: Organisation, branch: str = "chibo") -> None:
        self.client = client
        self.url = f"/v1/branches/{organisation.branch(branch).id}/notice-templates"

    async def add(
        self, name: str, content: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        return await self.client.post(self.url, json={"name": name, "content": content or LETTER}, headers=headers)

    async def added(self, name: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await self.add(name, content)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def names(self) -> list[str]:
        answer = await self.client.get(self.url)
        assert answer.status_code == 200, answer.text
        return [item["name"] for item in answer.json()["items"]]


@pytest.fixture
def shelf(secretary: Client, organisation: Organisation) -> Shelf:
    return Shelf(secretary, organisation)


def at(template: dict[str, Any], rest: str = "") -> str:
    return f"/v1/notice-templates/{template['id']}{rest}"


def matching(template: dict[str, Any]) -> dict[str, str]:
    return {"If-Match": f'"r{template["revision"]}-"'}


async def draft(client: Client, template: dict[str, Any], **said: Any) -> httpx.Response:
    return await client.post(at(template, "/draft"), json=said)


async def test_a_template_says_what_was_written(shelf: Shelf, secretary: Client, parts: Parts) -> None:
    made = await shelf.added("Họp tháng", MEETING)
    assert (made["name"], made["revision"], made["branch"]["code"]) == ("Họp tháng", 1, "CHIBO")
    activity = {**MEETING["activity"], "timezone": HOME, "online_url": None}  # type: ignore[dict-item]  # a dict
    assert made["content"] == {
        **MEETING,
        "priority": "normal",
        "audience": {"reach": "here", "roles": None},
        "activity": activity,
    }
    opened = await secretary.get(at(made))
    assert opened.json() == made
    assert opened.headers["etag"].startswith('"r1-')
    (event,) = await events(parts, "template.create")
    assert event.after is not None
    assert (event.after["name"], event.after["body_length"]) == ("Họp tháng", len(str(MEETING["body"])))
    assert "body" not in event.after


async def test_a_draft_begins_from_a_template_on_a_day(shelf: Shelf, secretary: Client) -> None:
    made = await shelf.added("Họp tháng", MEETING)
    answer = await draft(secretary, made, on="2026-06-05", title="Sinh hoạt chi hội tháng 6")
    assert answer.status_code == 201, answer.text
    notice = answer.json()
    assert (notice["state"], notice["title"], notice["body"]) == (
        "draft",
        "Sinh hoạt chi hội tháng 6",
        MEETING["body"],
    )
    assert (notice["category"], notice["audience"]["reach"], notice["requires_ack"]) == ("activity", "here", True)
    activity = notice["activity"]
    assert (activity["starts_at"], activity["ends_at"]) == ("2026-06-05T12:30:00Z", "2026-06-05T14:30:00Z")
    assert (activity["rsvp_by"], activity["timezone"]) == ("2026-06-04T12:30:00Z", HOME)
    assert (activity["place"], activity["capacity"], activity["recurrence"]) == ("Nhà văn hoá thôn Đoài", 60, None)
    published = await secretary.post(f"/v1/notices/{notice['id']}/publish", headers={"If-Match": '"r1-"'})
    assert published.status_code == 200, published.text
    assert (await secretary.get(at(made))).json() == made, "a template stays what it is"


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_time_of_day_is_the_clocks_of_its_place(shelf: Shelf, secretary: Client) -> None:
    activity = {"starts": "02:30", "minutes": 60, "timezone": "Europe/Berlin"}
    made = await shelf.added("Ở xa", {**MEETING, "activity": activity})
    skipped, twice = [(await draft(secretary, made, on=day)).json() for day in ("2026-03-29", "2026-10-25")]
    assert skipped["activity"]["starts_at"] == "2026-03-29T01:30:00Z", "as the clock stood before"
    assert twice["activity"]["starts_at"] == "2026-10-25T00:30:00Z", "the first of the two"


async def test_a_letter_begins_without_a_day(shelf: Shelf, secretary: Client, parts: Parts) -> None:
    made = await shelf.added("Nhắc phí")
    answer = await draft(secretary, made, body="Hạn chót *thứ Sáu*.")
    assert answer.status_code == 201, answer.text
    assert (answer.json()["title"], answer.json()["activity"]) == (LETTER["title"], None)
    assert "<em>thứ Sáu</em>" in answer.json()["body_html"]
    (event,) = await events(parts, "notice.create")
    assert str(event.target_id) == answer.json()["id"]


async def test_a_repeated_draft_is_the_same_draft(shelf: Shelf, secretary: Client) -> None:
    made = await shelf.added("Nhắc phí")
    once = {"Idempotency-Key": "mot-lan-thoi"}
    answers = [await secretary.post(at(made, "/draft"), json={}, headers=once) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    created = [await shelf.add("Khai giảng", headers=once) for _ in range(2)]
    assert [answer.status_code for answer in created] == [201, 201]
    assert await shelf.names() == ["Khai giảng", "Nhắc phí"]


@pytest.mark.parametrize(
    ("content", "said", "code"),
    [
        (MEETING, {}, {"/on": "missing"}),
        (LETTER, {"on": "2026-06-05"}, {"/on": "template.day_unexpected"}),
        (MEETING, {"on": "2026-02-30"}, {"/on": "date_from_datetime_parsing"}),
        (MEETING, {"on": "0001-01-01"}, {"/on": "instant.malformed"}),
        (MEETING, {"on": "9999-12-31"}, {"/on": "instant.malformed"}),
        (LETTER, {"title": " "}, {"/title": "string_too_short"}),
        (LETTER, {"branch_id": "01900000-0000-7000-8000-000000000000"}, {"/branch_id": "branch.unknown"}),
    ],
)
async def test_a_draft_that_cannot_be(
    shelf: Shelf, secretary: Client, parts: Parts, content: Any, said: dict[str, Any], code: dict[str, str]
) -> None:
    answer = await draft(secretary, await shelf.added("Mẫu", content), **said)
    assert answer.status_code == 422, answer.text
    assert codes(answer) == code
    assert await events(parts, "notice.create") == []


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"title": ""}, {"/content/title": "string_too_short"}),
        ({"activity": None}, {"/content/activity": "activity.missing"}),
        ({"category": "general"}, {"/content/activity": "activity.unexpected"}),
        ({"activity": {"starts": "7:30", "minutes": 90}}, {"/content/activity/starts": "time.malformed"}),
        ({"activity": {"starts": "24:00", "minutes": 90}}, {"/content/activity/starts": "time.malformed"}),
        ({"activity": {"starts": "٠٧:30", "minutes": 90}}, {"/content/activity/starts": "time.malformed"}),
        ({"activity": {"starts": "07:30", "minutes": 0}}, {"/content/activity/minutes": "greater_than_equal"}),
        ({"activity": {"starts": "07:30", "minutes": 20161}}, {"/content/activity/minutes": "less_than_equal"}),
        (
            {"activity": {"starts": "07:30", "minutes": 9, "timezone": "Asia/Ha_Noi"}},
            {"/content/activity/timezone": "timezone.unknown"},
        ),
        (
            {"activity": {"starts": "07:30", "minutes": 9, "online_url": "javascript:alert(1)"}},
            {"/content/activity/online_url": "url.malformed"},
        ),
    ],
)
@pytest.mark.usefixtures("unchanged")
async def test_a_template_that_cannot_be(shelf: Shelf, over: dict[str, Any], code: dict[str, str]) -> None:
    answer = await shelf.add("Họp tháng", {**MEETING, **over})
    assert answer.status_code == 422, answer.text
    assert codes(answer) == code


async def test_a_branch_begins_from_what_is_above_it_too(
    acting_as: As, shelf: Shelf, secretary: Client, organisation: Organisation
) -> None:
    leader = Shelf(acting_as("leader"), organisation, "tinh")
    above = await leader.added("Đại hội", {**LETTER, "audience": {"reach": "roles", "roles": ["secretary"]}})
    await Shelf(acting_as("sibling_secretary"), organisation, "chibo2").added("Bên cạnh")
    await Shelf(acting_as("leader"), organisation, "to").added("Của tổ")
    await shelf.added("Áp phích")
    await shelf.added("Ẩm thực")
    assert await shelf.names() == ["Ẩm thực", "Áp phích", "Đại hội"]
    assert await leader.names() == ["Đại hội"]
    own = str(organisation.branch("chibo").id)
    answer = await draft(secretary, above, branch_id=own)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["branch"]["id"], answer.json()["audience"]["roles"]) == (own, ["secretary"])
    assert (await draft(secretary, above)).status_code == 403, "the province does not speak through its cells"
    changed = await secretary.patch(at(above), json={"name": "Khác"}, headers=matching(above))
    assert changed.status_code == 403
    assert (await secretary.delete(at(above), headers=matching(above))).status_code == 403
    for stranger in ("member", "auditor", "stranger_admin"):
        assert (await acting_as(stranger).get(at(above))).status_code == 404


async def test_a_list_of_templates_is_paged_by_name(shelf: Shelf, secretary: Client) -> None:
    for name in ("Họp quý", "đóng phí", "Đại hội", "Anh", "họp tháng"):
        await shelf.added(name)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await secretary.get(shelf.url, params=params)).json()
        seen += [item["name"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["Anh", "Đại hội", "đóng phí", "Họp quý", "họp tháng"]


async def test_a_branch_has_one_template_of_a_name(
    acting_as: As, shelf: Shelf, secretary: Client, organisation: Organisation
) -> None:
    await shelf.added("Họp tháng")
    refused = await shelf.add("HOP THANG")
    assert (refused.status_code, slug(refused)) == (409, "template.name_taken")
    other = await shelf.added("Họp quý")
    renamed = await secretary.patch(at(other), json={"name": "họp tháng"}, headers=matching(other))
    assert (renamed.status_code, slug(renamed)) == (409, "template.name_taken")
    await Shelf(acting_as("sibling_secretary"), organisation, "chibo2").added("Họp tháng")
    answers = await asyncio.gather(*(shelf.add("Khai giảng") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert await shelf.names() == ["Họp quý", "Họp tháng", "Khai giảng"]


async def test_a_template_is_changed_as_it_stands(shelf: Shelf, secretary: Client, parts: Parts) -> None:
    made = await shelf.added("Họp tháng", MEETING)
    for headers, status in (({}, 428), ({"If-Match": '"r2-"'}, 412)):
        for method in ("PATCH", "DELETE"):
            body = {"json": {"name": "Khác"}} if method == "PATCH" else {}
            answer = await secretary.request(method, at(made), headers=headers, **body)  # type: ignore[arg-type]  # a body
            assert answer.status_code == status
    same = await secretary.patch(at(made), json={"name": "Họp tháng"}, headers=matching(made))
    assert same.json() == made
    renamed = (await secretary.patch(at(made), json={"name": "Họp quý"}, headers=matching(made))).json()
    assert (renamed["name"], renamed["revision"], renamed["content"]) == ("Họp quý", 2, made["content"])
    stale = await secretary.patch(at(made), json={"content": LETTER}, headers=matching(made))
    assert stale.status_code == 412
    said = (await secretary.patch(at(made), json={"content": LETTER}, headers=matching(renamed))).json()
    assert (said["name"], said["revision"], said["content"]["activity"]) == ("Họp quý", 3, None)
    for name in ("name", "content"):
        answer = await secretary.patch(at(made), json={name: None}, headers=matching(said))
        assert codes(answer) == {f"/{name}": "missing"}
    first, second = await events(parts, "template.update")
    assert (first.before, first.after) == ({"name": "Họp tháng"}, {"name": "Họp quý"})
    assert second.after is not None
    assert (second.after["title"], "name" in second.after) == (LETTER["title"], False)


async def test_a_deleted_template_is_gone_and_its_drafts_stay(shelf: Shelf, secretary: Client, parts: Parts) -> None:
    made = await shelf.added("Nhắc phí")
    begun = (await draft(secretary, made)).json()
    assert (await secretary.delete(at(made), headers=matching(made))).status_code == 204
    for answer in (
        await secretary.get(at(made)),
        await secretary.delete(at(made), headers=matching(made)),
        await draft(secretary, made),
    ):
        assert answer.status_code == 404
    assert (await secretary.get(f"/v1/notices/{begun['id']}")).status_code == 200
    assert await shelf.names() == []
    (event,) = await events(parts, "template.delete")
    assert event.before is not None
    assert event.before["name"] == "Nhắc phí"


async def test_a_merged_branch_takes_no_more_templates(admin: Client, organisation: Organisation, shelf: Shelf) -> None:
    made = await shelf.added("Nhắc phí")
    into = str(organisation.branch("chibo2").id)
    merged = await admin.post(f"/v1/branches/{organisation.branch('chibo').id}/merge", json={"into_id": into})
    assert merged.status_code == 200, merged.text
    refused = await Shelf(admin, organisation).add("Khác")
    assert (refused.status_code, slug(refused)) == (409, "branch.not_active")
    assert slug(await draft(admin, made)) == "branch.not_active"
    assert (await draft(admin, made, branch_id=into)).status_code == 201
