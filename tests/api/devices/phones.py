"""Devices as apps register them."""

from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select
from sqlmodel import col

from api.parts import Parts
from content.push_keys import encoded
from models.base import new_id
from models.database import keyring
from models.devices.table import Device, unsealed
from tests.api.conftest import Client
from tests.notifications.simulator.browsers import Browser

DEVICES = "/v1/me/devices"
BROWSER = Browser()
ONE = "dGVzdA:one"
ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/gAAAA"


def phone(token: str = ONE, **more: Any) -> dict[str, Any]:
    return {"provider": "fcm", "token": token, **more}


def browser(endpoint: str = ENDPOINT, **keys: str) -> dict[str, Any]:
    known = {"p256dh": BROWSER.p256dh, "auth": encoded(BROWSER.secret)}
    return {"provider": "web_push", "subscription": {"endpoint": endpoint, "keys": {**known, **keys}}}


async def register(client: Client, body: dict[str, Any], device_id: UUID | None = None) -> httpx.Response:
    return await client.put(f"{DEVICES}/{device_id or new_id()}", json=body)


async def listed(client: Client) -> list[str]:
    answer = await client.get(DEVICES)
    assert answer.status_code == 200
    return [device["id"] for device in answer.json()["items"]]


async def kept(parts: Parts) -> dict[str, tuple[str, str | None]]:
    """Of every device there is by its id: its address, and why it ended."""
    async with parts.database.reading() as session:
        rows = await session.scalars(select(Device).order_by(col(Device.id)))
        ring = keyring(session)
        return {str(row.id): (unsealed(ring, row.id, row.destination).address, row.end_reason) for row in rows}
