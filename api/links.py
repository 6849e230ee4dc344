"""Addresses of this server, as they leave it."""

from uuid import UUID

from api.settings import Settings


def link(settings: Settings, path: str) -> str:
    return str(settings.public_url).rstrip("/") + path


def notice_link(settings: Settings, notice_id: UUID) -> str:
    """What the app opens a notice by."""
    return link(settings, f"/n/{notice_id}")
