"""The keys of a browser's subscription to Web Push (RFC 8291)."""

import base64

from cryptography.hazmat.primitives.asymmetric import ec

_CURVE = ec.SECP256R1()


class KeysRefused(ValueError):
    """A subscription's keys are not what a browser makes."""


def decoded(text: str) -> bytes:
    """The bytes of base64url, padded or not. Raises ValueError."""
    if not text.isascii():
        raise ValueError("not base64url")
    bare = text.rstrip("=")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def check_keys(p256dh: str, auth: str) -> None:
    """Raises KeysRefused: `p256dh` is a point of P-256 in 65 bytes, uncompressed, `auth` 16 bytes, in base64url."""
    subscription_keys(p256dh, auth)


def subscription_keys(p256dh: str, auth: str) -> tuple[bytes, ec.EllipticCurvePublicKey, bytes]:
    """The browser's public key as sent and as a point, and its secret. Raises KeysRefused."""
    if len(p256dh) > 100 or len(auth) > 30:
        raise KeysRefused("too long")
    try:
        sent, secret = decoded(p256dh), decoded(auth)
    except ValueError:
        raise KeysRefused("not base64url") from None
    if len(sent) != 65 or sent[0] != 4:
        raise KeysRefused("p256dh is not 65 bytes of an uncompressed point")
    if len(secret) != 16:
        raise KeysRefused("auth is not 16 bytes")
    try:
        return sent, ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, sent), secret
    except ValueError:
        raise KeysRefused("p256dh is not on the curve") from None
