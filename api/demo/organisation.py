"""A made-up organisation of any size: branches, members, officers and guests, as streams.

Everything follows from the seed, the size and one date: the same in every process and on every machine. What
is kept in memory is the tree (some 30 bytes a branch) and the tables that names are drawn from, never the
members. No place, person or number is real; telephone numbers have the form of real ones.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain, count, islice
from random import Random
from struct import iter_unpack
from typing import Literal

from api.demo.names import FAMILY_BITS, GIVEN_BITS, MINORITY_BITS, name_tables
from api.demo.people import (
    COHORT_BITS,
    OFFICER_BITS,
    OFFSET_BITS,
    PHONE_PREFIXES,
    PROBATION_DAYS,
    Gender,
    admission_offsets,
    cohorts,
    officer_cohorts,
)
from api.demo.places import PROVINCES, BaseNames, CommuneNames, commune_names
from api.demo.tree import BASE, CELL, CENTRAL, COMMUNE, GROUP, KINDS, PROVINCE, BranchKind, grow

Role = Literal["admin", "secretary", "deputy", "clerk", "editor", "auditor"]
Status = Literal["probationary", "full"]

_NUMBERS = 10_000_000  # of seven digits behind a prefix
MOST_MEMBERS = _NUMBERS  # so many telephone numbers are unique

_COHORT_MASK = 2**COHORT_BITS - 1
_OFFICER_MASK = 2**OFFICER_BITS - 1
_OFFSET_MASK = 2**OFFSET_BITS - 1
_FAMILY_MASK = 2**FAMILY_BITS - 1
_GIVEN_MASK = 2**GIVEN_BITS - 1
_MINORITY_MASK = 2**MINORITY_BITS - 1

_DRAW = "<5H"
_DRAW_BYTES = 10
_BLOCK = 4096
_OFFICERS = 3  # the first so many members of a cell or group are of an age to lead it
_SEASONED_DAYS = 800  # and were admitted at least so long ago
_GUEST_EVERY = 211


@dataclass(frozen=True, slots=True)
class Size:
    """How large an organisation is; `nested` puts some bases inside others, for a tree of eight levels."""

    branches: int
    members: int
    nested: bool = False


DEMONSTRATION = Size(400, 5_000)
MILLION = Size(250_000, 1_000_000, nested=True)
NATIONAL = Size(250_000, 5_300_000, nested=True)


@dataclass(frozen=True, slots=True)
class GeneratedBranch:
    """`no` counts from 1 in preorder; the root has depth 0 and no parent."""

    no: int
    parent_no: int | None
    code: str
    name: str
    kind: BranchKind
    depth: int


@dataclass(frozen=True, slots=True)
class GeneratedMember:
    """`index` counts from 0; `phone` is E.164, `email` at example.com; `branch_no` the primary branch's."""

    index: int
    member_no: str
    full_name: str
    gender: Gender
    birth_date: date
    phone: str
    email: str | None
    address: str
    national_id: str
    admitted_on: date
    confirmed_on: date | None
    status: Status
    branch_no: int


@dataclass(frozen=True, slots=True)
class GeneratedGrant:
    member_index: int
    role: Role
    branch_no: int


@dataclass(frozen=True, slots=True)
class GeneratedTemporary:
    member_index: int
    branch_no: int


@dataclass(frozen=True, slots=True)
class _Site:
    """A branch with what its members' rows take from it."""

    branch: GeneratedBranch
    address: str
    letters: str
    digits: str
    province_first: int


class Organisation:
    """One organisation; every method starts its stream anew, in the order of `no` or `index`.

    ValueError where `size` does not fit six levels, one province's numbers or the telephone numbers.
    """

    def __init__(self, *, size: Size = DEMONSTRATION, seed: int = 2026, as_of: date = date(2026, 6, 30)) -> None:
        if size.members > MOST_MEMBERS:
            raise ValueError(f"at most {MOST_MEMBERS} members")
        self.size = size
        self.seed = seed
        self.as_of = as_of
        self.tree = grow(self._rng("tree"), branches=size.branches, members=size.members, nested=size.nested)
        self._names = name_tables()
        self._cohorts = cohorts(self._rng("cohorts"), as_of)
        self._officers = officer_cohorts(self._rng("officers"), as_of)
        self._offsets = admission_offsets(self._rng("offsets"))

    def branches(self) -> Iterator[GeneratedBranch]:
        """All branches, parents before children."""
        return (site.branch for site in self._sites())

    def members(self, start: int = 0, stop: int | None = None) -> Iterator[GeneratedMember]:
        """Members `start … stop - 1`; a slice costs little more than itself: processes can share the work."""
        stop = self.size.members if stop is None else min(stop, self.size.members)
        draws = self._draws(start)
        first = self.tree.first_member
        for site in self._sites():
            no = site.branch.no
            low, high = max(first[no], start), min(first[no + 1], stop)
            if low < high:
                yield from self._members_of(site, low, high, draws)
            if high >= stop:
                return

    def grants(self) -> Iterator[GeneratedGrant]:
        """The officers of each branch: members of it or of a cell below it, no one twice in one branch."""
        rng = self._rng("grants")
        for no in range(1, self.tree.branches + 1):
            taken: set[int] = set()
            for role in self._roles(no):
                who = self._officer(rng, no, len(taken))
                while who in taken:
                    who = self._officer(rng, no, len(taken))
                taken.add(who)
                yield GeneratedGrant(who, role, no)

    def temporaries(self) -> Iterator[GeneratedTemporary]:
        """A few members who also take part in another cell or group, on time."""
        rng = self._rng("temporaries")
        for index in range(_GUEST_EVERY // 2, self.size.members, _GUEST_EVERY):
            host = self.home(int(rng.random() * self.size.members))
            if host != self.home(index):
                yield GeneratedTemporary(index, host)

    def home(self, index: int) -> int:
        """The `no` of the primary branch of member `index`."""
        return bisect_right(self.tree.first_member, index, 1) - 1

    def leads(self, index: int) -> bool:
        """Is member `index` one of those among whom officers are chosen?"""
        return index - self.tree.first_member[self.home(index)] < _OFFICERS

    def _rng(self, purpose: str) -> Random:
        return Random(f"{self.seed}/{purpose}")  # noqa: S311 - repeatable invention, not a secret

    def _draws(self, start: int) -> Iterator[tuple[int, ...]]:
        """Five 16-bit numbers a member from `start` on; a block has its own seed, so any start is near."""
        first, skipped = divmod(start, _BLOCK)
        blocks = (self._rng(f"people/{block}").randbytes(_BLOCK * _DRAW_BYTES) for block in count(first))
        draws = chain.from_iterable(iter_unpack(_DRAW, block) for block in blocks)
        return islice(draws, skipped, None)

    def _sites(self) -> Iterator[_Site]:
        tree, rng = self.tree, self._rng("places")
        codes = [""] * 9
        letters, digits, province, province_first = "TW", "000", "", 0
        communes: list[str] = []
        commune = CommuneNames(rng, "Trung ương")
        base: BaseNames = commune.base(1)
        bases = cell = 0
        for no in range(1, tree.branches + 1):
            kind, depth, ordinal = tree.kind[no], tree.depth[no], tree.ordinal[no]
            code = f"{codes[depth - 1]}.{ordinal}" if kind == GROUP else f"{codes[depth - 1]}.{ordinal:02d}"
            if kind == CENTRAL:
                code, name = letters, "Tổ chức Trung ương"
            elif kind == PROVINCE:
                province, letters, digits = PROVINCES[ordinal - 1]
                province_first, communes, bases = tree.first_member[no], commune_names(rng), 0
                code, name = letters, f"Đảng bộ tỉnh {province}"
            elif kind == COMMUNE:
                commune, bases = CommuneNames(rng, communes[ordinal - 1]), 0
                name = f"Đảng bộ {commune.area}"
            elif kind == BASE:
                bases += 1
                base = commune.base(bases)
                name = base.name
            elif kind == CELL:
                cell = ordinal
                name = base.cell(cell)
            else:
                name = f"Tổ đảng số {ordinal}"
            codes[depth] = code
            branch = GeneratedBranch(no, tree.parent[no] or None, code, name, KINDS[kind], depth)
            address = f"thôn {base.hamlet(cell)}, {commune.area}, tỉnh {province}" if kind >= CELL else ""
            yield _Site(branch, address, letters, digits, province_first)

    def _members_of(
        self, site: _Site, low: int, high: int, draws: Iterator[tuple[int, ...]]
    ) -> Iterator[GeneratedMember]:
        no, address, letters, digits = site.branch.no, site.address, site.letters, site.digits
        before = site.province_first - 1
        leading = self.tree.first_member[no] + _OFFICERS
        families, offsets, prefixes = self._names.family, self._offsets, PHONE_PREFIXES
        today = self.as_of.toordinal()
        from_ordinal = date.fromordinal
        for index, (a, b, c, d, e) in zip(range(low, high), draws, strict=False):
            if index < leading:
                gender, birth_date, adult, id_digits, given, minority = self._officers[a & _OFFICER_MASK]
                latest = today - _SEASONED_DAYS
            else:
                gender, birth_date, adult, id_digits, given, minority = self._cohorts[a & _COHORT_MASK]
                latest = today
            family, family_slug = families[b & _FAMILY_MASK]
            if c < 2048:  # one in 32, as the rest of a draw of 16 bits
                full_name, slug = minority[b & _MINORITY_MASK]
            else:
                given_name, slug = given[c & _GIVEN_MASK]
                full_name = f"{family} {given_name}"
            admitted = adult + offsets[d & _OFFSET_MASK]
            if admitted > latest:
                admitted = adult + ((latest - adult) * e >> 16)
            full = admitted + PROBATION_DAYS <= today
            yield GeneratedMember(
                index,
                f"{letters}{index - before:06d}",
                full_name,
                gender,
                birth_date,
                # Both multipliers are coprime to the modulus: no number comes twice.
                f"+84{prefixes[a >> 14 | b >> 12 << 2]}{(index * 6_180_339 + 2_718_281) % _NUMBERS:07d}",
                f"{slug}.{family_slug}{index % 9973}@example.com" if d < 22_000 else None,
                f"Số {e % 240 + 1}, {address}",
                f"{digits}{id_digits}{(index * 618_033 + 314_159) % 1_000_000:06d}",
                from_ordinal(admitted),
                from_ordinal(admitted + PROBATION_DAYS) if full else None,
                "full" if full else "probationary",
                no,
            )

    def _roles(self, no: int) -> tuple[Role, ...]:
        kind = self.tree.kind[no]
        if kind <= PROVINCE:
            return ("admin", "secretary", "deputy", "clerk", "editor", "auditor")
        if kind == COMMUNE:
            return ("secretary", "deputy", "clerk")
        size = self.tree.first_member[self.tree.end[no]] - self.tree.first_member[no]
        if kind == BASE:
            return ("secretary", "deputy", "clerk") if size >= 60 else ("secretary", "deputy")
        if kind == CELL and size >= 9:
            return ("secretary", "deputy", "clerk") if size >= 25 else ("secretary", "deputy")
        return ("secretary",)

    def _officer(self, rng: Random, no: int, rank: int) -> int:
        """One of the leading members: of the branch itself in their order, of any cell below it at random."""
        first = self.tree.first_member
        if self.tree.kind[no] >= CELL:
            return first[no] + rank
        low, high = first[no], first[self.tree.end[no]]
        cell = self.home(low + int(rng.random() * (high - low)))
        return first[cell] + int(rng.random() * _OFFICERS)
