"""What everyone who hears a channel shares: rendered without a viewer, with the version that was read."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, String, and_, cast, func, or_, select
from sqlmodel import col

from models.base import Shape
from models.changes import ChannelVersion, Topic
from models.channels import ALL

KEPT = 100
"""Of a channel's list, the newest so many; one more is read to know whether there are more."""


class Line(NamedTuple):
    """One thing in a list: what it is sorted and filtered by, and the JSON of its summary."""

    published_at: datetime
    id: UUID
    facet: str
    json: bytes


class SharedThing(NamedTuple):
    """A published thing whole, as of the `version` of its channel. `revision` where its tag is that of a revision."""

    version: int
    branch_no: int
    who: int
    shown: Shape
    revision: int | None


def version_of(topic: Topic, own: ColumnElement[str], general: ColumnElement[str]) -> ColumnElement[int]:
    """When a channel's things, or the name of the branch that speaks, last changed."""
    things = and_(col(ChannelVersion.channel) == own, col(ChannelVersion.topic) == topic)
    named = and_(col(ChannelVersion.channel) == general, col(ChannelVersion.topic) == Topic.BRANCH)
    return select(func.max(col(ChannelVersion.seq))).where(or_(things, named)).scalar_subquery()


def channels_of(branch_no: Any, who: Any) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """Of a row, the channel's name, and that of all who hear its branch."""
    no = cast(branch_no, String)
    return func.concat(no, ":", cast(who, String)), func.concat(no, f":{ALL}")
