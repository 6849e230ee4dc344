"""The simulator, and channels that speak to it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from notifications.channels.fcm import Fcm
from notifications.channels.protocol import Alert, Push
from notifications.channels.webpush import WebPush
from tests.notifications.simulator import Simulator, running_simulator

NOTICE = UUID("0197c1d2-0000-7000-8000-000000000001")


def push(**over: Any) -> Push:
    """An ordinary one, about a notice."""
    said: dict[str, Any] = {
        "alert": Alert.NOTICE_PUBLISHED,
        "kind": "notice",
        "id": NOTICE,
        "channel": "12.all",
        "revision": 3,
        "collapse_id": NOTICE.hex,
        "urgent": False,
        "ttl": timedelta(days=1),
    }
    return Push(**{**said, **over})


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with running_simulator() as running:
        yield running


@pytest.fixture
async def fcm(simulator: Simulator) -> AsyncIterator[Fcm]:
    channel = Fcm(simulator.fcm_config())
    yield channel
    await channel.close()


@pytest.fixture
async def web_push(simulator: Simulator) -> AsyncIterator[WebPush]:
    channel = WebPush(simulator.web_push_config())
    yield channel
    await channel.close()
