"""What all that is studied has in common, coming in and going out."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import StringConstraints

from content.text import clean, clean_plain
from models.base import Flag, Request, Shape, read_by
from models.notices.shapes import (
    EVERYONE,
    Audience,
    Classification,
    NoticeBranch,
    Reason,
    Unclassified,
)
from models.study.table import StudyKind, StudyState

Slug = Annotated[
    str, StringConstraints(min_length=1, max_length=80, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$"), read_by(clean)
]
"""What editors call a thing: small letters without marks, digits, single hyphens."""
StudyTitle = Annotated[str, StringConstraints(min_length=1, max_length=200), read_by(clean_plain)]
Summary = Annotated[str, StringConstraints(max_length=400), read_by(clean_plain)]
Change = Annotated[str, StringConstraints(min_length=1, max_length=500), read_by(clean)]


class StudyContent(Request):
    """What an editor writes. Each kind adds its own."""

    title: StudyTitle
    summary: Summary = ""


class StudyCreate(Request):
    """Where a thing begins, and for whom. Without a `slug` it is made of the title. `publish` writes and publishes in
    one step. `classification` is asked for to be refused.
    """

    branch_id: UUID
    audience: Audience = EVERYONE
    slug: Slug | None = None
    classification: Unclassified = Classification.INTERNAL
    publish: Flag = False


class StudyUpdate(Request):
    """Of the draft. A field that is absent stays as it is; null takes away what may be missing, and is refused
    elsewhere. The audience can be changed until the thing is first published.
    """

    title: StudyTitle | None = None
    summary: Summary | None = None
    audience: Audience | None = None
    classification: Unclassified | None = None


class StudyPublish(Request):
    """`change` says what is new, in words for those who read the version before."""

    change: Change | None = None


class StudyWithdraw(Request):
    reason: Reason | None = None


class StudySupersede(Request):
    """`by` is published, of the same kind, and for all who hear what it takes the place of."""

    by: UUID


class StudySummary(Shape):
    """One line of a list: the same for everyone who hears it. `version` is what members read."""

    id: UUID
    branch: NoticeBranch
    slug: str
    title: str
    summary: str
    version: int
    published_at: datetime
    change: str | None


class StudyDraft(Shape):
    """What editors see. `has_changes`: the draft says something else than the published version."""

    id: UUID
    kind: StudyKind
    branch: NoticeBranch
    audience: Audience
    slug: str
    state: StudyState
    revision: int
    version: int
    has_changes: bool
    created_at: datetime
    published_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None
    superseded_by: UUID | None


class StudyLine(Shape):
    """One line of what a branch's editors see, of any kind and state."""

    id: UUID
    kind: StudyKind
    slug: str
    title: str
    state: StudyState
    revision: int
    version: int
    published_at: datetime | None


class StudyEdition(Shape):
    """One line of the publish log. `change` is null of the first."""

    version: int
    title: str
    change: str | None
    published_at: datetime


class StudyHistory(Shape):
    """The newest first."""

    items: list[StudyEdition]


class StudyThing(Shape):
    """What sync says of each kind."""

    id: UUID
    seq: int
    branch_id: UUID
    slug: str
    title: str
    summary: str
    version: int
    published_at: datetime
    change: str | None


JsonObject = dict[str, Any]
