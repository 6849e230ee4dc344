"""The corner of a made-up organisation that a visitor is shown: one cell, its secretary, and who is above."""

from array import array
from dataclasses import dataclass

from api.demo.rows import Loaded
from api.demo.tree import CELL, PROVINCE

_UNUSED = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Showcase:
    """Numbers of branches, and indexes of members: three different people, each as plain as the role allows."""

    province: int
    cell: int
    member: int
    secretary: int
    admin: int


def showcase(loaded: Loaded) -> Showcase:
    """The first cell whose secretary holds no other role and that has a member who holds none.

    ValueError where there is no such cell, which takes an organisation of officers.
    """
    tree = loaded.organisation.tree
    province = next(no for no in range(1, tree.branches + 1) if tree.kind[no] == PROVINCE)
    roles = bytearray(loaded.organisation.size.members)
    secretary = array("I", [_UNUSED]) * (tree.branches + 1)
    admin = _UNUSED
    for grant in loaded.organisation.grants():
        roles[grant.member_index] = min(255, roles[grant.member_index] + 1)
        if grant.role == "secretary":
            secretary[grant.branch_no] = grant.member_index
        elif grant.role == "admin" and grant.branch_no == province:
            admin = grant.member_index
    guests = {guest.member_index for guest in loaded.organisation.temporaries()}
    for cell in range(province, tree.end[province]):
        leader = secretary[cell]
        if tree.kind[cell] != CELL or leader == admin or roles[leader] > 1 or leader in guests:
            continue
        for index in range(tree.first_member[cell], tree.first_member[cell + 1]):
            if not (roles[index] or index in guests or loaded.has_left(index) or loaded.is_suspended(index)):
                return Showcase(province, cell, index, leader, admin)
    raise ValueError("no cell has both a secretary and a member without other roles")
