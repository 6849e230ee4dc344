"""Notices on paper."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from api.deps import Id, PartsDep, SessionDep, ViewerDep
from api.languages import language_of
from api.links import notice_link
from api.printing import PRINTED, printed
from api.routing import declare, router
from content.posters import noticeboard
from models.notices.posters import read_poster
from models.permissions import Permission

routes = router("notices")


@routes.get("/notices/{notice_id}/poster", response_class=Response, responses=PRINTED)
@declare(Permission.NOTICE_WRITE, refuses=(409,))
async def print_notice(
    notice_id: Id, request: Request, session: SessionDep, viewer: ViewerDep, parts: PartsDep
) -> Response:
    """A page for the noticeboard, with a QR that opens the notice: for whoever reads it and writes notices anywhere."""
    language = language_of(request.scope)
    poster = await read_poster(session, viewer, notice_id, partial(notice_link, parts.settings))
    return printed(noticeboard(poster, language=language), language)
