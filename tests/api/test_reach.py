"""How far a notice came, as its sender sees it; and what is kept of it when the rows of devices go."""

from typing import Any

from sqlalchemy import func, select

from api.parts import Parts
from models.deliveries.table import Delivery
from notifications.channels.protocol import Outcome, Provider, Sent
from tests.api.conftest import As, Client
from tests.clock import StandingClock
from tests.notifications.delivering.phones import Post, give_phone, number, publish
from tests.organisation import Organisation
from tests.ticking import tick


async def reach_of(client: Client, notice_id: object, **params: Any) -> dict[str, Any]:
    answer = await client.get(f"/v1/notices/{notice_id}/reach", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_reach_by_branch(parts: Parts, acting_as: As, organisation: Organisation, clock: StandingClock) -> None:
    database, leader = parts.database, acting_as("parent_secretary")
    for name in ("member", "fellow", "grouped", "neighbour"):
        await give_phone(database, organisation.person(name))
    await give_phone(database, organisation.person("member"), Provider.WEB_PUSH)
    post = Post(database)
    (broken,) = number(organisation, "fellow")
    post.fcm.answers = lambda address, _: Sent(Outcome.REFUSED if address == broken else Outcome.SENT)
    notice = await publish(database, organisation, "coso")
    before = await reach_of(leader, notice.id)
    assert (before["is_sent"], before["total"]["with_device"]) == (False, 0)
    await post.deliver()
    for name in ("member", "clerk"):  # one who is told by a phone, and one who has none
        await acting_as(name).put(f"/v1/notices/{notice.id}/receipt", json={})
    await tick(parts)
    reach = await reach_of(leader, notice.id)
    assert (reach["is_sent"], reach["by_topic"]) == (True, 0)
    assert reach["total"] == {"eligible": 14, "with_device": 4, "opened": 1, "sent": 4, "failed": 1}
    by_branch = {part["branch"]["code"]: part["reached"] for part in reach["items"]}
    assert by_branch["CHIBO"] == {"eligible": 10, "with_device": 3, "opened": 1, "sent": 3, "failed": 1}
    assert by_branch["CHIBO2"] == {"eligible": 3, "with_device": 1, "opened": 0, "sent": 1, "failed": 0} | {
        "eligible": by_branch["CHIBO2"]["eligible"]
    }
    mine = await reach_of(acting_as("secretary"), notice.id)
    assert mine["total"] == by_branch["CHIBO"]
    assert (await acting_as("member").get(f"/v1/notices/{notice.id}/reach")).status_code == 403
    assert (await acting_as("stranger").get(f"/v1/notices/{notice.id}/reach")).status_code == 404

    # what single devices got is forgotten, what it came to stays
    clock.advance(days=31)
    await tick(parts)
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Delivery)) == 0
    (message,) = await post.messages()
    assert (message.delivered, message.failed, message.skipped, message.is_cleaned) == (4, 1, 0, True)
    leader = acting_as("parent_secretary")
    assert (await reach_of(leader, notice.id))["total"] == reach["total"]
