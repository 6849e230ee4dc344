"""What every way to a device can do, and what is carried on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class Provider(StrEnum):
    """Who carries it. Without configuration what is meant for any of them goes to the console."""

    FCM = "fcm"
    WEB_PUSH = "web_push"
    EMAIL = "email"


class Alert(StrEnum):
    """What a device shows, by the key of its text in the app: no personal data and no text of a notice is sent."""

    NOTICE_PUBLISHED = "notice_published"
    NOTICE_URGENT = "notice_urgent"
    NOTICE_AMENDED = "notice_amended"
    NOTICE_WITHDRAWN = "notice_withdrawn"
    NOTICE_REMINDED = "notice_reminded"
    ACTIVITY_PUBLISHED = "activity_published"
    ACTIVITY_CHANGED = "activity_changed"
    REQUEST_DECIDED = "request_decided"
    STUDY_PUBLISHED = "study_published"
    STUDY_DUE = "study_due"


@dataclass(frozen=True, slots=True)
class Push:
    """`title` is there only where the branch's policy allows it. What has the same `collapse_id` takes the place of
    what a device has not shown yet, so that what is sent twice is seen once.
    """

    alert: Alert
    kind: str
    """What `id` names: notice, material, collection …"""
    id: UUID
    channel: str
    revision: int
    collapse_id: str
    urgent: bool
    ttl: timedelta
    title: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to. `address` is FCM's token, a Web Push subscription's URL or an e-mail address: a secret. `p256dh` and
    `auth` are a subscription's keys (RFC 8291), in base64url. None of them is shown by `repr`, and so by no log.
    """

    provider: Provider
    address: str = field(repr=False)
    p256dh: str = field(default="", repr=False)
    auth: str = field(default="", repr=False)
    language: str = "vi"


class Outcome(StrEnum):
    SENT = "sent"
    GONE = "gone"
    """Nobody is there any more: the device is to be forgotten."""
    RETRY = "retry"
    """Not now: after `retry_after`, or when the sender thinks fit."""
    REFUSED = "refused"
    """Never, as it is: for an operator to look at."""


@dataclass(frozen=True, slots=True)
class Sent:
    """`detail` says why, for operators: a status and the provider's own word, never an address or a payload."""

    outcome: Outcome
    retry_after: float | None = None
    detail: str = ""


class PushChannel(Protocol):
    """One provider. Nothing is raised for what a provider may answer, hangs and broken connections included."""

    @property
    def concurrency(self) -> int:
        """How many may be under way at once."""

    async def send(self, to: Endpoint, push: Push) -> Sent: ...

    async def close(self) -> None: ...


class TopicChannel(Protocol):
    """A provider that can send once for all who subscribed (FCM's topics)."""

    async def send_to_topic(self, topic: str, push: Push) -> Sent: ...

    async def subscribe(self, topic: str, addresses: Sequence[str]) -> Sequence[Sent]:
        """One answer an address, in their order; at most 1,000 at once."""

    async def unsubscribe(self, topic: str, addresses: Sequence[str]) -> Sequence[Sent]: ...
