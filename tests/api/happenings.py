"""What phones tell, and what they are told of it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from api.parts import Parts
from models import changes
from models.base import new_id
from models.branches import Branch
from models.database import Database
from models.events.table import Event
from models.memberships import EndReason, Membership, MembershipKind, end_membership, open_membership
from models.notices.life import amend_notice
from models.notices.shapes import NoticeAmend, NoticePublic
from models.notices.table import Receipt
from models.outbox import OutboxMessage
from models.own_state import MemberState
from models.permissions import OPERATOR
from tests.organisation import Person

EVENTS = "/v1/me/events"
STATE = "/v1/me/state"


def written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def event(notice: NoticePublic, at: datetime, kind: str = "read", **said: Any) -> dict[str, Any]:
    made = {"id": str(new_id()), "kind": kind, "at": written(at), "notice_id": str(notice.id), "revision": 1}
    return {**made, **said}


async def send(phone: httpx.AsyncClient, *events: Any, sent_at: datetime | None = None) -> list[dict[str, Any]]:
    """The results, one an event."""
    body = {"events": list(events)} | ({"sent_at": written(sent_at)} if sent_at else {})
    answer = await phone.post(EVENTS, json=body)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    named = [(one["id"], result["id"]) for one, result in zip(events, results, strict=True) if result["id"]]
    assert all(UUID(sent) == UUID(answered) for sent, answered in named)
    return results


def outcomes(results: list[dict[str, Any]]) -> list[str]:
    """`applied`, `duplicate`, or why not."""
    return [
        one["problem"]["type"].removeprefix("/problems/") if one["result"] == "refused" else one["result"]
        for one in results
    ]


async def told(phone: httpx.AsyncClient, *events: Any, sent_at: datetime | None = None) -> list[str]:
    return outcomes(await send(phone, *events, sent_at=sent_at))


async def state(phone: httpx.AsyncClient, since: int | None = None) -> dict[str, Any]:
    answer = await phone.get(STATE, params={} if since is None else {"since": since})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def rows(database: Database) -> dict[str, int]:
    """How much is there of what events write."""
    tables: tuple[type[SQLModel], ...] = (Event, Receipt, MemberState)
    async with database.reading() as session:
        return {
            str(table.__tablename__): await session.scalar(select(func.count()).select_from(table)) or 0
            for table in tables
        }


async def amend(database: Database, notice: NoticePublic) -> None:
    """A second revision of it."""
    async with database.writing() as session:
        data = NoticeAmend(change="Đổi giờ.", body="Mời họp lúc 20 giờ.")
        await amend_notice(session, OPERATOR, notice.id, data, notice.revision)
        await changes.commit(session)


async def transfer(database: Database, person: Person, branch: Branch) -> None:
    async with database.writing() as session:
        await end_membership(session, await _primary(session, person), EndReason.TRANSFERRED)
        await open_membership(session, OPERATOR, person.id, branch, MembershipKind.PRIMARY)
        await changes.commit(session)


async def _primary(session: AsyncSession, person: Person) -> Membership:
    found = await session.scalars(
        select(Membership).where(col(Membership.member_id) == person.id, col(Membership.ended_at).is_(None))
    )
    return found.one()


def days(count: float) -> timedelta:
    return timedelta(days=count)


async def outbox(parts: Parts) -> list[tuple[str, int]]:
    """Cause and revision of all that devices are to be told, in order."""
    async with parts.database.reading() as session:
        rows = await session.scalars(select(OutboxMessage).order_by(col(OutboxMessage.id)))
        return [(row.cause.value, row.revision) for row in rows]
