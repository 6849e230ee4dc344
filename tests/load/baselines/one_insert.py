"""A FastAPI route that makes one committed INSERT."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import FastAPI
from sqlmodel import SQLModel

from tests.load.baselines.session import Session
from tests.load.baselines.tables import Receipt

app = FastAPI()


class Read(SQLModel):
    notice_id: UUID
    member_id: UUID


@app.post("/receipts", status_code=201)
async def read(body: Read, session: Session) -> Receipt:
    receipt = Receipt(notice_id=body.notice_id, member_id=body.member_id, read_at=datetime.now(UTC))
    session.add(receipt)
    await session.commit()
    return receipt
