"""An attachment is seen by exactly those who may read its notice, by either address."""

from fastapi import FastAPI

from models.database import Database
from models.permissions import Role
from tests.api.attachments.sending import attached, publish
from tests.api.conftest import As, Client
from tests.api.happenings import transfer
from tests.organisation import Organisation
from tests.serving import FEED, HERE, Desk, for_roles

ALL = (
    *("member", "fellow", "grouped", "neighbour", "stranger", "secretary", "deputy", "clerk", "editor", "auditor"),
    *("sibling_secretary", "parent_secretary", "leader", "admin", "stranger_admin"),
)


async def seeing(acting_as: As, notice_id: object, sha256: str) -> set[str]:
    """Who gets it. The notice and both addresses of its file answer alike."""
    found = set()
    for name in ALL:
        client = acting_as(name)
        answers = {
            (await client.get(address)).status_code
            for address in (
                f"{FEED}/{notice_id}",
                f"{FEED}/{notice_id}/attachments/{sha256}",
                f"/v1/files/{sha256}",
            )
        }
        assert answers in ({200}, {404}), name
        found |= {name} if answers == {200} else set()
    return found


OFFICE = {"secretary", "deputy", "clerk", "auditor", "parent_secretary", "leader", "admin"}
"""Who may read what the branch has said, whether it was for them or not."""


async def test_as_a_notice_lives(acting_as: As, admin: Client, desk: Desk) -> None:
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)
    sha256 = await attached(acting_as("secretary"), draft.id)
    assert await seeing(acting_as, draft.id, sha256) == OFFICE - {"auditor"}
    await publish(acting_as("secretary"), draft.id, revision=2)
    assert await seeing(acting_as, draft.id, sha256) == OFFICE | {"member", "fellow", "editor", "grouped"}
    body = {"change": "Đổi giờ.", "body": "20 giờ."}
    await acting_as("secretary").post(f"{FEED}/{draft.id}/amend", json=body, headers={"If-Match": '"r3-"'})
    assert await seeing(acting_as, draft.id, sha256) == OFFICE | {"member", "fellow", "editor", "grouped"}
    await desk.withdraw(draft.id)
    assert await seeing(acting_as, draft.id, sha256) == OFFICE


async def test_by_audience(acting_as: As, desk: Desk) -> None:
    expected = {
        "here": (HERE, OFFICE | {"member", "fellow", "editor"}),
        "roles": (for_roles([Role.EDITOR, Role.AUDITOR]), OFFICE | {"editor"}),
    }
    for title, (audience, seen) in expected.items():
        draft = await desk.publish("chibo", title, audience, draft=True)
        data = f"Chỉ dành cho {title}".encode()
        sha256 = await attached(acting_as("secretary"), draft.id, data, "a.txt")
        await publish(acting_as("secretary"), draft.id, revision=2)
        assert await seeing(acting_as, draft.id, sha256) == seen, title


async def test_what_two_notices_hold_is_seen_through_either(acting_as: As, secretary: Client, desk: Desk) -> None:
    """By its content alone; through a notice, only with that notice."""
    withdrawn = await desk.publish("chibo", "Thu hồi", draft=True)
    published = await desk.publish("chibo", "Còn đó", HERE, draft=True)
    sha256 = await attached(secretary, withdrawn.id)
    await attached(secretary, published.id)
    for notice in (withdrawn, published):
        await publish(secretary, notice.id, revision=2)
    await desk.withdraw(withdrawn.id)
    member, grouped = acting_as("member"), acting_as("grouped")
    assert (await member.get(f"/v1/files/{sha256}")).status_code == 200
    assert (await member.get(f"{FEED}/{withdrawn.id}/attachments/{sha256}")).status_code == 404
    assert (await member.get(f"{FEED}/{published.id}/attachments/{sha256}")).status_code == 200
    assert (await grouped.get(f"/v1/files/{sha256}")).status_code == 404


async def test_who_moves_away_sees_it_no_more(
    app: FastAPI, database: Database, acting_as: As, secretary: Client, desk: Desk, organisation: Organisation
) -> None:
    draft = await desk.publish("chibo", "Nghị quyết", draft=True)
    sha256 = await attached(secretary, draft.id)
    await publish(secretary, draft.id, revision=2)
    assert "member" in await seeing(acting_as, draft.id, sha256)
    await transfer(database, organisation.person("member"), organisation.branch("chibo2"))
    assert "member" not in await seeing(acting_as, draft.id, sha256)
    await transfer(database, organisation.person("neighbour"), organisation.branch("to"))
    assert "neighbour" in await seeing(acting_as, draft.id, sha256)


async def test_a_file_of_another_notice_is_not_found_through_this_one(secretary: Client, desk: Desk) -> None:
    one, other = [await desk.publish("chibo", title, draft=True) for title in ("Một", "Hai")]
    sha256 = await attached(secretary, one.id)
    assert (await secretary.get(f"{FEED}/{other.id}/attachments/{sha256}")).status_code == 404
    for name in ("0" * 64, "A" * 64, "x"):
        assert (await secretary.get(f"{FEED}/{one.id}/attachments/{name}")).status_code == 404
