"""Activities in the calendar that a phone has already."""

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from api.calendars import ICALENDAR, calendar, wording
from api.deps import Id, PartsDep, SessionDep, ViewerDep
from api.languages import language_of
from api.links import calendar_link
from api.routing import Access, Cached, declare, router
from api.security.calendar_tokens import let_in
from models.calendars import (
    CalendarTokenPublic,
    CalendarTokenState,
    calendar_token_state,
    end_calendar_token,
    new_calendar_token,
)
from models.notices.calendar import list_calendar, read_calendar_entry

routes = router("calendar")

Token = Annotated[str, Query(max_length=200, description="What `POST /v1/me/calendar-token` gave.")]


@routes.get("/me/calendar-token")
@declare(Access.MEMBER)
async def read_calendar_token(session: SessionDep, viewer: ViewerDep) -> CalendarTokenState:
    """Whether somebody may subscribe to my activities, and since when."""
    return await calendar_token_state(session, viewer)


@routes.post("/me/calendar-token", status_code=201)
@declare(Access.MEMBER)
async def issue_calendar_token(session: SessionDep, viewer: ViewerDep, parts: PartsDep) -> CalendarTokenPublic:
    """An address to subscribe to in a calendar app. It is shown this once, and ends the one before."""
    token = await new_calendar_token(session, viewer)
    return CalendarTokenPublic(token=token, url=calendar_link(parts.settings, token))


@routes.delete("/me/calendar-token", status_code=204)
@declare(Access.MEMBER)
async def end_my_calendar_token(session: SessionDep, viewer: ViewerDep) -> None:
    """Calendar apps get nothing any more."""
    await end_calendar_token(session, viewer)


@routes.get("/calendar.ics", response_class=Response, responses=ICALENDAR)
@declare(Access.ANYONE, Cached.MEMBER, refuses=(404, 422, 429))
async def read_calendar(request: Request, session: SessionDep, parts: PartsDep, token: Token = "") -> Response:
    """My activities, for calendar apps, which cannot sign in: `token` opens this and nothing else."""
    viewer = await let_in(parts, session, token, request.client.host if request.client else None)
    language = language_of(request.scope)
    entries = await list_calendar(session, viewer, wording(parts.settings, language))
    return calendar(parts.settings, entries, language)


@routes.get("/notices/{notice_id}/calendar.ics", response_class=Response, responses=ICALENDAR)
@declare(Access.MEMBER, Cached.MEMBER, refuses=(409,))
async def read_activity_as_calendar(
    notice_id: Id, request: Request, session: SessionDep, viewer: ViewerDep, parts: PartsDep
) -> Response:
    """One activity, to keep in a calendar."""
    language = language_of(request.scope)
    entry = await read_calendar_entry(session, viewer, notice_id, wording(parts.settings, language))
    return calendar(parts.settings, [entry], language)
