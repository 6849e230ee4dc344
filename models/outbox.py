"""What is to be told to devices, written in the transaction of its cause; delivery picks it up."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel

from models.base import choice, new_id
from models.database import is_postgresql, now, table_of

_UNSENT = text("sent_at IS NULL")
_UNFINISHED = text("finished_at IS NULL")
_KEPT = text("(finished_at IS NOT NULL AND NOT is_cleaned)")


class Cause(StrEnum):
    NOTICE_PUBLISHED = "notice.published"
    NOTICE_AMENDED = "notice.amended"
    NOTICE_WITHDRAWN = "notice.withdrawn"
    NOTICE_REMINDED = "notice.reminded"
    ACTIVITY_CHANGED = "activity.changed"
    ACTIVITY_CANCELLED = "activity.cancelled"
    STUDY_PUBLISHED = "study.published"
    STUDY_DUE = "study.due"
    PROFILE_DECIDED = "profile.decided"
    TRANSFER_DECIDED = "transfer.decided"


class ThingKind(StrEnum):
    """What a message is about, as the API calls it."""

    NOTICE = "notice"
    MATERIAL = "material"
    COLLECTION = "collection"
    QUIZ = "quiz"
    PROFILE_CHANGE = "profile_change"
    TRANSFER = "transfer"


class OutboxMessage(SQLModel, table=True):
    """One cause, for all whom it concerns: who that is, is resolved when it is sent. (`branch_no`, `who`) is the
    channel that it speaks to, or its branch where it is for `member_id` alone.

    It is handed out to devices in the order of their members' ids: `after` is how far, `planned` to how many, `sent_at`
    when that was done. It is finished when the last device has got it or never will; what became of it is in
    `delivered`, `failed` and `skipped`, which stay when the rows of devices go.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index("ix_outbox_message_due", "urgent", "id", postgresql_where=_UNSENT, sqlite_where=_UNSENT),
        # what is asked twice before it is handed out is told once
        Index(
            "uq_outbox_message_unsent",
            "cause",
            "thing_id",
            "revision",
            unique=True,
            postgresql_where=_UNSENT,
            sqlite_where=_UNSENT,
        ),
        Index("ix_outbox_message_unfinished", "id", postgresql_where=_UNFINISHED, sqlite_where=_UNFINISHED),
        Index("ix_outbox_message_kept", "finished_at", postgresql_where=_KEPT, sqlite_where=_KEPT),
        Index("ix_outbox_message_thing_id", "thing_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    cause: Cause = Field(sa_type=choice(Cause, "cause"))
    kind: ThingKind = Field(sa_type=choice(ThingKind, "kind"))
    thing_id: UUID
    revision: int
    branch_no: int = Field(sa_column_args=[ForeignKey("branch.no")])
    who: int = Field(sa_type=SmallInteger)
    member_id: UUID | None = Field(default=None, sa_column_args=[ForeignKey("member.id")])
    urgent: bool
    created_at: datetime
    begun_at: datetime | None = None
    after: UUID | None = None
    planned: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    sent_at: datetime | None = None
    finished_at: datetime | None = None
    delivered: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    failed: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    skipped: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    by_topic: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    is_cleaned: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})


async def enqueue(
    session: AsyncSession,
    cause: Cause,
    thing: tuple[ThingKind, UUID],
    revision: int,
    channel: tuple[int, int],
    *,
    urgent: bool = False,
    member_id: UUID | None = None,
) -> None:
    """Queue one message about a thing for its channel or, with `member_id`, for one member; in this transaction.

    Nothing where the same is queued already and was not handed out yet.
    """
    kind, thing_id = thing
    branch_no, who = channel
    row = {
        "id": new_id(),
        "cause": cause,
        "kind": kind,
        "thing_id": thing_id,
        "revision": revision,
        "branch_no": branch_no,
        "who": who,
        "member_id": member_id,
        "urgent": urgent,
        "created_at": now(session),
    }
    insert = (postgresql if is_postgresql(session) else sqlite).insert(table_of(OutboxMessage))
    await session.execute(insert.values(row).on_conflict_do_nothing())
