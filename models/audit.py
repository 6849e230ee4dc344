"""The audit: one event for every privileged write and every look at what is sensitive, in the transaction it speaks
of.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel

from models.base import Shape, new_id
from models.database import now
from models.permissions import Viewer

MASKED = frozenset({"national_id", "phone", "address", "birth_date", "email"})
"""Rule 5: auditors see that these changed, not what they were."""


class AuditEvent(SQLModel, table=True):
    """No code changes or deletes a row; ids and names are kept as they were, so there are no foreign keys to follow."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_target", "target_kind", "target_id", "id"),
        Index("ix_audit_event_branch_no", "branch_no", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    at: datetime
    actor_id: UUID | None = Field(default=None)
    action: str = Field(max_length=40)
    target_kind: str = Field(max_length=24)
    target_id: UUID
    branch_no: int | None = Field(default=None, sa_column_args=[ForeignKey("branch.no")])
    before: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    after: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    request_id: str | None = Field(default=None, max_length=64)


class AuditSubject(SQLModel, table=True):
    """Who was among those that an event of many people showed, so that each of them can read who looked."""

    __tablename__ = "audit_subject"

    member_id: UUID = Field(primary_key=True)
    event_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("audit_event.id")])


class AuditEventPublic(Shape):
    id: UUID
    at: datetime
    actor_id: UUID | None
    action: str
    target_kind: str
    target_id: UUID
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None


def audit(
    session: AsyncSession,
    viewer: Viewer,
    action: str,
    target_kind: str,
    target_id: UUID,
    *,
    branch_no: int | None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> AuditEvent:
    """Write one event. `before` and `after` carry only what changed, as JSON values."""
    event = AuditEvent(
        at=now(session),
        actor_id=viewer.member_id,
        action=action,
        target_kind=target_kind,
        target_id=target_id,
        branch_no=branch_no,
        before=_masked(before),
        after=_masked(after),
        request_id=session.info.get("request_id"),
    )
    session.add(event)
    return event


async def name_subjects(session: AsyncSession, event: AuditEvent, member_ids: Iterable[UUID]) -> None:
    """Say whom an event showed."""
    rows = [{"member_id": member_id, "event_id": event.id} for member_id in member_ids]
    if rows:
        await session.flush()
        await session.execute(insert(AuditSubject), rows)


def _masked(values: Mapping[str, object] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: _plain("•••" if name in MASKED and value is not None else value) for name, value in values.items()}


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | str | list | dict) else str(value)
