"""The made-up organisation as rows of the tables, in batches, so that memory does not grow with the members."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from itertools import islice
from uuid import UUID

from sqlmodel import SQLModel

from api.demo.organisation import GeneratedMember, Organisation
from content.text import fold
from models.accounts import Account
from models.base import new_id
from models.branches import Branch, BranchStatus
from models.keyring import Keyring
from models.members.rules import stored
from models.members.table import Member, MemberStatus
from models.memberships import EndReason, Membership, MembershipKind
from models.roles import RoleGrant

VIETNAM = timezone(timedelta(hours=7))
BATCH = 5_000  # members or branches whose rows are in memory at a time

_MEMBERS, _BRANCHES = 1, 2
_BITS_64 = 2**64 - 1
_BITS_62 = 2**62 - 1
_LEFT_EVERY = 401
_SUSPENDED_EVERY = 797


@dataclass(frozen=True, slots=True)
class Loaded:
    """An organisation in a database, and the instant at which it was loaded (the root's `created_at`).

    Ids follow from the two: whoever has them can name any branch or member without asking the database.
    """

    organisation: Organisation
    at: datetime

    def member_id(self, index: int) -> UUID:
        return _id(self._now - self.organisation.size.members + index, _MEMBERS)

    def branch_id(self, no: int) -> UUID:
        return _id(self._now - self.organisation.size.members - self.organisation.size.branches + no - 1, _BRANCHES)

    def path(self, no: int) -> list[int]:
        """The numbers from the root down to the branch itself."""
        parent, path = self.organisation.tree.parent, [no]
        while path[-1] != 1:
            path.append(parent[path[-1]])
        return path[::-1]

    def has_left(self, index: int) -> bool:
        """A few did, never an officer. Those not yet confirmed stay after all."""
        return index % _LEFT_EVERY == _LEFT_EVERY // 2 and not self.organisation.leads(index)

    def is_suspended(self, index: int) -> bool:
        return index % _SUSPENDED_EVERY == _SUSPENDED_EVERY // 2 and not self.organisation.leads(index)

    @property
    def _now(self) -> int:
        return int(self.at.timestamp() * 1000)


def _id(millisecond: int, salt: int) -> UUID:
    """A UUIDv7 (RFC 9562) whose random bits are mixed from the millisecond, by SplitMix64's finaliser.

    Each row has a millisecond of its own, so ids are unique and in the rows' order without being remembered;
    mixed bits keep them from compressing better than real ones.
    """
    bits = (millisecond << 2 | salt) * 0x9E3779B97F4A7C15 & _BITS_64
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9 & _BITS_64
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB & _BITS_64
    bits ^= bits >> 31
    return UUID(int=millisecond << 80 | 0x7 << 76 | (bits >> 52) << 64 | 0x2 << 62 | bits & _BITS_62)


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of one table: `values` are tuples in the order of `columns`; enums are given as their members."""

    model: type[SQLModel]
    columns: tuple[str, ...]
    values: list[tuple[object, ...]]


_BRANCH = (
    *("no", "id", "code", "name", "name_folded", "kind", "parent_no", "path", "status", "successor_no", "created_at"),
)
_MEMBER = (
    *("id", "member_no", "full_name", "full_name_folded", "sort_key", "birth_date", "gender", "phone", "email"),
    *("address", "national_id", "national_id_digest", "admitted_on", "confirmed_on", "status", "photo", "revision"),
    "created_at",
)
_ACCOUNT = ("member_id",)
_MEMBERSHIP = ("id", "member_id", "branch_no", "kind", "started_at", "until", "ended_at", "end_reason")
_GRANT = ("id", "member_id", "branch_no", "role", "started_at")


def branch_rows(loaded: Loaded) -> Iterator[Rows]:
    """Parents before children."""
    paths = [""] * 10
    values: list[tuple[object, ...]] = []
    for branch in loaded.organisation.branches():
        path = paths[branch.depth + 1] = f"{paths[branch.depth]}{branch.no}/"
        values.append(
            (
                branch.no,
                loaded.branch_id(branch.no),
                branch.code,
                branch.name,
                fold(branch.name),
                branch.kind,
                branch.parent_no,
                path,
                BranchStatus.ACTIVE,
                None,
                loaded.at,
            )
        )
        if len(values) == BATCH:
            yield Rows(Branch, _BRANCH, values)
            values = []
    yield Rows(Branch, _BRANCH, values)


def member_rows(loaded: Loaded, ring: Keyring) -> Iterator[tuple[Rows, Rows, Rows]]:
    """Members with their accounts and memberships, guests' too.

    Sealing a citizen id and its digest take 4 of the 25 µs that a member's rows take: no reason to load without.
    """
    members = loaded.organisation.members()
    hosts = {guest.member_index: guest.branch_no for guest in loaded.organisation.temporaries()}
    while batch := list(islice(members, BATCH)):
        people: list[tuple[object, ...]] = []
        accounts: list[tuple[object, ...]] = []
        memberships: list[tuple[object, ...]] = []
        for member in batch:
            member_id = loaded.member_id(member.index)
            status = _status(loaded, member)
            people.append(_member(loaded, ring, member, member_id, status))
            accounts.append((member_id,))
            memberships.extend(_memberships(loaded, member, member_id, status, hosts.get(member.index)))
        yield (
            Rows(Member, _MEMBER, people),
            Rows(Account, _ACCOUNT, accounts),
            Rows(Membership, _MEMBERSHIP, memberships),
        )


def grant_rows(loaded: Loaded) -> Iterator[Rows]:
    """Roles taken up from 100 to 700 days ago: later than any officer was admitted, before any notice."""
    grants = loaded.organisation.grants()
    while batch := list(islice(grants, BATCH)):
        yield Rows(
            RoleGrant,
            _GRANT,
            [
                (
                    new_id(),
                    loaded.member_id(grant.member_index),
                    grant.branch_no,
                    grant.role,
                    _days_before(loaded, 100 + (grant.branch_no * 37 + grant.member_index * 11) % 600),
                )
                for grant in batch
            ],
        )


def _status(loaded: Loaded, member: GeneratedMember) -> MemberStatus:
    if member.status == "probationary":
        return MemberStatus.PROBATIONARY
    if loaded.has_left(member.index):
        return MemberStatus.LEFT
    return MemberStatus.SUSPENDED if loaded.is_suspended(member.index) else MemberStatus.FULL


def _member(
    loaded: Loaded, ring: Keyring, member: GeneratedMember, member_id: UUID, status: MemberStatus
) -> tuple[object, ...]:
    columns = stored(ring, member_id, {"full_name": member.full_name, "national_id": member.national_id})
    return (
        member_id,
        member.member_no,
        member.full_name,
        columns["full_name_folded"],
        columns["sort_key"],
        member.birth_date,
        member.gender,
        member.phone,
        member.email,
        member.address,
        columns["national_id"],
        columns["national_id_digest"],
        member.admitted_on,
        member.confirmed_on,
        status,
        None,
        1,
        loaded.at,
    )


def _memberships(
    loaded: Loaded, member: GeneratedMember, member_id: UUID, status: MemberStatus, host: int | None
) -> Iterator[tuple[object, ...]]:
    primary = (new_id(), member_id, member.branch_no, MembershipKind.PRIMARY, _morning(member.admitted_on), None)
    if status is MemberStatus.LEFT:
        # At most 330 days ago: whoever is confirmed was admitted a year ago at least.
        yield *primary, _days_before(loaded, 30 + member.index % 300), EndReason.CLOSED
        return
    yield *primary, None, None
    if host is not None:
        started_at = max(_morning(member.admitted_on), _days_before(loaded, 20 + member.index % 100))
        until = loaded.at + timedelta(days=30 + member.index % 120)
        yield new_id(), member_id, host, MembershipKind.TEMPORARY, started_at, until, None, None


def _days_before(loaded: Loaded, days: int) -> datetime:
    return _morning(loaded.at.date() - timedelta(days=days))


@lru_cache(maxsize=65_536)
def _morning(day: date) -> datetime:
    """When this day begins in Vietnam."""
    return datetime.combine(day, time(), VIETNAM).astimezone(UTC)
