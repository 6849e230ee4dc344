"""Notices as everyone who hears a channel shares them: rendered without a viewer, with the version read at."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, String, bindparam, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.branches import Branch
from models.changes import Topic
from models.channels import ALL, channel
from models.database import table_of
from models.notices.reading import IN_LISTS, public
from models.notices.shapes import NoticeBranch, NoticeSummary
from models.notices.table import Notice, NoticeState
from models.sharing import KEPT, Line, SharedThing, channels_of, version_of


async def render_channel(session: AsyncSession, branch_no: int, who: int) -> tuple[int, list[Line]]:
    """The version of a channel's notices and its newest `KEPT` + 1, in one statement: both of one moment."""
    said = {"branch_no": branch_no, "who": who, "most": KEPT + 1}
    names = {"own": channel(branch_no, who), "general": channel(branch_no, ALL)}
    version, lines = 0, []
    for version_read, id_, code, name, *shown in await session.execute(_CHANNEL, said | names):
        version = version_read or 0
        fields: dict[str, Any] = dict(zip(IN_LISTS, shown, strict=True))
        if fields["id"] is not None:
            summary = NoticeSummary(branch=NoticeBranch(id=id_, code=code, name=name), **fields)
            json = summary.model_dump_json().encode()
            lines.append(Line(fields["published_at"], fields["id"], summary.category.value, json))
    return version, lines


async def render_notice(session: AsyncSession, notice_id: UUID) -> SharedThing | None:
    """A published notice whole, with the version of its channel, in one statement."""
    row = (await session.execute(_NOTICE, {"notice_id": notice_id})).one_or_none()
    if row is None:
        return None
    version, notice, branch = row
    return SharedThing(version or 0, notice.branch_no, notice.who, public(notice, branch), notice.revision)


def _channel() -> Select[*tuple[Any, ...]]:
    notice, branch = table_of(Notice), table_of(Branch)
    newest = (
        select(*(notice.c[name] for name in IN_LISTS))
        .where(
            notice.c.branch_no == bindparam("branch_no"),
            notice.c.who == bindparam("who"),
            notice.c.state == NoticeState.PUBLISHED,
        )
        .order_by(notice.c.published_at.desc(), notice.c.id.desc())
        .limit(bindparam("most"))
        .subquery()
    )
    version = version_of(Topic.NOTICES, bindparam("own", type_=String()), bindparam("general", type_=String()))
    return (
        select(version, branch.c.id, branch.c.code, branch.c.name, *newest.c)
        .select_from(branch.outerjoin(newest, true()))
        .where(branch.c.no == bindparam("branch_no"))
        .order_by(newest.c.published_at.desc(), newest.c.id.desc())
    )


def _notice() -> Select[*tuple[Any, ...]]:
    version = version_of(Topic.NOTICES, *channels_of(col(Notice.branch_no), col(Notice.who)))
    return (
        select(version, Notice, Branch)
        .join(Branch, col(Branch.no) == col(Notice.branch_no))
        .where(col(Notice.id) == bindparam("notice_id"), col(Notice.state) == NoticeState.PUBLISHED)
    )


# made once: making a statement takes longer than sending it
_CHANNEL = _channel()
_NOTICE = _notice()
