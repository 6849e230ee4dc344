"""Citizen ids (số định danh cá nhân, CCCD): what the twelve digits say, and whether they fit a person.

Structure: Decree 137/2015/NĐ-CP article 13; codes: Circular 59/2021/TT-BCA (before it 07/2016/TT-BCA).
"""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from content.malformed import Malformed

_BLANKS = str.maketrans("", "", " \t\u00a0.-")
_DIGITS = re.compile(r"[0-9]{12}")


@dataclass(frozen=True, slots=True)
class CitizenId:
    """A well-formed citizen id; the number and its serial stay out of the repr, and so out of logs."""

    number: str = field(repr=False)
    province_code: str
    gender: Literal["male", "female"]
    birth_year: int


def parse_citizen_id(text: str) -> CitizenId:
    """Read twelve digits; spaces, dots and dashes between them do not count.

    Codes of provinces and, for people registered abroad, of countries come and go: only 000 is refused.

    Raises Malformed: ``citizen_id.malformed`` (not twelve digits), ``citizen_id.province_unknown``.
    """
    number = text.translate(_BLANKS)
    if not _DIGITS.fullmatch(number):
        raise Malformed("citizen_id.malformed")
    province_code = number[:3]
    if province_code == "000":
        raise Malformed("citizen_id.province_unknown")
    century_and_gender = int(number[3])
    return CitizenId(
        number=number,
        province_code=province_code,
        gender="female" if century_and_gender % 2 else "male",
        birth_year=1900 + century_and_gender // 2 * 100 + int(number[4:6]),
    )


def disagreements(citizen_id: CitizenId, *, gender: str | None, birth_date: date | None) -> tuple[str, ...]:
    """Slugs of what a profile says otherwise than its citizen id; empty when they agree.

    Possible slugs: ``citizen_id.gender_mismatch``, ``citizen_id.birth_year_mismatch``. What is unknown (None,
    or a gender that no digit stands for) agrees with everything.
    """
    found = []
    if gender in ("male", "female") and gender != citizen_id.gender:
        found.append("citizen_id.gender_mismatch")
    if birth_date is not None and birth_date.year != citizen_id.birth_year:
        found.append("citizen_id.birth_year_mismatch")
    return tuple(found)
