"""What all who change a notice share: holding it, seeing what is to change, and saying it."""

from collections.abc import Mapping, Set
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from content.render import plain_text, render_markdown, summarise
from models.audit import audit
from models.base import Request
from models.branches import Branch
from models.changes import Topic, record
from models.channels import channel
from models.errors import Conflict, Invalid, Stale
from models.notices.activity import Activity
from models.notices.reading import get_notice
from models.notices.shapes import Audience
from models.notices.table import Category, Notice, NoticeState
from models.permissions import Permission, Viewer, require
from models.searching.index import Document, forget, make_findable
from models.searching.table import FoundKind

_MAY_BE_NULL = frozenset({"activity", "publish_at", "expires_at", "remind_at"})


async def held(
    session: AsyncSession,
    viewer: Viewer,
    notice_id: UUID,
    revision: int,
    *,
    right: Permission = Permission.NOTICE_PUBLISH,
    state: NoticeState = NoticeState.PUBLISHED,
) -> tuple[Notice, Branch]:
    """A notice to change, locked, for who has the right to. Raises Conflict where it is not in that state, Stale."""
    notice, branch = await get_notice(session, viewer, notice_id)
    require(viewer, right, branch.path)
    await lock_notice(session, notice)
    if notice.state is not state:
        raise Conflict(f"notice.not_{state}")
    if notice.revision != revision:
        raise Stale
    return notice, branch


async def lock_notice(session: AsyncSession, notice: Notice) -> None:
    """Read anew and hold to the end of the transaction, without keeping receipts waiting for their foreign key."""
    await session.refresh(notice, with_for_update={"key_share": True})


async def tell_channel(session: AsyncSession, notice: Notice) -> None:
    """What those who hear it see has changed, and what they find."""
    record(session, channel(notice.branch_no, notice.who), Topic.NOTICES, "notice", notice.id)
    if notice.state is NoticeState.PUBLISHED:
        await make_findable(session, findable(notice))
    else:
        await forget(session, notice.id)


def findable(notice: Notice) -> Document:
    """A published notice as search knows it."""
    assert notice.published_at is not None  # noqa: S101 - what is published has been
    return Document(
        thing_id=notice.id,
        kind=FoundKind.NOTICE,
        branch_no=notice.branch_no,
        who=notice.who,
        title=notice.title,
        text=plain_text(notice.body_html),
        version=notice.revision,
        published_at=notice.published_at,
        category=notice.category.value,
    )


def changed(notice: Notice, data: Request, *, but: Set[str]) -> dict[str, Any]:
    """The fields that were sent and say something else than the notice. Raises Invalid for a null where something
    must be said.
    """
    sent = {name: getattr(data, name) for name in data.model_fields_set - but}
    missing = sorted(name for name, value in sent.items() if value is None and name not in _MAY_BE_NULL)
    if missing:
        raise Invalid.at(f"/{missing[0]}", "missing")
    return {name: value for name, value in sent.items() if value != said(notice, name)}


def say(notice: Notice, changes: Mapping[str, Any]) -> None:
    """A new revision that says this. Raises Invalid where category and activity disagree."""
    columns = rendered(changes)
    check_agreement(columns.get("category", notice.category), columns.get("activity", notice.activity))
    for name, value in columns.items():
        setattr(notice, name, value)
    notice.revision += 1


def said(notice: Notice, name: str) -> Any:
    """A field as it was sent."""
    match name:
        case "audience":
            return Audience.of(notice.who)
        case "activity":
            return Activity.of(notice.activity)
        case _:
            return getattr(notice, name)


def rendered(values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as they were sent, as columns, with what is derived from them."""
    columns = {name: value for name, value in values.items() if name != "audience"}
    if "audience" in values:
        columns["who"] = values["audience"].who
    if "body" in values:
        columns |= {"body_html": render_markdown(values["body"]), "summary": summarise(values["body"])}
    if values.get("activity") is not None:
        columns["activity"] = values["activity"].stored()
    return columns


def check_agreement(category: Category, activity: object | None) -> None:
    """An activity says when it takes place, and nothing else does. Raises Invalid."""
    is_activity = category is Category.ACTIVITY
    if is_activity != (activity is not None):
        raise Invalid.at("/activity", "activity.missing" if is_activity else "activity.unexpected")


def audit_notice(
    session: AsyncSession,
    viewer: Viewer,
    action: str,
    notice: Notice,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    """One event about a notice: see `audit`."""
    audit(session, viewer, action, "notice", notice.id, branch_no=notice.branch_no, before=before, after=after)


def audit_state(
    session: AsyncSession, viewer: Viewer, action: str, notice: Notice, *, before: NoticeState, **after: object
) -> None:
    """That it went from one state to the next."""
    now_so = {"state": notice.state.value, "revision": notice.revision, **after}
    audit_notice(session, viewer, action, notice, before={"state": before.value}, after=now_so)


def noted(values: Mapping[str, Any]) -> dict[str, Any]:
    """As the audit keeps it: of a body the length alone."""
    kept = {name: value for name, value in values.items() if name != "body"}
    for name in kept.keys() & {"audience", "activity"}:
        if kept[name] is not None:
            kept[name] = kept[name].model_dump(mode="json", exclude_none=True)
    if "body" in values:
        kept["body_length"] = len(values["body"])
    return kept
