"""What one random draw of a person chooses from: age and gender, telephone prefix, age at admission."""

from datetime import date
from random import Random
from typing import Literal, NamedTuple

from api.demo.names import generation_of, name_tables

Gender = Literal["male", "female"]

COHORT_BITS = 14
OFFICER_BITS = 12
OFFSET_BITS = 10
ADULT_DAYS = 6_575  # eighteen years, however the leap years fall
PROBATION_DAYS = 365

# Prefixes of mobile numbers in use since 2018 (after +84), repeated roughly as common as they are;
# those of which only a part has been handed out are left out.
_PREFIXES = (
    "32 33 34 35 36 37 38 39 86 96 97 98 32 33 34 35 36 37 38 39 86 96 97 98 97 98 81 82 83 84 85 88 91 94 "
    "91 94 88 83 70 76 77 78 79 93 90 93 90 93 90 79 92 56 58 92 59 86 87 96 97 98 37 38 39 86"
)
PHONE_PREFIXES = _PREFIXES.split()

# Share of members in percent, from the first age to the last (in years).
_AGES = (
    (4, 18, 24),
    (20, 25, 34),
    (26, 35, 44),
    (18, 45, 54),
    (14, 55, 64),
    (10, 65, 74),
    (6, 75, 84),
    (2, 85, 95),
)
_OFFICER_AGES = ((35, 30, 39), (40, 40, 49), (25, 50, 59))
_SHARE_OF_MEN = 0.62
_DAYS_OF_A_YEAR = 365.25


class Cohort(NamedTuple):
    """Gender and birth date of one person, with all that follows from the two.

    `adult` is the ordinal of the day they came of age, `id_digits` the fourth to sixth digit of a citizen id
    (century and gender, year of birth), the tables are those of `name_tables` that fit.
    """

    gender: Gender
    birth_date: date
    adult: int
    id_digits: str
    given: list[tuple[str, str]]
    minority: list[tuple[str, str]]


def cohorts(rng: Random, as_of: date) -> list[Cohort]:
    """2**COHORT_BITS people of all ages from 18 to 95."""
    return _cohorts(rng, as_of, _AGES, 2**COHORT_BITS)


def officer_cohorts(rng: Random, as_of: date) -> list[Cohort]:
    """2**OFFICER_BITS people of an age to lead a branch."""
    return _cohorts(rng, as_of, _OFFICER_AGES, 2**OFFICER_BITS)


def admission_offsets(rng: Random) -> list[int]:
    """2**OFFSET_BITS numbers of days between coming of age and admission, mostly in the twenties."""
    return [int(rng.triangular(60, 30 * _DAYS_OF_A_YEAR, 7 * _DAYS_OF_A_YEAR)) for _ in range(2**OFFSET_BITS)]


def _cohorts(rng: Random, as_of: date, ages: tuple[tuple[int, int, int], ...], count: int) -> list[Cohort]:
    names = name_tables()
    today = as_of.toordinal()
    bands = rng.choices(ages, [share for share, _, _ in ages], k=count)
    people = []
    for _, youngest, oldest in bands:
        # A month past the birthday, so that the youngest were admitted after it.
        days = int((youngest + rng.random() * (oldest + 0.9 - youngest)) * _DAYS_OF_A_YEAR) + 30
        born = date.fromordinal(today - days)
        gender: Gender = "male" if rng.random() < _SHARE_OF_MEN else "female"
        century = (0 if born.year < 2000 else 2) + (gender == "female")
        people.append(
            Cohort(
                gender=gender,
                birth_date=born,
                adult=born.toordinal() + ADULT_DAYS,
                id_digits=f"{century}{born.year % 100:02d}",
                given=names.given[gender, generation_of(born.year)],
                minority=names.minority[gender],
            )
        )
    return people
