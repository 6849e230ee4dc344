"""Rules about how members wish to be told. What is urgent is never held back for quiet hours."""

from datetime import time

from sqlalchemy.ext.asyncio import AsyncSession

from models.database import upsert
from models.devices.shapes import Preferences, PreferencesPut
from models.devices.table import Preference
from models.errors import Invalid
from models.permissions import Viewer

_SAID = ("quiet_from", "quiet_until", "timezone", "muted", "email", "language")


async def read_preferences(session: AsyncSession, viewer: Viewer) -> Preferences:
    """The viewer's own, or those of everybody who never said anything."""
    row = await session.get(Preference, viewer.the_member)
    return Preferences.of(row or Preference(member_id=viewer.the_member, muted=[]))


async def put_preferences(session: AsyncSession, viewer: Viewer, data: PreferencesPut) -> Preferences:
    """All of them at once. Raises Invalid where one of the two quiet times is missing."""
    if (data.quiet_from is None) is not (data.quiet_until is None):
        missing = "/quiet_from" if data.quiet_from is None else "/quiet_until"
        raise Invalid.at(missing, "preferences.quiet_half")
    row = Preference(
        member_id=viewer.the_member,
        quiet_from=None if data.quiet_from is None else time.fromisoformat(data.quiet_from),
        quiet_until=None if data.quiet_until is None else time.fromisoformat(data.quiet_until),
        timezone=data.timezone,
        muted=sorted(set(data.muted)),
        email=data.email,
        language=data.language,
    )
    await upsert(session, Preference, [row.model_dump()], keys=("member_id",), update=_SAID)
    return Preferences.of(row)
