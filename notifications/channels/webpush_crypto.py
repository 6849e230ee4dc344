"""Encryption of Web Push messages (RFC 8291) in the coding aes128gcm (RFC 8188): one record a message."""

import hmac
import os
import struct

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from content.push_keys import subscription_keys

_CURVE = ec.SECP256R1()
_ECDH = ec.ECDH()
_RECORD_SIZE = 4096
_OVERHEAD = 16 + 4 + 1 + 65 + 1 + 16
"""Salt, record size, length of the key id, the key, the delimiter, the tag."""
PLAINTEXT_MOST = _RECORD_SIZE - _OVERHEAD
"""Push services need not take more than 4,096 bytes (RFC 8291, 4)."""
_PADDED_TO = 256


def padded(plaintext: bytes) -> int:
    """Zeros to add, so that a message's length does not tell what it says."""
    return min(-len(plaintext) % _PADDED_TO, PLAINTEXT_MOST - len(plaintext))


def encrypt(
    plaintext: bytes,
    p256dh: str,
    auth: str,
    *,
    padding: int = 0,
    key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body of the request. `key` and `salt` are made anew for every message, but for the RFC's example.

    Raises KeysRefused, and ValueError where it is too long for one record.
    """
    if len(plaintext) + padding > PLAINTEXT_MOST:
        raise ValueError(f"at most {PLAINTEXT_MOST} bytes fit a message")
    theirs, point, secret = subscription_keys(p256dh, auth)
    mine = key or ec.generate_private_key(_CURVE)
    salt = salt or os.urandom(16)
    ours = mine.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    # HKDF (RFC 5869) of at most 32 bytes is two HMACs: extract, and one block of expand.
    shared = hmac.digest(secret, mine.exchange(_ECDH, point), "sha256")
    material = hmac.digest(shared, b"WebPush: info\x00" + theirs + ours + b"\x01", "sha256")
    pseudorandom = hmac.digest(salt, material, "sha256")
    content_key = hmac.digest(pseudorandom, b"Content-Encoding: aes128gcm\x00\x01", "sha256")[:16]
    nonce = hmac.digest(pseudorandom, b"Content-Encoding: nonce\x00\x01", "sha256")[:12]
    record = AESGCM(content_key).encrypt(nonce, plaintext + b"\x02" + bytes(padding), None)
    return salt + struct.pack("!IB", _RECORD_SIZE, len(ours)) + ours + record
