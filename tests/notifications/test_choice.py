"""Which channel serves which provider; and the two for development."""

import asyncio
import json
import logging
import stat
from pathlib import Path

import pytest

from notifications.channels.choice import ChannelsConfig, channels
from notifications.channels.console import ConsoleChannel
from notifications.channels.email import EmailChannel, EmailConfig, read_smtp_url
from notifications.channels.fcm import Fcm
from notifications.channels.file import FileChannel, fingerprint
from notifications.channels.protocol import Endpoint, Outcome, Provider, PushChannel, TopicChannel
from notifications.channels.webpush import WebPush
from tests.notifications.conftest import NOTICE, push
from tests.notifications.simulator import Simulator
from tests.notifications.simulator.running import PUBLIC_URL

DEVICE = Endpoint(Provider.FCM, "token-that-is-secret")


async def test_without_configuration_everything_goes_to_the_console(caplog: pytest.LogCaptureFixture) -> None:
    chosen = channels(ChannelsConfig(PUBLIC_URL))
    assert {type(channel) for channel in chosen.by_provider.values()} == {ConsoleChannel}
    assert set(chosen.by_provider) == set(Provider)
    assert chosen.topics is None
    with caplog.at_level(logging.INFO, logger="handbook"):
        sent = await chosen.by_provider[Provider.FCM].send(DEVICE, push(title="Riêng tư"))
    assert sent.outcome is Outcome.SENT
    assert f"push by fcm: notice_published, notice {NOTICE} revision 3" in caplog.text
    assert "secret" not in caplog.text
    assert "Riêng tư" not in caplog.text
    await chosen.close()


async def test_what_is_configured_serves_its_provider_and_the_file_the_rest(
    simulator: Simulator, tmp_path: Path
) -> None:
    config = ChannelsConfig(PUBLIC_URL, fcm=simulator.fcm_config(), file=tmp_path / "pushes.jsonl")
    chosen = channels(config)
    kinds = {provider: type(channel) for provider, channel in chosen.by_provider.items()}
    assert kinds == {Provider.FCM: Fcm, Provider.WEB_PUSH: FileChannel, Provider.EMAIL: FileChannel}
    assert isinstance(chosen.topics, Fcm)
    assert [chosen.topics] == [chosen.by_provider[Provider.FCM]]
    await chosen.close()
    mail = EmailConfig(read_smtp_url("smtp://localhost:25"), "a@example.org", PUBLIC_URL)
    chosen = channels(ChannelsConfig(PUBLIC_URL, web_push=simulator.web_push_config(), email=mail))
    kinds = {provider: type(channel) for provider, channel in chosen.by_provider.items()}
    assert kinds == {Provider.FCM: ConsoleChannel, Provider.WEB_PUSH: WebPush, Provider.EMAIL: EmailChannel}
    await chosen.close()


async def test_the_file_has_a_line_a_push_and_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "new" / "pushes.jsonl"
    channel = FileChannel(path, PUBLIC_URL)
    await asyncio.gather(*(channel.send(DEVICE, push(title="Riêng tư")) for _ in range(20)))
    await channel.close()
    await channel.send(DEVICE, push())
    await channel.close()
    written = path.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in written.splitlines()]
    assert len(lines) == 21
    assert lines[0] == {
        "to": fingerprint(DEVICE.address),
        "provider": "fcm",
        "alert": "notice_published",
        "kind": "notice",
        "id": str(NOTICE),
        "channel": "12.all",
        "revision": "3",
        "link": f"{PUBLIC_URL}/n/{NOTICE}",
        "collapse_id": NOTICE.hex,
        "urgent": False,
        "ttl": 86_400,
    }
    assert "secret" not in written
    assert "Riêng tư" not in written
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_file_that_cannot_be_written_is_tried_again_later(tmp_path: Path) -> None:
    channel = FileChannel(tmp_path, PUBLIC_URL)
    assert (await channel.send(DEVICE, push())).outcome is Outcome.RETRY
    await channel.close()


def test_channels_are_what_the_protocols_say() -> None:
    """Held by mypy; each is listed once."""
    channels: list[type[PushChannel]] = [ConsoleChannel, FileChannel, EmailChannel, WebPush, Fcm]
    topics: list[type[TopicChannel]] = [Fcm]
    assert len({*channels, *topics}) == 5
