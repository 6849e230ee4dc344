"""The life of a notice: published or scheduled, approved, amended, reminded of, withdrawn."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from models.audiences import count_people
from models.branches import Branch, BranchStatus
from models.database import now
from models.errors import Conflict, Invalid, Stale
from models.notices.occurrences import arrange, call_off
from models.notices.reading import get_notice, public
from models.notices.shapes import NoticeAmend, NoticePublic, NoticeWithdraw
from models.notices.table import UNSAID, Notice, NoticeRevision, NoticeState, Priority
from models.notices.writing import (
    audit_notice,
    audit_state,
    changed,
    held,
    lock_notice,
    noted,
    said,
    say,
    tell_channel,
)
from models.outbox import Cause, ThingKind, enqueue
from models.permissions import Permission, Viewer, require

REMIND_AFTER = timedelta(days=3)
REMIND_PAUSE = timedelta(hours=12)
"""Between two reminders: nobody is to be tired of them."""


async def publish_notice(
    session: AsyncSession, viewer: Viewer, notice_id: UUID, revision: int, *, approval_above: int | None = None
) -> NoticePublic:
    """A draft is published, or scheduled where its `publish_at` is to come; what is scheduled is published now.

    Of two who publish at once, one does. Raises Conflict `notice.already_published`, `notice.withdrawn`,
    `notice.expired`, Stale, and what `release` raises.
    """
    notice, branch = await get_notice(session, viewer, notice_id)
    require(viewer, Permission.NOTICE_PUBLISH, branch.path)
    await hold(session, branch)  # before the notice, as everywhere
    await lock_notice(session, notice)
    if notice.state not in UNSAID:
        is_published = notice.state is NoticeState.PUBLISHED
        raise Conflict("notice.already_published" if is_published else f"notice.{notice.state}")
    if notice.revision != revision:
        raise Stale
    before = notice.state
    action = await release(session, viewer, notice, branch, approval_above=approval_above)
    notice.revision += 1
    notice.ack_revision = notice.revision
    await session.flush()
    await tell_published(session, notice)
    audit_state(session, viewer, action, notice, before=before)
    return public(notice, branch)


async def hold(session: AsyncSession, branch: Branch) -> None:
    """Read anew, and kept from being closed or moved to the end of the transaction."""
    await session.refresh(branch, with_for_update={"read": True})


async def release(
    session: AsyncSession, viewer: Viewer, notice: Notice, branch: Branch, *, approval_above: int | None
) -> str:
    """Publish or schedule a notice that this transaction alone holds; gives what the audit calls it.

    The branch is held by now, and the right is asked for only then: nobody speaks beyond their subtree. Raises
    Forbidden, Conflict `branch.not_active`, `notice.approval_missing`, Invalid.
    """
    require(viewer, Permission.NOTICE_PUBLISH, branch.path)
    if branch.status is not BranchStatus.ACTIVE:
        raise Conflict("branch.not_active")
    await _check_approval(session, viewer, notice, branch, approval_above)
    at = now(session)
    is_later = notice.state is NoticeState.DRAFT and notice.publish_at is not None and notice.publish_at > at
    begins = notice.publish_at if is_later and notice.publish_at else at
    for name in ("expires_at", "remind_at"):
        due = getattr(notice, name)
        if due is not None and due <= begins:
            raise Invalid.at(f"/{name}", "notice.before_publication")
    if is_later:
        notice.state = NoticeState.SCHEDULED
        return "notice.schedule"
    await speak(session, notice)
    return "notice.publish"


async def speak(session: AsyncSession, notice: Notice) -> None:
    """From now on its channel hears it. The caller gives it its revision, and has devices told of that."""
    notice.state = NoticeState.PUBLISHED
    notice.published_at = now(session)
    if notice.requires_ack and notice.remind_at is None:
        notice.remind_at = notice.published_at + REMIND_AFTER
    session.add(notice)
    await session.flush()
    await arrange(session, notice)
    await tell_channel(session, notice)


async def tell_published(session: AsyncSession, notice: Notice) -> None:
    """Devices, once it has its revision; nobody of what is only scheduled."""
    if notice.state is NoticeState.PUBLISHED:
        await _enqueue(session, notice, Cause.NOTICE_PUBLISHED)


async def unschedule_notice(session: AsyncSession, viewer: Viewer, notice_id: UUID, revision: int) -> NoticePublic:
    """What is scheduled is a draft again. Raises Conflict `notice.not_scheduled`, Stale."""
    notice, branch = await held(session, viewer, notice_id, revision, state=NoticeState.SCHEDULED)
    back_to_draft(session, viewer, notice)
    await session.flush()
    return public(notice, branch)


def back_to_draft(session: AsyncSession, viewer: Viewer, notice: Notice) -> None:
    notice.state = NoticeState.DRAFT
    notice.revision += 1
    audit_state(session, viewer, "notice.unschedule", notice, before=NoticeState.SCHEDULED)


async def approve_notice(session: AsyncSession, viewer: Viewer, notice_id: UUID, revision: int) -> NoticePublic:
    """A second person agrees to a draft as it is in this revision. Raises Conflict `notice.not_draft`, Stale."""
    notice, branch = await held(session, viewer, notice_id, revision, state=NoticeState.DRAFT)
    notice.approved_by, notice.approved_revision = viewer.the_member, notice.revision
    await session.flush()
    audit_notice(session, viewer, "notice.approve", notice, after={"revision": notice.revision})
    return public(notice, branch)


async def _check_approval(
    session: AsyncSession, viewer: Viewer, notice: Notice, branch: Branch, approval_above: int | None
) -> None:
    """What disturbs very many at once is not one person's to send. What is scheduled was approved before it was."""
    if notice.priority is not Priority.URGENT or notice.state is NoticeState.SCHEDULED:
        return
    is_approved = notice.approved_revision is not None and notice.approved_revision == notice.revision
    if not is_approved or notice.approved_by == viewer.member_id:
        await _refuse_many(session, notice, branch, approval_above)


async def _refuse_many(session: AsyncSession, notice: Notice, branch: Branch, approval_above: int | None) -> None:
    if approval_above is None:
        return
    if await count_people(session, branch, notice.who, now(session), approval_above) > approval_above:
        raise Conflict("notice.approval_missing", most=approval_above)


async def amend_notice(
    session: AsyncSession,
    viewer: Viewer,
    notice_id: UUID,
    data: NoticeAmend,
    revision: int,
    *,
    approval_above: int | None = None,
) -> NoticePublic:
    """Say something else in the place of what is published, as a new revision; what was said before stays readable.

    What reaches very many becomes urgent by a new notice, which two people send, and not by the way. Raises Conflict
    `notice.not_published`, `notice.nothing_changed`, `notice.approval_missing`, `activity.capacity_taken`, Stale,
    Invalid.
    """
    notice, branch = await held(session, viewer, notice_id, revision)
    changes = changed(notice, data, but={"classification", "change", "acknowledge_again"})
    if not changes:
        raise Conflict("notice.nothing_changed")
    at = now(session)
    _check_to_come(changes, at)
    if changes.get("priority") is Priority.URGENT:
        await _refuse_many(session, notice, branch, approval_above)
    kept = {name: getattr(notice, name) for name in NoticeRevision.model_fields if name != "notice_id"}
    before = {name: said(notice, name) for name in changes} | {"revision": notice.revision}
    say(notice, changes)
    session.add(NoticeRevision(notice_id=notice.id, **kept))
    notice.amended_at, notice.change, notice.author_id = at, data.change, viewer.member_id
    if data.acknowledge_again:
        notice.ack_revision = notice.revision
    if notice.requires_ack and "remind_at" not in changes and (data.acknowledge_again or "requires_ack" in changes):
        notice.remind_at = at + REMIND_AFTER
    await session.flush()
    if "activity" in changes:
        await arrange(session, notice)
    after = changes | {"revision": notice.revision, "change": data.change, "ack_revision": notice.ack_revision}
    audit_notice(session, viewer, "notice.amend", notice, before=noted(before), after=noted(after))
    await tell_channel(session, notice)
    await _enqueue(session, notice, Cause.ACTIVITY_CHANGED if "activity" in changes else Cause.NOTICE_AMENDED)
    return public(notice, branch)


def _check_to_come(changes: Mapping[str, Any], at: datetime) -> None:
    for name in ("expires_at", "remind_at"):
        due = changes.get(name)
        if due is not None and due <= at:
            raise Invalid.at(f"/{name}", "instant.past")


async def remind_of_notice(session: AsyncSession, viewer: Viewer, notice_id: UUID) -> NoticePublic:
    """Have those reminded who have not taken note of it. Of two who ask at once, one does.

    Raises Conflict `notice.not_published`, `notice.reminded_lately`.
    """
    notice, branch = await get_notice(session, viewer, notice_id)
    require(viewer, Permission.NOTICE_PUBLISH, branch.path)
    await lock_notice(session, notice)
    if notice.state is not NoticeState.PUBLISHED:
        raise Conflict("notice.not_published")
    if notice.reminded_at is not None and now(session) - notice.reminded_at < REMIND_PAUSE:
        raise Conflict("notice.reminded_lately")
    await remind(session, viewer, notice)
    await session.flush()
    return public(notice, branch)


async def remind(session: AsyncSession, viewer: Viewer, notice: Notice) -> None:
    notice.reminded_at, notice.remind_at = now(session), None
    await _enqueue(session, notice, Cause.NOTICE_REMINDED)
    audit_notice(session, viewer, "notice.remind", notice)


async def withdraw_notice(
    session: AsyncSession, viewer: Viewer, notice_id: UUID, data: NoticeWithdraw, revision: int
) -> NoticePublic:
    """Its channel no longer hears it; the branch's history keeps it. Raises Conflict `notice.not_published`, Stale."""
    notice, branch = await held(session, viewer, notice_id, revision)
    notice.state = NoticeState.WITHDRAWN
    notice.withdrawn_at = now(session)
    notice.withdrawn_reason = data.reason or None
    notice.revision += 1
    await session.flush()
    is_called_off = await call_off(session, notice)
    before, reason = NoticeState.PUBLISHED, notice.withdrawn_reason
    audit_state(session, viewer, "notice.withdraw", notice, before=before, reason=reason)
    await tell_channel(session, notice)
    await _enqueue(session, notice, Cause.ACTIVITY_CANCELLED if is_called_off else Cause.NOTICE_WITHDRAWN)
    return public(notice, branch)


async def _enqueue(session: AsyncSession, notice: Notice, cause: Cause) -> None:
    is_urgent = notice.priority is Priority.URGENT
    thing = (ThingKind.NOTICE, notice.id)
    await enqueue(session, cause, thing, notice.revision, (notice.branch_no, notice.who), urgent=is_urgent)
