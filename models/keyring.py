"""Keys that the data needs: sealing what is sensitive, and keyed digests to look it up by.

A keyring file is JSON: `{"keys": [{"kid", "secret", "created_at"}, …], "lookup": "…"}`, newest key first; secrets are
base64url of at least 32 bytes. Every use derives its own key from a secret by HKDF-SHA256 (RFC 5869), so one secret
serves
tokens, sealing and MACs without any of them weakening another. `lookup` never rotates: digests stored in columns
depend on it.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MINIMUM_BYTES = 32
_KID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_NONCE_BYTES = 12


class KeyringError(ValueError):
    """The keyring is missing, unreadable or weak; the message is one line for the operator."""


@dataclass(frozen=True, slots=True)
class Key:
    kid: str
    secret: bytes
    created_at: str

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose."""
        return _derive(self.secret, purpose)


@lru_cache(maxsize=256)
def _derive(secret: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret)


def encode(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of base64url without padding; raises ValueError on anything that `encode` would not have written."""
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encode(raw) != text:
        raise ValueError("not canonical base64url")
    return raw


class Keyring:
    """Newest key first: it signs and seals; all of them verify and open."""

    def __init__(self, keys: Sequence[Key], lookup: bytes) -> None:
        if not keys:
            raise KeyringError("the keyring holds no key")
        if any(_is_weak(secret) for secret in (lookup, *(key.secret for key in keys))):
            raise KeyringError(f"a key of the keyring is weak: {MINIMUM_BYTES} random bytes are the least")
        if len({key.kid for key in keys}) < len(keys) or not all(_KID.fullmatch(key.kid) for key in keys):
            raise KeyringError("each key of the keyring needs a kid of its own, of letters, digits, - and _")
        self.keys = tuple(keys)
        self.lookup = lookup
        self._by_kid = {key.kid: key for key in keys}

    @property
    def newest(self) -> Key:
        return self.keys[0]

    def find(self, kid: str) -> Key | None:
        return self._by_kid.get(kid)

    def digest(self, purpose: str, value: str) -> str:
        """A keyed digest to store and look up by: the same for ever for the same value, useless without the key."""
        key = _derive(self.lookup, purpose)
        return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()

    def seal(self, purpose: str, value: str, *, bound_to: str) -> str:
        """AES-256-GCM under the newest key; `bound_to` (the row's id) keeps a sealed value from being moved to
        another row.
        """
        key = self.newest
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(key.derive(purpose)).encrypt(nonce, value.encode(), bound_to.encode())
        return f"{key.kid}.{encode(nonce + sealed)}"

    def open(self, purpose: str, sealed: str, *, bound_to: str) -> str:
        """What `seal` was given; raises KeyringError where the key is gone or the value was tampered with."""
        kid, _, body = sealed.partition(".")
        key = self.find(kid)
        if key is None:
            raise KeyringError(f"no key {kid!r} in the keyring: it was removed too early")
        try:
            raw = decode(body)
            value = AESGCM(key.derive(purpose)).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], bound_to.encode())
        except (ValueError, InvalidTag) as error:
            raise KeyringError("a sealed value does not open: it was changed or moved") from error
        return value.decode()

    def mac(self, purpose: str, message: bytes, *, length: int = 16) -> tuple[str, bytes]:
        """The newest key's kid, and a BLAKE2b MAC of `length` bytes."""
        key = self.newest
        return key.kid, hashlib.blake2b(message, digest_size=length, key=key.derive(purpose)).digest()

    def verifies(self, purpose: str, message: bytes, kid: str, mac: bytes) -> bool:
        key = self.find(kid)
        if key is None:
            return False
        expected = hashlib.blake2b(message, digest_size=len(mac) or 1, key=key.derive(purpose)).digest()
        return len(mac) >= 12 and hmac.compare_digest(expected, mac)

    def rotated(self, created_at: str) -> "Keyring":
        """The same keyring with a new newest key."""
        return Keyring((_new_key(created_at), *self.keys), self.lookup)

    def pruned(self, keep: int) -> "Keyring":
        return Keyring(self.keys[:keep], self.lookup)


def _is_weak(secret: bytes) -> bool:
    """Too short, or typed by somebody: 32 random bytes all but never have fewer than 16 different ones."""
    return len(secret) < MINIMUM_BYTES or len(set(secret)) < MINIMUM_BYTES // 2


def _new_key(created_at: str) -> Key:
    return Key(secrets.token_hex(4), secrets.token_bytes(MINIMUM_BYTES), created_at)


def new_keyring(created_at: str) -> Keyring:
    return Keyring([_new_key(created_at)], secrets.token_bytes(MINIMUM_BYTES))


def load_keyring(path: Path) -> Keyring:
    """Raises KeyringError with one line that says what to do."""
    try:
        document = json.loads(path.read_bytes())
        keys = [Key(str(k["kid"]), decode(k["secret"]), str(k["created_at"])) for k in document["keys"]]
        lookup = decode(document["lookup"])
    except FileNotFoundError:
        raise KeyringError(f"no keyring at {path}: make one with `handbook keys init`") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyringError(f"the keyring at {path} cannot be read: {error}") from error
    return Keyring(keys, lookup)


def save_keyring(path: Path, keyring: Keyring) -> None:
    """Write it readable by its owner alone, whole or not at all."""
    document = {
        "keys": [{"kid": k.kid, "secret": encode(k.secret), "created_at": k.created_at} for k in keyring.keys],
        "lookup": encode(keyring.lookup),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(document, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
