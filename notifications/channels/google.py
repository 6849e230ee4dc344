"""A service account's access tokens: its assertion, signed (RFC 7523), for a token that lives an hour."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from notifications.channels.protocol import Outcome
from notifications.channels.wire import Answer, Unanswered, Wire, parse_url

_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_ASSERTION_SECONDS = 3600
_RENEWED_BEFORE = 300.0
"""Seconds before its end from which a token is renewed while it goes on serving."""
_PAUSE_SECONDS = 10.0
"""Between renewals in the background that failed."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """As Google writes it in the file that one downloads from the console."""

    project_id: str
    client_email: str
    private_key_id: str
    private_key: str = field(repr=False)
    token_uri: str = _TOKEN_URI


def read_service_account(path: Path) -> ServiceAccount:
    """Raises ValueError with one line that never quotes the file."""
    try:
        document = json.loads(path.read_bytes())
        parts = {name: document[name] for name in ("project_id", "client_email", "private_key_id", "private_key")}
        account = ServiceAccount(**parts, token_uri=document.get("token_uri", _TOKEN_URI))
        is_whole = all(isinstance(part, str) and part for part in (*parts.values(), account.token_uri))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        is_whole = False
    if not is_whole:
        raise ValueError(f"{path} is not a service account's key file (JSON, from Google's console)")
    if urlsplit(account.token_uri).scheme != "https":
        raise ValueError(f"the token_uri of {path} must be https")
    try:
        is_rsa = isinstance(load_pem_private_key(account.private_key.encode(), None), RSAPrivateKey)
    except (ValueError, TypeError):
        is_rsa = False
    if not is_rsa:
        raise ValueError(f"the private_key of {path} is not an RSA key")
    return account


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    ends_at: float


class AccessTokens:
    """One token at a time, asked for once however many need it."""

    def __init__(self, account: ServiceAccount, wire: Wire, clock: Callable[[], float] = time.time) -> None:
        self._account = account
        self._wire = wire
        self._clock = clock
        self._key = load_pem_private_key(account.private_key.encode(), None)
        self._url = parse_url(account.token_uri)
        self._token: _Token | None = None
        self._renewal: asyncio.Task[_Token] | None = None
        self._paused_until = 0.0

    async def current(self) -> str:
        """A token that serves now. Raises Unanswered."""
        token = self._token
        now = self._clock()
        if token is None or now >= token.ends_at:
            return (await self._renewed()).value
        if now >= token.ends_at - _RENEWED_BEFORE and now >= self._paused_until:
            self._paused_until = now + _PAUSE_SECONDS
            self._renew()
        return token.value

    async def instead_of(self, refused: str) -> str:
        """A token other than one that was refused. Raises Unanswered."""
        if self._token is not None and self._token.value == refused:
            self._token = None
        return await self.current()

    async def close(self) -> None:
        renewal = self._renewal
        if renewal is not None:
            renewal.cancel()
            await asyncio.wait([renewal])

    async def _renewed(self) -> _Token:
        renewal = self._renew()
        await asyncio.wait([renewal])  # whoever gives up waiting does not take the token from the others
        if renewal.cancelled():
            raise Unanswered(Outcome.RETRY, "closed")
        return renewal.result()

    def _renew(self) -> asyncio.Task[_Token]:
        if self._renewal is None:
            self._renewal = asyncio.create_task(self._ask())
            self._renewal.add_done_callback(self._asked)
        return self._renewal

    def _asked(self, renewal: asyncio.Task[_Token]) -> None:
        self._renewal = None
        if not renewal.cancelled() and renewal.exception() is None:
            self._token = renewal.result()

    async def _ask(self) -> _Token:
        now = self._clock()
        form = urlencode({"grant_type": _GRANT, "assertion": self._assertion(int(now))})
        answer = await self._wire.post(
            self._url, [(b"content-type", b"application/x-www-form-urlencoded")], form.encode()
        )
        return _token_in(answer, now)

    def _assertion(self, now: int) -> str:
        claims = {
            "iss": self._account.client_email,
            "scope": _SCOPE,
            "aud": self._account.token_uri,
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
        }
        headers = {"kid": self._account.private_key_id}
        return jwt.encode(claims, self._key, algorithm="RS256", headers=headers)  # type: ignore[arg-type]  # RSA: checked


def _token_in(answer: Answer, now: float) -> _Token:
    """Our own credentials being refused is RETRY: what waits is not lost while an operator mends them."""
    try:
        document = json.loads(answer.body)
        if answer.status == 200:
            return _Token(str(document["access_token"]), now + float(document["expires_in"]))
        word = str(document["error"])
    except (ValueError, KeyError, TypeError):
        word = ""
    raise Unanswered(Outcome.RETRY, f"token {answer.status} {word if word.replace('_', '').isalpha() else ''}".rstrip())
