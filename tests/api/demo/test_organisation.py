import re
import unicodedata
from collections import Counter
from datetime import date
from itertools import islice

import phonenumbers
import pytest

from api.demo.names import ascii_slug, name_tables
from api.demo.organisation import DEMONSTRATION, NATIONAL, GeneratedMember, Organisation, Size


@pytest.fixture(scope="module")
def organisation() -> Organisation:
    return Organisation()


@pytest.fixture(scope="module")
def members(organisation: Organisation) -> list[GeneratedMember]:
    return list(organisation.members())


def test_the_seed_decides_everything(organisation: Organisation, members: list[GeneratedMember]) -> None:
    again, other = Organisation(), Organisation(seed=7)
    assert list(again.branches()) == list(organisation.branches())
    assert list(again.members()) == members
    assert list(again.grants()) == list(organisation.grants())
    assert list(again.temporaries()) == list(organisation.temporaries())
    assert list(other.members()) != members


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (4_090, 4_100), (4_999, None), (5_000, None), (30, 10_000)])
def test_a_slice_is_the_same_members(
    organisation: Organisation, members: list[GeneratedMember], start: int, stop: int | None
) -> None:
    assert list(organisation.members(start, stop)) == members[start:stop]


def test_the_tree_has_six_levels_and_parents_come_first(organisation: Organisation) -> None:
    branches = list(organisation.branches())
    assert len(branches) == DEMONSTRATION.branches
    assert [branch.no for branch in branches] == list(range(1, len(branches) + 1))
    assert (branches[0].kind, branches[0].parent_no) == ("central", None)
    order = ["central", "province", "commune", "base", "cell", "group"]
    for branch in branches[1:]:
        parent = branches[(branch.parent_no or 0) - 1]
        assert parent.no < branch.no
        assert order[branch.depth] == branch.kind
        assert parent.depth == branch.depth - 1
        assert branch.code.startswith(parent.code) or parent.kind == "central"
    assert {branch.kind for branch in branches} == set(order)
    assert len({branch.code for branch in branches}) == len(branches)
    assert len({(branch.parent_no, branch.name) for branch in branches}) == len(branches)
    assert max(len(branch.code) for branch in branches) <= 16


def test_the_nation_is_eight_levels_deep_and_counted_exactly() -> None:
    nation = Organisation(size=NATIONAL)
    depths = Counter(branch.depth for branch in nation.branches())
    assert sum(depths.values()) == NATIONAL.branches
    assert max(depths) == 7
    assert nation.tree.first_member[-1] == NATIONAL.members
    last = list(nation.members(NATIONAL.members - 3))
    assert [member.index for member in last] == [5_299_997, 5_299_998, 5_299_999]
    assert last[0].branch_no == nation.home(5_299_997)


def test_members_are_well_formed(organisation: Organisation, members: list[GeneratedMember]) -> None:
    assert [member.index for member in members] == list(range(DEMONSTRATION.members))
    for member in members:
        age = (organisation.as_of - member.birth_date).days / 365.25
        century = (0 if member.birth_date.year < 2000 else 2) + (member.gender == "female")
        assert 18 <= age < 97
        assert phonenumbers.is_valid_number(phonenumbers.parse(member.phone))
        assert re.fullmatch(rf"003{century}{member.birth_date.year % 100:02d}\d{{6}}", member.national_id)
        assert re.fullmatch(r"HL\d{6}", member.member_no)
        assert member.email is None or re.fullmatch(r"[a-z0-9]+\.[a-z0-9]+@example\.com", member.email)
        assert unicodedata.is_normalized("NFC", member.full_name + member.address)
        assert (member.admitted_on - member.birth_date).days >= 6_575
        assert member.admitted_on <= organisation.as_of
        assert (member.confirmed_on is not None) == (member.status == "full")
        assert member.confirmed_on is None or member.admitted_on < member.confirmed_on <= organisation.as_of
        assert member.branch_no == organisation.home(member.index)


def test_what_must_differ_differs(members: list[GeneratedMember]) -> None:
    for values in (
        [member.member_no for member in members],
        [member.phone for member in members],
        [member.national_id for member in members],
        [member.email for member in members if member.email],
    ):
        assert len(set(values)) == len(values)


def test_names_are_distributed_as_people_are(members: list[GeneratedMember]) -> None:
    families = Counter(member.full_name.split()[0] for member in members)
    assert [family for family, _ in families.most_common(3)] == ["Nguyễn", "Trần", "Lê"]
    assert 0.3 < families["Nguyễn"] / len(members) < 0.45
    minority = {name for table in name_tables().minority.values() for name, _ in table}
    assert 0.02 < sum(member.full_name in minority for member in members) / len(members) < 0.06
    assert 0.02 < sum(member.status == "probationary" for member in members) / len(members) < 0.06


def test_every_branch_has_officers_of_its_own_subtree(organisation: Organisation) -> None:
    tree = organisation.tree
    grants = list(organisation.grants())
    led = {grant.branch_no for grant in grants if grant.role == "secretary"}
    assert led == set(range(1, DEMONSTRATION.branches + 1))
    assert len({(grant.member_index, grant.branch_no) for grant in grants}) == len(grants)
    for grant in grants:
        assert tree.first_member[grant.branch_no] <= grant.member_index
        assert grant.member_index < tree.first_member[tree.end[grant.branch_no]]
    assert {"admin", "editor", "auditor", "clerk"} <= {grant.role for grant in grants if grant.branch_no == 2}


def test_officers_are_of_an_age_to_lead(organisation: Organisation, members: list[GeneratedMember]) -> None:
    for grant in organisation.grants():
        officer = members[grant.member_index]
        assert 30 <= (organisation.as_of - officer.birth_date).days / 365.25 < 61
        assert officer.status == "full"


def test_guests_come_from_elsewhere(organisation: Organisation) -> None:
    guests = list(organisation.temporaries())
    assert 10 <= len(guests) <= 30
    assert len({guest.member_index for guest in guests}) == len(guests)
    assert all(guest.branch_no != organisation.home(guest.member_index) for guest in guests)


def test_the_date_moves_ages_along() -> None:
    later = Organisation(as_of=date(2040, 1, 1))
    assert all(member.birth_date.year <= 2022 for member in islice(later.members(), 500))


@pytest.mark.parametrize("size", [Size(3, 100), Size(400, 100), Size(1_000, 2_000_000), Size(250_000, 20_000_000)])
def test_sizes_that_do_not_fit_are_refused(size: Size) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        Organisation(size=size)


@pytest.mark.parametrize("branches", [24, 25, 60, 1_000])
def test_small_organisations_are_whole(branches: int) -> None:
    small = Organisation(size=Size(branches, branches * 6))
    assert sum(1 for _ in small.branches()) == branches
    assert sum(1 for _ in small.members()) == branches * 6
    assert {grant.branch_no for grant in small.grants()} == set(range(1, branches + 1))


@pytest.mark.parametrize(("name", "slug"), [("Đỗ Thị Út", "dothiut"), ("K'Brếh", "kbreh"), ("H' Ƀlơm", "hblom")])
def test_slugs_are_ascii(name: str, slug: str) -> None:
    assert ascii_slug(name) == slug
