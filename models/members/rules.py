"""Rules about members: who may see and change whom, and what a change brings along."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from content.text import sort_key
from models.accounts import Account
from models.audit import audit
from models.base import new_id
from models.branches import Branch, get_branch
from models.changes import Topic, record
from models.channels import member_channel
from models.database import keyring, now, translating
from models.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from models.keyring import Keyring
from models.members.profile import (
    SIGN_IN,
    MemberCreate,
    MemberDetail,
    MemberProfile,
    MemberUpdate,
    disagreeing,
)
from models.members.table import ACTIVE, SEALING, Member, MemberStatus, RosterEntry, find_person, lock_person
from models.memberships import (
    EndReason,
    Membership,
    MembershipKind,
    check_primary,
    end_membership,
    is_standing,
    membership_cards,
    open_membership,
    open_memberships,
    standing,
)
from models.paging import Order, Page, PageRequest, paginate
from models.permissions import Permission, Place, Viewer, allowed, require, require_above, visible
from models.roles import close_grants, open_grants, own_grants, seats
from models.search import folded, matches
from models.sessions import end_sessions

_TAKEN = {
    "uq_member_member_no": Conflict("member.number_taken"),
    "uq_member_national_id_digest": Conflict("member.national_id_taken"),
}
_REQUIRED = ("full_name", "status")


async def get_member(session: AsyncSession, viewer: Viewer, member_id: UUID, permission: Permission) -> Member:
    """A person, for one who has this right over them. Strangers get NotFound; fellow members and officers Forbidden."""
    member = await find_person(session, member_id)
    primary, places = await standing(session, member_id)
    if permission in {Permission.MEMBER_READ, Permission.MEMBER_READ_SENSITIVE} and viewer.member_id == member_id:
        return member
    reached = places if permission is Permission.MEMBER_READ else [primary] if primary else []
    if viewer.is_operator or any(allowed(viewer, permission, place.path) for place in reached):
        return member
    if _may_know_of(viewer, member_id, places):
        raise Forbidden(permission=permission.value)
    raise NotFound


def _may_know_of(viewer: Viewer, member_id: UUID, places: Sequence[Place]) -> bool:
    fellows = {place.no for place in viewer.branches} & {place.no for place in places}
    return (
        member_id == viewer.member_id
        or bool(fellows)
        or any(allowed(viewer, Permission.MEMBER_READ, place.path) for place in places)
    )


async def read_member(session: AsyncSession, viewer: Viewer, member_id: UUID) -> MemberDetail:
    """A person's file: whole for whoever may read what is sensitive, which leaves an audit event; without it for
    others.
    """
    member = await get_member(session, viewer, member_id, Permission.MEMBER_READ)
    primary, _ = await standing(session, member_id)
    if viewer.member_id != member_id:
        if primary is None or not allowed(viewer, Permission.MEMBER_READ_SENSITIVE, primary.path):
            return await _detail(session, member)
        audit(session, viewer, "member.read", "member", member.id, branch_no=primary.no)
    return await profile_of(session, member)


async def profile_of(session: AsyncSession, member: Member) -> MemberProfile:
    detail = await _detail(session, member)
    opened = member.national_id and keyring(session).open(SEALING, member.national_id, bound_to=member.id.hex)
    return MemberProfile(
        **dict(detail),
        birth_date=member.birth_date,
        phone=member.phone,
        email=member.email,
        address=member.address,
        national_id=opened,
    )


async def _detail(session: AsyncSession, member: Member) -> MemberDetail:
    return MemberDetail(
        id=member.id,
        member_no=member.member_no,
        full_name=member.full_name,
        photo=member.photo,
        gender=member.gender,
        status=member.status,
        admitted_on=member.admitted_on,
        confirmed_on=member.confirmed_on,
        revision=member.revision,
        memberships=await membership_cards(session, member.id, ended=False),
        grants=await own_grants(session, member.id),
    )


async def search_members(session: AsyncSession, viewer: Viewer, q: str, page: PageRequest) -> Page[RosterEntry]:
    """Everyone whom the viewer may read, by words of the name or the whole number, in Vietnamese order."""
    paths = visible(viewer, Permission.MEMBER_READ, Branch.path)
    mine = (
        select(col(Membership.id))
        .join(Branch, col(Branch.no) == col(Membership.branch_no))
        .where(col(Membership.member_id) == col(Member.id), is_standing(), paths)
        .exists()
    )
    if not viewer.paths(Permission.MEMBER_READ):
        raise Forbidden(permission=Permission.MEMBER_READ.value)
    named = matches(Member.full_name_folded, q) | (col(Member.member_no) == q)
    return await _list(session, select(Member).where(mine, named), page)


async def list_branch_members(
    session: AsyncSession, viewer: Viewer, branch: Branch, q: str, page: PageRequest
) -> Page[RosterEntry]:
    """Who belongs to one branch: for its members and for holders of `member.read`."""
    if branch.no not in {place.no for place in viewer.branches}:
        require(viewer, Permission.MEMBER_READ, branch.path)
    here = select(col(Membership.member_id)).where(
        col(Membership.branch_no) == branch.no, col(Membership.ended_at).is_(None)
    )
    return await _list(
        session, select(Member).where(col(Member.id).in_(here), matches(Member.full_name_folded, q)), page
    )


async def _list(session: AsyncSession, statement: Any, page: PageRequest) -> Page[RosterEntry]:
    order = [Order(col(Member.sort_key)), Order(col(Member.id))]
    return await paginate(session, statement, page, order, RosterEntry.model_validate)


async def create_member(session: AsyncSession, viewer: Viewer, data: MemberCreate) -> Member:
    """A member with an account and a primary membership.

    Raises Conflict `member.number_taken`, `member.national_id_taken`, `branch.not_active`.
    """
    try:
        branch = await get_branch(session, data.branch_id)
    except NotFound:
        raise Invalid.at("/branch_id", "branch.unknown") from None
    require(viewer, Permission.MEMBER_CREATE, branch.path)
    values = data.model_dump(exclude={"branch_id"})
    _refuse_disagreeing(session, values)
    member_id = new_id()
    member = Member(id=member_id, created_at=now(session), **stored(keyring(session), member_id, values))
    async with translating(session, _TAKEN):
        session.add(member)
    session.add(Account(member_id=member_id))
    await open_membership(session, viewer, member_id, branch, MembershipKind.PRIMARY)
    await check_primary(session, member_id, active=True)
    after = {name: value for name, value in values.items() if value is not None}
    audit(session, viewer, "member.create", "member", member_id, branch_no=branch.no, after=after)
    record(session, member_channel(member_id), Topic.PROFILE, "member", member_id)
    return member


async def update_member(
    session: AsyncSession, viewer: Viewer, member_id: UUID, data: MemberUpdate, revision: int
) -> Member:
    """Correct a profile, or change a status: one who leaves or dies loses memberships, roles and sessions in the
    same breath.

    Raises Stale, Conflict `member.national_id_taken`, `member.closed`.
    """
    await get_member(session, viewer, member_id, Permission.MEMBER_UPDATE)
    member = await lock_person(session, member_id)
    if member.revision != revision:
        raise Stale
    sent = data.model_dump(exclude_unset=True)
    missing = [name for name in _REQUIRED if name in sent and sent[name] is None]
    if missing:
        raise Invalid.at(f"/{missing[0]}", "missing")
    current = _current(session, member)
    changes = {name: value for name, value in sent.items() if value != current[name]}
    if not changes:
        return member
    _refuse_disagreeing(session, {**current, **changes})
    if changes.keys() & (SIGN_IN | {"status"}):
        require_above(viewer, Permission.MEMBER_UPDATE, await seats(session, member_id))
    primary, _ = await standing(session, member_id)
    async with translating(session, _TAKEN):
        for name, value in stored(keyring(session), member_id, changes).items():
            setattr(member, name, value)
        member.revision += 1
    audit(
        session,
        viewer,
        "member.update",
        "member",
        member_id,
        branch_no=primary.no if primary else None,
        before={name: current[name] for name in changes},
        after=changes,
    )
    record(session, member_channel(member_id), Topic.PROFILE, "member", member_id)
    if "status" in changes:
        await _follow_status(session, viewer, member, MemberStatus(current["status"]))
    return member


async def _follow_status(session: AsyncSession, viewer: Viewer, member: Member, before: MemberStatus) -> None:
    if before not in ACTIVE:
        raise Conflict("member.closed")
    record(session, member_channel(member.id), Topic.ACCESS, "access", member.id)
    if member.is_active:
        return
    for membership in await open_memberships(session, member.id):
        await end_membership(session, membership, EndReason.CLOSED)
    for grant, branch in await open_grants(session, member.id):
        await close_grants(session, viewer, branch, [grant], "closed")
    await end_sessions(session, member.id, "closed")
    await check_primary(session, member.id, active=False)


def stored(ring: Keyring, member_id: UUID, values: Mapping[str, Any]) -> dict[str, Any]:
    """Profile fields as columns: folded, keyed for sorting, sealed."""
    columns = dict(values)
    if "full_name" in columns:
        columns["full_name_folded"] = folded(columns["full_name"])
        columns["sort_key"] = sort_key(columns["full_name"])
    if "national_id" in columns:
        number = columns["national_id"]
        columns["national_id"] = number and ring.seal(SEALING, number, bound_to=member_id.hex)
        columns["national_id_digest"] = number and ring.digest(SEALING, number)
    return columns


def _current(session: AsyncSession, member: Member) -> dict[str, Any]:
    """The stored profile as a MemberUpdate would say it."""
    current = {name: getattr(member, name) for name in MemberUpdate.model_fields}
    if member.national_id is not None:
        current["national_id"] = keyring(session).open(SEALING, member.national_id, bound_to=member.id.hex)
    return current


def _refuse_disagreeing(session: AsyncSession, profile: Mapping[str, Any]) -> None:
    errors = list(disagreeing(profile, now(session).date()))
    if errors:
        raise Invalid(errors)
