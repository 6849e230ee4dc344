"""Roster files as branches hand them in, most rows sound and some broken in known ways."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Literal

from api.demo.organisation import GeneratedBranch, GeneratedMember

HeaderLanguage = Literal["vi", "en"]
BrokenReason = Literal[
    "full_name_missing",
    "member_no_missing",
    "branch_code_unknown",
    "birth_date_impossible",
    "birth_date_in_future",
    "phone_malformed",
    "national_id_wrong_length",
    "national_id_mismatch",
    "member_no_duplicate",
    "status_unknown",
    "email_malformed",
]
BROKEN_REASONS: tuple[BrokenReason, ...] = (
    "full_name_missing",
    "member_no_missing",
    "branch_code_unknown",
    "birth_date_impossible",
    "birth_date_in_future",
    "phone_malformed",
    "national_id_wrong_length",
    "national_id_mismatch",
    "member_no_duplicate",
    "status_unknown",
    "email_malformed",
)

MEMBER_HEADERS = {
    "member_no": "Số thẻ",
    "full_name": "Họ và tên",
    "birth_date": "Ngày sinh",
    "gender": "Giới tính",
    "phone": "Điện thoại",
    "email": "Email",
    "address": "Địa chỉ",
    "national_id": "Số CCCD",
    "admitted_on": "Ngày vào",
    "confirmed_on": "Ngày chính thức",
    "status": "Trạng thái",
    "branch_code": "Mã chi bộ",
}
BRANCH_HEADERS = {"code": "Mã", "name": "Tên", "kind": "Loại", "parent_code": "Mã cấp trên"}
_WORDS = {
    "male": "Nam",
    "female": "Nữ",
    "probationary": "dự bị",
    "full": "chính thức",
    "central": "trung ương",
    "province": "tỉnh",
    "commune": "xã",
    "base": "cơ sở",
    "cell": "chi bộ",
    "group": "tổ",
}
# Mobile prefixes as they were before 2018, by today's.
_OLD_PREFIXES = {f"3{last}": f"16{last}" for last in range(2, 10)} | {
    "70": "120", "79": "121", "77": "122", "76": "126", "78": "128",
    "83": "123", "84": "124", "85": "125", "81": "127", "82": "129",
    "56": "186", "58": "188", "59": "199",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """`row_number` counts as a spreadsheet does: the header is row 1."""

    row_number: int
    reason: BrokenReason


def write_roster(
    path: Path,
    members: Iterable[GeneratedMember],
    *,
    codes: Mapping[int, str],
    header_language: HeaderLanguage = "vi",
    broken_share: float = 0.01,
    seed: int = 0,
) -> list[BrokenRow]:
    """Write a CSV file and tell which of its rows are broken, each in one way, the ways in turn.

    `codes` maps branch numbers to codes. Vietnamese files are as Excel saves them (byte order mark,
    dd/mm/yyyy, telephone numbers in old and new national forms), English ones have ISO dates and E.164.
    """
    rng = Random(seed)
    broken: list[BrokenRow] = []
    sound_number = ""
    with path.open("w", encoding="utf-8-sig" if header_language == "vi" else "utf-8", newline="") as file:
        writer = csv.DictWriter(file, MEMBER_HEADERS)
        writer.writerow(_headers(MEMBER_HEADERS, header_language))
        for row_number, member in enumerate(members, start=2):
            row = _row(rng, member, codes[member.branch_no], header_language)
            if sound_number and rng.random() < broken_share:
                reason = BROKEN_REASONS[len(broken) % len(BROKEN_REASONS)]
                _break(row, reason, member, sound_number, header_language)
                broken.append(BrokenRow(row_number, reason))
            else:
                sound_number = member.member_no
            writer.writerow(row)
    return broken


def write_branches(path: Path, branches: Iterable[GeneratedBranch], header_language: HeaderLanguage = "vi") -> None:
    """Write a CSV file of branches, parents before children; the root's parent is empty."""
    codes: dict[int | None, str] = {None: ""}
    with path.open("w", encoding="utf-8-sig" if header_language == "vi" else "utf-8", newline="") as file:
        writer = csv.DictWriter(file, BRANCH_HEADERS)
        writer.writerow(_headers(BRANCH_HEADERS, header_language))
        for branch in branches:
            codes[branch.no] = branch.code
            writer.writerow(
                {
                    "code": branch.code,
                    "name": branch.name,
                    "kind": _word(branch.kind, header_language),
                    "parent_code": codes[branch.parent_no],
                }
            )


def _headers(headers: Mapping[str, str], language: HeaderLanguage) -> dict[str, str]:
    return {field: header if language == "vi" else field for field, header in headers.items()}


def _word(word: str, language: HeaderLanguage) -> str:
    return _WORDS[word] if language == "vi" else word


def _date(year: int, month: int, day: int, language: HeaderLanguage) -> str:
    return f"{day:02d}/{month:02d}/{year}" if language == "vi" else f"{year}-{month:02d}-{day:02d}"


def _day(day: date | None, language: HeaderLanguage) -> str:
    return _date(day.year, day.month, day.day, language) if day else ""


def _phone(rng: Random, phone: str, language: HeaderLanguage) -> str:
    if language == "en":
        return phone
    prefix, rest = phone[3:5], phone[5:]
    chance = rng.random()
    if chance < 0.05 and prefix in _OLD_PREFIXES:
        return f"0{_OLD_PREFIXES[prefix]}{rest}"
    if chance < 0.2:
        return f"0{prefix}{rest[0]} {rest[1:4]} {rest[4:]}"
    return f"0{prefix}{rest}"


def _row(rng: Random, member: GeneratedMember, code: str, language: HeaderLanguage) -> dict[str, str]:
    return {
        "member_no": member.member_no,
        "full_name": member.full_name,
        "birth_date": _day(member.birth_date, language),
        "gender": _word(member.gender, language),
        "phone": _phone(rng, member.phone, language),
        "email": member.email or "",
        "address": member.address,
        "national_id": member.national_id,
        "admitted_on": _day(member.admitted_on, language),
        "confirmed_on": _day(member.confirmed_on, language),
        "status": _word(member.status, language),
        "branch_code": code,
    }


def _break(
    row: dict[str, str], reason: BrokenReason, member: GeneratedMember, taken: str, language: HeaderLanguage
) -> None:
    century = 2 + (member.gender == "female")
    national_id = member.national_id
    changes: dict[BrokenReason, dict[str, str]] = {
        "full_name_missing": {"full_name": "  "},
        "member_no_missing": {"member_no": ""},
        "branch_code_unknown": {"branch_code": f"{row['branch_code']}.X9"},
        "birth_date_impossible": {"birth_date": _date(member.birth_date.year, 2, 31, language)},
        "birth_date_in_future": {
            "birth_date": _date(2098, 5, 19, language),
            "national_id": f"{national_id[:3]}{century}98{national_id[6:]}",
        },
        "phone_malformed": {"phone": "0912 34"},
        "national_id_wrong_length": {"national_id": national_id[:-1]},
        # The other gender's digit: one further for a man, one less for a woman.
        "national_id_mismatch": {"national_id": f"{national_id[:3]}{int(national_id[3]) ^ 1}{national_id[4:]}"},
        "member_no_duplicate": {"member_no": taken},
        "status_unknown": {"status": "thành viên danh dự"},
        "email_malformed": {"email": "khong-co-a-cong.example.com"},
    }
    row.update(changes[reason])
