"""Told in person: a receipt for who has no phone, which never stands against their own word."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

from api.parts import Parts
from models.audit import AuditEvent
from models.base import new_id
from models.database import Database
from models.notices.shapes import NoticePublic
from models.notices.table import Receipt
from models.permissions import Role
from tests.api.attending.meetings import event, stored
from tests.api.conftest import As, Client
from tests.api.happenings import amend, days, state, told, transfer, written
from tests.api.problem_details import assert_problem, codes
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.queries import counting
from tests.serving import Desk, for_roles


@pytest.fixture
def ids(organisation: Organisation) -> dict[str, UUID]:
    return {name: person.id for name, person in organisation.people.items()}


@pytest.fixture
async def notice(desk: Desk) -> NoticePublic:
    return await desk.publish("chibo", "Họp")


async def tell(phone: httpx.AsyncClient, notice: NoticePublic, *whom: UUID, **said: Any) -> httpx.Response:
    return await phone.post(f"/v1/notices/{notice.id}/told", json={"member_ids": [str(one) for one in whom], **said})


def telling(notice: NoticePublic, at: Any, whom: UUID, **said: Any) -> dict[str, Any]:
    return event("told", at, **{"notice_id": str(notice.id), "revision": 1, "member_id": str(whom), **said})


async def receipts(parts: Parts) -> dict[UUID, tuple[str, bool]]:
    """How it is known of each, and whether they took note."""
    return {one.member_id: (one.method.value, one.acknowledged_at is not None) for one in await stored(parts, Receipt)}


async def test_who_was_told_has_a_receipt(
    acting_as: As, ids: dict[str, UUID], notice: NoticePublic, parts: Parts, clock: StandingClock, database: Database
) -> None:
    clerk = acting_as("clerk")
    answer = await tell(clerk, notice, ids["member"], ids["fellow"], ids["member"])
    assert (answer.status_code, answer.content) == (204, b"")
    assert await receipts(parts) == {ids[name]: ("told", False) for name in ("member", "fellow")}
    clock.advance(minutes=1)
    assert (await tell(clerk, notice, ids["member"], acknowledged=True)).status_code == 204
    assert (await tell(clerk, notice, ids["member"], acknowledged=True)).status_code == 204
    (mine,) = (await state(acting_as("member")))["receipts"]
    assert mine == {
        "notice_id": str(notice.id),
        "revision": 1,
        "read_at": written(clock.at - timedelta(minutes=1)),
        "acknowledged_at": written(clock.at),
        "method": "told",
    }
    assert (await state(clerk))["receipts"] == []
    async with database.reading() as session:
        found = select(AuditEvent).where(col(AuditEvent.action) == "receipt.tell").order_by(col(AuditEvent.id))
        audited = [(one.actor_id, one.after) for one in await session.scalars(found)]
    both = sorted(str(ids[name]) for name in ("member", "fellow"))
    assert audited == [
        (ids["clerk"], {"revision": 1, "told": both, "acknowledged": []}),
        (ids["clerk"], {"revision": 1, "told": [str(ids["member"])], "acknowledged": [str(ids["member"])]}),
    ]


async def test_their_own_word_stands(
    acting_as: As, ids: dict[str, UUID], notice: NoticePublic, parts: Parts, clock: StandingClock
) -> None:
    member, clerk, mine = acting_as("member"), acting_as("clerk"), ids["member"]
    url = f"/v1/notices/{notice.id}/receipt"
    await tell(clerk, notice, mine)
    assert (await member.put(url, json={})).json()["method"] == "self", "what one read is one's own word"
    clock.advance(minutes=1)
    await tell(clerk, notice, mine)
    assert await receipts(parts) == {mine: ("self", False)}
    await tell(clerk, notice, mine, acknowledged=True)
    assert await receipts(parts) == {mine: ("told", True)}, "that they took note is the clerk's word"
    before = await state(member)
    assert (await member.put(url, json={})).json()["method"] == "told"
    assert await state(member) == before
    said = (await member.put(url, json={"acknowledged": True})).json()
    assert (said["method"], said["acknowledged_at"]) == ("self", written(clock.at))
    before = await state(member)
    await tell(clerk, notice, mine, acknowledged=True)
    assert await state(member) == before


@pytest.mark.usefixtures("notice", "unchanged")
async def test_only_who_hears_it_below_ones_right(
    acting_as: As, ids: dict[str, UUID], notice: NoticePublic, clock: StandingClock
) -> None:
    for name in ("member", "editor", "auditor"):
        assert_problem(await tell(acting_as(name), notice, ids["fellow"]), 403, "forbidden")
        assert await told(acting_as(name), telling(notice, clock.at, ids["fellow"])) == ["forbidden"]
    for name in ("sibling_secretary", "stranger_admin"):
        assert_problem(await tell(acting_as(name), notice, ids["fellow"]), 404, "not_found")
        assert await told(acting_as(name), telling(notice, clock.at, ids["fellow"])) == ["event.notice_unknown"]
    clerk = acting_as("clerk")
    strangers = ids["neighbour"], new_id(), ids["stranger"]
    answer = await tell(clerk, notice, ids["member"], *strangers)
    assert codes(answer) == {f"/member_ids/{n}": "member.unknown" for n in (1, 2, 3)}
    for one in strangers:
        assert await told(clerk, telling(notice, clock.at, one)) == ["request.invalid"]
    assert await told(clerk, telling(notice, clock.at, ids["member"], revision=2)) == ["request.invalid"]
    for body, expected in (
        ({}, {"/member_ids": "missing"}),
        ({"member_ids": []}, {"/member_ids": "too_short"}),
        ({"member_ids": [str(ids["member"])] * 501}, {"/member_ids": "too_long"}),
        ({"member_ids": ["x"]}, {"/member_ids/0": "uuid_parsing"}),
        ({"member_ids": [str(ids["member"])], "acknowledged": 1}, {"/acknowledged": "bool_type"}),
    ):
        assert codes(await clerk.post(f"/v1/notices/{notice.id}/told", json=body)) == expected


async def test_a_cells_clerk_tells_the_cell_what_comes_from_above(
    acting_as: As, ids: dict[str, UUID], desk: Desk, parts: Parts, clock: StandingClock
) -> None:
    above, officers = (
        await desk.publish("tinh", "Tin tỉnh"),
        await desk.publish("tinh", "Văn thư", for_roles([Role.CLERK])),
    )
    clerk = acting_as("clerk")
    assert (await tell(clerk, above, ids["member"], ids["grouped"])).status_code == 204
    assert codes(await tell(clerk, above, ids["neighbour"])) == {"/member_ids/0": "member.unknown"}
    assert codes(await tell(clerk, officers, ids["member"])) == {"/member_ids/0": "member.unknown"}
    draft = await desk.publish("chibo", "Nháp", draft=True)
    assert_problem(await tell(clerk, draft, ids["member"]), 409, "notice.not_published")
    await desk.withdraw(above.id)
    assert_problem(await tell(acting_as("admin"), above, ids["member"]), 409, "notice.not_published")
    assert len(await receipts(parts)) == 2


async def test_telling_is_judged_by_what_held_then(
    acting_as: As,
    ids: dict[str, UUID],
    notice: NoticePublic,
    organisation: Organisation,
    database: Database,
    desk: Desk,
    parts: Parts,
    clock: StandingClock,
) -> None:
    start = clock.at
    grant = await desk.grant("fellow", Role.CLERK, "chibo")
    clock.advance(days=1)
    await transfer(database, organisation.person("member"), organisation.branch("chibo2"))
    await transfer(database, organisation.person("neighbour"), organisation.branch("chibo"))
    clock.advance(days=1)
    await desk.end_grant(grant)
    await amend(database, notice)
    clock.advance(days=1)
    fellow = acting_as("fellow")
    early, late = start + days(0.5), start + days(1.5)
    assert await told(
        fellow,
        telling(notice, early, ids["member"], acknowledged=True),
        telling(notice, late, ids["member"]),
        telling(notice, early, ids["neighbour"]),
        telling(notice, late, ids["neighbour"]),
        telling(notice, clock.at, ids["clerk"]),
    ) == ["applied", "request.invalid", "request.invalid", "applied", "forbidden"]
    assert await receipts(parts) == {ids["member"]: ("told", True), ids["neighbour"]: ("told", False)}
    assert (await state(fellow))["state"] == 0


async def test_telling_takes_as_many_statements_whatever_how_many(
    secretary: Client, ids: dict[str, UUID], notice: NoticePublic, parts: Parts, clock: StandingClock
) -> None:
    sizes = []
    for names in (("member", "leader"), ("fellow", "grouped", "clerk", "deputy", "editor", "auditor")):
        with counting(parts.database) as statements:
            assert (await tell(secretary, notice, *(ids[name] for name in names))).status_code == 204
        sizes.append(len(statements))
    assert sizes[0] == sizes[1], sizes
