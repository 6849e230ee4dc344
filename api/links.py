"""Addresses of this server, as they leave it: in QR codes and in other people's calendars."""

from urllib.parse import urlencode
from uuid import UUID

from api.settings import Settings


def link(settings: Settings, path: str) -> str:
    return str(settings.public_url).rstrip("/") + path


def notice_link(settings: Settings, notice_id: UUID) -> str:
    """What the app opens a notice by."""
    return link(settings, f"/n/{notice_id}")


def calendar_link(settings: Settings, token: str) -> str:
    """The token is in the query, since calendar apps send nothing else: who has the address has the calendar."""
    return link(settings, f"/v1/calendar.ics?{urlencode({'token': token})}")
