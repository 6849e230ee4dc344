"""Who we are to push services (VAPID, RFC 8292): a key of our own, and a token a service."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from content.push_keys import encoded

_LIFE_SECONDS = 12 * 3600
"""RFC 8292 allows a day; a service whose clock is ahead must not think it more."""
_RENEWED_BEFORE = 3600
_ORIGINS_MOST = 1_000
_MAILBOX = re.compile(r"mailto:[^@\s]+@[^@\s]+\.[^@\s]+")


def new_vapid_key() -> bytes:
    """A private key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_vapid_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Raises ValueError with one line that never quotes the file."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        raise ValueError(f"no key at {path}: make one with `handbook keys vapid --file {path}`") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError):
        raise ValueError(f"{path} is not a private key in PEM without a password") from None
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError(f"{path} is not a key on P-256, as VAPID needs")


def public_vapid_key(key: ec.EllipticCurvePrivateKey) -> str:
    """What a web app gives to `pushManager.subscribe` as its `applicationServerKey`: base64url."""
    return encoded(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def check_subject(subject: str) -> None:
    """Raises ValueError: push services write there when something is wrong, and Apple's refuses all else."""
    is_page = subject.startswith("https://") and "." in (urlsplit(subject).hostname or "")
    if not is_page and not _MAILBOX.fullmatch(subject):
        raise ValueError("must be mailto:… or https://…, where push services can reach the operator")


class Vapid:
    """`Authorization` for each push service, signed anew every eleven hours."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, subject: str, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._public = public_vapid_key(key)
        self._subject = subject
        self._clock = clock
        self._headers: dict[str, tuple[bytes, float]] = {}

    def authorization(self, origin: str) -> bytes:
        """Of requests to `origin` (https://host[:port])."""
        now = self._clock()
        known = self._headers.get(origin)
        if known is not None and now < known[1]:
            return known[0]
        if len(self._headers) >= _ORIGINS_MOST:
            self._headers.clear()
        claims = {"aud": origin, "exp": int(now) + _LIFE_SECONDS, "sub": self._subject}
        token = jwt.encode(claims, self._key, algorithm="ES256")
        header = f"vapid t={token}, k={self._public}".encode()
        self._headers[origin] = header, now + _LIFE_SECONDS - _RENEWED_BEFORE
        return header
