from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import segno
from hypothesis import assume, given
from hypothesis import strategies as st

from content.checkin import STEP_SECONDS, CheckIn, code, read_code, steps, valid_at, verifies
from content.malformed import Malformed

KEY = bytes(range(32))
NOTICE = UUID("0198b6a0-0000-7000-8000-000000000001")
STEP = 29_850_000
CODE = "106CBD80001R0100000000000040020E7F687GZZ1DWD5X4CKRZE4MHB4"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

keys = st.binary(min_size=16, max_size=64)
said = st.tuples(st.uuids(), st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1))


def test_a_code_is_the_same_for_ever() -> None:
    assert code(KEY, NOTICE, 1, STEP) == CODE


@given(keys, said)
def test_a_code_says_what_it_is_of(key: bytes, fields: tuple[UUID, int, int]) -> None:
    checkin = read_code(code(key, *fields))
    assert (checkin.notice_id, checkin.occurrence, checkin.step) == fields
    assert verifies(key, checkin)


@given(said, st.data())
def test_any_other_character_is_refused(fields: tuple[UUID, int, int], data: st.DataObject) -> None:
    written = code(KEY, *fields)
    at = data.draw(st.integers(0, len(written) - 1))
    other = data.draw(st.sampled_from(ALPHABET.replace(written[at], "")))
    try:
        checkin = read_code(written[:at] + other + written[at + 1 :])
    except Malformed:
        assert at == 0
    else:
        assert not verifies(KEY, checkin)


@given(keys, keys, said)
def test_another_key_is_refused(key: bytes, other: bytes, fields: tuple[UUID, int, int]) -> None:
    assume(key.ljust(64, b"\0") != other.ljust(64, b"\0"))  # BLAKE2 fills keys up
    assert not verifies(other, read_code(code(key, *fields)))


@given(said, said)
def test_a_mac_is_of_its_own_fields_alone(fields: tuple[UUID, int, int], others: tuple[UUID, int, int]) -> None:
    assume(fields != others)
    assert not verifies(KEY, CheckIn(*others, mac=read_code(code(KEY, *fields)).mac))


@pytest.mark.parametrize("mac", [b"", b"x", bytes(13), bytes(14)])
def test_a_mac_of_any_length_may_be_asked_about(mac: bytes) -> None:
    assert not verifies(KEY, CheckIn(NOTICE, 1, STEP, mac))


@pytest.mark.parametrize(
    "typed",
    [
        CODE.lower(),
        " ".join(CODE[at : at + 4] for at in range(0, len(CODE), 4)),
        "-".join(CODE[at : at + 5] for at in range(0, len(CODE), 5)),
        f"\t{CODE[:20]}\u00a0–\n{CODE[20:]}\r\n",
        CODE.replace("0", "O").replace("1", "I"),
        CODE.replace("0", "o").replace("1", "l"),
    ],
)
def test_what_hands_do_is_forgiven(typed: str) -> None:
    assert read_code(typed) == read_code(CODE)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "1", CODE[:-1], CODE + "0", "0" + CODE, "2" + CODE[1:], CODE[:-1] + "U", CODE[:-1] + "=", CODE * 2),
        *(CODE[:-1] + "ſ", CODE[:-1] + "ı", CODE[:-1] + "７", CODE + "\0", f"https://so-tay.vn/{CODE}", " " * 10**6),
        *("0" * 10**6, CODE + " " * 10**6, "1" + "\ud800" * 56),
    ],
)
def test_what_is_no_code(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_code(text)
    assert caught.value.code == "code.malformed"


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(Malformed):
        read_code(text)


@pytest.mark.parametrize("key", [b"", bytes(15), bytes(65)])
def test_a_key_is_one(key: bytes) -> None:
    with pytest.raises(ValueError, match="key"):
        code(key, NOTICE, 1, STEP)


def test_a_code_is_dense_as_a_picture() -> None:
    picture = segno.make(CODE, error="m", micro=False)
    assert (picture.mode, picture.version) == ("alphanumeric", 3)


def test_a_mac_stays_out_of_logs() -> None:
    assert "mac" not in repr(read_code(CODE))


@given(st.integers(0, 10**15), st.integers(0, 100_000))
def test_the_minutes_of_a_window(microseconds: int, seconds: int) -> None:
    opens_at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    closes_at = opens_at + timedelta(seconds=seconds)
    found = steps(opens_at, closes_at)
    if not found:
        assert opens_at == closes_at
        return
    assert valid_at(found[0])[0] <= opens_at < valid_at(found[0])[1]
    assert valid_at(found[-1])[0] < closes_at <= valid_at(found[-1])[1]
    for step in (found[0], found[-1]):
        from_, until = valid_at(step)
        assert from_.timestamp() // STEP_SECONDS == step
        assert until - from_ == timedelta(seconds=STEP_SECONDS)


def test_a_window_that_ends_before_it_begins_has_no_minutes() -> None:
    at = datetime(2026, 12, 6, tzinfo=UTC)
    assert not steps(at, at - timedelta(hours=1))
    assert list(steps(at, at + timedelta(minutes=2))) == [29_941_920, 29_941_921]
