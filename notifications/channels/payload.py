"""What travels in a push: which thing, on which channel, in which revision, and its link; never whose, nor its text."""

import base64
import hashlib
import re
from datetime import timedelta
from uuid import UUID

from notifications.channels.protocol import Push

_TTL_MOST = 28 * 86_400
"""Four weeks: what FCM, and so Chrome's Web Push, keeps for a device at most; more is an invalid argument."""
_TOPIC = re.compile(r"[A-Za-z0-9_-]+")


def data_of(push: Push, public_url: str) -> dict[str, str]:
    """`{kind, id, channel, revision, link}`, as texts: FCM carries nothing else."""
    return {
        "kind": push.kind,
        "id": str(push.id),
        "channel": push.channel,
        "revision": str(push.revision),
        "link": link_of(push.id, public_url),
    }


def link_of(thing_id: UUID, public_url: str) -> str:
    """What a tap opens: the app where the device knows it by its well-known files, else a page."""
    return f"{public_url.rstrip('/')}/n/{thing_id}"


def seconds_to_live(ttl: timedelta) -> int:
    return min(max(int(ttl.total_seconds()), 0), _TTL_MOST)


def collapse_key(collapse_id: str, most: int) -> str:
    """The collapse id as providers take it, the same for the same id: base64url letters, `most` of them."""
    if len(collapse_id) <= most and _TOPIC.fullmatch(collapse_id):
        return collapse_id
    return base64.urlsafe_b64encode(hashlib.sha256(collapse_id.encode()).digest()).decode()[: min(most, 43)]
