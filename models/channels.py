"""Who is spoken to. A channel is (branch, who): everyone below, its own members only, or holders of certain roles
below.

`who` is stored as an integer: 0 everyone, -1 the branch's own members, otherwise a bit mask of roles.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_

from models.permissions import Place, Role, Seat, Viewer

ALL = 0
HERE = -1
MEMBER = "m:"
"""How the names of members' own channels begin."""
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
    return f"{MEMBER}{member_id.hex}"


def ancestors(path: str) -> list[int]:
    """The numbers on a path from the root down to the branch itself."""
    return [int(no) for no in path.split("/") if no]


@dataclass(frozen=True, slots=True)
class Hearing:
    """Rule 1: what a viewer hears, from what they belong to and hold. `above` are all branches on their paths."""

    above: frozenset[int]
    own: frozenset[int]
    bits: Mapping[int, int]
    """Of each branch above a role of theirs, the roles held below it."""

    @classmethod
    def of(cls, viewer: Viewer) -> "Hearing":
        return cls.at(viewer.branches, viewer.seats)

    @classmethod
    def at(cls, branches: Collection[Place], seats: Collection[Seat]) -> "Hearing":
        """Of whoever belongs to these branches and holds these roles."""
        places = [*branches, *(seat.place for seat in seats)]
        bits: dict[int, int] = {}
        for seat in seats:
            for no in ancestors(seat.place.path):
                bits[no] = bits.get(no, 0) | _BITS[seat.role]
        return cls(
            frozenset(no for place in places for no in ancestors(place.path)),
            frozenset(place.no for place in branches),
            bits,
        )

    def hears(self, branch_no: int, who: int) -> bool:
        """Is this one of the viewer's channels?"""
        if who == ALL:
            return branch_no in self.above
        return branch_no in self.own if who == HERE else bool(self.bits.get(branch_no, 0) & who)


def hears(viewer: Viewer, branch_no: Any, who: Any) -> ColumnElement[bool]:
    """The same as a predicate over two columns: the one visibility clause of everything that is published."""
    hearing = Hearing.of(viewer)
    numbers_by_bits: dict[int, list[int]] = {}
    for no, bits in sorted(hearing.bits.items()):
        numbers_by_bits.setdefault(bits, []).append(no)
    return or_(
        false(),
        and_(who == ALL, branch_no.in_(sorted(hearing.above))),
        and_(who == HERE, branch_no.in_(sorted(hearing.own))),
        *(
            and_(who > 0, who.bitwise_and(bits) != 0, branch_no.in_(numbers))
            for bits, numbers in numbers_by_bits.items()
        ),
    )
