"""What arrived at the simulator."""

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["device", "topic", "browser", "subscribe", "unsubscribe"]


@dataclass(frozen=True, slots=True)
class Received:
    """One request. `message` is FCM's message, the batch's body, or what a browser's push says once decrypted;
    `status` is what was answered, 0 where nothing was.
    """

    kind: Kind
    address: str = field(repr=False)
    status: int
    message: dict[str, Any] = field(repr=False)
    headers: dict[str, str] = field(repr=False)

    @property
    def is_accepted(self) -> bool:
        return 200 <= self.status < 300

    @property
    def data(self) -> dict[str, Any]:
        """What the app gets: kind, id, channel, revision, link."""
        data: dict[str, Any] = self.message if self.kind == "browser" else self.message["data"]
        return data

    @property
    def collapse_id(self) -> str:
        if self.kind == "browser":
            return self.headers["topic"]
        key: str = self.message["android"]["collapse_key"]
        return key
