"""Encryption of Web Push messages: the RFC's own example, and an independent library."""

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from content.push_keys import KeysRefused, check_keys, decoded, encoded
from notifications.channels.webpush_crypto import PLAINTEXT_MOST, encrypt, padded
from tests.notifications.simulator.browsers import Browser

BROWSER = Browser()


def test_the_example_of_rfc_8291() -> None:
    """Section 5 and appendix A: the keys and the salt are the RFC's, and so is every byte that comes out."""
    private = int.from_bytes(decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
        key=ec.derive_private_key(private, ec.SECP256R1()),
        salt=decoded("DGv6ra1nlYgDCS1FRnbzlw"),
    )
    assert encoded(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
        "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@given(st.binary(max_size=PLAINTEXT_MOST))
def test_an_independent_library_reads_what_we_write(plaintext: bytes) -> None:
    padding = padded(plaintext)
    body = encrypt(plaintext, BROWSER.p256dh, encoded(BROWSER.secret), padding=padding)
    assert len(body) <= 4096
    assert (len(plaintext) + padding) % 256 == 0 or len(body) == 4096
    read = http_ece.decrypt(body, private_key=BROWSER.key, auth_secret=BROWSER.secret, version="aes128gcm")
    assert read == plaintext


def test_no_two_messages_share_a_key_or_a_salt() -> None:
    bodies = [encrypt(b"x", BROWSER.p256dh, encoded(BROWSER.secret)) for _ in range(3)]
    assert len({body[:16] for body in bodies}) == len({body[21:86] for body in bodies}) == 3


def test_what_does_not_fit_one_record_is_refused() -> None:
    with pytest.raises(ValueError, match="3993"):
        encrypt(bytes(PLAINTEXT_MOST + 1), BROWSER.p256dh, encoded(BROWSER.secret))


GOOD = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"


@pytest.mark.parametrize(
    ("p256dh", "auth", "why"),
    [
        ("", AUTH, "65 bytes"),
        (GOOD[:-4], AUTH, "65 bytes"),
        (GOOD + "AAAA", AUTH, "65 bytes"),
        (encoded(b"\x04" + bytes(64)), AUTH, "curve"),
        (encoded(b"\x04" + b"\xff" * 64), AUTH, "curve"),
        (encoded(b"\x05" + decoded(GOOD)[1:]), AUTH, "65 bytes"),
        (encoded(b"\x02" + decoded(GOOD)[1:33]), AUTH, "65 bytes"),
        ("?" * 87, AUTH, "base64url"),
        ("é" * 87, AUTH, "base64url"),
        pytest.param("A" * 1_000_000, AUTH, "long", id="long key"),
        (GOOD, "", "16 bytes"),
        (GOOD, encoded(bytes(15)), "16 bytes"),
        (GOOD, encoded(bytes(17)), "16 bytes"),
        pytest.param(GOOD, "A" * 1_000_000, "long", id="long secret"),
        (GOOD, "not base64!", "base64url"),
    ],
)
def test_keys_that_no_browser_makes_are_refused(p256dh: str, auth: str, why: str) -> None:
    with pytest.raises(KeysRefused, match=why):
        check_keys(p256dh, auth)


def test_keys_may_be_padded() -> None:
    check_keys(GOOD + "=", AUTH + "==")
