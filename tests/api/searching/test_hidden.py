"""What nobody may read is not found either; and nothing that is typed breaks a search."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.parts import Parts
from models.notices.due import EXPIRE_NOTICES
from tests.api.conftest import As, Client
from tests.api.meetings import FEED, amend, instant, matching, withdraw
from tests.api.searching.library import LIBRARY
from tests.api.studying.shelves import Shelf
from tests.clock import START, StandingClock
from tests.organisation import Organisation
from tests.ticking import tick

HOSTILE = (
    '"',
    '"""',
    '"a',
    "'",
    "' OR 1=1 --",
    "họp'); DROP TABLE notice; --",
    "*",
    "họp*",
    "họp AND",
    "NOT họp",
    "họp OR NEAR(a b)",
    "họp:*",
    "họp & | ! <-> ( )",
    "\\",
    "họp\\",
    "words:họp",
    "^họp",
    "{họp}: mời",
    "-họp",
    "+họp",
    "%",
    "_",
    "họp\x00",
    "\x00",
    "\x1bhọp",
    "\ufeff",
    "\u202ehọp",
    "🎉",
    "̣̣̣",
    "İİİ",
    "ﬃﬃ",
    "½ ² ٣",
    "họp " * 40,
    "ẹ" * 200,
    "h" * 200,
    "x" * 10_000,
)


async def found(client: Client, typed: str, **said: Any) -> list[str]:
    """Titles."""
    return [item["title"] for item in (await searched(client, typed, **said)).json()["items"]]


async def searched(client: Client, typed: str, **said: Any) -> httpx.Response:
    answer = await client.get("/v1/search", params={"q": typed, **said})
    assert answer.status_code == 200, (typed, answer.text)
    return answer


async def tell(client: Client, organisation: Organisation, **said: Any) -> dict[str, Any]:
    body = {"branch_id": str(organisation.branch("chibo").id), "title": "Họp", "body": "Mời họp.", **said}
    answer = await client.post(FEED, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_draft_is_not_found_until_it_is_published(
    secretary: Client, member: Client, organisation: Organisation
) -> None:
    notice = await tell(secretary, organisation, title="Dọn vệ sinh")
    assert await found(secretary, "vệ sinh") == []
    answer = await secretary.post(f"{FEED}/{notice['id']}/publish", json={}, headers=matching(notice))
    assert answer.status_code == 200, answer.text
    assert await found(member, "ve sinh") == ["Dọn vệ sinh"]


async def test_what_is_amended_is_found_by_what_it_says_now_alone(
    secretary: Client, member: Client, organisation: Organisation
) -> None:
    notice = await tell(secretary, organisation, body="Mang theo cuốc xẻng.", publish=True)
    await amend(secretary, notice, body="Mang theo chổi tre.")
    assert await found(member, "cuốc xẻng") == []
    item = (await searched(member, "chổi tre")).json()["items"][0]
    marked = [item["snippet"][each["start"] :][: each["length"]] for each in item["snippet_highlights"]]
    assert marked == ["chổi", "tre"]
    assert (item["kind"], item["id"], item["version"]) == ("notice", notice["id"], 2)


async def test_what_is_withdrawn_is_gone_at_once(secretary: Client, member: Client, organisation: Organisation) -> None:
    notice = await tell(secretary, organisation, publish=True)
    assert await found(member, "họp") == ["Họp"]
    await withdraw(secretary, notice)
    assert await found(member, "họp") == await found(secretary, "họp") == []


async def test_what_has_expired_is_gone_with_it(
    parts: Parts, secretary: Client, member: Client, organisation: Organisation, clock: StandingClock
) -> None:
    await tell(secretary, organisation, expires_at=instant(START + timedelta(hours=2)), publish=True)
    assert await found(member, "họp") == ["Họp"]
    clock.advance(hours=3)
    assert await tick(parts, [EXPIRE_NOTICES]) == 1
    assert await found(member, "họp") == []


@pytest.mark.parametrize(
    ("audience", "hearing"),
    [
        ({}, {"member", "grouped", "secretary"}),
        ({"reach": "here"}, {"member", "secretary"}),
        ({"reach": "roles", "roles": ["secretary"]}, {"secretary"}),
    ],
)
async def test_others_find_nothing(
    acting_as: As, organisation: Organisation, audience: dict[str, Any], hearing: set[str]
) -> None:
    said = {"title": "Việc riêng", "body": "Chuyện mật của chi hội.", **({"audience": audience} if audience else {})}
    await tell(acting_as("secretary"), organisation, publish=True, **said)
    for name in ("member", "grouped", "secretary", "neighbour", "stranger", "sibling_secretary", "stranger_admin"):
        for typed in ("Việc riêng", "mật", "viec ri", '"chuyện mật"'):
            expected = ["Việc riêng"] if name in hearing else []
            assert await found(acting_as(name), typed) == expected, (name, typed)


async def test_nothing_that_is_typed_breaks_a_search(
    secretary: Client, member: Client, organisation: Organisation
) -> None:
    await tell(secretary, organisation, publish=True)
    for typed in HOSTILE:
        answer = await member.get("/v1/search", params={"q": typed})
        assert answer.status_code in ({400} if "\x00" in typed else {200, 422}), (typed, answer.text)
    assert await found(member, "họp") == ["Họp"]


@pytest.mark.parametrize("typed", ["", "  ", '""', "x" * 201])
async def test_what_says_nothing_is_refused(member: Client, typed: str) -> None:
    answer = await member.get("/v1/search", params={"q": typed})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].endswith("/q")


@pytest.mark.parametrize("long", ["ệ" * 4_000, "각" * 128 + " " + "각" * 128])
async def test_words_longer_than_any_index_holds_are_published(
    secretary: Client, member: Client, organisation: Organisation, long: str
) -> None:
    await tell(secretary, organisation, title="Mã", body=f"Mã số {long} hết.", publish=True)
    assert await found(member, "hết") == ["Mã"]


async def test_filters_leave_out_what_is_other(admin: Client, member: Client, organisation: Organisation) -> None:
    shelf = Shelf(admin, organisation, "tinh")
    for each in LIBRARY[2:4]:
        await shelf.published(each)
    await tell(admin, organisation, branch_id=str(organisation.branch("tinh").id), title="Điện thoại", publish=True)
    safe = "Nhận biết lừa đảo qua điện thoại"
    assert await found(member, "điện thoại") == ["Điện thoại", safe]
    assert await found(member, "điện thoại", kind="material") == [safe]
    assert await found(member, "điện thoại", kind="notice") == ["Điện thoại"]
    assert await found(member, "điện thoại", tag="Kỹ năng số") == [safe]
    assert await found(member, "điện thoại", level="basic", language="vi") == [safe]
    assert await found(member, "điện thoại", level="advanced") == []


async def test_pages_follow_each_other(secretary: Client, member: Client, organisation: Organisation) -> None:
    for n in range(5):
        await tell(secretary, organisation, title=f"Họp lần {n}", publish=True)
    titles: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await searched(member, "hop", limit=2, **cursor)).json()
        titles += [item["title"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert titles == [f"Họp lần {n}" for n in reversed(range(5))]
