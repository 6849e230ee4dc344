"""Rules about progress and bookmarks: what several phones say comes to the same in any order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.base import new_id
from models.database import now, table_of
from models.errors import NotFound
from models.paging import Order, Page, PageRequest, paginate
from models.permissions import Viewer
from models.progress.merging import Kept, Standing, keep, later
from models.progress.shapes import BookmarkPublic, BookmarkPut, OwnProgress, ProgressPublic, ProgressPut
from models.progress.table import Bookmark, Progress
from models.progress.versions import check_read
from models.study.reading import get_study
from models.study.table import StudyKind


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a member says they are. `completed_at` is the time it was said, if that is what was said."""

    member_id: UUID
    material_id: UUID
    version: int
    position: str | None
    share: int
    completed_at: datetime | None
    said_at: datetime
    said_id: UUID


@dataclass(frozen=True, slots=True)
class Marked:
    """What a member marked; of what they removed all but the ids is None."""

    member_id: UUID
    id: UUID
    material_id: UUID | None
    version: int | None
    locator: str | None
    note: str | None
    said_at: datetime
    said_id: UUID


def furthest(one: Reached, other: Reached) -> Reached:
    """The later position; the earlier completion, which is never lost."""
    completions = [said.completed_at for said in (one, other) if said.completed_at is not None]
    return replace(later(one, other), completed_at=min(completions, default=None))


def removed(member_id: UUID, bookmark_id: UUID, at: datetime, said_id: UUID) -> Marked:
    return Marked(member_id, bookmark_id, None, None, None, None, at, said_id)


_PLACE = ("position", "share")
_REACHED: Kept[Reached] = Kept(table_of(Progress), Reached, furthest, (*_PLACE, "completed_at"), _PLACE)
_MARK = ("material_id", "version", "locator", "note")
_MARKED: Kept[Marked] = Kept(table_of(Bookmark), Marked, later, _MARK, _MARK)


async def reach(session: AsyncSession, said: Sequence[Reached]) -> Standing[Reached]:
    """Write what one member said of their progress."""
    return await keep(session, _REACHED, said)


async def mark(session: AsyncSession, said: Sequence[Marked]) -> Standing[Marked]:
    """Write what one member said of their bookmarks."""
    return await keep(session, _MARKED, said)


async def put_progress(session: AsyncSession, viewer: Viewer, material_id: UUID, data: ProgressPut) -> ProgressPublic:
    """How far the viewer is now. `viewer` may be a second old, as in `put_receipt`.

    Raises what `check_read` raises.
    """
    await check_read(session, viewer, material_id, data.version)
    at = now(session)
    completed_at = at if data.completed else None
    position = data.position or None
    said = Reached(viewer.the_member, material_id, data.version, position, data.share, completed_at, at, new_id())
    (stands,) = (await reach(session, [said])).things.values()
    return ProgressPublic.model_validate(stands)


async def own_progress(session: AsyncSession, viewer: Viewer, material_id: UUID) -> OwnProgress:
    """The viewer's own, of what they may read. Raises NotFound."""
    await get_study(session, viewer, StudyKind.MATERIAL, material_id)
    mine = select(Progress).where(
        col(Progress.material_id) == material_id, col(Progress.member_id) == viewer.the_member
    )
    found = await session.scalars(mine.order_by(col(Progress.version).desc()))
    return OwnProgress(progress=[ProgressPublic.model_validate(row) for row in found])


async def list_bookmarks(
    session: AsyncSession, viewer: Viewer, page: PageRequest, *, material_id: UUID | None = None
) -> Page[BookmarkPublic]:
    """The viewer's own, the newest first; also of what they can read no longer, since the notes are theirs."""
    mine = select(Bookmark).where(
        col(Bookmark.member_id) == viewer.the_member,
        col(Bookmark.material_id).is_not(None) if material_id is None else col(Bookmark.material_id) == material_id,
    )
    order = (Order(col(Bookmark.said_at), descending=True), Order(col(Bookmark.id), descending=True))
    return await paginate(session, mine, page, order, BookmarkPublic.model_validate)


async def put_bookmark(session: AsyncSession, viewer: Viewer, bookmark_id: UUID, data: BookmarkPut) -> BookmarkPublic:
    """What the viewer marks now, anew or otherwise than before.

    Raises what `check_read` raises, and Invalid `material.unknown` for what they cannot read.
    """
    await check_read(session, viewer, data.material_id, data.version)
    place = data.material_id, data.version, data.locator, data.note or None
    said = Marked(viewer.the_member, bookmark_id, *place, now(session), new_id())
    (stands,) = (await mark(session, [said])).things.values()
    return BookmarkPublic.model_validate(stands)


async def delete_bookmark(session: AsyncSession, viewer: Viewer, bookmark_id: UUID) -> None:
    """Keep nothing of it but that it was removed, which other phones must hear. Raises NotFound."""
    known = select(col(Bookmark.id)).where(
        col(Bookmark.member_id) == viewer.the_member, col(Bookmark.id) == bookmark_id
    )
    if await session.scalar(known) is None:
        raise NotFound
    await mark(session, [removed(viewer.the_member, bookmark_id, now(session), new_id())])
