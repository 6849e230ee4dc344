"""What is said of a notice, coming in and going out."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from content.text import clean, clean_lines
from models.attachments.shapes import AttachmentPublic
from models.base import Flag, Instant, Request, Shape, read_by
from models.channels import Reach, reach_of, who_for
from models.notices.activity import Activity, ActivityBrief, ActivityPublic
from models.notices.table import Category, NoticeState, Priority, ReceiptMethod
from models.permissions import Role

BODY_LIMIT = 20_000


class Classification(StrEnum):
    """What may be said here: rule 11 keeps everything else out."""

    PUBLIC = "public"
    INTERNAL = "internal"


def _refuse_classified(value: object) -> object:
    if isinstance(value, str) and value not in set(Classification):
        raise PydanticCustomError("notice.classified", "classified material has no place here")
    return value


Unclassified = Annotated[Classification, BeforeValidator(_refuse_classified, json_schema_input_type=Classification)]
# Limits stand before the readers, which run first all the same: only so are they limits of text, with its error codes.
Title = Annotated[str, StringConstraints(min_length=1, max_length=200), read_by(clean)]
Body = Annotated[str, StringConstraints(min_length=1, max_length=BODY_LIMIT), read_by(clean_lines)]
"""Markdown. What is blank is empty once it is cleaned."""
Reason = Annotated[str, StringConstraints(max_length=500), read_by(clean)]


class Audience(Request):
    """`all` is everyone below the branch, `here` its own members only, `roles` those who hold one of `roles` below."""

    reach: Reach
    roles: list[Role] | None = Field(default=None, validate_default=True)

    @field_validator("roles")
    @classmethod
    def _agree_with_reach(cls, roles: list[Role] | None, info: ValidationInfo) -> list[Role] | None:
        named = info.data.get("reach")
        if named is Reach.ROLES and not roles:
            raise PydanticCustomError("audience.roles_missing", "name at least one role")
        if named in {Reach.ALL, Reach.HERE} and roles is not None:
            raise PydanticCustomError("audience.roles_unexpected", "only where reach is roles")
        if roles is not None and len(set(roles)) < len(roles):
            raise PydanticCustomError("audience.roles_repeated", "name each role once")
        return roles

    @property
    def who(self) -> int:
        return who_for(self.reach, self.roles or ())

    @classmethod
    def of(cls, who: int) -> Self:
        reach, roles = reach_of(who)
        return cls(reach=reach, roles=roles or None)


EVERYONE = Audience(reach=Reach.ALL)


class NoticeText(Request):
    """What a notice says, and to whom."""

    title: Title
    body: Body
    category: Category = Category.GENERAL
    priority: Priority = Priority.NORMAL
    audience: Audience = EVERYONE
    requires_ack: Flag = False


class NoticeCreate(NoticeText):
    """`body` is Markdown. `publish` writes and publishes in one step, or schedules where `publish_at` is to come.
    `remind_at` reminds those who have not acknowledged, three days later unless said. `classification` is asked for to
    be refused.
    """

    branch_id: UUID
    activity: Activity | None = None
    publish_at: Instant | None = None
    expires_at: Instant | None = None
    remind_at: Instant | None = None
    classification: Unclassified = Classification.INTERNAL
    publish: Flag = False


class NoticeUpdate(Request):
    """For drafts. A field that is absent stays as it is; null takes an activity or a time away, and is refused
    elsewhere.
    """

    title: Title | None = None
    body: Body | None = None
    category: Category | None = None
    priority: Priority | None = None
    audience: Audience | None = None
    requires_ack: Flag | None = None
    activity: Activity | None = None
    publish_at: Instant | None = None
    expires_at: Instant | None = None
    remind_at: Instant | None = None
    classification: Unclassified | None = None


class NoticeAmend(Request):
    """A new revision of what is published: what changed, in words for those who read the one before, and the fields
    that are others now. Its channel stays. With `acknowledge_again` earlier acknowledgements no longer count.
    """

    change: Annotated[str, StringConstraints(min_length=1, max_length=500), read_by(clean)]
    acknowledge_again: Flag = False
    title: Title | None = None
    body: Body | None = None
    category: Category | None = None
    priority: Priority | None = None
    requires_ack: Flag | None = None
    activity: Activity | None = None
    expires_at: Instant | None = None
    remind_at: Instant | None = None
    classification: Unclassified | None = None


class NoticeWithdraw(Request):
    reason: Reason | None = None


class ReceiptPut(Request):
    """To have read it; with `acknowledged` also to have taken note."""

    acknowledged: Flag = False


class NoticeBranch(Shape):
    """The branch that speaks."""

    id: UUID
    code: str
    name: str


class NoticeSummary(Shape):
    """One line of a list: the same for everyone who hears it, since lists are shared."""

    id: UUID
    branch: NoticeBranch
    title: str
    summary: str
    category: Category
    priority: Priority
    requires_ack: bool
    state: NoticeState
    revision: int
    published_at: datetime | None
    activity: ActivityBrief | None


class NoticePublic(NoticeSummary):
    """The whole notice. Acknowledgements of `ack_revision` and later ones count. `change` says what the newest
    amendment changed. `approved_revision` is what a second person has approved, where that is needed.
    """

    activity: ActivityPublic | None

    body: str
    body_html: str
    audience: Audience
    ack_revision: int
    created_at: datetime
    amended_at: datetime | None
    change: str | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None
    publish_at: datetime | None
    expires_at: datetime | None
    expired_at: datetime | None
    remind_at: datetime | None
    reminded_at: datetime | None
    approved_revision: int | None
    attachments: list[AttachmentPublic]


class NoticeEdition(Shape):
    """One revision of a published notice, as its audience saw it from `said_at` on. `change` is null of the first."""

    revision: int
    said_at: datetime
    change: str | None
    title: str
    body: str
    body_html: str
    category: Category
    priority: Priority
    requires_ack: bool
    activity: ActivityBrief | None
    expires_at: datetime | None


class NoticeHistory(Shape):
    """The newest first."""

    items: list[NoticeEdition]


class ReceiptPublic(Shape):
    notice_id: UUID
    revision: int
    read_at: datetime
    acknowledged_at: datetime | None
    method: ReceiptMethod


class AudiencePart(Shape):
    branch: NoticeBranch
    people: int


class AudiencePreview(Shape):
    """How many different people would hear it if it were published now. Each is counted in one place: `here` in the
    branch itself, or in one of the branches right below, with all that is below those.
    """

    people: int
    here: int
    branches: list[AudiencePart]
