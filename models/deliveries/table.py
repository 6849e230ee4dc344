"""What is to go to one device, or to all that subscribed to a topic; and which those are."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlmodel import Field, SQLModel

from models.base import choice, new_id

DETAIL_MOST = 120
WAITS = text("state = 'waiting'")
UNCOUNTED = text("(finished_at IS NOT NULL AND NOT is_counted)")
_DEAD = text("state = 'dead'")
TO_TELL = text("state <> 'subscribed'")


class DeliveryState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    SKIPPED = "skipped"
    """It was not for them any more when its turn came."""
    GONE = "gone"
    """Nobody is there: the device was forgotten."""
    DEAD = "dead"
    """Refused, or tried in vain until it expired: an operator may look at it and have it sent again."""


class Delivery(SQLModel, table=True):
    """One message for one device, one mailbox (whose `device_id` is the member's) or one topic. Whoever
    holds a lease sends it; a lease that ran out is nobody's. An app chooses its device's id: it may be a member's.

    `branch_no` is where the member stands in the audience; `is_first` of one of each member's devices.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint("(device_id IS NULL) = (topic IS NOT NULL)", name="target"),
        CheckConstraint("(finished_at IS NULL) = (state = 'waiting')", name="finished_at"),
        Index("ix_delivery_due", "message_id", "provider", "due_at", postgresql_where=WAITS, sqlite_where=WAITS),
        Index("uq_delivery_device_id", "message_id", "device_id", "provider", unique=True),
        Index("ix_delivery_dead", "id", postgresql_where=_DEAD, sqlite_where=_DEAD),
        Index("ix_delivery_uncounted", "message_id", postgresql_where=UNCOUNTED, sqlite_where=UNCOUNTED),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    message_id: UUID = Field(sa_column_args=[ForeignKey("outbox_message.id")])
    device_id: UUID | None = None
    member_id: UUID | None = None
    topic: str | None = Field(default=None, max_length=80)
    branch_no: int
    is_first: bool
    provider: str = Field(max_length=24)
    due_at: datetime
    state: DeliveryState = Field(default=DeliveryState.WAITING, sa_type=choice(DeliveryState, "state"))
    attempts: int = Field(default=0, sa_type=SmallInteger)
    lease: UUID | None = None
    leased_until: datetime | None = None
    detail: str | None = Field(default=None, max_length=DETAIL_MOST)
    finished_at: datetime | None = None
    is_counted: bool = False


class ChannelTopic(SQLModel, table=True):
    """That the devices of a channel subscribe to a topic, whose name follows from this and a key. `seq` is the log's
    number up to which it follows who joins and leaves; `after` how far the present look through all of them came, and
    `checked_at` when the last came to its end.
    """

    __tablename__ = "channel_topic"

    branch_no: int = Field(
        primary_key=True, sa_column_args=[ForeignKey("branch.no")], sa_column_kwargs={"autoincrement": False}
    )
    who: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    epoch: int = 1
    seq: int = Field(sa_type=BigInteger)
    after: UUID | None = None
    checked_at: datetime | None = None


class SubscriptionState(StrEnum):
    WANTED = "wanted"
    SUBSCRIBED = "subscribed"
    UNWANTED = "unwanted"


class TopicSubscription(SQLModel, table=True):
    """What the provider knows, or is to be told: `subscribed` is what it was told last, at `subscribed_at`, the other
    states wait. Whoever tells it holds a lease until `due_at`; what changes the row meanwhile takes the lease away.
    """

    __tablename__ = "topic_subscription"
    __table_args__ = (
        Index("ix_topic_subscription_to_tell", "due_at", postgresql_where=TO_TELL, sqlite_where=TO_TELL),
        Index("ix_topic_subscription_member_id", "branch_no", "who", "member_id"),
    )

    device_id: UUID = Field(primary_key=True)
    branch_no: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    who: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    member_id: UUID
    state: SubscriptionState = Field(sa_type=choice(SubscriptionState, "state"))
    due_at: datetime
    attempts: int = Field(default=0, sa_type=SmallInteger)
    lease: UUID | None = None
    subscribed_at: datetime | None = None
