"""Who has taken note and who has not, as those who look after them are told it."""

import csv
from io import BytesIO, StringIO
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from python_calamine import CalamineWorkbook
from sqlalchemy import update
from sqlmodel import col

from api.parts import Parts
from models.channels import Reach
from models.members.table import Member
from models.memberships import EndReason, MembershipKind, end_membership, open_membership, open_memberships
from models.notices.shapes import Audience, NoticePublic
from models.permissions import OPERATOR
from tests.api.conftest import As, Client
from tests.api.identity import events, slug
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.serving import FEED, Desk, parts_in
from tests.ticking import tick

FORMULA = '=HYPERLINK("https://example.com";"Bấm vào đây")'


@pytest.fixture
def desk(app: FastAPI, organisation: Organisation) -> Desk:
    return Desk(app, organisation)


async def read(client: Client, notice: NoticePublic, *, acknowledged: bool = False) -> None:
    answer = await client.put(f"{FEED}/{notice.id}/receipt", json={"acknowledged": acknowledged})
    assert answer.status_code == 200, answer.text


async def report(client: Client, notice: NoticePublic, **asked: Any) -> dict[str, Any]:
    answer = await client.get(f"{FEED}/{notice.id}/report", params=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def missing(client: Client, notice: NoticePublic, kind: str = "read", **asked: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"{FEED}/{notice.id}/missing", params={"kind": kind, "limit": 100, **asked})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def transfer(app: FastAPI, organisation: Organisation, name: str, to: str) -> None:
    async with parts_in(app).transaction() as session:
        (membership,) = await open_memberships(session, organisation.person(name).id)
        await end_membership(session, membership, EndReason.TRANSFERRED)
        branch, member_id = organisation.branch(to), organisation.person(name).id
        await open_membership(session, OPERATOR, member_id, branch, MembershipKind.PRIMARY)


def said(counts: dict[str, Any]) -> tuple[int, int, int, int, int]:
    also = counts["also"]
    return counts["eligible"], counts["read"], counts["acknowledged"], also["read"], also["acknowledged"]


async def test_a_secretary_sees_at_once_who_has_taken_note(
    acting_as: As, secretary: Client, member: Client, desk: Desk, clock: StandingClock
) -> None:
    notice = await desk.publish("chibo", "Họp chi hội")
    assert said((await report(secretary, notice))["total"]) == (10, 0, 0, 0, 0)
    await read(member, notice)
    await read(acting_as("grouped"), notice, acknowledged=True)
    found = await report(secretary, notice)
    assert found["branch"]["code"] == "CHIBO"
    assert said(found["total"]) == (10, 2, 1, 0, 0)
    assert said(found["here"]) == (9, 1, 0, 0, 0)
    assert [(part["branch"]["code"], said(part["counts"])) for part in found["items"]] == [("TO", (1, 1, 1, 0, 0))]
    assert found["total"]["yes"] is None
    assert found["audience_at"] == found["counted_at"] == clock.at.isoformat().replace("+00:00", "Z")
    await read(member, notice, acknowledged=True)
    assert said((await report(secretary, notice))["total"]) == (10, 2, 2, 0, 0)


async def test_each_sees_their_own_part_of_what_the_root_said(
    acting_as: As, secretary: Client, member: Client, desk: Desk, organisation: Organisation, clock: StandingClock
) -> None:
    notice = await desk.publish("tw", "Thông báo toàn quốc")
    await read(member, notice)
    own = await report(secretary, notice)
    assert (own["branch"]["code"], said(own["total"])) == ("CHIBO", (10, 1, 0, 0, 0))
    assert (await report(acting_as("sibling_secretary"), notice))["branch"]["code"] == "CHIBO2"
    admin = acting_as("admin")
    assert (await report(admin, notice))["branch"]["code"] == "TINH"
    coso = await report(admin, notice, branch_id=organisation.branch("coso").id, limit=1)
    assert [(part["branch"]["code"], said(part["counts"])) for part in coso["items"]] == [("CHIBO", (10, 1, 0, 0, 0))]
    path = f"{FEED}/{notice.id}/report"
    rest = await admin.get(
        path, params={"branch_id": str(organisation.branch("coso").id), "limit": 1, "cursor": coso["next_cursor"]}
    )
    assert [part["branch"]["code"] for part in rest.json()["items"]] == ["CHIBO2"]
    for name in ("chibo2", "coso", "tw", "kh"):
        refused = await secretary.get(path, params={"branch_id": str(organisation.branch(name).id)})
        assert (refused.status_code, slug(refused)) == (404, "not_found")
    for name, status in (("member", 403), ("editor", 403), ("stranger", 404), ("stranger_admin", 404)):
        assert (await acting_as(name).get(path)).status_code == status


async def test_what_the_root_said_to_itself_is_its_own(acting_as: As, desk: Desk, organisation: Organisation) -> None:
    notice = await desk.publish("coso", "Họp riêng", Audience(reach=Reach.HERE))
    assert (await acting_as("secretary").get(f"{FEED}/{notice.id}/report")).status_code == 404
    leader, below = acting_as("parent_secretary"), str(organisation.branch("chibo").id)
    assert said((await report(leader, notice))["total"]) == (0, 0, 0, 0, 0)
    assert (await leader.get(f"{FEED}/{notice.id}/report", params={"branch_id": below})).status_code == 404


async def test_whoever_came_later_is_told_apart(
    app: FastAPI, acting_as: As, secretary: Client, desk: Desk, organisation: Organisation, clock: StandingClock
) -> None:
    notice = await desk.publish("chibo", "Họp chi hội")
    clock.advance(minutes=1)
    await transfer(app, organisation, "neighbour", "chibo")
    await transfer(app, organisation, "fellow", "chibo2")
    names = {entry["full_name"]: entry["has_left"] for entry in await missing(secretary, notice)}
    assert len(names) == 10
    assert names["Trần Văn Cảnh"]
    assert not names["Nguyễn Thị Bình"]
    assert [entry["full_name"] for entry in await missing(secretary, notice, arrived=True)] == ["Phạm Văn Giáp"]
    await read(acting_as("neighbour"), notice, acknowledged=True)
    assert said((await report(secretary, notice))["total"]) == (10, 0, 0, 1, 1)
    assert await missing(secretary, notice, arrived=True) == []
    assert len(await missing(secretary, notice)) == 10


async def test_an_amendment_that_asks_anew_counts_anew(
    acting_as: As, secretary: Client, member: Client, desk: Desk
) -> None:
    notice = await desk.publish("chibo", "Họp chi hội")
    await read(member, notice, acknowledged=True)
    await read(acting_as("fellow"), notice)
    assert said((await report(secretary, notice))["total"]) == (10, 2, 1, 0, 0)
    for revision, again, counted in ((1, False, (10, 2, 1, 0, 0)), (2, True, (10, 0, 0, 0, 0))):
        body = {"change": "Đổi giờ.", "body": f"Lần {revision}.", "acknowledge_again": again}
        headers = {"If-Match": f'"r{revision}-"'}
        assert (await secretary.post(f"{FEED}/{notice.id}/amend", json=body, headers=headers)).status_code == 200
        assert said((await report(secretary, notice))["total"]) == counted
        await read(member, notice)
    assert said((await report(secretary, notice))["total"]) == (10, 1, 0, 0, 0)
    assert len(await missing(secretary, notice)) == 9
    assert len(await missing(secretary, notice, "acknowledged")) == 10


async def test_a_list_is_in_vietnamese_order_and_paged(secretary: Client, member: Client, desk: Desk) -> None:
    notice = await desk.publish("chibo", "Họp chi hội")
    await read(member, notice)
    given = [entry["full_name"].split()[-1] for entry in await missing(secretary, notice)]
    assert given == ["Cảnh", "Dậu", "Khoa", "Lan", "Minh", "Nga", "Oanh", "Phương", "Tài"]
    turned: list[str] = []
    cursor: str | None = None
    while cursor is not None or not turned:
        asked: dict[str, str | int] = {"kind": "read", "limit": 4, **({"cursor": cursor} if cursor else {})}
        page = (await secretary.get(f"{FEED}/{notice.id}/missing", params=asked)).json()
        turned += [entry["full_name"].split()[-1] for entry in page["items"]]
        cursor = page["next_cursor"]
    assert turned == given


async def test_phones_are_for_those_who_may_see_them_and_each_reads_who_looked(
    acting_as: As, secretary: Client, member: Client, desk: Desk, parts: Parts, organisation: Organisation
) -> None:
    notice = await desk.publish("chibo", "Họp chi hội")
    await read(acting_as("fellow"), notice)
    for name in ("clerk", "auditor"):
        assert {entry["phone"] for entry in await missing(acting_as(name), notice)} == {None}
    assert await events(parts, "member.read_phones") == []
    entries = await missing(secretary, notice)
    assert {entry["phone"] for entry in entries if entry["full_name"] == "Nguyễn Thị Bình"} == {"+84912000000"}
    assert all(entry["phone"] for entry in entries)
    (event,) = await events(parts, "member.read_phones")
    assert (event.target_kind, event.target_id, event.after) == ("notice", notice.id, {"missing": "read", "people": 9})
    looks = (await member.get("/v1/me/access-log")).json()["items"]
    assert [(look["action"], look["by"]["full_name"]) for look in looks] == [("member.read_phones", "Vũ Thị Lan")]
    assert (await acting_as("fellow").get("/v1/me/access-log")).json()["items"] == []


async def test_a_phone_stays_with_those_who_look_after_its_owner_now(
    app: FastAPI, secretary: Client, desk: Desk, organisation: Organisation, clock: StandingClock
) -> None:
    notice = await desk.publish("chibo", "Họp chi hội")
    clock.advance(minutes=1)
    await transfer(app, organisation, "fellow", "chibo2")
    phones = {entry["full_name"]: entry["phone"] for entry in await missing(secretary, notice)}
    assert phones["Trần Văn Cảnh"] is None
    assert phones["Nguyễn Thị Bình"] is not None


async def test_a_list_is_taken_along_as_a_table_in_which_nothing_runs(
    secretary: Client, member: Client, desk: Desk, parts: Parts, organisation: Organisation
) -> None:
    member_id = organisation.person("member").id
    async with parts.transaction() as session:
        await session.execute(update(Member).where(col(Member.id) == member_id).values(full_name=FORMULA))
    notice = await desk.publish("chibo", "Họp chi hội")
    headers = {"Accept-Language": "vi"}
    answer = await secretary.get(f"{FEED}/{notice.id}/missing.csv", params={"kind": "read"}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="chua-doc-CHIBO.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    heading, *rows = csv.reader(StringIO(answer.content.decode("utf-8-sig")))
    assert heading[:4] == ["Họ và tên", "Số thẻ", "Tổ chức", "Điện thoại"]
    assert len(rows) == 10
    assert "'" + FORMULA.replace(';"', ';"') in {row[0] for row in rows}
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "-", "@"))]
    answer = await secretary.get(f"{FEED}/{notice.id}/missing.xlsx", params={"kind": "acknowledged"})
    assert answer.headers["content-disposition"] == 'attachment; filename="not-acknowledged-CHIBO.xlsx"'
    with CalamineWorkbook.from_filelike(BytesIO(answer.content)) as workbook:
        sheet = workbook.get_sheet_by_index(0).to_python()
    assert sheet[0][:2] == ["Full name", "Member number"]
    assert FORMULA in [row[0] for row in sheet[1:]], "as text: XLSX says of each cell what it is"
    assert b"<f>" not in answer.content
    assert len(sheet) == 11
    written = await events(parts, "member.export")
    assert [event.after for event in written] == [
        {"missing": "read", "people": 10},
        {"missing": "acknowledged", "people": 10},
    ]
    looks = (await member.get("/v1/me/access-log")).json()["items"]
    assert [look["action"] for look in looks] == ["member.export", "member.export"]


async def test_a_file_of_too_many_is_none(
    secretary: Client, desk: Desk, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.tallies.missing.EXPORT_MOST", 9)
    notice = await desk.publish("chibo", "Họp chi hội")
    answer = await secretary.get(f"{FEED}/{notice.id}/missing.csv", params={"kind": "read"})
    assert (answer.status_code, slug(answer)) == (409, "report.too_many_people")
    assert await events(parts, "member.export") == []


async def test_a_great_audience_is_counted_by_the_worker(
    app: FastAPI, acting_as: As, member: Client, desk: Desk, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.tallies.catching_up.BRANCHES_MOST", 2)
    notice = await desk.publish("tw", "Thông báo toàn quốc")
    await read(member, notice)
    leader = acting_as("leader")
    waiting = await report(leader, notice)
    assert (waiting["counted_at"], waiting["total"], waiting["items"]) == (None, None, [])
    assert len(await missing(leader, notice)) == 13, "names need no counters"
    await tick(parts)
    found = await report(leader, notice)
    assert said(found["total"]) == (14, 1, 0, 0, 0)
    assert found["counted_at"] is not None


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 422),
        ({"kind": "liked"}, 422),
        ({"kind": "read", "branch_id": "CHIBO"}, 422),
        ({"kind": "rsvp", "occurrence": 0}, 422),
        ({"kind": "rsvp", "occurrence": 99_999}, 422),
        ({"kind": "rsvp"}, 404),
        ({"kind": "attended", "occurrence": 2}, 404),
        ({"kind": "read", "cursor": "x.y"}, 422),
    ],
)
@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_what_cannot_be_asked(secretary: Client, desk: Desk, asked: dict[str, Any], status: int) -> None:
    notice = await desk.publish("chibo", "Họp chi hội")
    answer: httpx.Response = await secretary.get(f"{FEED}/{notice.id}/missing", params=asked)
    assert answer.status_code == status, answer.text
