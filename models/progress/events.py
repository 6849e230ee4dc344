"""Reading on and marking as it happened, on a phone that may have been without a network."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Flag
from models.errors import HandbookError
from models.events.shapes import Done, EventSent, Rule, Told
from models.histories import History
from models.progress.rules import Marked, Reached, mark, reach, removed
from models.progress.shapes import BookmarkNote, Locator, Position, Share, Version
from models.progress.versions import Versions, versions


class ProgressSent(EventSent):
    material_id: UUID
    version: Version
    position: Position | None = None
    share: Share
    completed: Flag = False


class BookmarkSent(EventSent):
    """`bookmark_id` is made by the app, once a bookmark. Of one that is removed nothing else need be said."""

    bookmark_id: UUID
    is_removed: Flag = False
    material_id: UUID | None = None
    version: Version | None = None
    locator: Locator | None = None
    note: BookmarkNote | None = None

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        if not self.is_removed and None in (self.material_id, self.version, self.locator):
            raise PydanticCustomError("bookmark.placeless", "material, version and locator")
        return self


async def _judge_progress(
    session: AsyncSession, history: History, events: Sequence[Told[ProgressSent]]
) -> Sequence[Reached | HandbookError]:
    """By what the member could read then."""
    found = await versions(session, [(one.sent.material_id, one.sent.version) for one in events])
    return [_reached(history, one, found) for one in events]


def _reached(history: History, event: Told[ProgressSent], found: Versions) -> Reached | HandbookError:
    said = event.sent
    try:
        at = found.read(history, event.at, (said.material_id, said.version))
    except HandbookError as refusal:
        return refusal
    completed_at = at if said.completed else None
    place = said.position or None, said.share
    return Reached(history.member_id, said.material_id, said.version, *place, completed_at, at, said.id)


async def _judge_bookmarks(
    session: AsyncSession, history: History, events: Sequence[Told[BookmarkSent]]
) -> Sequence[Marked | HandbookError]:
    """By what the member could read then; what is their own they may remove at any time."""
    places = [(one.sent.material_id, one.sent.version) for one in events if not one.sent.is_removed]
    found = await versions(session, [(id_, version) for id_, version in places if id_ and version])
    return [_marked(history, one.sent, one.at, found) for one in events]


def _marked(history: History, said: BookmarkSent, at: datetime, found: Versions) -> Marked | HandbookError:
    if said.is_removed or said.material_id is None or said.version is None:
        return removed(history.member_id, said.bookmark_id, at, said.id)
    try:
        then = found.read(history, at, (said.material_id, said.version))
    except HandbookError as refusal:
        return refusal
    place = said.material_id, said.version, said.locator, said.note or None
    return Marked(history.member_id, said.bookmark_id, *place, then, said.id)


async def _reach(session: AsyncSession, deeds: Sequence[Reached]) -> Done:
    return Done((await reach(session, deeds)).reached)


async def _mark(session: AsyncSession, deeds: Sequence[Marked]) -> Done:
    return Done((await mark(session, deeds)).reached)


PROGRESS: Rule[ProgressSent, Reached] = Rule(_judge_progress, _reach)
BOOKMARKS: Rule[BookmarkSent, Marked] = Rule(_judge_bookmarks, _mark)
