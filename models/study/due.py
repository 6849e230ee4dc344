"""What time makes of what there is to study: those are reminded who have not studied what is due soon."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models.outbox import Cause, ThingKind, enqueue
from models.schedule import Duty, finding
from models.study.table import TO_REMIND, Study

REMIND_BEFORE = timedelta(days=3)


def reminding_at(due_at: str | None, published_at: datetime) -> datetime | None:
    """Some days before `due_at` (RFC 3339, as cards have it); None where publishing says it, or nothing is due."""
    if due_at is None:
        return None
    at = datetime.fromisoformat(due_at) - REMIND_BEFORE
    return at if at > published_at else None


async def _remind(session: AsyncSession, study: Study) -> None:
    study.remind_at = None
    thing = (ThingKind(study.kind.value), study.id)
    await enqueue(session, Cause.STUDY_DUE, thing, study.version, (study.branch_no, study.who))


REMIND_OF_STUDIES = Duty(
    "study.remind",
    finding(
        select(Study)
        .where(TO_REMIND, col(Study.remind_at) <= bindparam("at"))
        .order_by(col(Study.remind_at), col(Study.id))
        .limit(bindparam("most"))
        .with_for_update(key_share=True, skip_locked=True)
    ),
    _remind,
)
