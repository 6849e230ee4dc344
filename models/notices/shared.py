"""Notices as everyone who hears a channel shares them: rendered without a viewer, with the version read at."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, String, and_, cast, func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.branches import Branch
from models.changes import ChannelVersion, Topic
from models.channels import ALL
from models.notices.rules import IN_LISTS, public
from models.notices.shapes import NoticeBranch, NoticePublic, NoticeSummary
from models.notices.table import Notice, NoticeState

KEPT = 100
"""Of a channel, the newest so many; one more is read to know whether there are more."""


class Line(NamedTuple):
    """One notice in a list: what it is sorted and filtered by, and the JSON of its NoticeSummary."""

    published_at: datetime
    id: UUID
    category: str
    json: bytes


class SharedNotice(NamedTuple):
    version: int
    branch_no: int
    who: int
    notice: NoticePublic


async def render_channel(session: AsyncSession, branch_no: int, who: int) -> tuple[int, list[Line]]:
    """The version of a channel's notices and its newest `KEPT` + 1, in one statement: both of one moment."""
    newest = (
        select(*(getattr(Notice, name) for name in IN_LISTS))
        .where(
            col(Notice.branch_no) == branch_no,
            col(Notice.who) == who,
            col(Notice.state) == NoticeState.PUBLISHED,
        )
        .order_by(col(Notice.published_at).desc(), col(Notice.id).desc())
        .limit(KEPT + 1)
        .subquery()
    )
    rows = await session.execute(
        select(_version(literal(f"{branch_no}:{who}"), literal(f"{branch_no}:{ALL}")), Branch, *newest.c)
        .select_from(Branch)
        .outerjoin(newest, true())
        .where(col(Branch.no) == branch_no)
        .order_by(newest.c.published_at.desc(), newest.c.id.desc())
    )
    version, lines = 0, []
    for version_read, branch, *shown in rows:
        version = version_read or 0
        said: dict[str, Any] = dict(zip(IN_LISTS, shown, strict=True))
        if said["id"] is not None:
            summary = NoticeSummary(branch=NoticeBranch.model_validate(branch), **said)
            json = summary.model_dump_json().encode()
            lines.append(Line(said["published_at"], said["id"], summary.category.value, json))
    return version, lines


async def render_notice(session: AsyncSession, notice_id: UUID) -> SharedNotice | None:
    """A published notice whole, with the version of its channel, in one statement."""
    own = func.concat(cast(col(Notice.branch_no), String), ":", cast(col(Notice.who), String))
    general = func.concat(cast(col(Notice.branch_no), String), f":{ALL}")
    row = (
        await session.execute(
            select(_version(own, general), Notice, Branch)
            .join(Branch, col(Branch.no) == col(Notice.branch_no))
            .where(col(Notice.id) == notice_id, col(Notice.state) == NoticeState.PUBLISHED)
        )
    ).one_or_none()
    if row is None:
        return None
    version, notice, branch = row
    return SharedNotice(version or 0, notice.branch_no, notice.who, public(notice, branch))


def _version(own: ColumnElement[str], general: ColumnElement[str]) -> ColumnElement[int]:
    """When the channel's notices, or the name of the branch that speaks, last changed."""
    notices = and_(col(ChannelVersion.channel) == own, col(ChannelVersion.topic) == Topic.NOTICES)
    named = and_(col(ChannelVersion.channel) == general, col(ChannelVersion.topic) == Topic.BRANCH)
    return select(func.max(col(ChannelVersion.seq))).where(or_(notices, named)).scalar_subquery()
