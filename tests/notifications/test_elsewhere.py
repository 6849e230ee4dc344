"""The simulator in a process of its own."""

import asyncio
import json
import ssl
import sys
from pathlib import Path

import httpx

from notifications.channels.choice import channels
from notifications.channels.protocol import Endpoint, Outcome, Provider
from tests.notifications.conftest import push
from tests.notifications.simulator.elsewhere import browsers_in, channels_config

HOUSE = Path(__file__).parents[2]


async def test_what_is_sent_from_here_is_counted_there() -> None:
    command = (sys.executable, "-m", "tests.notifications.simulator", "2")
    process = await asyncio.create_subprocess_exec(*command, cwd=HOUSE, stdout=asyncio.subprocess.PIPE, limit=2**20)
    assert process.stdout is not None
    try:
        description = json.loads(await process.stdout.readline())
        chosen = channels(channels_config(description))
        endpoints = [Endpoint(Provider.FCM, "a-token"), *browsers_in(description)]
        sent = [await chosen.by_provider[to.provider].send(to, push()) for to in endpoints]
        assert {one.outcome for one in sent} == {Outcome.SENT}
        await chosen.close()
        trust = ssl.create_default_context(cadata=description["ca"])
        async with httpx.AsyncClient(verify=trust, http2=True) as client:
            said = await client.get(f"{description['urls']['fcm']}/received")
        assert said.json() == {"device": 1, "browser": 2}
    finally:
        process.terminate()
        await process.wait()
