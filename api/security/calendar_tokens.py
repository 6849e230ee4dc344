"""Who comes with a calendar's token instead of signing in."""

from sqlalchemy.ext.asyncio import AsyncSession

from api.parts import Parts
from api.security.attempts import network_of
from models.calendars import resolve_subscriber
from models.errors import NotFound
from models.permissions import Viewer

_PURPOSE = "calendar:"


async def let_in(parts: Parts, session: AsyncSession, token: str, address: str | None) -> Viewer:
    """Raises NotFound, and TooMany after a few wrong tokens a minute from one address.

    A token that is right is never refused, and wrong ones count for themselves: a carrier's or a calendar service's
    address stands for thousands, whose calendars and sign-ins must not suffer from somebody's ended token.
    """
    try:
        return await resolve_subscriber(session, token)
    except NotFound:
        async with parts.attempts.trying(f"{_PURPOSE}{network_of(address)}", None, known=True) as failed:
            await failed()
        raise
