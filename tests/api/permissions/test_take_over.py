"""Rule 3: whoever looks after a cell gets no hold on those above it who also belong to it, nor on their own kind."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from models import changes
from models.accounts import Account
from models.database import Database
from models.permissions import OPERATOR, Role
from models.roles import RoleGrantCreate, end_grant, grant_role
from models.sessions import DeviceSession
from tests.api.conftest import As, Client
from tests.api.permissions.world import rows_of
from tests.clock import StandingClock
from tests.organisation import Organisation

REACHES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/activation-code", {}),
    ("POST", "/sign-out", {}),
    ("PATCH", "", {"json": {"phone": "0987654321"}}),
    ("PATCH", "", {"json": {"phone": None}}),
    ("PATCH", "", {"json": {"email": "cua.toi@example.com"}}),
    ("PATCH", "", {"json": {"status": "suspended"}}),
    ("PATCH", "", {"json": {"status": "left"}}),
    ("PATCH", "", {"json": {"full_name": "Tên Khác", "status": "deceased"}}),
]
"""Every way in which a right over members reaches for an account."""
FIRST = {"If-Match": '"r1-"'}


async def give(
    database: Database, organisation: Organisation, name: str, role: Role, at: str, *, for_: timedelta | None = None
) -> str:
    """A role from the operator; its grant's id."""
    async with database.writing() as session:
        until = database.clock() + for_ if for_ else None
        data = RoleGrantCreate(member_id=organisation.person(name).id, role=role, until=until)
        grant = await grant_role(session, OPERATOR, organisation.branch(at), data)
        await changes.commit(session)
    return str(grant.id)


async def end(database: Database, grant_id: str) -> None:
    async with database.writing() as session:
        await end_grant(session, OPERATOR, UUID(grant_id))
        await changes.commit(session)


async def refuse_all(client: Client, organisation: Organisation, database: Database, name: str) -> None:
    """All of `REACHES` are refused by rank, and leave everything as it was."""
    before = await rows_of(database)
    for method, path, said in REACHES:
        url = f"/v1/members/{organisation.person(name).id}{path}"
        answer = await client.request(method, url, headers=FIRST, **said)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden.rank"), (method, path, said)
    assert await rows_of(database) == before


async def test_a_leader_in_the_cell_is_out_of_its_secretarys_hands(
    secretary: Client, organisation: Organisation, database: Database
) -> None:
    await refuse_all(secretary, organisation, database, "leader")


async def test_the_rest_of_a_leaders_file_is_the_cells_to_keep(secretary: Client, organisation: Organisation) -> None:
    url = f"/v1/members/{organisation.person('leader').id}"
    answer = await secretary.patch(url, headers=FIRST, json={"address": "Thôn Đoài"})
    assert answer.status_code == 200, answer.text


async def test_nobody_reaches_for_an_equal_a_superior_or_themselves(
    acting_as: As, organisation: Organisation, database: Database
) -> None:
    for actor, other in (
        ("deputy", "secretary"),
        ("parent_secretary", "sibling_secretary"),
        ("secretary", "secretary"),
    ):
        await refuse_all(acting_as(actor), organisation, database, other)


async def test_nobody_reaches_for_one_who_holds_a_role_elsewhere(
    secretary: Client, organisation: Organisation, database: Database
) -> None:
    await give(database, organisation, "fellow", Role.AUDITOR, "kh")
    await refuse_all(secretary, organisation, database, "fellow")


async def test_rank_from_one_role_does_not_join_reach_from_another(
    acting_as: As, secretary: Client, organisation: Organisation, database: Database
) -> None:
    await give(database, organisation, "secretary", Role.DEPUTY, "tinh")
    await refuse_all(secretary, organisation, database, "sibling_secretary")
    body = {"member_id": str(organisation.person("neighbour").id), "role": "clerk"}
    answer = await secretary.post(f"/v1/branches/{organisation.branch('chibo2').id}/role-grants", json=body)
    assert answer.status_code == 403


async def test_a_sheet_leaves_out_those_above(
    secretary: Client, acting_as: As, organisation: Organisation, database: Database
) -> None:
    path = f"/v1/branches/{organisation.branch('chibo').id}/activation-sheet"
    sheet = await secretary.post(path)
    assert sheet.status_code == 200
    assert organisation.person("member").member_no in sheet.text
    assert organisation.person("clerk").member_no in sheet.text
    for above in ("leader", "secretary"):
        assert organisation.person(above).member_no not in sheet.text
        async with database.reading() as session:
            account = await session.get_one(Account, organisation.person(above).id)
            assert account.activation_digest is None
    from_above = await acting_as("admin").post(path)
    assert organisation.person("leader").member_no in from_above.text


async def test_an_admin_reaches_for_those_below(admin: Client, organisation: Organisation) -> None:
    for name in ("secretary", "leader"):
        issued = await admin.post(f"/v1/members/{organisation.person(name).id}/activation-code")
        assert issued.status_code == 201, issued.text


GIVING = """
secretary deputy chibo 201
secretary editor to 201
secretary secretary chibo 403
secretary secretary to 403
secretary admin chibo 403
secretary clerk chibo2 403
secretary clerk coso 403
secretary clerk kh_chibo 403
parent_secretary deputy chibo 201
parent_secretary secretary chibo 403
deputy auditor chibo 403
clerk auditor chibo 403
admin secretary chibo 201
admin secretary tinh 201
admin admin chibo 403
admin admin tinh 403
admin auditor tw 403
"""


async def test_roles_are_given_downwards_alone(acting_as: As, organisation: Organisation, database: Database) -> None:
    for line in GIVING.split("\n")[1:-1]:
        actor, role, at, status = line.split()
        before = await rows_of(database)
        body = {"member_id": str(organisation.person("grouped").id), "role": role}
        path = f"/v1/branches/{organisation.branch(at).id}/role-grants"
        answer = await acting_as(actor).post(path, json=body)
        assert answer.status_code == int(status), line
        assert (await rows_of(database) == before) is (status == "403"), line
        if status == "201":
            await end(database, answer.json()["id"])


async def test_a_role_is_no_way_to_learn_of_a_stranger(
    secretary: Client, organisation: Organisation, database: Database
) -> None:
    before = await rows_of(database)
    for name in ("stranger", "neighbour"):
        body = {"member_id": str(organisation.person(name).id), "role": "auditor"}
        answer = await secretary.post(f"/v1/branches/{organisation.branch('chibo').id}/role-grants", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == "member.unknown"
    assert await rows_of(database) == before


async def test_roles_are_taken_back_downwards_alone(
    acting_as: As, secretary: Client, organisation: Organisation, database: Database
) -> None:
    equal = await give(database, organisation, "fellow", Role.SECRETARY, "chibo")
    below = await give(database, organisation, "fellow", Role.DEPUTY, "chibo")
    above = await give(database, organisation, "fellow", Role.DEPUTY, "tinh")
    admin = await give(database, organisation, "fellow", Role.ADMIN, "xa")
    before = await rows_of(database)
    assert (await secretary.post(f"/v1/role-grants/{equal}/end")).status_code == 403
    assert (await secretary.post(f"/v1/role-grants/{above}/end")).status_code == 404
    assert (await acting_as("deputy").post(f"/v1/role-grants/{below}/end")).status_code == 403
    assert (await acting_as("admin").post(f"/v1/role-grants/{admin}/end")).status_code == 403
    assert (await acting_as("fellow").post(f"/v1/role-grants/{above}/end")).status_code == 403
    assert await rows_of(database) == before
    assert (await acting_as("parent_secretary").post(f"/v1/role-grants/{below}/end")).status_code == 200
    assert (await acting_as("admin").post(f"/v1/role-grants/{equal}/end")).status_code == 200


async def test_a_role_that_ran_out_gives_nothing_though_the_worker_is_late(
    acting_as: As, organisation: Organisation, database: Database, clock: StandingClock
) -> None:
    await give(database, organisation, "fellow", Role.SECRETARY, "chibo", for_=timedelta(hours=1))
    member = f"/v1/members/{organisation.person('member').id}"
    grants = f"/v1/branches/{organisation.branch('chibo').id}/role-grants"
    holding = acting_as("fellow")
    assert (await holding.get(member)).json()["phone"]
    assert [grant["role"] for grant in (await holding.get("/v1/me")).json()["grants"]] == ["secretary"]
    clock.advance(hours=1)
    late = acting_as("fellow")
    assert (await late.get(member)).status_code == 403
    assert (await late.get(grants)).status_code == 403
    assert (await late.post(f"{member}/activation-code")).status_code == 403
    body = {"member_id": str(organisation.person("member").id), "role": "auditor"}
    assert (await late.post(grants, json=body)).status_code == 403
    shown = (await late.get("/v1/me")).json()["grants"]
    ran_out = clock().isoformat().replace("+00:00", "Z")
    assert [grant["until"] for grant in shown] == [ran_out], "shown until it is ended"
    officers = await late.get(f"/v1/branches/{organisation.branch('chibo').id}/officers")
    assert str(organisation.person("fellow").id) not in {
        officer["member"]["id"] for officer in officers.json()["items"]
    }


async def test_moving_a_branch_away_ends_the_rights_over_it_at_once(
    acting_as: As, admin: Client, organisation: Organisation
) -> None:
    above = acting_as("parent_secretary")
    member = f"/v1/members/{organisation.person('member').id}"
    grouped = f"/v1/members/{organisation.person('grouped').id}"
    assert (await above.get(member)).status_code == (await above.get(grouped)).status_code == 200
    body = {"parent_id": str(organisation.branch("xa").id)}
    moved = await admin.post(f"/v1/branches/{organisation.branch('chibo').id}/move", json=body)
    assert moved.status_code == 200
    assert (await above.get(member)).status_code == (await above.get(grouped)).status_code == 404
    assert (await above.post(f"{member}/activation-code")).status_code == 404
    roster = await above.get("/v1/members", params={"limit": 100})
    assert str(organisation.person("member").id) not in {entry["id"] for entry in roster.json()["items"]}
    assert (await acting_as("secretary").get(member)).status_code == 200


async def test_whoever_leaves_loses_roles_and_sessions(
    acting_as: As, secretary: Client, organisation: Organisation, database: Database
) -> None:
    clerk = organisation.person("clerk")
    left = await secretary.patch(f"/v1/members/{clerk.id}", headers=FIRST, json={"status": "left"})
    assert left.status_code == 200, left.text
    assert (left.json()["grants"], left.json()["memberships"]) == ([], [])
    grants = await secretary.get(f"/v1/branches/{organisation.branch('chibo').id}/role-grants")
    (ended,) = [grant for grant in grants.json()["items"] if grant["member"]["id"] == str(clerk.id)]
    assert ended["ended_at"] is not None
    assert ended["end_reason"] == "closed"
    async with database.reading() as session:
        assert (await session.get_one(DeviceSession, clerk.session_id)).ended_at is not None
    refused = await acting_as("clerk").get("/v1/members")
    assert (refused.status_code, refused.json()["type"]) == (401, "/problems/account.closed")
