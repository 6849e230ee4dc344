"""Writing notices that nobody hears yet."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from models.branches import get_branch, hold_active
from models.database import now
from models.errors import Invalid, NotFound
from models.notices.life import hold, release, tell_published
from models.notices.reading import public
from models.notices.shapes import NoticeCreate, NoticePublic, NoticeUpdate
from models.notices.table import Notice, NoticeState
from models.notices.writing import audit_notice, changed, check_agreement, held, noted, rendered, said, say
from models.permissions import Permission, Viewer, require

_NOT_OF_THE_NOTICE = {"branch_id", "classification", "publish"}


async def create_notice(
    session: AsyncSession, viewer: Viewer, data: NoticeCreate, *, approval_above: int | None = None
) -> NoticePublic:
    """A draft, or with `publish` a notice that is published or scheduled.

    Raises Invalid `branch.unknown`, `activity.missing`, `activity.unexpected`, and what `release` raises.
    """
    try:
        branch = await get_branch(session, data.branch_id)
    except NotFound:
        raise Invalid.at("/branch_id", "branch.unknown") from None
    require(viewer, Permission.NOTICE_WRITE, branch.path)
    values = {name: getattr(data, name) for name in NoticeCreate.model_fields if name not in _NOT_OF_THE_NOTICE}
    check_agreement(data.category, data.activity)
    notice = Notice(branch_no=branch.no, author_id=viewer.member_id, created_at=now(session), **rendered(values))
    action = "notice.create"
    if data.publish:
        await hold(session, branch)
        action = await release(session, viewer, notice, branch, approval_above=approval_above)
    else:
        await hold_active(session, branch)
    session.add(notice)
    await session.flush()
    await tell_published(session, notice)
    after = noted({name: value for name, value in values.items() if value is not None}) | {"state": notice.state.value}
    audit_notice(session, viewer, action, notice, after=after)
    return public(notice, branch)


async def update_notice(
    session: AsyncSession, viewer: Viewer, notice_id: UUID, data: NoticeUpdate, revision: int
) -> NoticePublic:
    """Rewrite a draft. Raises Conflict `notice.not_draft`, Stale, Invalid."""
    notice, branch = await held(
        session, viewer, notice_id, revision, right=Permission.NOTICE_WRITE, state=NoticeState.DRAFT
    )
    changes = changed(notice, data, but={"classification"})
    if not changes:
        return public(notice, branch)
    before = noted({name: said(notice, name) for name in changes})
    say(notice, changes)
    await session.flush()
    audit_notice(session, viewer, "notice.update", notice, before=before, after=noted(changes))
    return public(notice, branch)
