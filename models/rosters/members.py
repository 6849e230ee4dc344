"""Rows of a roster become members: one look at what is stored for all of a chunk, then as few statements as there are
kinds of writing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from models.accounts import Account
from models.audit import audit
from models.base import new_id
from models.branches import TREE, Branch, BranchStatus
from models.changes import Topic, record, savepoint
from models.channels import ancestors, member_channel
from models.database import keyring, lock, now
from models.errors import HandbookError, Invalid
from models.members.profile import SIGN_IN, MemberUpdate
from models.members.rules import stored, update_member
from models.members.table import ACTIVE, SEALING, Member, MemberStatus
from models.memberships import EndReason, Membership, MembershipKind
from models.permissions import Permission, Viewer, allowed, outranks
from models.roles import seats_of
from models.rosters.bulk import insert_rows, plan_afresh
from models.rosters.reading import RosterRow, RowError, disagreements, refusal_of

ACTION = "roster.import"

_AGREEING = ("birth_date", "gender", "admitted_on", "confirmed_on", "national_id")
"""Fields of which one may contradict another that the roster does not name."""
_PROFILE = tuple(MemberUpdate.model_fields)
_BLANK: dict[str, Any] = dict.fromkeys([*_PROFILE, "national_id_digest", "photo"])


@dataclass(slots=True)
class Written:
    """What became of a chunk; rows that are neither new, changed nor same were refused."""

    new: int = 0
    changed: int = 0
    same: int = 0
    errors: list[RowError] = field(default_factory=list)


class _Branch(NamedTuple):
    no: int
    path: str
    status: BranchStatus


_PRIMARY = aliased(Membership)
_OPEN_PRIMARY = (
    select(col(_PRIMARY.id))
    .where(
        col(_PRIMARY.member_id) == col(Member.id),
        col(_PRIMARY.kind) == MembershipKind.PRIMARY,
        col(_PRIMARY.ended_at).is_(None),
    )
    .scalar_subquery()
)
"""A look-up by the unique index. Joined plainly, PostgreSQL would read all memberships where it has no statistics yet,
as right after an import.
"""

_Person: TypeAlias = Any
"""A row of what `_Chunk.look` selects: the stored profile, and where the primary membership is."""


class _Refused(Exception):  # an outcome of one row, not an error of the program
    def __init__(self, *errors: RowError) -> None:
        super().__init__(errors)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class _Newcomer:
    row: RosterRow
    branch: _Branch


@dataclass(frozen=True, slots=True)
class _Revised:
    """`values` are the fields that change; `branch` is where the primary membership goes, if it does."""

    row: RosterRow
    person: _Person
    values: dict[str, Any]
    branch: _Branch | None

    @property
    def closes(self) -> bool:
        return self.values.get("status", MemberStatus.FULL) not in ACTIVE


async def write_members(session: AsyncSession, viewer: Viewer, rows: Sequence[RosterRow], run_id: UUID) -> Written:
    """Bring a chunk of rows in; the caller ends the transaction. One audit event says which members were changed in
    what.

    IntegrityError means that somebody else wrote the same at the same time: the chunk can be tried again.
    """
    await plan_afresh(session)
    await lock(session, TREE, shared=True)  # no branch is closed meanwhile; branch by branch, a move would deadlock
    chunk = _Chunk(session, viewer, rows)
    await chunk.look()
    decided, written = chunk.decide()
    if any(isinstance(each, _Revised) for each in decided):
        # Decide again on rows that nobody else can change. Newcomers need no lock: constraints decide that race.
        await chunk.look(lock=[each.person.id for each in decided if isinstance(each, _Revised)])
        decided, written = chunk.decide()
    newcomers = [each for each in decided if isinstance(each, _Newcomer)]
    revised = await _within_rank(session, viewer, [each for each in decided if isinstance(each, _Revised)], written)
    closing = [each for each in revised if each.closes]
    revised = [each for each in revised if not each.closes]
    written.changed += await _close(session, viewer, closing, written)
    await _enrol(session, viewer, newcomers)
    await _revise(session, revised)
    await _transfer(session, viewer, revised)
    written.new, written.changed = len(newcomers), written.changed + len(revised)
    if newcomers or revised:
        _audit(session, viewer, run_id, newcomers, revised)
    return written


class _Chunk:
    def __init__(self, session: AsyncSession, viewer: Viewer, rows: Sequence[RosterRow]) -> None:
        self._session = session
        self._viewer = viewer
        self._rows = rows
        self._ring = keyring(session)
        self._today = now(session).date()
        self._digests = {
            row.values["member_no"]: self._ring.digest(SEALING, row.values["national_id"])
            for row in rows
            if "national_id" in row.values
        }
        self._branches: dict[str, _Branch] = {}
        self._people: dict[str, _Person] = {}
        self._owners: dict[str, str] = {}

    async def look(self, lock: Sequence[UUID] = ()) -> None:
        """Three statements, whatever the number of rows; `lock` names members to lock first, in the order of ids."""
        if lock:
            await self._session.execute(
                select(col(Member.id))
                .where(col(Member.id).in_(lock))
                .order_by(col(Member.id))
                .with_for_update(key_share=False)
            )
        codes = {row.values["branch_code"] for row in self._rows}
        branches = await self._session.execute(
            select(col(Branch.code), col(Branch.no), col(Branch.path), col(Branch.status)).where(
                col(Branch.code).in_(sorted(codes))
            )
        )
        self._branches = {code: _Branch(no, path, status) for code, no, path, status in branches}
        people = await self._session.execute(
            select(
                col(Member.id),
                col(Member.member_no),
                col(Member.national_id_digest),
                col(Member.revision),
                *(getattr(Member, name) for name in _PROFILE),
                col(Membership.id).label("membership_id"),
                col(Branch.no).label("branch_no"),
                col(Branch.path).label("path"),
            )
            .select_from(Member)
            .outerjoin(Membership, col(Membership.id) == _OPEN_PRIMARY)
            .outerjoin(Branch, col(Branch.no) == col(Membership.branch_no))
            .where(col(Member.member_no).in_([row.values["member_no"] for row in self._rows]))
        )
        self._people = {person.member_no: person for person in people}
        known = {person.national_id_digest for person in self._people.values()}
        owners = await self._session.execute(
            select(col(Member.national_id_digest), col(Member.member_no)).where(
                col(Member.national_id_digest).in_([each for each in self._digests.values() if each not in known])
            )
        )
        self._owners = {person.national_id_digest: person.member_no for person in self._people.values()}
        self._owners.update((digest, member_no) for digest, member_no in owners if digest is not None)

    def decide(self) -> tuple[list[_Newcomer | _Revised], Written]:
        written = Written()
        decided: list[_Newcomer | _Revised] = []
        for row in self._rows:
            person = self._people.get(row.values["member_no"])
            try:
                each = self._newcomer(row) if person is None else self._revised(row, person)
            except _Refused as refused:
                written.errors.extend(refused.errors)
                continue
            if each is None:
                written.same += 1
            else:
                decided.append(each)
        return decided, written

    def _newcomer(self, row: RosterRow) -> _Newcomer:
        branch = self._branch(row, None)
        if branch is None:
            raise _Refused
        self._require(row, branch.path)
        if row.values.get("status", MemberStatus.FULL) not in ACTIVE:
            raise _Refused(row.error("status", "member.closed"))
        self._refuse_anothers(row)
        return _Newcomer(row, branch)

    def _revised(self, row: RosterRow, person: _Person) -> _Revised | None:
        values = {name: row.values[name] for name in _PROFILE if name in row.values}
        if self._digests.get(person.member_no) == person.national_id_digest:
            values.pop("national_id", None)
        values = {name: value for name, value in values.items() if value != getattr(person, name)}
        # whoever left or died belongs to no branch, whatever the roster says
        branch = self._branch(row, person.branch_no) if person.status in ACTIVE else None
        if not values and branch is None:
            return None
        self._require(row, person.path or "")
        if branch is not None:
            self._require(row, branch.path)
        if person.status not in ACTIVE and "status" in values:
            raise _Refused(row.error("status", "member.closed"))
        if "national_id" in values:
            self._refuse_anothers(row)
        self._refuse_disagreeing(row, person)
        return _Revised(row, person, values, branch)

    def _branch(self, row: RosterRow, current: int | None) -> _Branch | None:
        """Where the row wants the member to be, if that is not where they are."""
        code = row.values["branch_code"]
        branch = self._branches.get(code)
        if branch is None:
            raise _Refused(row.error("branch_code", "branch.unknown", code=code))
        if branch.no == current:
            return None
        if branch.status is not BranchStatus.ACTIVE:
            raise _Refused(row.error("branch_code", "branch.not_active", code=code))
        return branch

    def _require(self, row: RosterRow, path: str) -> None:
        if not allowed(self._viewer, Permission.ROSTER_IMPORT, path):
            raise _Refused(row.error("branch_code", "forbidden", permission=Permission.ROSTER_IMPORT.value))

    def _refuse_anothers(self, row: RosterRow) -> None:
        member_no = row.values["member_no"]
        digest = self._digests.get(member_no)
        if digest is not None and self._owners.get(digest, member_no) != member_no:
            raise _Refused(row.error("national_id", "member.national_id_taken"))

    def _refuse_disagreeing(self, row: RosterRow, person: _Person) -> None:
        """The row agrees with itself; here with what is stored and the row does not say."""
        unsaid = {name: getattr(person, name) for name in _AGREEING if name not in row.values}
        if not any(unsaid.values()):
            return
        if unsaid.get("national_id"):
            unsaid["national_id"] = self._ring.open(SEALING, person.national_id, bound_to=person.id.hex)
        errors = disagreements(row, {**unsaid, **row.values}, self._today)
        if errors:
            raise _Refused(*errors)


async def _within_rank(
    session: AsyncSession, viewer: Viewer, revised: list[_Revised], written: Written
) -> list[_Revised]:
    """Rule 3: sign-in fields and the status of equals and superiors are out of reach."""
    reached = [each.person.id for each in revised if each.values.keys() & (SIGN_IN | {"status"})]
    if viewer.is_operator or not reached:
        return revised
    held = await seats_of(session, reached)
    within = []
    for each in revised:
        if each.person.id in held and not outranks(viewer, Permission.MEMBER_UPDATE, held[each.person.id]):
            written.errors.append(each.row.error(None, "forbidden.rank", permission=Permission.ROSTER_IMPORT.value))
        else:
            within.append(each)
    return within


async def _close(session: AsyncSession, viewer: Viewer, closing: Iterable[_Revised], written: Written) -> int:
    """Those who left or died go through the rule, one by one: it ends memberships, roles and sessions with them."""
    closed = 0
    for each in closing:
        try:
            async with savepoint(session):
                data = MemberUpdate(**each.values)
                await update_member(session, viewer, each.person.id, data, each.person.revision)
        except Invalid as invalid:
            written.errors.extend(refusal_of(each.row, error) for error in invalid.errors)
        except HandbookError as refused:
            written.errors.append(each.row.error("status", refused.slug, **refused.params))
        else:
            closed += 1
    return closed


async def _enrol(session: AsyncSession, viewer: Viewer, newcomers: Sequence[_Newcomer]) -> None:
    """Nobody hears their channels yet, so there is nothing to record."""
    at, ring = now(session), keyring(session)
    members = []
    for each in newcomers:
        member_id = new_id()
        values = {name: value for name, value in each.row.values.items() if name != "branch_code"}
        values.setdefault("status", MemberStatus.FULL)
        members.append({**_BLANK, **stored(ring, member_id, values), "id": member_id, "revision": 1, "created_at": at})
    await insert_rows(session, Member, members)
    await insert_rows(session, Account, [{"member_id": member["id"]} for member in members])
    places = [(member["id"], each.branch) for member, each in zip(members, newcomers, strict=True)]
    await insert_rows(session, Membership, _memberships(session, viewer, places))


async def _revise(session: AsyncSession, revised: Sequence[_Revised]) -> None:
    """One statement for each set of fields that changes."""
    ring = keyring(session)
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for each in revised:
        if not each.values:
            continue
        columns = stored(ring, each.person.id, each.values)
        parameters = {f"new_{name}": value for name, value in columns.items()}
        by_columns.setdefault(tuple(columns), []).append({"member": each.person.id, **parameters})
        channel = member_channel(each.person.id)
        record(session, channel, Topic.PROFILE, "member", each.person.id)
        if "status" in each.values:
            record(session, channel, Topic.ACCESS, "access", each.person.id)
    connection = await session.connection()
    for names, parameters_of in by_columns.items():
        statement = (
            update(Member)
            .where(col(Member.id) == bindparam("member"))
            .values({name: bindparam(f"new_{name}") for name in names} | {"revision": col(Member.revision) + 1})
        )
        await connection.execute(statement, sorted(parameters_of, key=lambda row: row["member"]))


async def _transfer(session: AsyncSession, viewer: Viewer, revised: Sequence[_Revised]) -> None:
    moved = [(each.person, each.branch) for each in revised if each.branch is not None]
    if not moved:
        return
    ended = [person.membership_id for person, _ in moved if person.membership_id is not None]
    await session.execute(
        update(Membership)
        .where(col(Membership.id).in_(ended))
        .values(ended_at=now(session), end_reason=EndReason.TRANSFERRED)
        .execution_options(synchronize_session=False)
    )
    places = [(person.id, branch) for person, branch in moved]
    await insert_rows(session, Membership, _memberships(session, viewer, places))
    for person, _ in moved:
        record(session, member_channel(person.id), Topic.ACCESS, "access", person.id)


def _memberships(session: AsyncSession, viewer: Viewer, places: Iterable[tuple[UUID, _Branch]]) -> list[dict[str, Any]]:
    at = now(session)
    return [
        {
            "id": new_id(),
            "member_id": member_id,
            "branch_no": branch.no,
            "kind": MembershipKind.PRIMARY,
            "started_at": at,
            "granted_by": viewer.member_id,
        }
        for member_id, branch in places
    ]


def _audit(
    session: AsyncSession, viewer: Viewer, run_id: UUID, newcomers: Sequence[_Newcomer], revised: Sequence[_Revised]
) -> None:
    paths = [each.branch.path for each in newcomers]
    for each in revised:
        paths.extend(path for path in (each.person.path, each.branch and each.branch.path) if path)
    after: Mapping[str, object] = {
        "new": [each.row.values["member_no"] for each in newcomers],
        "changed": {
            each.row.values["member_no"]: [*each.values, *(["branch"] if each.branch is not None else [])]
            for each in revised
        },
    }
    audit(session, viewer, ACTION, "roster", run_id, branch_no=common_branch(paths), after=after)


def common_branch(paths: Sequence[str]) -> int | None:
    """The lowest branch above or at all of these places (at least one), for whose auditors the event is."""
    low, high = ancestors(min(paths)), ancestors(max(paths))  # as strings: all others lie between them
    shared = None
    for one, other in zip(low, high, strict=False):
        if one != other:
            break
        shared = one
    return shared
