"""Calendars as they are served: iCalendar in the caller's language."""

from collections.abc import Iterable
from functools import partial

from starlette.responses import Response

from api.languages import Language
from api.links import notice_link
from api.settings import Settings
from content.calendar import CalendarEntry, write_calendar
from models.notices.calendar import Wording

ICALENDAR: dict[int | str, dict[str, object]] = {
    200: {"content": {"text/calendar": {"schema": {"type": "string"}}}, "description": "RFC 5545"}
}
"""`responses` of a route that answers with one."""
_NAME: dict[Language, str] = {"vi": "Lịch của tôi – Sổ tay điện tử", "en": "My calendar – member handbook"}
_WITHDRAWN: dict[Language, str] = {"vi": "Buổi sinh hoạt đã huỷ", "en": "Activity called off"}


def wording(settings: Settings, language: Language) -> Wording:
    return Wording(partial(notice_link, settings), _WITHDRAWN[language])


def calendar(settings: Settings, entries: Iterable[CalendarEntry], language: Language) -> Response:
    body = write_calendar(_NAME[language], entries, host=settings.public_url.host or "localhost")
    return Response(body, headers={"Content-Language": language}, media_type="text/calendar; charset=utf-8")
