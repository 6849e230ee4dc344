"""The first screen of a thin client."""

from starlette.requests import Request
from starlette.responses import Response

from api.cache.listings import NOTICES, ListQuery
from api.deps import PartsDep, SessionDep, ViewerDep
from api.languages import language_of
from api.routing import Access, Cached, declare, router
from models.errors import Unavailable
from models.home import Home, own_summary

routes = router("me")

_NEWEST = ListQuery(NOTICES, 10)


@routes.get("/home", response_model=Home)
@declare(Access.MEMBER, Cached.MEMBER)
async def read_home(request: Request, parts: PartsDep, session: SessionDep, viewer: ViewerDep) -> Response:
    """In one round trip: who I am, my newest notices, how many I have not read, and what takes place next."""
    own = await own_summary(session, viewer)
    channels, language = request.state.known.channels, language_of(request.scope)
    newest = await parts.cache.shared.first_page(channels, _NEWEST, language, render=True)
    if newest is None:
        raise Unavailable
    body = own.model_dump_json().encode()[:-1] + b',"notices":' + newest.body + b"}"
    return Response(body, media_type="application/json")
