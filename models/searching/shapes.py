"""What is said of what was found."""

from datetime import datetime
from uuid import UUID

from models.base import Shape
from models.notices.shapes import NoticeBranch
from models.searching.table import FoundKind


class Highlight(Shape):
    """A stretch of the text beside it, in characters (Unicode code points) from 0."""

    start: int
    length: int


class Found(Shape):
    """Something that was found. `version` is a notice's revision, or the version of what there is to study; `snippet`
    is one line of its text.
    """

    kind: FoundKind
    id: UUID
    branch: NoticeBranch
    title: str
    title_highlights: list[Highlight]
    snippet: str
    snippet_highlights: list[Highlight]
    category: str | None
    level: str | None
    version: int
    published_at: datetime
