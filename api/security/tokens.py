"""Access and refresh tokens. Access tokens are JWTs (RFC 7519, profile of RFC 9068) by HS256 under a rotating `kid`."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt
from jwt.algorithms import HMACAlgorithm

from api.security.claims import Claims, read, unresolved, written
from api.security.keys import KeyringFile
from models.database import Clock
from models.errors import Unauthenticated
from models.keyring import Keyring, decode, encode

ISSUER = "handbook"
AUDIENCE = "handbook-app"
TYPE = "at+jwt"
ACCESS_MOST = 1024
"""Bytes; longer ones were not made here."""
_ALGORITHM = "HS256"
_ACCESS = "token.access"
_REFRESH = "token.refresh"
_REQUIRED = ("aud", "iss", "exp", "nbf", "iat", "sub", "sid")
_CLOCKS_APART = 30
"""Seconds."""


class _Derived(HMACAlgorithm):
    """HMAC under keys that HKDF made. PyJWT would look anew at each token whether its key is a public one, in PEM, DER
    or JSON, that an attacker had it take for a secret: ours never come from anywhere but the keyring.
    """

    def prepare_key(self, key: str | bytes) -> bytes:
        return key if isinstance(key, bytes) else key.encode()


_jws = jwt.PyJWS(algorithms=[])
_jws.register_algorithm(_ALGORITHM, _Derived(HMACAlgorithm.SHA256))


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a verified access token says, and until when (seconds since 1970) it may."""

    claims: Claims
    expires_at: int

    @property
    def member_id(self) -> UUID:
        return self.claims.member_id

    @property
    def session_id(self) -> UUID:
        return self.claims.session_id


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a verified refresh token says: the family and its generation, from 1."""

    session_id: UUID
    generation: int


class Tokens:
    def __init__(self, keys: KeyringFile, clock: Clock, life: timedelta) -> None:
        self._keys = keys
        self._clock = clock
        self.life = life

    @property
    def ring(self) -> Keyring:
        """The keyring as it is now: another object when the file was rotated or pruned."""
        return self._keys.current()

    def access(self, claims: Claims) -> str:
        """A token with these claims. Where they would make it too long, it says to resolve them instead."""
        token = self._sign(claims)
        return token if len(token) <= ACCESS_MOST else self._sign(unresolved(claims.member_id, claims.session_id))

    def _sign(self, said: Claims) -> str:
        key = self._keys.current().newest
        at = self._clock()
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            **written(said),
            "iat": int(at.timestamp()),
            "nbf": int(at.timestamp()),
            "exp": int((at + self.life).timestamp()),
        }
        payload = json.dumps(claims, separators=(",", ":")).encode()
        return _jws.encode(payload, key.derive(_ACCESS), _ALGORITHM, {"kid": key.kid, "typ": TYPE})

    def verify(self, authorization: str | None) -> Bearer:
        """Whom an `Authorization` header speaks for. Raises Unauthenticated: without one sign in, with a bad one
        refresh.
        """
        if authorization is None:
            raise Unauthenticated(Unauthenticated.SIGN_IN)
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token) <= ACCESS_MOST:
            raise Unauthenticated(Unauthenticated.REFRESH)
        try:
            said = self._claims(token, self._clock())
            return Bearer(read(said), int(said["exp"]))
        except (
            jwt.InvalidTokenError,
            ValueError,
            TypeError,
            AttributeError,
            LookupError,
            OverflowError,
            RecursionError,
        ):
            raise Unauthenticated(Unauthenticated.REFRESH) from None

    def _claims(self, token: str, at: datetime) -> dict[str, Any]:
        key = self._keys.find(_named_key(token.partition(".")[0]))
        if key is None:
            raise jwt.InvalidTokenError
        claims = json.loads(_jws.decode_complete(token, key.derive(_ACCESS), [_ALGORITHM])["payload"])
        if not isinstance(claims, dict) or any(claims.get(name) is None for name in _REQUIRED):
            raise jwt.InvalidTokenError
        # each is one text: of a list of audiences the others may be somebody else's
        if claims["iss"] != ISSUER or claims["aud"] != AUDIENCE:
            raise jwt.InvalidTokenError
        now = at.timestamp()
        if int(claims["exp"]) <= now or int(claims["nbf"]) > now + _CLOCKS_APART:
            raise jwt.InvalidTokenError
        return claims

    def refresh(self, session_id: UUID, generation: int) -> str:
        """The family's token of this generation: always the same under the same key."""
        message = _message(session_id, generation)
        kid, mac = self._keys.current().mac(_REFRESH, message)
        return f"{kid}.{encode(message + mac)}"

    def read_refresh(self, token: str) -> Refresh:
        """Raises Unauthenticated unless the token was made by `refresh`."""
        kid, _, body = token.partition(".")
        try:
            raw = decode(body)
        except ValueError:
            raw = b""
        message, mac = raw[:20], raw[20:]
        if len(raw) != 36 or not self._keys.current().verifies(_REFRESH, message, kid, mac):
            raise Unauthenticated(Unauthenticated.SIGN_IN)
        return Refresh(UUID(bytes=message[:16]), int.from_bytes(message[16:], "big"))


@lru_cache(maxsize=64)
def _named_key(header: str) -> str:
    """The `kid` of a token's first part, which is the same for all tokens of one key. Raises InvalidTokenError on what
    is not ours to read; whether the key made the token is for `decode_complete` to say, which reads the header too.
    """
    said = jwt.get_unverified_header(f"{header}..")
    if said.get("alg") != _ALGORITHM or said.get("typ") != TYPE or "crit" in said:
        raise jwt.InvalidTokenError
    return str(said.get("kid"))


def _message(session_id: UUID, generation: int) -> bytes:
    return session_id.bytes + generation.to_bytes(4, "big")
