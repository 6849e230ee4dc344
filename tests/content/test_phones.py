import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.malformed import Malformed
from content.phones import normalise_phone

OLD_TO_NEW = [(f"016{digit}", f"03{digit}") for digit in range(2, 10)] + [
    *[("0120", "070"), ("0121", "079"), ("0122", "077"), ("0126", "076"), ("0128", "078")],
    *[("0123", "083"), ("0124", "084"), ("0125", "085"), ("0127", "081"), ("0129", "082")],
    *[("0186", "056"), ("0188", "058"), ("0199", "059")],
]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("0912345678", "+84912345678"),
        ("912345678", "+84912345678"),
        ("+84912345678", "+84912345678"),
        ("84912345678", "+84912345678"),
        ("0084912345678", "+84912345678"),
        ("+84 0912 345 678", "+84912345678"),
        ("840912345678", "+84912345678"),
        ("(+84) 912.345.678", "+84912345678"),
        (" 0912\u00a0345-678\t", "+84912345678"),
        ("0848123456", "+84848123456"),
        ("848123456", "+84848123456"),
        ("024 3825 1234", "+842438251234"),
        ("(028) 3829-5017", "+842838295017"),
        ("+84 24 3825 1234", "+842438251234"),
        ("1900 1234", "+8419001234"),
        ("+1 650 253 0000", "+16502530000"),
        ("0044 20 7946 0958", "+442079460958"),
        ("+856 20 55 123 456", "+8562055123456"),
        ("841691234567", "+84391234567"),
    ],
)
def test_numbers_as_people_write_them(written: str, stored: str) -> None:
    assert normalise_phone(written) == stored


@pytest.mark.parametrize(("old", "new"), OLD_TO_NEW)
@pytest.mark.parametrize("country", ["0", "+84", "84", "", "+840"])
def test_old_eleven_digit_mobiles_become_todays(old: str, new: str, country: str) -> None:
    assert normalise_phone(f"{country}{old[1:]}1234567") == f"+84{new[1:]}1234567"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", "phone.malformed"),
        ("không có", "phone.malformed"),
        ("113", "phone.malformed"),
        ("0912345678 gặp Lan", "phone.malformed"),
        ("0912345678, 0987654321", "phone.malformed"),
        ("0912 FLOWERS", "phone.malformed"),
        ("٠٩١٢٣٤٥٦٧٨", "phone.malformed"),
        ("+999123456789", "phone.malformed"),
        ("09123456789", "phone.invalid"),
        ("091234567", "phone.invalid"),
        ("0112345678", "phone.invalid"),
        ("01612345678", "phone.invalid"),
        ("+1 000 000 0000", "phone.invalid"),
    ],
)
def test_what_is_no_phone_number(written: str, code: str) -> None:
    with pytest.raises(Malformed) as refusal:
        normalise_phone(written)
    assert refusal.value.code == code


def by_the_library(written: str) -> str | None:
    try:
        number = phonenumbers.parse(written, "VN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def by_us(written: str) -> str | None:
    try:
        return normalise_phone(written)
    except Malformed:
        return None


def test_the_fast_path_agrees_with_the_library_on_every_prefix() -> None:
    written = [f"0{prefix:03}123456" for prefix in range(1000)]
    assert list(map(by_us, written)) == list(map(by_the_library, written))


@given(st.text(alphabet="0123456789+-. ()/", max_size=20))
def test_whatever_is_accepted_is_valid_and_stays_the_same(written: str) -> None:
    try:
        stored = normalise_phone(written)
    except Malformed:
        return
    assert phonenumbers.is_valid_number(phonenumbers.parse(stored))
    assert normalise_phone(stored) == stored


@given(st.text())
def test_nothing_but_malformed_is_raised(written: str) -> None:
    assert by_us(written) is None or written.strip()
