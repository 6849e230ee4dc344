"""Activities, as a secretary tells people of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api.conftest import Client
from tests.clock import START

FEED = "/v1/notices"


def instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def meeting(branch_id: object, **said: Any) -> dict[str, Any]:
    """The smallest one: two hours, tomorrow at 19:30 in Viet Nam. What an activity says is said among the rest."""
    starts_at = said.pop("starts_at", START.replace(hour=12, minute=30) + timedelta(days=1))
    about = ("timezone", "place", "online_url", "rsvp_by", "capacity", "recurrence")
    activity = {
        "starts_at": instant(starts_at),
        "ends_at": instant(said.pop("ends_at", starts_at + timedelta(hours=2))),
        **{name: said.pop(name) for name in about if name in said},
    }
    return {
        "branch_id": str(branch_id),
        "title": "Sinh hoạt chi hội",
        "body": "Kính mời toàn thể hội viên.",
        "category": "activity",
        "activity": activity,
        "publish": True,
        **said,
    }


async def call_meeting(client: Client, branch_id: object, **said: Any) -> dict[str, Any]:
    """The notice, as it answers."""
    answer = await client.post(FEED, json=meeting(branch_id, **said))
    assert answer.status_code == 201, answer.text
    notice: dict[str, Any] = answer.json()
    return notice


def matching(notice: dict[str, Any]) -> dict[str, str]:
    return {"If-Match": f'"r{notice["revision"]}-"'}


async def amend(client: Client, notice: dict[str, Any], **said: Any) -> dict[str, Any]:
    """`activity` names what is another in the activity."""
    if "activity" in said:
        stored = {name: value for name, value in notice["activity"].items() if name != "occurrences"}
        said["activity"] = {**stored, **said["activity"]}
    body = {"change": "Có thay đổi.", **said}
    answer = await client.post(f"{FEED}/{notice['id']}/amend", json=body, headers=matching(notice))
    assert answer.status_code == 200, answer.text
    amended: dict[str, Any] = answer.json()
    return amended


async def withdraw(client: Client, notice: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(f"{FEED}/{notice['id']}/withdraw", json={}, headers=matching(notice))
    assert answer.status_code == 200, answer.text
    withdrawn: dict[str, Any] = answer.json()
    return withdrawn
