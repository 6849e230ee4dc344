"""Which channel serves which provider."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from notifications.channels.console import ConsoleChannel
from notifications.channels.email import EmailChannel, EmailConfig
from notifications.channels.fcm import Fcm, FcmConfig
from notifications.channels.file import FileChannel
from notifications.channels.protocol import Provider, PushChannel, TopicChannel
from notifications.channels.webpush import WebPush, WebPushConfig


@dataclass(frozen=True, slots=True)
class ChannelsConfig:
    """What an installation has; what is meant for the rest goes to `file` where there is one, else to the console."""

    public_url: str
    fcm: FcmConfig | None = None
    web_push: WebPushConfig | None = None
    email: EmailConfig | None = None
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Channels:
    by_provider: Mapping[Provider, PushChannel]
    topics: TopicChannel | None
    """None where no provider can send once for all."""

    async def close(self) -> None:
        for channel in {id(channel): channel for channel in self.by_provider.values()}.values():
            await channel.close()


def channels(config: ChannelsConfig) -> Channels:
    """To be made inside the loop that uses it, and closed there."""
    rest: PushChannel = ConsoleChannel() if config.file is None else FileChannel(config.file, config.public_url)
    fcm = None if config.fcm is None else Fcm(config.fcm)
    return Channels(
        {
            Provider.FCM: fcm or rest,
            Provider.WEB_PUSH: rest if config.web_push is None else WebPush(config.web_push),
            Provider.EMAIL: rest if config.email is None else EmailChannel(config.email),
        },
        fcm,
    )
