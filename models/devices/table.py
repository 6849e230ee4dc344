"""Where members can be told of news, and how they wish to be."""

from datetime import datetime, time
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, text
from sqlmodel import Field, SQLModel

from models.base import new_id
from models.keyring import Keyring

ADDRESS_DIGEST = "device.address"
_SEALING = "device.destination"
_OPEN = text("ended_at IS NULL")
_WANTED = text("email")


class PushCategory(StrEnum):
    """What a member can mute."""

    NOTICE = "notice"
    ACTIVITY = "activity"
    REMINDER = "reminder"
    STUDY = "study"
    REQUEST = "request"


class Destination(NamedTuple):
    """Where a device is told: FCM's token, or a subscription's URL and its keys."""

    address: str
    p256dh: str = ""
    auth: str = ""


class Device(SQLModel, table=True):
    """One that is told of news as long as its session lasts. `destination` is sealed; by `address_digest`, of its
    address, it belongs to one account at a time. `seen_at` is when it was registered last.
    """

    __tablename__ = "device"
    __table_args__ = (
        Index("ix_device_member_id", "member_id", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_device_session_id", "session_id"),
        Index("ix_device_seen_at", "seen_at", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("uq_device_address_digest", "address_digest", unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    member_id: UUID = Field(sa_column_args=[ForeignKey("member.id")])
    session_id: UUID = Field(sa_column_args=[ForeignKey("session.id")])
    provider: str = Field(max_length=24)
    destination: str = Field(max_length=4000)
    address_digest: str = Field(max_length=64)
    language: str = Field(default="vi", max_length=8)
    created_at: datetime
    seen_at: datetime
    ended_at: datetime | None = None
    end_reason: str | None = Field(default=None, max_length=24)


class Preference(SQLModel, table=True):
    """One a member who said so. Between `quiet_from` and `quiet_until`, by the clock of `timezone`, only what is urgent
    is told. `email` asks for letters where there is no device, in `language`.
    """

    __tablename__ = "preference"
    __table_args__ = (Index("ix_preference_email", "member_id", postgresql_where=_WANTED, sqlite_where=_WANTED),)

    member_id: UUID = Field(primary_key=True, sa_column_args=[ForeignKey("member.id")])
    quiet_from: time | None = None
    quiet_until: time | None = None
    timezone: str = Field(default="Asia/Ho_Chi_Minh", max_length=64)
    muted: list[str] = Field(default_factory=list, sa_type=JSON)
    email: bool = False
    language: str = Field(default="vi", max_length=8, sa_column_kwargs={"server_default": "vi"})


def sealed(ring: Keyring, device_id: UUID, destination: Destination) -> str:
    return ring.seal(_SEALING, "\n".join(destination), bound_to=device_id.hex)  # none of them may have a line's end


def unsealed(ring: Keyring, device_id: UUID, text: str) -> Destination:
    """Raises KeyringError."""
    return Destination(*ring.open(_SEALING, text, bound_to=device_id.hex).split("\n"))
