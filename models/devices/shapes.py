"""What is said of devices and of how a member wishes to be told, coming in and going out."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from models.base import Flag, Request, Shape
from models.devices.table import Device, Preference, PushCategory
from models.notices.activity import HOME_ZONE, Zone
from models.templates.shapes import TimeOfDay

_ADDRESS_MOST = 2_000


class DeviceProvider(StrEnum):
    """Who carries pushes to it: Firebase, or the browser's own push service."""

    FCM = "fcm"
    WEB_PUSH = "web_push"


DeviceToken = Annotated[str, StringConstraints(min_length=1, max_length=_ADDRESS_MOST, pattern=r"^[0-9A-Za-z:_.~-]+$")]
DeviceLanguage = Annotated[str, StringConstraints(max_length=8, pattern=r"^[a-z]{2,3}(-[0-9A-Za-z]{2,4})?$")]


class SubscriptionKeys(Request):
    """Of RFC 8291, in base64url: a point of P-256, uncompressed, and 16 random bytes."""

    p256dh: Annotated[str, StringConstraints(max_length=100)]
    auth: Annotated[str, StringConstraints(max_length=30)]


class Subscription(Request):
    """What `PushManager.subscribe()` gives, without `expirationTime`."""

    endpoint: Annotated[str, StringConstraints(min_length=1, max_length=_ADDRESS_MOST)]
    keys: SubscriptionKeys


class DevicePut(Request):
    """`token` for `fcm`, `subscription` for `web_push`. `language` is what is written to it in."""

    provider: DeviceProvider
    token: DeviceToken | None = None
    subscription: Subscription | None = None
    language: DeviceLanguage = "vi"


class DevicePublic(Shape):
    """Without its address, which is a secret. `current` is the one of the session that asks."""

    id: UUID
    provider: str
    language: str
    created_at: datetime
    seen_at: datetime
    current: bool

    @classmethod
    def of(cls, device: Device, session_id: UUID | None) -> Self:
        return cls(
            id=device.id,
            provider=device.provider,
            language=device.language,
            created_at=device.created_at,
            seen_at=device.seen_at,
            current=device.session_id == session_id,
        )


class DeviceList(Shape):
    items: list[DevicePublic]


class PreferencesPut(Request):
    """Quiet hours go from `quiet_from` until `quiet_until` by the clock of `timezone`, over midnight too; both or
    neither. What is not said is as it is for those who never said anything.
    """

    quiet_from: TimeOfDay | None = None
    quiet_until: TimeOfDay | None = None
    timezone: Zone = HOME_ZONE
    muted: Annotated[list[PushCategory], Field(max_length=len(PushCategory))] = Field(default_factory=list)
    email: Flag = False
    language: DeviceLanguage = "vi"


class Preferences(Shape):
    """How a member wishes to be told. What is urgent is told in quiet hours too."""

    quiet_from: str | None
    quiet_until: str | None
    timezone: str
    muted: list[PushCategory]
    email: bool
    language: str

    @classmethod
    def of(cls, row: Preference) -> Self:
        return cls(
            quiet_from=None if row.quiet_from is None else f"{row.quiet_from:%H:%M}",
            quiet_until=None if row.quiet_until is None else f"{row.quiet_until:%H:%M}",
            timezone=row.timezone,
            muted=[PushCategory(name) for name in row.muted],
            email=row.email,
            language=row.language,
        )
