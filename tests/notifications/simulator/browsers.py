"""A Web Push service's side (RFC 8030), and the browsers that subscribed with it."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from content.push_keys import decoded, encoded

BODY_MOST = 4096


@dataclass(frozen=True, slots=True)
class Browser:
    """What a browser keeps of a subscription."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    @property
    def p256dh(self) -> str:
        return encoded(self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def read(self, body: bytes) -> dict[str, Any]:
        """By http-ece, which shares no code with what encrypted it."""
        plaintext = http_ece.decrypt(body, private_key=self.key, auth_secret=self.secret, version="aes128gcm")
        document: dict[str, Any] = json.loads(plaintext)
        return document


def refused_push(headers: Mapping[str, str], body: bytes, origin: str, application_key: str) -> int:
    """The status with which a request is refused before it is looked at, or 0."""
    if len(body) > BODY_MOST:
        return 413
    if headers.get("content-encoding") != "aes128gcm" or not headers.get("ttl", "").isdigit():
        return 400
    if len(headers.get("topic", "")) > 32 or headers.get("urgency") not in {"very-low", "low", "normal", "high"}:
        return 400
    return 0 if _is_authorised(headers.get("authorization", ""), origin, application_key) else 403


def _is_authorised(authorization: str, origin: str, application_key: str) -> bool:
    """`vapid t=…, k=…` (RFC 8292, 3): signed by the key that the subscription was made for."""
    scheme, _, rest = authorization.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(",")) if "=" in rest else {}
    if scheme != "vapid" or parts.get("k") != application_key:
        return False
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(parts["k"]))
    try:
        claims = jwt.decode(parts.get("t", ""), key, algorithms=["ES256"], audience=origin)
    except jwt.InvalidTokenError:
        return False
    return str(claims.get("sub", "")).startswith(("mailto:", "https://"))
