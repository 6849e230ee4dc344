"""What members do, sent by their phones when there is a network, and what of it their other phones did not hear of."""

from uuid import UUID

from starlette.requests import Request
from starlette.types import Scope

from api.deps import PartsDep, SessionDep, Since, ViewerDep
from api.problems import Problem, problem_of
from api.routing import Access, Cached, declare, router
from models.activities.shapes import AttendancePublic, RsvpPublic
from models.base import Shape
from models.events.rules import apply_events
from models.events.shapes import EventsPost, Outcome, Result
from models.events.state import OwnState, read_state
from models.notices.shapes import ReceiptPublic
from models.progress.shapes import BookmarkState, ProgressPublic
from models.quizzes.shapes import AttemptPublic

routes = router("me")


class EventResult(Shape):
    """`problem` is there for `refused` alone; its pointers are into the event. `id` is null where none can be read."""

    id: UUID | None
    result: Result
    problem: Problem | None = None


class EventResults(Shape):
    """One result an event, in the same order. The rest is what `/v1/me/state` says after `since`, the state before
    these events: an app that was at it need not ask.
    """

    results: list[EventResult]
    since: int
    state: int
    more: bool
    receipts: list[ReceiptPublic]
    rsvps: list[RsvpPublic]
    attendance: list[AttendancePublic]
    progress: list[ProgressPublic]
    bookmarks: list[BookmarkState]
    attempts: list[AttemptPublic]


@routes.post("/me/events", response_model_exclude_unset=True)
@declare(Access.MEMBER, transaction=False, writes=True)
async def tell_events(body: EventsPost, request: Request, viewer: ViewerDep, parts: PartsDep) -> EventResults:
    """What I did, online or not, up to 500 things at a time: each is judged alone, and applied once however often it
    is sent.
    """
    request_id = request.scope.get("handbook.request_id")
    outcomes = await parts.write(lambda session: apply_events(session, viewer, body), request_id=request_id)
    shown = [_shown(request.scope, outcome) for outcome in outcomes.results]
    own = outcomes.own.model_dump(exclude={"reset"})
    return EventResults(results=shown, since=outcomes.since, **own)


@routes.get("/me/state")
@declare(Access.MEMBER, Cached.MEMBER)
async def read_my_state(session: SessionDep, viewer: ViewerDep, since: Since = None) -> OwnState:
    """What of my own changed since a state of an earlier answer, or all of it: receipts, answers, attendance, progress,
    bookmarks, attempts at quizzes.
    """
    return await read_state(session, viewer, since)


def _shown(scope: Scope, outcome: Outcome) -> EventResult:
    if outcome.refusal is None:
        return EventResult(id=outcome.id, result=outcome.result)
    return EventResult(id=outcome.id, result=outcome.result, problem=problem_of(scope, outcome.refusal))
