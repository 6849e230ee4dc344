"""The shape of a made-up tree of branches: compact arrays, in preorder.

Preorder means that the subtree of branch `no` is the run `no … end[no] - 1`, and, since members are numbered
in the order of the branches that they belong to, the members of a subtree are a run as well.
"""

from __future__ import annotations  # array[int] cannot be evaluated before Python 3.12

from array import array
from dataclasses import dataclass
from random import Random
from typing import Literal

from api.demo.places import PROVINCES

BranchKind = Literal["central", "province", "commune", "base", "cell", "group"]
KINDS: tuple[BranchKind, ...] = ("central", "province", "commune", "base", "cell", "group")
CENTRAL, PROVINCE, COMMUNE, BASE, CELL, GROUP = range(6)

SMALLEST_TREE = 24
MEMBERS_OF_A_PROVINCE = 999_999
_LEAST_MEMBERS = 3  # of a cell or group: enough for a secretary, a deputy and a clerk


@dataclass(frozen=True, slots=True)
class Tree:
    """Branch `no` counts from 1 (the root); entry 0 of every array is unused.

    `ordinal` is the place among the children of one parent, from 1. `end` and `first_member` have one entry
    more than branches: the members of branch `no` itself are `first_member[no] … first_member[no + 1] - 1`.
    """

    kind: array[int]
    parent: array[int]
    depth: array[int]
    ordinal: array[int]
    end: array[int]
    first_member: array[int]

    @property
    def branches(self) -> int:
        return len(self.kind) - 1


def grow(rng: Random, *, branches: int, members: int, nested: bool) -> Tree:
    """A tree of exactly `branches` branches holding `members` members, in six levels.

    With `nested`, some bases lie inside other bases, down to eight levels. ValueError where the numbers do
    not fit: fewer than `SMALLEST_TREE` branches, fewer members than the cells need, too many for a province.
    """
    if branches < SMALLEST_TREE:
        raise ValueError(f"a tree of six levels needs {SMALLEST_TREE} branches, not {branches}")
    tree = _branches(rng, branches, nested=nested)
    _settle(rng, tree, members)
    return tree


def _branches(rng: Random, branches: int, *, nested: bool) -> Tree:
    provinces = min(len(PROVINCES), max(1, branches // 7000))
    communes = max(provinces, branches // 50)
    bases = max(communes, branches * 12 // 100)
    cells = max(bases, branches * 60 // 100)
    groups = branches - 1 - provinces - communes - bases - cells

    communes_of = iter(_spread(rng, communes, provinces))
    bases_of = iter(_spread(rng, bases, communes))
    cells_of = iter(_spread(rng, cells, bases))
    groups_of = iter(_some(rng, groups, cells))

    arrays = [array("I", [0]) for _ in range(4)]
    kind, parent, depth, ordinal = arrays
    children = array("I", [0])

    def add(of_kind: int, under: int) -> int:
        children[under] += 1
        kind.append(of_kind)
        parent.append(under)
        depth.append(depth[under] + 1 if under else 0)
        ordinal.append(children[under])
        children.append(0)
        return len(kind) - 1

    root = add(CENTRAL, 0)
    for _ in range(provinces):
        province = add(PROVINCE, root)
        for _ in range(next(communes_of)):
            commune = base = add(COMMUNE, province)
            for number in range(next(bases_of)):
                inside = nested and 0 < number < 3 and rng.random() < 0.3
                base = add(BASE, base if inside else commune)
                for _ in range(next(cells_of)):
                    cell = add(CELL, base)
                    for _ in range(next(groups_of)):
                        add(GROUP, cell)
    return Tree(kind, parent, depth, ordinal, _ends(parent), array("I", bytes(4 * (len(kind) + 1))))


def _spread(rng: Random, things: int, places: int) -> list[int]:
    """How many of `things` each of `places` gets: one at least, the rest at random."""
    shares = [1] * places
    for _ in range(things - places):
        shares[int(rng.random() * places)] += 1
    return shares


def _some(rng: Random, things: int, places: int) -> list[int]:
    """As `_spread`, but a few places get two or more and the others none: nobody splits into one group."""
    chosen = rng.sample(range(places), min(places, things // 3))
    shares = [0] * places
    if chosen:
        for place, share in zip(chosen, _spread(rng, things - len(chosen), len(chosen)), strict=True):
            shares[place] = share + 1
    elif things:
        shares[0] = things
    return shares


def _ends(parent: array[int]) -> array[int]:
    end = array("I", range(1, len(parent) + 1))
    for no in range(len(parent) - 1, 1, -1):
        end[parent[no]] = max(end[parent[no]], end[no])
    return end


def _settle(rng: Random, tree: Tree, members: int) -> None:
    """Spread the members over cells and groups; a cell with groups keeps only a few of its own."""
    holders = [no for no in range(1, tree.branches + 1) if tree.kind[no] >= CELL]
    spare = members - _LEAST_MEMBERS * len(holders)
    if spare < 0:
        raise ValueError(f"{len(holders)} cells and groups need {_LEAST_MEMBERS} members each")
    weights = [
        (0.4 + 1.2 * rng.random()) * (0.6 if tree.kind[no] == GROUP else 1.0 if tree.end[no] == no + 1 else 0.2)
        for no in holders
    ]
    total, so_far, settled = sum(weights), 0.0, 0
    size = array("I", bytes(4 * (tree.branches + 1)))
    for rank, (no, weight) in enumerate(zip(holders, weights, strict=True), start=1):
        so_far += weight
        upto = members if rank == len(holders) else _LEAST_MEMBERS * rank + int(spare * (so_far / total))
        size[no] = upto - settled
        settled = upto
    for no in range(1, tree.branches + 1):
        tree.first_member[no + 1] = tree.first_member[no] + size[no]
    if any(
        tree.first_member[tree.end[no]] - tree.first_member[no] > MEMBERS_OF_A_PROVINCE
        for no in range(1, tree.branches + 1)
        if tree.kind[no] == PROVINCE
    ):
        raise ValueError(f"a province holds at most {MEMBERS_OF_A_PROVINCE} members")
