"""What a member has yet to study by some day."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.base import Shape
from models.database import table_of
from models.permissions import Viewer
from models.progress.table import Progress
from models.quizzes.table import Attempt
from models.study.reading import heard
from models.study.table import Study, StudyItem, StudyKind, StudyState, StudyVersion

NEXT_MOST = 5


class NextStudy(Shape):
    """A collection that is to be studied by `due_at`: how much of it is required, and how much of that I have done."""

    collection_id: UUID
    title: str
    due_at: datetime
    required: int
    done: int


def is_done(member_id: Any, item_id: Any) -> ColumnElement[bool]:
    """Has the member completed this material, or passed this quiz, in whichever version?"""
    completed = exists().where(
        col(Progress.material_id) == item_id,
        col(Progress.member_id) == member_id,
        col(Progress.completed_at).is_not(None),
    )
    passed = exists().where(
        col(Attempt.quiz_id) == item_id, col(Attempt.member_id) == member_id, col(Attempt.is_passed).is_(True)
    )
    return or_(completed, passed)


async def next_studies(session: AsyncSession, viewer: Viewer) -> list[NextStudy]:
    """The first five by the day, in one statement: what is late comes first, and leaves when it is done or withdrawn.

    What a collection requires is what of it is published now.
    """
    item = table_of(Study).alias("item")
    due_at = col(StudyVersion.card)["due_at"].as_string()

    def count(*where: ColumnElement[bool]) -> ScalarSelect[int]:
        required = and_(
            col(StudyItem.collection_id) == col(StudyVersion.study_id),
            col(StudyItem.version) == col(StudyVersion.version),
            col(StudyItem.is_required),
        )
        is_there = and_(item.c.id == col(StudyItem.item_id), item.c.state == StudyState.PUBLISHED)
        counted = select(func.count()).select_from(StudyItem).join(item, is_there).where(required, *where)
        return counted.correlate(StudyVersion).scalar_subquery()

    required, done = count(), count(is_done(viewer.the_member, col(StudyItem.item_id)))
    is_shown = and_(col(StudyVersion.study_id) == col(Study.id), col(StudyVersion.version) == col(Study.version))
    open_ = (
        select(
            col(Study.id).label("collection_id"),
            col(StudyVersion.title),
            due_at.label("due_at"),
            required.label("required"),
            done.label("done"),
        )
        .join(StudyVersion, is_shown)
        .where(heard(viewer), col(Study.kind) == StudyKind.COLLECTION, due_at.is_not(None))
        .subquery()
    )
    found = await session.execute(
        select(open_)
        .where(open_.c.done < open_.c.required)
        .order_by(open_.c.due_at, open_.c.collection_id)
        .limit(NEXT_MOST)
    )
    return [NextStudy.model_validate(row) for row in found]
