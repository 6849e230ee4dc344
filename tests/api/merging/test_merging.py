"""A branch that becomes part of another: who is where afterwards, who may do what, and what is heard."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from api.parts import Parts
from models import changes
from models.channels import ALL, channel, member_channel
from models.database import Database
from models.memberships import open_membership
from models.merging import merge_branch
from models.notices.shapes import NoticePublic
from models.permissions import OPERATOR
from models.roles import RoleGrant
from tests.api.conftest import As, Client
from tests.api.happenings import event, told
from tests.api.identity import events, slug
from tests.api.merging.merger import PRIMARY, TEMPORARY, join, memberships, merge, merged, roster, url
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.queries import counting


async def test_the_members_belong_to_the_successor(
    admin: Client, acting_as: As, organisation: Organisation, parts: Parts
) -> None:
    before = await roster(admin, organisation, "chibo") | await roster(admin, organisation, "chibo2")
    branch = await merged(admin, organisation)
    assert (branch["status"], branch["successor_id"]) == ("merged", str(organisation.branch("chibo2").id))
    assert await roster(admin, organisation, "chibo") == set()
    assert await roster(admin, organisation, "chibo2") == before
    me = (await acting_as("member").get("/v1/me")).json()
    assert [m["branch"]["code"] for m in me["memberships"]] == ["CHIBO2"]
    history = (await acting_as("member").get("/v1/me/memberships")).json()["items"]
    assert [(m["branch"]["code"], m["end_reason"]) for m in history] == [("CHIBO2", None), ("CHIBO", "merged")]
    assert history[0]["started_at"] == history[1]["ended_at"]


async def test_the_children_hang_under_the_successor(admin: Client, organisation: Organisation) -> None:
    await merged(admin, organisation)
    group = (await admin.get(url(organisation, "to"))).json()
    assert [step["name"] for step in group["path"]][-2:] == ["Chi hội thôn Nghè", "Tổ số 1"]
    assert group["parent_id"] == str(organisation.branch("chibo2").id)
    children = (await admin.get(f"{url(organisation, 'chibo')}/children")).json()["items"]
    assert children == []


async def test_a_branch_becomes_part_of_the_one_above(admin: Client, organisation: Organisation) -> None:
    await merged(admin, organisation, "chibo", "coso")
    group = (await admin.get(url(organisation, "to"))).json()
    assert [step["name"] for step in group["path"]][-2:] == ["Hội cơ sở thôn Thượng", "Tổ số 1"]


async def test_what_was_merged_before_stays_where_it_was(admin: Client, organisation: Organisation) -> None:
    await merged(admin, organisation, "to", "chibo")
    await merged(admin, organisation)
    group = (await admin.get(url(organisation, "to"))).json()
    assert group["parent_id"] == str(organisation.branch("chibo").id)
    assert group["successor_id"] == str(organisation.branch("chibo").id)


async def test_nobody_is_in_one_branch_twice(
    admin: Client, organisation: Organisation, database: Database, parts: Parts
) -> None:
    ends = database.clock() + timedelta(hours=5)
    await join(parts, organisation, "member", "chibo2", hours=5)  # primary in the branch, a guest in the successor
    await join(parts, organisation, "neighbour", "chibo", hours=5)  # the other way round
    await join(parts, organisation, "fellow", "chibo", hours=5)  # both in the branch
    await join(parts, organisation, "grouped", "chibo", hours=5)  # a guest from elsewhere
    await join(parts, organisation, "clerk", "to", hours=5)  # a guest elsewhere
    await merged(admin, organisation)
    assert await memberships(database, organisation, "member") == [
        ("CHIBO", PRIMARY, "merged", None),
        ("CHIBO2", TEMPORARY, "merged", ends),
        ("CHIBO2", PRIMARY, None, None),
    ]
    assert await memberships(database, organisation, "neighbour") == [
        ("CHIBO", TEMPORARY, "merged", ends),
        ("CHIBO2", PRIMARY, None, None),
    ]
    assert await memberships(database, organisation, "fellow") == [
        ("CHIBO", PRIMARY, "merged", None),
        ("CHIBO", TEMPORARY, "merged", ends),
        ("CHIBO2", PRIMARY, None, None),
    ]
    assert await memberships(database, organisation, "grouped") == [
        ("CHIBO", TEMPORARY, "merged", ends),
        ("TO", PRIMARY, None, None),
        ("CHIBO2", TEMPORARY, None, ends),
    ]
    assert await memberships(database, organisation, "clerk") == [
        ("CHIBO", PRIMARY, "merged", None),
        ("CHIBO2", PRIMARY, None, None),
        ("TO", TEMPORARY, None, ends),
    ]


async def test_a_guest_whose_time_ran_out_does_not_come_along(
    admin: Client, organisation: Organisation, database: Database, parts: Parts, clock: StandingClock
) -> None:
    ends = database.clock() + timedelta(hours=1)
    await join(parts, organisation, "grouped", "chibo", hours=1)
    clock.advance(hours=2)
    await merged(admin, organisation)
    held = await memberships(database, organisation, "grouped")
    assert held == [("CHIBO", TEMPORARY, "expired", ends), ("TO", PRIMARY, None, None)]


async def test_officers_have_no_right_over_the_successor(
    admin: Client, acting_as: As, organisation: Organisation, database: Database
) -> None:
    secretary = acting_as("secretary")
    mine, theirs = url(organisation, "chibo"), url(organisation, "chibo2")
    assert (await secretary.get(f"{mine}/role-grants")).status_code == 200
    await merged(admin, organisation)
    for branch in (mine, theirs):
        assert (await secretary.get(f"{branch}/role-grants")).status_code == 403
    assert (await secretary.get(url(organisation, "to") + "/members")).status_code == 403
    assert (await acting_as("sibling_secretary").get(f"{theirs}/role-grants")).status_code == 200
    async with database.reading() as session:
        ended = (await session.scalars(select(RoleGrant).where(col(RoleGrant.ended_at).is_not(None)))).all()
    assert {grant.end_reason for grant in ended} == {"merged"}
    assert {grant.ended_by for grant in ended} == {organisation.person("admin").id}
    assert len(ended) == 5


async def test_a_merge_leaves_one_event(admin: Client, organisation: Organisation, parts: Parts) -> None:
    before = (await admin.get("/v1/audit", params={"limit": 100})).json()["items"]
    for _ in range(2):  # the second time there is nothing left to do
        await merged(admin, organisation)
    after = (await admin.get("/v1/audit", params={"limit": 100})).json()["items"]
    assert len(after) == len(before) + 1
    (event,) = await events(parts, "branch.merge")
    assert event.branch_no == organisation.branch("chibo").no
    assert event.after == {"status": "merged", "successor": "CHIBO2", "members": 9, "children": ["TO"]}
    assert event.before is not None
    assert {role["role"] for role in event.before["roles"]} == {"secretary", "deputy", "clerk", "editor", "auditor"}


async def test_one_record_tells_all_members(admin: Client, organisation: Organisation, database: Database) -> None:
    async with database.reading() as session:
        head = await session.scalar(select(col(changes.LogHead.seq))) or 0
    await merged(admin, organisation)
    async with database.reading() as session:
        recorded = (await session.scalars(select(changes.Change).where(col(changes.Change.seq) > head))).all()
    chibo, chibo2, to = (channel(organisation.branch(name).no, ALL) for name in ("chibo", "chibo2", "to"))
    officers = {
        member_channel(organisation.person(name).id) for name in ("secretary", "deputy", "clerk", "editor", "auditor")
    }
    assert {change.channel for change in recorded if change.topic == changes.Topic.BRANCH} == {chibo, chibo2, to}
    assert {change.channel for change in recorded if change.topic == changes.Topic.ACCESS} == {chibo, *officers}
    assert len({change.seq for change in recorded}) == 1


async def test_the_number_of_statements_does_not_grow_with_the_members(
    organisation: Organisation, database: Database
) -> None:
    counts = []
    for branch, into in (("to", "chibo"), ("chibo", "chibo2")):
        async with database.writing() as session:
            with counting(database) as statements:
                await merge_branch(session, OPERATOR, organisation.branch(branch).id, organisation.branch(into).id)
            await changes.commit(session)
        counts.append(sum("membership" in statement for statement in statements))
    assert counts[0] == counts[1]


async def test_what_it_said_is_history(
    admin: Client, secretary: Client, member: Client, acting_as: As, organisation: Organisation
) -> None:
    said = {"branch_id": str(organisation.branch("chibo").id), "title": "Họp", "body": "Mời họp."}
    notice = (await secretary.post("/v1/notices", json={**said, "publish": True})).json()
    draft = (await secretary.post("/v1/notices", json=said)).json()
    assert [item["id"] for item in (await member.get("/v1/notices")).json()["items"]] == [notice["id"]]
    await merged(admin, organisation)
    for client in (member, secretary):
        assert (await client.get("/v1/notices")).json()["items"] == []
        assert (await client.get(f"/v1/notices/{notice['id']}")).status_code == 404
    above = acting_as("parent_secretary")
    listed = (await above.get(f"{url(organisation, 'chibo')}/notices")).json()["items"]
    assert [(item["id"], item["state"]) for item in listed] == [(draft["id"], "draft"), (notice["id"], "published")]
    published = await above.post(f"/v1/notices/{draft['id']}/publish", headers={"If-Match": '"r1-"'})
    assert (published.status_code, slug(published)) == (409, "branch.not_active")
    withdrawn = await above.post(f"/v1/notices/{notice['id']}/withdraw", json={}, headers={"If-Match": '"r1-"'})
    assert withdrawn.status_code == 200


async def test_members_hear_the_successor_from_its_beginning(
    admin: Client, acting_as: As, member: Client, organisation: Organisation
) -> None:
    body = {"branch_id": str(organisation.branch("chibo2").id), "title": "Cũ", "body": "Tin.", "publish": True}
    await acting_as("sibling_secretary").post("/v1/notices", json=body)
    await merged(admin, organisation)
    for name in ("member", "grouped", "neighbour"):
        feed = (await acting_as(name).get("/v1/notices")).json()["items"]
        assert [item["title"] for item in feed] == ["Cũ"], name


async def test_an_app_that_was_offline_meanwhile_drops_the_branch(
    admin: Client, secretary: Client, acting_as: As, organisation: Organisation
) -> None:
    """Its members', and one of the group below, whose membership is as before."""
    said = {"branch_id": str(organisation.branch("chibo").id), "title": "Họp", "body": "Mời họp.", "publish": True}
    await secretary.post("/v1/notices", json=said)
    people = {"member": "chibo2", "grouped": "to"}
    cursors = {name: (await acting_as(name).get("/v1/sync")).json()["cursor"] for name in people}
    await merged(admin, organisation)
    old, new = (channel(organisation.branch(name).no, ALL) for name in ("chibo", "chibo2"))
    for name, branch in people.items():
        answer = await acting_as(name).get("/v1/sync", params={"cursor": cursors[name]})
        assert answer.json()["dropped"] == [old]
        assert new in {each["channel"] for each in answer.json()["channels"] if each["reset"]}
        memberships = answer.json()["me"]["memberships"]
        assert [each["branch_id"] for each in memberships] == [str(organisation.branch(branch).id)]


async def test_what_was_read_before_it_counts_after_it(
    admin: Client, secretary: Client, member: Client, organisation: Organisation, clock: StandingClock
) -> None:
    said = {"branch_id": str(organisation.branch("chibo").id), "title": "Họp", "body": "Mời họp.", "publish": True}
    notice = NoticePublic.model_validate((await secretary.post("/v1/notices", json=said)).json())
    clock.advance(minutes=5)
    read_at = clock.at
    clock.advance(minutes=5)
    await merged(admin, organisation)
    clock.advance(minutes=5)
    assert await told(member, event(notice, read_at)) == ["applied"]
    assert await told(member, event(notice, clock.at)) == ["event.notice_unknown"]


async def test_nothing_begins_in_a_merged_branch(admin: Client, acting_as: As, organisation: Organisation) -> None:
    await merged(admin, organisation)
    leader = acting_as("leader")
    branch_id, fellow = str(organisation.branch("chibo").id), str(organisation.person("fellow").id)
    notice = {"branch_id": branch_id, "title": "Họp", "body": "Mời họp."}
    for client, address, body in (
        (admin, "/v1/branches", {"parent_id": branch_id, "code": "N1", "name": "Tổ số 2", "kind": "group"}),
        (admin, f"{url(organisation, 'to')}/move", {"parent_id": branch_id}),
        (admin, f"/v1/branches/{branch_id}/move", {"parent_id": str(organisation.branch("xa").id)}),
        (admin, f"{url(organisation, 'to')}/merge", {"into_id": branch_id}),
        (admin, f"/v1/branches/{branch_id}/merge", {"into_id": str(organisation.branch("xa").id)}),
        (leader, "/v1/members", {"branch_id": branch_id, "member_no": "M1", "full_name": "Tô Văn Yên"}),
        (leader, f"/v1/branches/{branch_id}/role-grants", {"member_id": fellow, "role": "clerk"}),
        (leader, "/v1/notices", notice),
        (leader, "/v1/notices", {**notice, "publish": True}),
    ):
        answer = await client.post(address, json=body)
        assert (answer.status_code, slug(answer)) == (409, "branch.not_active"), (address, body)


@pytest.mark.parametrize(
    ("branch", "into", "status", "problem"),
    [
        ("chibo", "chibo", 409, "branch.merge_into_itself"),
        ("coso", "to", 409, "branch.merge_into_itself"),
        ("tinh", "xa", 403, "forbidden"),
        ("chibo", "tw", 403, "forbidden"),
        ("kh_chibo", "xa", 403, "forbidden"),
    ],
)
@pytest.mark.usefixtures("unchanged")
async def test_where_a_branch_cannot_go(
    admin: Client, organisation: Organisation, branch: str, into: str, status: int, problem: str
) -> None:
    answer = await merge(admin, organisation, branch, into)
    assert (answer.status_code, slug(answer)) == (status, problem)
    assert (await admin.get(url(organisation, branch))).json()["status"] == "active"


@pytest.mark.usefixtures("unchanged")
async def test_a_merge_that_says_nothing_of_use(admin: Client, organisation: Organisation) -> None:
    address = f"{url(organisation, 'chibo')}/merge"
    somebody = str(organisation.person("member").id)
    for body, pointer, code in (
        ({"into_id": somebody}, "/into_id", "branch.unknown"),
        ({"into_id": "chibo2"}, "/into_id", "uuid_parsing"),
        ({"into_id": None}, "/into_id", "uuid_type"),
        ({}, "/into_id", "missing"),
        ({"into_id": str(organisation.branch("chibo2").id), "force": True}, "/force", "extra_forbidden"),
    ):
        answer = await admin.post(address, json=body)
        assert answer.status_code == 422, answer.text
        assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]
    absent = await admin.post(f"/v1/branches/{somebody}/merge", json={"into_id": somebody})
    assert absent.status_code == 404


async def test_a_tree_that_would_be_too_deep_stays_as_it_was(
    admin: Client, organisation: Organisation, database: Database
) -> None:
    ids = {"to": str(organisation.branch("to").id)}
    for parent, code in (("to", "L7"), ("L7", "L8")):
        body = {"parent_id": ids[parent], "code": code, "name": "Tổ", "kind": "group"}
        ids[code] = (await admin.post("/v1/branches", json=body)).json()["id"]
    body = {"parent_id": str(organisation.branch("chibo2").id), "code": "T2", "name": "Tổ số 2", "kind": "group"}
    lower = (await admin.post("/v1/branches", json=body)).json()["id"]
    before = await memberships(database, organisation, "member")
    answer = await admin.post(f"{url(organisation, 'chibo')}/merge", json={"into_id": lower})
    assert (answer.status_code, slug(answer)) == (409, "branch.too_deep")
    assert (await admin.get(url(organisation, "chibo"))).json()["status"] == "active"
    assert (await admin.get(url(organisation, "to"))).json()["parent_id"] == str(organisation.branch("chibo").id)
    assert await memberships(database, organisation, "member") == before


async def test_the_phone_hears_of_a_stay_that_ran_out_before_the_merge_ended_it(
    member: Client, admin: Client, parts: Parts, organisation: Organisation, clock: StandingClock
) -> None:
    """Its member hears the same channels before and after: nothing else would tell."""
    person, branch = organisation.person("member"), organisation.branch("chibo2")
    async with parts.transaction() as session:
        until = clock.at + timedelta(hours=1)
        await open_membership(session, OPERATOR, person.id, branch, TEMPORARY, until=until)
    clock.advance(hours=2)
    first = (await member.get("/v1/sync")).json()
    assert [each["kind"] for each in first["me"]["memberships"]] == ["primary", "temporary"]
    await merged(admin, organisation, "chibo2", "coso")
    then = (await member.get("/v1/sync", params={"cursor": first["cursor"]})).json()
    assert [each["kind"] for each in then["me"]["memberships"]] == ["primary"]
    history = (await member.get("/v1/me/memberships")).json()["items"]
    (stay,) = (each for each in history if each["kind"] == "temporary")
    assert (stay["ended_at"], stay["end_reason"]) == (stay["until"], "expired")
