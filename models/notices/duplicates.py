"""Beginning a notice from one that was written before."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from models.attachments.rules import copy_files
from models.branches import hold_active
from models.database import now
from models.notices.reading import get_notice, public
from models.notices.shapes import NoticePublic
from models.notices.table import Notice
from models.notices.writing import audit_notice
from models.permissions import Permission, Viewer, require

_SAME = (
    *("branch_no", "who", "title", "body", "body_html", "summary", "category", "priority", "requires_ack"),
    "activity",
)
"""What a duplicate says too. When it is published, expires or reminds is its own."""


async def duplicate_notice(session: AsyncSession, viewer: Viewer, notice_id: UUID) -> NoticePublic:
    """A new draft of the same branch that says the same, with the same files. An activity keeps its times, which are to
    be changed before it is published. Raises Conflict `branch.not_active`.
    """
    earlier, branch = await get_notice(session, viewer, notice_id)
    require(viewer, Permission.NOTICE_WRITE, branch.path)
    await hold_active(session, branch)
    said = {name: getattr(earlier, name) for name in _SAME}
    notice = Notice(author_id=viewer.member_id, created_at=now(session), **said)
    session.add(notice)
    await session.flush()
    await copy_files(session, earlier, notice)
    after = {"title": notice.title, "duplicate_of": str(earlier.id)}
    audit_notice(session, viewer, "notice.create", notice, after=after)
    return public(notice, branch)
