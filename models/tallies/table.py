"""Counters of a notice's audience, one row a branch, kept by the worker."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger
from sqlmodel import Field, SQLModel

from models.base import byte_ordered

RECEIPTS = 0
"""The `occurrence` under which receipts are counted; those of an activity begin at 1."""


def _added() -> Any:
    return Field(default=0, sa_column_kwargs={"server_default": "0"})


class TallyHead(SQLModel, table=True):
    """That a notice's audience, or an occurrence's, is counted: as of `at`. Whoever changes its tallies holds this row.

    Receipts of `ack_revision` and later are in them. `counted_at` is when they last changed.
    """

    __tablename__ = "tally_head"

    notice_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("notice.id")])
    occurrence: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    at: datetime
    ack_revision: int
    counted_at: datetime


class Tally(SQLModel, table=True):
    """One branch with all below it, in the tree as it was when it was counted: branches that move later take nothing
    along. `also_` counts those who were not in the audience at that instant. `opened` of those who read it is by an app
    that is told of news.

    Without foreign keys: a quarter of a million rows are written at once, and branches are never deleted.
    """

    __tablename__ = "tally"
    __table_args__ = (
        Index("ix_tally_parent_no", "notice_id", "occurrence", "parent_no"),
        Index("ix_tally_path", "notice_id", "occurrence", "path"),
    )

    notice_id: UUID = Field(primary_key=True)
    occurrence: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    branch_no: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    parent_no: int | None = None
    path: str = Field(sa_type=byte_ordered(200))
    eligible: int = 0
    read: int = 0
    acknowledged: int = 0
    yes: int = 0
    no: int = 0
    maybe: int = 0
    present: int = 0
    excused: int = 0
    absent: int = 0
    also_read: int = 0
    also_acknowledged: int = 0
    also_yes: int = 0
    also_no: int = 0
    also_maybe: int = 0
    also_present: int = 0
    also_excused: int = 0
    also_absent: int = 0
    opened: int = _added()
    also_opened: int = _added()
    equipped: int = _added()
    delivered: int = _added()
    failed: int = _added()


COUNTED = ("read", "acknowledged", "yes", "no", "maybe", "present", "excused", "absent", "opened")
DELIVERED = ("equipped", "delivered", "failed")
"""Of the message that said it was published: people with a device, devices that got it and that did not."""
EVERY = ("eligible", *COUNTED, *(f"also_{name}" for name in COUNTED), *DELIVERED)
