"""Activities: who comes, who was there, and the codes by which they check in."""

from starlette.requests import Request

from api.deps import Id, Occurrence, PageDep, PartsDep, SessionDep, ViewerDep
from api.routing import Access, Cached, declare, router
from models.activities.attendance import post_attendance
from models.activities.attendees import list_attendees
from models.activities.codes import list_codes
from models.activities.rsvps import own_rsvps, put_rsvp
from models.activities.shapes import (
    AttendancePost,
    AttendancePosted,
    Attendee,
    CheckInCodes,
    OwnRsvps,
    RsvpPublic,
    RsvpPut,
)
from models.notices.telling import TellPost, tell_in_person
from models.paging import Page
from models.permissions import Permission

routes = router("activities")


@routes.get("/notices/{notice_id}/rsvp")
@declare(Access.MEMBER, Cached.MEMBER)
async def read_rsvp(notice_id: Id, session: SessionDep, viewer: ViewerDep) -> OwnRsvps:
    """What I answered."""
    return await own_rsvps(session, viewer, notice_id)


@routes.put("/notices/{notice_id}/rsvp")
@declare(Access.MEMBER, transaction=False, writes=True)
async def answer_activity(
    notice_id: Id, body: RsvpPut, request: Request, viewer: ViewerDep, parts: PartsDep
) -> RsvpPublic:
    """Whether I come. The latest answer counts; saying the same again changes nothing."""
    request_id = request.scope.get("handbook.request_id")
    return await parts.write(lambda session: put_rsvp(session, viewer, notice_id, body), request_id=request_id)


@routes.get("/notices/{notice_id}/attendance")
@declare(Permission.ATTENDANCE_MARK, refuses=(409,))
async def list_attendance(
    notice_id: Id, session: SessionDep, viewer: ViewerDep, page: PageDep, occurrence: Occurrence = None
) -> Page[Attendee]:
    """Whom the activity is or was for, as far as my right reaches: what they answered, and who was there."""
    return await list_attendees(session, viewer, notice_id, occurrence, page)


@routes.post("/notices/{notice_id}/attendance")
@declare(Access.MEMBER)
async def take_attendance(
    notice_id: Id, body: AttendancePost, session: SessionDep, viewer: ViewerDep
) -> AttendancePosted:
    """Who was there, as those say who take attendance; or that I am here, by the code that I scanned."""
    return await post_attendance(session, viewer, notice_id, body)


@routes.get("/notices/{notice_id}/check-in-codes")
@declare(Permission.ATTENDANCE_MARK, refuses=(409,))
async def list_check_in_codes(
    notice_id: Id, session: SessionDep, viewer: ViewerDep, occurrence: Occurrence = None
) -> CheckInCodes:
    """All codes to check in by, to be shown as QR codes one after the other, also without a network."""
    return await list_codes(session, viewer, notice_id, occurrence)


@routes.post("/notices/{notice_id}/told", status_code=204)
@declare(Permission.RECEIPT_TELL)
async def tell_members(notice_id: Id, body: TellPost, session: SessionDep, viewer: ViewerDep) -> None:
    """These were told of it in person: they have read it, or with `acknowledged` taken note."""
    await tell_in_person(session, viewer, notice_id, body)
