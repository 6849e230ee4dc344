"""A FastAPI route that makes one committed UPDATE."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import FastAPI, HTTPException
from sqlmodel import SQLModel, col, update

from tests.load.baselines.session import Session
from tests.load.baselines.tables import Device

app = FastAPI()


class Refresh(SQLModel):
    device_id: UUID


class Refreshed(SQLModel):
    used_at: datetime


@app.post("/refresh")
async def refresh(body: Refresh, session: Session) -> Refreshed:
    now = datetime.now(UTC)
    statement = (
        update(Device)
        .where(col(Device.id) == body.device_id)
        .values(generation=col(Device.generation) + 1, used_at=now)
    )
    result = await session.exec(statement)
    if result.rowcount == 0:
        raise HTTPException(404)
    await session.commit()
    return Refreshed(used_at=now)
