"""Before a notice is published: how many people would hear it, and where."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.audiences import Audience, count_by_child
from models.branches import Branch, get_branch
from models.database import now
from models.errors import NotFound
from models.notices.reading import get_notice
from models.notices.shapes import AudiencePart, AudiencePreview, NoticeBranch
from models.permissions import Permission, Viewer, require


async def preview_audience(
    session: AsyncSession, viewer: Viewer, notice_id: UUID, branch_id: UUID | None = None
) -> AudiencePreview:
    """How many people the notice's channel holds now, by branch below the one that speaks or below another of its
    subtree: for those who write there. Raises NotFound, also for a branch that is not below.
    """
    notice, speaking = await get_notice(session, viewer, notice_id)
    require(viewer, Permission.NOTICE_WRITE, speaking.path)
    branch = speaking if branch_id is None else await get_branch(session, branch_id)
    if not branch.path.startswith(speaking.path):
        raise NotFound
    audience = Audience(speaking.place, notice.who, now(session))
    people = await count_by_child(session, audience, branch.place)
    here = people.pop(None, 0)
    children = await session.scalars(select(Branch).where(col(Branch.no).in_(people)).order_by(col(Branch.code)))
    return AudiencePreview(
        people=here + sum(people.values()),
        here=here,
        branches=[
            AudiencePart(branch=NoticeBranch.model_validate(child), people=people[child.no]) for child in children
        ],
    )
