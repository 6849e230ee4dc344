"""The simulator in one process and what sends to it in another.

A test that kills workers keeps the simulator and gives them `described(simulator)` as JSON; a bench that counts a
sender's processor time starts `python -m tests.notifications.simulator` instead, reads that JSON from its first line,
and asks `GET {urls.fcm}/received` for how much has arrived. Either makes channels of `channels_config(description)`.
"""

from dataclasses import asdict
from ipaddress import ip_network
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from notifications.channels.choice import ChannelsConfig
from notifications.channels.fcm import FcmConfig
from notifications.channels.google import ServiceAccount
from notifications.channels.protocol import Endpoint, Provider
from notifications.channels.webpush import WebPushConfig
from tests.notifications.simulator.running import PUBLIC_URL, Simulator

Description = dict[str, Any]


def described(simulator: Simulator, *, browsers: int = 0) -> Description:
    """All that a sender needs, as JSON can carry it, with so many new browsers."""
    made = (simulator.browser() for _ in range(browsers))
    return {
        "urls": asdict(simulator.urls),
        "account": asdict(simulator.account),
        "ca": simulator.ca,
        "vapid_key": simulator.vapid_key.decode(),
        "host": simulator.host,
        "browsers": [[browser.address, browser.p256dh, browser.auth] for browser in made],
    }


def browsers_in(description: Description) -> list[Endpoint]:
    return [Endpoint(Provider.WEB_PUSH, *parts) for parts in description["browsers"]]


def channels_config(description: Description, *, seconds: float = 10.0) -> ChannelsConfig:
    urls, authorities = description["urls"], description["ca"]
    fcm = FcmConfig(
        ServiceAccount(**description["account"]),
        PUBLIC_URL,
        url=urls["fcm"],
        topics_url=urls["topics"],
        seconds=seconds,
        authorities=authorities,
    )
    web_push = WebPushConfig(
        load_pem_private_key(description["vapid_key"].encode(), None),  # type: ignore[arg-type]  # new_vapid_key's own
        "mailto:operator@example.org",
        PUBLIC_URL,
        hosts=(description["host"],),
        allowed_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        seconds=seconds,
        authorities=authorities,
    )
    return ChannelsConfig(PUBLIC_URL, fcm=fcm, web_push=web_push)
