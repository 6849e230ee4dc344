"""Firebase Cloud Messaging, HTTP v1: to one device, and to all who subscribed to a topic.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
https://developers.google.com/instance-id/reference/server (`batchAdd`, `batchRemove`)
"""

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from content.push_endpoints import Url
from notifications.channels.google import AccessTokens, ServiceAccount
from notifications.channels.payload import collapse_key, data_of, seconds_to_live
from notifications.channels.protocol import Endpoint, Outcome, Push, Sent
from notifications.channels.wire import Answer, Headers, Unanswered, Wire, parse_url

ADDRESSES_MOST = 1_000
"""Addresses in one batch of the Instance ID API."""
_TOPIC = re.compile(r"[A-Za-z0-9_.~%-]{1,900}")
_WORD = re.compile(r"[A-Z][A-Z_]{2,60}")
_JSON = (b"content-type", b"application/json; charset=UTF-8")
_OURS = frozenset({401, 403, 404, 408, 429})
"""About our own credentials (those for Apple too), project or pace, whoever it was for: nothing is lost while an
operator mends them.
"""
_BY_TOKEN = (b"access_token_auth", b"true")


@dataclass(frozen=True, slots=True)
class FcmConfig:
    account: ServiceAccount
    public_url: str
    """Where links lead: the scheme and host of this handbook."""
    project: str = ""
    """The account's own where empty."""
    url: str = "https://fcm.googleapis.com"
    topics_url: str = "https://iid.googleapis.com"
    seconds: float = 10.0
    """From asking to the whole answer, connecting included."""
    concurrency: int = 100
    """HTTP/2 streams of one connection."""
    authorities: str | None = field(default=None, repr=False)
    """Certificates to trust in place of the well-known ones, in PEM."""


class Fcm:
    """A PushChannel and a TopicChannel."""

    def __init__(self, config: FcmConfig, clock: Callable[[], float] = time.time) -> None:
        self.concurrency = config.concurrency
        self._clock = clock
        self._wire = Wire(seconds=config.seconds, authorities=config.authorities)
        self._tokens = AccessTokens(config.account, self._wire, clock)
        self._public_url = config.public_url
        project = config.project or config.account.project_id
        self._send = parse_url(f"{config.url}/v1/projects/{project}/messages:send")
        self._add = parse_url(f"{config.topics_url}/iid/v1:batchAdd")
        self._remove = parse_url(f"{config.topics_url}/iid/v1:batchRemove")

    async def send(self, to: Endpoint, push: Push) -> Sent:
        return await self._message("token", to.address, push)

    async def send_to_topic(self, topic: str, push: Push) -> Sent:
        return await self._message("topic", _checked(topic), push)

    async def subscribe(self, topic: str, addresses: Sequence[str]) -> Sequence[Sent]:
        return await self._batch(self._add, topic, addresses)

    async def unsubscribe(self, topic: str, addresses: Sequence[str]) -> Sequence[Sent]:
        return await self._batch(self._remove, topic, addresses)

    async def close(self) -> None:
        await self._tokens.close()
        await self._wire.close()

    async def _message(self, target: str, name: str, push: Push) -> Sent:
        said = _said(push, self._public_url, int(self._clock() // 60))
        body = f'{{"message":{{"{target}":{json.dumps(name)},{said}}}}}'.encode()
        try:
            answer = await self._ask(self._send, body)
        except Unanswered as unanswered:
            return unanswered.sent
        return _outcome(answer)

    async def _batch(self, url: Url, topic: str, addresses: Sequence[str]) -> Sequence[Sent]:
        if len(addresses) > ADDRESSES_MOST:
            raise ValueError(f"{ADDRESSES_MOST} addresses are the most at once")
        if not addresses:
            return []
        body = json.dumps({"to": f"/topics/{_checked(topic)}", "registration_tokens": list(addresses)}).encode()
        try:
            answer = await self._ask(url, body, _BY_TOKEN)
        except Unanswered as unanswered:
            return [unanswered.sent] * len(addresses)
        return _results(answer, len(addresses))

    async def _ask(self, url: Url, body: bytes, *headers: tuple[bytes, bytes]) -> Answer:
        """With a token, and once more with a new one where it is refused. Raises Unanswered."""
        token = await self._tokens.current()
        answer = await self._wire.post(url, _headers(token, headers), body)
        if answer.status != 401 or _error(answer)[1] == "THIRD_PARTY_AUTH_ERROR":
            return answer
        token = await self._tokens.instead_of(token)
        return await self._wire.post(url, _headers(token, headers), body)


def _headers(token: str, more: tuple[tuple[bytes, bytes], ...]) -> Headers:
    return [(b"authorization", b"Bearer " + token.encode()), _JSON, *more]


def _checked(topic: str) -> str:
    if not _TOPIC.fullmatch(topic):
        raise ValueError("a topic's name has letters, digits and -_.~% only")
    return topic


@lru_cache(maxsize=256)
def _said(push: Push, public_url: str, minute: int) -> str:
    """The members of a message that are the same for everyone, as JSON without its braces: written once for all."""
    message = json.dumps(_message(push, public_url, minute * 60), ensure_ascii=False, separators=(",", ":"))
    return message[1:-1]


def _message(push: Push, public_url: str, now: int) -> dict[str, Any]:
    """An alert by the keys of its texts in the app. Browsers localise nothing by themselves: their service worker gets
    the key among the data and shows the alert.
    """
    data = data_of(push, public_url)
    ttl = seconds_to_live(push.ttl)
    title, body = f"{push.alert}_title", f"{push.alert}_body"
    return {
        "data": data,
        "android": {
            "collapse_key": collapse_key(push.collapse_id, 64),
            "priority": "HIGH" if push.urgent else "NORMAL",
            "ttl": f"{ttl}s",
            "notification": {
                "title_loc_key": title,
                **({"body_loc_key": body} if push.title is None else {"body": push.title}),
                "tag": collapse_key(push.collapse_id, 64),
                "notification_priority": "PRIORITY_HIGH" if push.urgent else "PRIORITY_DEFAULT",
                "visibility": "PRIVATE",
            },
        },
        "apns": {
            "headers": {
                "apns-push-type": "alert",
                "apns-collapse-id": collapse_key(push.collapse_id, 64),
                "apns-priority": "10" if push.urgent else "5",
                "apns-expiration": str(now + ttl if ttl else 0),
            },
            "payload": {
                "aps": {
                    "alert": {
                        "title-loc-key": title,
                        **({"loc-key": body} if push.title is None else {"body": push.title}),
                    },
                    "sound": "default",
                }
            },
        },
        "webpush": {
            "headers": {
                "TTL": str(ttl),
                "Urgency": "high" if push.urgent else "normal",
                "Topic": collapse_key(push.collapse_id, 32),
            },
            "data": {**data, "alert": push.alert, **({} if push.title is None else {"title": push.title})},
            "fcm_options": {"link": data["link"]},
        },
    }


def _outcome(answer: Answer) -> Sent:
    if answer.status == 200:
        return Sent(Outcome.SENT)
    status, code, fields = _error(answer)
    outcome = Outcome.REFUSED
    if code == "UNREGISTERED" or (answer.status == 400 and "message.token" in fields):
        outcome = Outcome.GONE
    elif code == "SENDER_ID_MISMATCH":
        outcome = Outcome.REFUSED  # not GONE: a wrong project in the settings would forget every device
    elif answer.status in _OURS or answer.status >= 500:
        outcome = Outcome.RETRY
    return Sent(outcome, answer.retry_after, f"{answer.status} {code or status}".rstrip())


def _error(answer: Answer) -> tuple[str, str, frozenset[str]]:
    """Google's status, FCM's own code, and the fields that are wrong (`google.rpc.Status` as JSON); never the message,
    which may quote what was sent. That a token is malformed FCM says in the message alone since some years.
    """
    status, code, fields = "", "", set[str]()
    try:
        error = json.loads(answer.body)["error"]
        status = _word(error.get("status"))
        if "registration token" in str(error.get("message")):
            fields.add("message.token")
        for detail in error.get("details", []):
            code = _word(detail.get("errorCode")) or code
            fields |= {str(violation.get("field")) for violation in detail.get("fieldViolations", [])}
    except (ValueError, KeyError, TypeError, AttributeError):
        pass  # a proxy's page, or cut short: the status alone is told
    return status, code, frozenset(fields)


def _word(value: object) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


_OF_ADDRESS = {
    "NOT_FOUND": Outcome.GONE,
    "INVALID_ARGUMENT": Outcome.GONE,
    "INTERNAL": Outcome.RETRY,
    "UNAVAILABLE": Outcome.RETRY,
    "RESOURCE_EXHAUSTED": Outcome.RETRY,
    "DEADLINE_EXCEEDED": Outcome.RETRY,
}


def _results(answer: Answer, count: int) -> Sequence[Sent]:
    """One for each address of a batch; where the batch as a whole was refused, the same for all."""
    try:
        document = json.loads(answer.body)
        results = document.get("results", [])
        if answer.status == 200 and len(results) == count:
            return [_of_address(result.get("error")) for result in results]
        word = _word(document.get("error"))
    except (ValueError, TypeError, AttributeError):
        word = ""
    again = answer.status in {200, *_OURS} or answer.status >= 500
    whole = Sent(Outcome.RETRY if again else Outcome.REFUSED, answer.retry_after, f"{answer.status} {word}".rstrip())
    return [whole] * count


def _of_address(error: object) -> Sent:
    if error is None:
        return Sent(Outcome.SENT)
    word = _word(error)
    return Sent(_OF_ADDRESS.get(word, Outcome.REFUSED), detail=word)
