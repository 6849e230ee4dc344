"""Web Push (RFC 8030): to one browser's subscription, encrypted so that no push service can read it."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec

from content.push_endpoints import PUSH_HOSTS, check_endpoint, origin_of
from notifications.channels.connecting import IpNetwork
from notifications.channels.payload import collapse_key, data_of, seconds_to_live
from notifications.channels.protocol import Endpoint, Outcome, Push, Sent
from notifications.channels.vapid import Vapid
from notifications.channels.webpush_crypto import encrypt, padded
from notifications.channels.wire import Answer, Headers, Unanswered, Wire


@dataclass(frozen=True, slots=True)
class WebPushConfig:
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    subject: str
    """`mailto:` or `https:`: where push services reach the operator."""
    public_url: str
    hosts: Sequence[str] = PUSH_HOSTS
    allowed_networks: Sequence[IpNetwork] = ()
    """Networks that may be connected to though they are not public: for a push service in one's own house."""
    seconds: float = 10.0
    concurrency: int = 100
    authorities: str | None = field(default=None, repr=False)
    """Certificates to trust in place of the well-known ones, in PEM."""


class WebPush:
    """A PushChannel."""

    def __init__(self, config: WebPushConfig, clock: Callable[[], float] = time.time) -> None:
        self.concurrency = config.concurrency
        self._public_url = config.public_url
        self._hosts = tuple(config.hosts)
        self._vapid = Vapid(config.key, config.subject, clock)
        self._wire = Wire(
            seconds=config.seconds, authorities=config.authorities, allowed_networks=tuple(config.allowed_networks)
        )

    async def send(self, to: Endpoint, push: Push) -> Sent:
        try:
            where = check_endpoint(to.address, self._hosts)
            plaintext, headers = _said(push, self._public_url)
            body = encrypt(plaintext, to.p256dh, to.auth, padding=padded(plaintext))
        except ValueError as error:  # EndpointRefused, KeysRefused, or too long for one record
            return Sent(Outcome.REFUSED, detail=str(error))
        try:
            answer = await self._wire.post(
                where, [(b"authorization", self._vapid.authorization(origin_of(where))), *headers], body
            )
        except Unanswered as unanswered:
            return unanswered.sent
        return _outcome(answer)

    async def close(self) -> None:
        await self._wire.close()


@lru_cache(maxsize=256)
def _said(push: Push, public_url: str) -> tuple[bytes, Headers]:
    """What is the same for everyone: the plaintext for the app's service worker, and the headers."""
    data = {"alert": push.alert, **data_of(push, public_url)}
    if push.title is not None:
        data["title"] = push.title
    headers = [
        (b"ttl", str(seconds_to_live(push.ttl)).encode()),
        (b"urgency", b"high" if push.urgent else b"normal"),
        (b"topic", collapse_key(push.collapse_id, 32).encode()),
        (b"content-encoding", b"aes128gcm"),
        (b"content-type", b"application/octet-stream"),
    ]
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(), headers


def _outcome(answer: Answer) -> Sent:
    """Statuses as RFC 8030 and the services use them; redirects are not followed, a registration names one place."""
    status = answer.status
    if status in {200, 201, 202, 204}:
        return Sent(Outcome.SENT)
    if status in {404, 410}:
        return Sent(Outcome.GONE, detail=str(status))
    if status in {406, 408, 425, 429} or status >= 500:  # 406: Windows' word for throttled
        return Sent(Outcome.RETRY, answer.retry_after, str(status))
    return Sent(Outcome.REFUSED, detail=str(status))
