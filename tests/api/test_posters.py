"""A notice on paper, for a noticeboard."""

import httpx

from tests.api.conftest import As, Client
from tests.api.identity import slug
from tests.api.meetings import FEED, call_meeting, withdraw
from tests.clock import StandingClock
from tests.organisation import Organisation


async def poster(client: Client, notice_id: str, language: str = "vi") -> httpx.Response:
    return await client.get(f"{FEED}/{notice_id}/poster", headers={"Accept-Language": language})


async def letter(client: Client, branch_id: object, **said: object) -> str:
    body = {"branch_id": str(branch_id), "title": "Nhắc phí", "body": "Hạn **thứ Sáu**.", "publish": True, **said}
    answer = await client.post(FEED, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_an_activity_on_paper_says_when_and_where(
    acting_as: As, secretary: Client, organisation: Organisation, clock: StandingClock
) -> None:
    said = {"place": "Nhà văn hoá thôn Đoài", "recurrence": {"frequency": "weekly", "count": 3}}
    notice = await call_meeting(secretary, organisation.branch("chibo").id, priority="urgent", **said)
    clock.advance(days=2)
    answer = await poster(acting_as("secretary"), notice["id"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-language"] == "vi"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    for shown in ("Chi hội thôn Đoài", "Sinh hoạt chi hội", "Nhà văn hoá thôn Đoài", "<svg", "Thông báo khẩn"):
        assert shown in answer.text
    assert "từ 19 giờ 30 đến 21 giờ 30".capitalize() in answer.text
    assert ["02/06/2026" in answer.text, "09/06/2026" in answer.text] == [False, True], "what is over, and what is not"


async def test_nothing_on_paper_is_markup(secretary: Client, organisation: Organisation) -> None:
    hostile = '<script>alert(1)</script> & "Bình"'
    notice_id = await letter(secretary, organisation.branch("chibo").id, title=hostile, body=f"{hostile} **đậm**")
    page = (await poster(secretary, notice_id, "en")).text
    assert "<script" not in page
    assert "<strong>đậm</strong>" in page


async def test_a_cell_hangs_up_what_the_province_says(
    acting_as: As, secretary: Client, organisation: Organisation
) -> None:
    notice_id = await letter(acting_as("leader"), organisation.branch("tinh").id)
    assert (await poster(secretary, notice_id)).status_code == 200
    for name, status in (("member", 403), ("auditor", 403), ("stranger", 404)):
        assert (await poster(acting_as(name), notice_id)).status_code == status
    assert (await poster(acting_as(None), notice_id)).status_code == 401


async def test_only_what_is_published_is_hung_up(secretary: Client, organisation: Organisation) -> None:
    branch_id = organisation.branch("chibo").id
    draft = await letter(secretary, branch_id, publish=False)
    withdrawn = await withdraw(secretary, await call_meeting(secretary, branch_id))
    for notice_id in (draft, withdrawn["id"]):
        refused = await poster(secretary, notice_id)
        assert (refused.status_code, slug(refused)) == (409, "notice.not_published")
