"""What may be said of a member: the fields, how each is read, and what must agree with what."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import StringConstraints

from content.citizen_ids import disagreements, parse_citizen_id
from content.emails import normalise_email
from content.phones import normalise_phone
from content.text import clean
from models.base import Code, Day, Name, Request, read_by
from models.errors import FieldError
from models.members.table import Gender, MemberCard, MemberStatus
from models.memberships import MembershipPublic
from models.roles import OwnGrant

_BORN_FROM = date(1900, 1, 1)

Phone = Annotated[str, StringConstraints(max_length=20), read_by(normalise_phone)]
"""Any common way of writing a number in, E.164 out; old Vietnamese prefixes become today's."""

Email = Annotated[str, StringConstraints(max_length=254), read_by(normalise_email)]

NationalId = Annotated[str, StringConstraints(max_length=12), read_by(lambda text: parse_citizen_id(text).number)]
"""A citizen id (CCCD): twelve digits."""

Address = Annotated[str, StringConstraints(max_length=500), read_by(clean)]

SENSITIVE = frozenset({"national_id", "phone", "address", "birth_date", "email"})
"""Rule 5 of the domain: for the member and for holders of `member.read_sensitive` up the path."""

SIGN_IN = frozenset({"phone", "email"})
"""Fields by which somebody may sign in: changing them is reaching for the account (rule 3)."""


class Profile(Request):
    """What may be unknown of a member."""

    birth_date: Day | None = None
    gender: Gender | None = None
    phone: Phone | None = None
    email: Email | None = None
    address: Address | None = None
    national_id: NationalId | None = None
    admitted_on: Day | None = None
    confirmed_on: Day | None = None


class MemberCreate(Profile):
    member_no: Code
    full_name: Name
    status: Literal["probationary", "full"] = "full"
    branch_id: UUID


class MemberUpdate(Profile):
    """A field that is absent stays as it is; null clears it, where it may be unknown."""

    full_name: Name | None = None
    status: MemberStatus | None = None


class MemberDetail(MemberCard):
    """One person's file for role holders without the right to what is sensitive."""

    member_no: str
    gender: Gender | None
    status: MemberStatus
    admitted_on: date | None
    confirmed_on: date | None
    revision: int
    memberships: list[MembershipPublic]
    grants: list[OwnGrant]


class MemberProfile(MemberDetail):
    """The whole file: for the member, and for holders of `member.read_sensitive`."""

    birth_date: date | None
    phone: str | None
    email: str | None
    address: str | None
    national_id: str | None


def disagreeing(profile: Mapping[str, Any], today: date) -> Iterator[FieldError]:
    """What in a profile cannot be true together. Unknown fields (absent or None) agree with everything."""
    birth, admitted, confirmed = (profile.get(name) for name in ("birth_date", "admitted_on", "confirmed_on"))
    for name, day in (("birth_date", birth), ("admitted_on", admitted), ("confirmed_on", confirmed)):
        if day is not None and day > today:
            yield FieldError(f"/{name}", "day.future")
        elif day is not None and day < _BORN_FROM:
            yield FieldError(f"/{name}", "day.too_early")
    if birth is not None and admitted is not None and admitted <= birth:
        yield FieldError("/admitted_on", "member.admitted_before_birth")
    if admitted is not None and confirmed is not None and confirmed < admitted:
        yield FieldError("/confirmed_on", "member.confirmed_before_admitted")
    national_id = profile.get("national_id")
    if national_id is not None:
        gender = profile.get("gender")
        for code in disagreements(parse_citizen_id(national_id), gender=gender, birth_date=birth):
            yield FieldError("/national_id", code)
