from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.citizen_ids import CitizenId, disagreements, parse_citizen_id
from content.malformed import Malformed


@pytest.mark.parametrize(
    ("text", "province_code", "gender", "birth_year"),
    [
        ("087084000999", "087", "male", 1984),
        ("001199000001", "001", "female", 1999),
        ("096200000001", "096", "male", 2000),
        ("079 305 123 456", "079", "female", 2005),
        ("001-0-00-000000", "001", "male", 1900),
        ("001499000000", "001", "male", 2199),
    ],
)
def test_what_the_digits_say(text: str, province_code: str, gender: str, birth_year: int) -> None:
    citizen_id = parse_citizen_id(text)
    assert citizen_id.province_code == province_code
    assert citizen_id.gender == gender
    assert citizen_id.birth_year == birth_year
    assert len(citizen_id.number) == 12


@pytest.mark.parametrize("text", ["", "123456789", "08708400099", "0870840009990", "08708400099a", "０87084000999"])
def test_twelve_digits_or_nothing(text: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_citizen_id(text)
    assert refusal.value.code == "citizen_id.malformed"


def test_no_place_has_the_code_000() -> None:
    with pytest.raises(Malformed) as refusal:
        parse_citizen_id("000084000999")
    assert refusal.value.code == "citizen_id.province_unknown"


@given(
    province=st.integers(1, 999).map("{:03d}".format),
    gender=st.sampled_from(["male", "female"]),
    born=st.dates(date(1900, 1, 1), date(2399, 12, 31)),
    serial=st.integers(0, 999_999),
)
def test_an_id_made_for_a_person_agrees_with_that_person(province: str, gender: str, born: date, serial: int) -> None:
    century_and_gender = (born.year // 100 - 19) * 2 + (gender == "female")
    citizen_id = parse_citizen_id(f"{province}{century_and_gender}{born.year % 100:02}{serial:06}")
    assert disagreements(citizen_id, gender=gender, birth_date=born) == ()
    assert disagreements(citizen_id, gender=None, birth_date=None) == ()
    assert disagreements(citizen_id, gender="other", birth_date=born) == ()


def test_what_disagrees_is_named() -> None:
    citizen_id = parse_citizen_id("087084000999")
    assert disagreements(citizen_id, gender="female", birth_date=date(1984, 5, 1)) == ("citizen_id.gender_mismatch",)
    assert disagreements(citizen_id, gender="male", birth_date=date(1985, 5, 1)) == ("citizen_id.birth_year_mismatch",)
    assert disagreements(citizen_id, gender="female", birth_date=date(2084, 5, 1)) == (
        "citizen_id.gender_mismatch",
        "citizen_id.birth_year_mismatch",
    )


def test_the_number_stays_out_of_logs() -> None:
    assert "000999" not in repr(CitizenId("087084000999", "087", "male", 1984))
