"""The channels of pushes, as the settings have them."""

from functools import lru_cache
from pathlib import Path

from api.settings import Settings
from notifications.channels.choice import ChannelsConfig
from notifications.channels.email import EmailConfig, read_smtp_url
from notifications.channels.fcm import FcmConfig
from notifications.channels.google import read_service_account
from notifications.channels.vapid import public_vapid_key, read_vapid_key
from notifications.channels.webpush import WebPushConfig


def channels_config(settings: Settings) -> ChannelsConfig:
    """For `notifications.channels.choice.channels`. Raises ValueError where a file has changed since the start."""
    return ChannelsConfig(
        public_url=_public_url(settings),
        fcm=_fcm(settings),
        web_push=_web_push(settings),
        email=_email(settings),
        file=settings.push_file,
    )


def application_server_key(settings: Settings) -> str | None:
    """What web apps subscribe with; None where browsers are not pushed to."""
    return None if settings.vapid_key_file is None else _public_key(settings.vapid_key_file)


@lru_cache(maxsize=8)
def _public_key(path: Path) -> str:
    """Read once, as the key that pushes are signed with: every app asks for it."""
    return public_vapid_key(read_vapid_key(path))


def _public_url(settings: Settings) -> str:
    return str(settings.public_url).rstrip("/")


def _fcm(settings: Settings) -> FcmConfig | None:
    if settings.fcm_account_file is None:
        return None
    account = read_service_account(settings.fcm_account_file)
    return FcmConfig(account, _public_url(settings), project=settings.fcm_project)


def _web_push(settings: Settings) -> WebPushConfig | None:
    if settings.vapid_key_file is None or settings.vapid_subject is None:
        return None
    key = read_vapid_key(settings.vapid_key_file)
    return WebPushConfig(key, settings.vapid_subject, _public_url(settings), hosts=settings.push_hosts)


def _email(settings: Settings) -> EmailConfig | None:
    if settings.smtp_url is None or settings.smtp_sender is None:
        return None
    return EmailConfig(read_smtp_url(settings.smtp_url.get_secret_value()), settings.smtp_sender, _public_url(settings))
