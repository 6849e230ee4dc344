"""A FastAPI route that checks a JWT and asks the database for a page of twenty."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy.orm import joinedload
from sqlmodel import SQLModel, col, select

from tests.load.baselines.session import Session
from tests.load.baselines.sign_in import CurrentMember
from tests.load.baselines.tables import Notice

app = FastAPI()


class BranchPublic(SQLModel):
    id: UUID
    code: str
    name: str


class NoticePublic(SQLModel):
    id: UUID
    branch: BranchPublic
    title: str
    summary: str
    category: str
    priority: str
    requires_ack: bool
    state: str
    revision: int
    published_at: datetime
    activity: dict[str, Any] | None = None


class Feed(SQLModel):
    items: list[NoticePublic]
    next_cursor: str | None = None


@app.get("/v1/notices", response_model=Feed)
async def feed(member: CurrentMember, session: Session) -> dict[str, list[Notice]]:
    statement = (
        select(Notice)
        .where(col(Notice.branch_id).in_([UUID(branch) for branch in member["branches"]]))
        .options(joinedload(Notice.branch))  # type: ignore[arg-type]  # SQLModel types a relationship as its row
        .order_by(col(Notice.published_at).desc(), col(Notice.id).desc())
        .limit(20)
    )
    return {"items": list(await session.exec(statement))}
