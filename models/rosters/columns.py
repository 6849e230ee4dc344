"""The words of rosters, Vietnamese and English: what columns are called, and what stands in them.

Everything is compared folded and without punctuation, so `Số thẻ`, `SO THE` and `so_the` are one.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from content.malformed import Malformed
from content.text import words
from models.branches import BranchKind
from models.members.table import Gender, MemberStatus


class RosterKind(StrEnum):
    BRANCHES = "branches"
    MEMBERS = "members"


REQUIRED: Mapping[RosterKind, tuple[str, ...]] = {
    RosterKind.BRANCHES: ("code", "name", "kind", "parent_code"),
    RosterKind.MEMBERS: ("member_no", "full_name", "branch_code"),
}

_ASIDE = re.compile(r"\([^)]*\)")  # "Ngày sinh (ngày/tháng/năm)"


def _key(text: str) -> str:
    return " ".join(words(text))


def _by_key(synonyms: Mapping[str, str]) -> dict[str, str]:
    return {_key(synonym): value for value, line in synonyms.items() for synonym in (value, *line.split(","))}


_HEADERS = {
    RosterKind.BRANCHES: _by_key(
        {
            "code": "mã, mã số, mã tổ chức, mã tổ chức đảng, mã đơn vị, mã chi bộ, mã chi hội, branch code, unit code, "
            "organisation code, organization code",
            "name": "tên, tên gọi, tên tổ chức, tên tổ chức đảng, tên đơn vị, tên chi bộ, tên chi hội, branch name, "
            "unit name, organisation name, organization name",
            "kind": "loại, loại hình, loại tổ chức, loại đơn vị, cấp, cấp tổ chức, type, level, branch kind, "
            "branch type",
            "parent_code": "mã cấp trên, cấp trên, mã cấp trên trực tiếp, cấp trên trực tiếp, mã tổ chức cấp trên, "
            "mã đơn vị cấp trên, mã trực thuộc, trực thuộc, thuộc, mã cha, parent, parent branch, parent branch code, "
            "parent unit",
        }
    ),
    RosterKind.MEMBERS: _by_key(
        {
            "member_no": "số thẻ, thẻ số, mã thẻ, mã số thẻ, số thẻ đảng, số thẻ đảng viên, số thẻ hội viên, mã số, "
            "số hiệu, mã đảng viên, mã hội viên, mã thành viên, mã số đảng viên, mã số hội viên, số hiệu đảng viên, "
            "member number, member id, member code, membership no, membership number, card no, card number",
            "full_name": "họ và tên, họ tên, họ và tên khai sinh, họ tên khai sinh, họ tên đầy đủ, tên đầy đủ, "
            "họ và tên đảng viên, họ tên đảng viên, tên đảng viên, họ và tên hội viên, họ tên hội viên, tên hội viên, "
            "fullname, name, member name",
            "birth_date": "ngày sinh, ngày tháng năm sinh, sinh ngày, date of birth, birthdate, birthday, dob, born, "
            "born on",
            "gender": "giới tính, phái, nam nữ, giới, sex",
            "phone": "điện thoại, số điện thoại, sđt, số đt, đt, điện thoại di động, số điện thoại di động, di động, "
            "đtdđ, điện thoại liên hệ, số điện thoại liên hệ, phone number, phone no, mobile, mobile phone, "
            "mobile number, cell phone, telephone, telephone number, tel",
            "email": "e-mail, mail, thư điện tử, hộp thư, hộp thư điện tử, địa chỉ email, địa chỉ thư điện tử, "
            "email address",
            "address": "địa chỉ, địa chỉ liên hệ, địa chỉ hiện nay, địa chỉ thường trú, thường trú, nơi ở, "
            "nơi ở hiện nay, nơi ở hiện tại, chỗ ở, chỗ ở hiện nay, nơi cư trú, home address, residence",
            "national_id": "số cccd, cccd, căn cước công dân, số căn cước công dân, căn cước, số căn cước, "
            "thẻ căn cước, số định danh, số định danh cá nhân, mã định danh, mã định danh cá nhân, số cmnd, cmnd, "
            "cccd/cmnd, cmnd/cccd, số cccd/cmnd, số cmnd/cccd, national id number, citizen id, citizen id number, "
            "citizen identity number, identity number, id number, personal id",
            "admitted_on": "ngày vào, ngày vào đảng, ngày vào hội, ngày kết nạp, ngày kết nạp đảng, kết nạp ngày, "
            "ngày gia nhập, vào đảng ngày, admitted, admission date, date admitted, date of admission, joined, "
            "joined on, join date, date joined",
            "confirmed_on": "ngày chính thức, ngày vào đảng chính thức, ngày công nhận, ngày công nhận chính thức, "
            "ngày chuyển chính thức, chính thức ngày, confirmed, confirmation date, date confirmed, "
            "date of confirmation, full member since",
            "status": "trạng thái, tình trạng, diện, loại đảng viên, loại hội viên, member status, membership status",
            "branch_code": "mã chi bộ, mã chi hội, mã tổ chức, mã tổ chức đảng, mã đơn vị, mã cơ sở, mã tổ, branch, "
            "branch id, unit code, cell code, organisation code, organization code",
        }
    ),
}  # fmt: skip

WORDS: Mapping[str, Mapping[str, str]] = {
    "gender": _by_key(
        {
            Gender.MALE: "nam, trai, ông, m, man",
            Gender.FEMALE: "nữ, gái, bà, f, woman",
        }
    ),
    "status": _by_key(
        {
            MemberStatus.PROBATIONARY: "dự bị, đảng viên dự bị, hội viên dự bị, probation, candidate",
            MemberStatus.FULL: "chính thức, đảng viên chính thức, hội viên chính thức, official, full member",
            MemberStatus.SUSPENDED: "đình chỉ, bị đình chỉ, đình chỉ sinh hoạt, tạm đình chỉ, suspension",
            MemberStatus.LEFT: "đã rời, rời, đã ra, xin ra, ra khỏi đảng, ra khỏi hội, thôi, đã thôi, xóa tên, "
            "khai trừ, resigned, removed, expelled",
            MemberStatus.DECEASED: "từ trần, đã từ trần, mất, đã mất, qua đời, đã qua đời, chết, died, dead",
        }
    ),
    "kind": _by_key(
        {
            BranchKind.CENTRAL: "trung ương, cấp trung ương, national",
            BranchKind.PROVINCE: "tỉnh, thành phố, tỉnh/thành phố, tỉnh thành, cấp tỉnh, tỉnh ủy, thành ủy, city",
            BranchKind.COMMUNE: "xã, phường, đặc khu, xã/phường, cấp xã, ward",
            BranchKind.BASE: "cơ sở, tổ chức cơ sở, đảng bộ cơ sở, chi bộ cơ sở, hội cơ sở",
            BranchKind.CELL: "chi bộ, chi hội, chi đoàn",
            BranchKind.GROUP: "tổ, tổ đảng, tổ hội, nhóm, team",
        }
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Columns:
    """What a sheet's headers mean: `fields` by header; `ignored` headers mean nothing here."""

    kind: RosterKind
    fields: Mapping[str, str]
    ignored: tuple[str, ...]


def recognise(headers: Iterable[str]) -> Columns:
    """Which roster this is, and which column is what.

    Raises Malformed `roster.unrecognised`, `roster.columns_missing` (`kind`, `columns`: names of fields),
    `roster.column_twice` (`field`, `columns`: the headers).
    """
    headers = list(headers)
    read = [_columns(kind, headers) for kind in RosterKind]
    best = max(read, key=lambda columns: (not _missing(columns), _required(columns), len(columns.fields)))
    if not best.fields:
        raise Malformed("roster.unrecognised")
    if missing := _missing(best):
        raise Malformed("roster.columns_missing", kind=best.kind.value, columns=", ".join(missing))
    for field in best.fields.values():
        same = [header for header, name in best.fields.items() if name == field]
        if len(same) > 1:
            raise Malformed("roster.column_twice", field=field, columns=", ".join(same))
    return best


def _columns(kind: RosterKind, headers: list[str]) -> Columns:
    known = _HEADERS[kind]
    keys = {header: _key(_ASIDE.sub(" ", header)) or _key(header) for header in headers}
    fields = {header: known[key] for header, key in keys.items() if key in known}
    return Columns(kind, fields, tuple(header for header in headers if header not in fields))


def _missing(columns: Columns) -> list[str]:
    present = set(columns.fields.values())
    return [field for field in REQUIRED[columns.kind] if field not in present]


def _required(columns: Columns) -> int:
    return len(REQUIRED[columns.kind]) - len(_missing(columns))


def word(field: str, text: str) -> str:
    """The value that a word in this column stands for; the word itself where none is known."""
    known = WORDS[field]
    return known.get(text) or known.get(_key(text), text)
