"""What is said of progress and bookmarks, coming in and going out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from content.text import clean, clean_lines
from models.base import Count, Flag, Request, Shape, read_by
from models.progress.table import NOTE_MOST, POSITION_MOST

VERSION_MOST = 2**31 - 1

Version = Annotated[Count, Field(ge=1, le=VERSION_MOST)]
Position = Annotated[str, StringConstraints(max_length=POSITION_MOST), read_by(clean)]
"""One line of the app's own: where in the text, the file or the recording."""
Locator = Annotated[str, StringConstraints(min_length=1, max_length=POSITION_MOST), read_by(clean)]
Share = Annotated[Count, Field(ge=0, le=100)]
BookmarkNote = Annotated[str, StringConstraints(max_length=NOTE_MOST), read_by(clean_lines)]


class ProgressPut(Request):
    """`share` is how much lies before the position, in percent. `completed` is never taken back."""

    version: Version
    position: Position | None = None
    share: Share
    completed: Flag = False


class ProgressPublic(Shape):
    """How far a member is in a version of a material, and since when they have completed it."""

    material_id: UUID
    version: int
    position: str | None
    share: int
    completed_at: datetime | None


class OwnProgress(Shape):
    """One a version that was begun, the newest first: a version is completed for itself, and what was completed
    earlier stays so.
    """

    progress: list[ProgressPublic]


class BookmarkPut(Request):
    """A place in a version of a material, and what I note of it, which nobody else reads."""

    material_id: UUID
    version: Version
    locator: Locator
    note: BookmarkNote | None = None


class BookmarkPublic(Shape):
    """A place that a member marked."""

    id: UUID
    material_id: UUID
    version: int
    locator: str
    note: str | None


class BookmarkState(Shape):
    """A bookmark as other phones of the member are told of it: of one that was removed nothing but that."""

    id: UUID
    is_removed: bool
    material_id: UUID | None
    version: int | None
    locator: str | None
    note: str | None
