"""Who is spoken to. A channel is (branch, who): everyone below, its own members only, or holders of certain roles
below.

`who` is stored as an integer: 0 everyone, -1 the branch's own members, otherwise a bit mask of roles.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_

from models.permissions import Role, Viewer

ALL = 0
HERE = -1
_BITS = {role: 1 << position for position, role in enumerate(Role)}


class Reach(StrEnum):
    ALL = "all"
    HERE = "here"
    ROLES = "roles"


def who_for(reach: Reach, roles: Iterable[Role] = ()) -> int:
    if reach is Reach.ROLES:
        return sum({_BITS[role] for role in roles})
    return ALL if reach is Reach.ALL else HERE


def reach_of(who: int) -> tuple[Reach, list[Role]]:
    if who == ALL:
        return Reach.ALL, []
    if who == HERE:
        return Reach.HERE, []
    return Reach.ROLES, [role for role, bit in _BITS.items() if who & bit]


def channel(branch_no: int, who: int) -> str:
    """The channel's name in the log, such as `88:0`."""
    return f"{branch_no}:{who}"


def member_channel(member_id: UUID) -> str:
    """Where what concerns one member alone is logged."""
    return f"m:{member_id.hex}"


def ancestors(path: str) -> list[int]:
    """The numbers on a path from the root down to the branch itself."""
    return [int(no) for no in path.split("/") if no]


def hears(viewer: Viewer, branch_no: ColumnElement[int] | Any, who: ColumnElement[int] | Any) -> ColumnElement[bool]:
    """Rule 1, the one visibility clause of everything that is published: is (branch_no, who) one of the viewer's
    channels?
    """
    places = [*viewer.branches, *(seat.place for seat in viewer.seats)]
    above = {no for place in places for no in ancestors(place.path)}
    own = {place.no for place in viewer.branches}
    bits_above: dict[int, int] = {}
    for seat in viewer.seats:
        for no in ancestors(seat.place.path):
            bits_above[no] = bits_above.get(no, 0) | _BITS[seat.role]
    numbers_by_bits: dict[int, list[int]] = {}
    for no, bits in bits_above.items():
        numbers_by_bits.setdefault(bits, []).append(no)
    return or_(
        false(),
        and_(who == ALL, branch_no.in_(sorted(above))),
        and_(who == HERE, branch_no.in_(sorted(own))),
        *(
            and_(who > 0, who.bitwise_and(bits) != 0, branch_no.in_(sorted(numbers)))
            for bits, numbers in numbers_by_bits.items()
        ),
    )
