"""What the API shows a member, read without sync: what a phone must come to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """`rsvps` by notice and occurrence. `cards` are the branches on the paths of wherever the member belongs to or
    holds a role in.
    """

    me: Json
    notices: dict[str, Json]
    receipts: dict[str, Json]
    rsvps: dict[str, dict[int, Json]]
    cards: dict[str, Json]


async def read_all(client: httpx.AsyncClient, now: datetime) -> Shown:
    """By a member's own reads: feed to its end, each notice, each branch, the profile."""
    me = await _get(client, "/v1/me")
    notices: dict[str, Json] = {}
    receipts: dict[str, Json] = {}
    rsvps: dict[str, dict[int, Json]] = {}
    page: Json = {"next_cursor": ""}
    while page["next_cursor"] is not None:
        turn = f"&cursor={page['next_cursor']}" if page["next_cursor"] else ""
        page = await _get(client, f"/v1/notices?limit=7{turn}")
        for item in page["items"]:
            notices[item["id"]] = await _get(client, f"/v1/notices/{item['id']}")
            receipt = await client.get(f"/v1/notices/{item['id']}/receipt")
            if receipt.status_code != 404:
                receipts[item["id"]] = receipt.json()
            answered = (await _get(client, f"/v1/notices/{item['id']}/rsvp"))["rsvps"]
            rsvps[item["id"]] = {rsvp["occurrence"]: rsvp for rsvp in answered}
    places = {m["branch"]["id"] for m in me["memberships"] if _stands(m["until"], now)}
    places |= {grant["branch_id"] for grant in me["grants"] if _stands(grant["until"], now)}
    on_paths = {step["id"] for place in places for step in (await _get(client, f"/v1/branches/{place}"))["path"]}
    cards = {id_: await _get(client, f"/v1/branches/{id_}") for id_ in on_paths}
    return Shown(me, notices, receipts, rsvps, cards)


def _stands(until: str | None, now: datetime) -> bool:
    return until is None or datetime.fromisoformat(until) > now


async def _get(client: httpx.AsyncClient, path: str) -> Json:
    answer = await client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.text}"
    said: Json = answer.json()
    return said
