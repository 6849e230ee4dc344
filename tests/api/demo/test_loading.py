"""A made-up organisation loaded into both databases: what the rules hold, what three visitors see."""

import json
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from api.demo.accounts import (
    SYLLABLES,
    DemoAccount,
    DemoAccounts,
    new_password,
    open_accounts,
    write_accounts,
)
from api.demo.history import Published, publish_notices
from api.demo.loading import NotEmpty, load_organisation
from api.demo.organisation import Organisation, Size
from api.demo.rows import Loaded
from api.demo.showcase import showcase
from api.demo.texts import notice_texts
from content.text import fold, sort_key
from models import changes
from models.accounts import Account, find_account
from models.audit import AuditEvent
from models.branches import Branch
from models.changes import Change, ChannelVersion, LogHead
from models.channels import ancestors, channel, hears
from models.database import Database
from models.members.table import ACTIVE, SEALING, Member, MemberStatus
from models.memberships import EndReason, Membership, MembershipKind, check_primary
from models.notices.table import Notice, NoticeState, Receipt
from models.own_state import MemberState
from models.permissions import Role, Viewer
from models.roles import RoleGrant
from models.sessions import Device, start_session
from models.viewers import resolve_viewer
from tests.clock import StandingClock

SIZE = Size(100, 1_300)


@dataclass(frozen=True)
class Demonstration:
    loaded: Loaded
    published: Published
    accounts: DemoAccounts


@pytest.fixture
def made_up(clock: StandingClock) -> Organisation:
    return Organisation(size=SIZE, as_of=clock().date())


@pytest.fixture
async def loaded(database: Database, made_up: Organisation) -> Loaded:
    return await load_organisation(database, made_up)


@pytest.fixture
async def demonstration(database: Database, loaded: Loaded) -> Demonstration:
    published = await publish_notices(database, loaded, notice_texts(), rng=Random(1))
    return Demonstration(loaded, published, await open_accounts(database, loaded, hash_password=_reversed))


async def _reversed(password: str) -> str:
    return password[::-1]


async def test_everything_generated_is_there(database: Database, made_up: Organisation, loaded: Loaded) -> None:
    guests = {guest.member_index for guest in made_up.temporaries()}
    async with database.reading() as session:
        assert await _count(session, Branch) == SIZE.branches
        assert await _count(session, Member) == await _count(session, Account) == SIZE.members
        assert await _count(session, RoleGrant) == len(list(made_up.grants()))
        staying = [index for index in guests if not loaded.has_left(index)]
        assert await _count(session, Membership) == SIZE.members + len(staying) > SIZE.members
        generated = next(made_up.members(777, 778))
        member = await session.get_one(Member, loaded.member_id(777))
        for name in ("member_no", "full_name", "birth_date", "gender", "phone", "email", "address"):
            assert getattr(member, name) == getattr(generated, name)
        assert (member.admitted_on, member.confirmed_on) == (generated.admitted_on, generated.confirmed_on)
        assert member.full_name_folded == fold(generated.full_name)
        assert member.sort_key == sort_key(generated.full_name)


async def test_paths_lead_from_the_root_to_each_branch(database: Database, loaded: Loaded) -> None:
    async with database.reading() as session:
        branches = {branch.no: branch for branch in await session.scalars(select(Branch))}
        for no, branch in branches.items():
            above = branches[branch.parent_no].path if branch.parent_no else ""
            assert branch.path == f"{above}{no}/"
            assert ancestors(branch.path) == loaded.path(no)
            assert branch.id == loaded.branch_id(no)
            assert branch.name_folded == fold(branch.name)
            assert branch.created_at == loaded.at


async def test_active_members_have_exactly_one_open_primary(database: Database, loaded: Loaded) -> None:
    mismatched = (
        "SELECT m.id FROM member m LEFT JOIN membership s"
        " ON s.member_id = m.id AND s.kind = 'primary' AND s.ended_at IS NULL"
        " GROUP BY m.id, m.status"
        " HAVING count(s.id) <> CASE WHEN m.status IN ('left', 'deceased') THEN 0 ELSE 1 END"
    )
    async with database.reading() as session:
        assert (await session.execute(text(mismatched))).all() == []
        statuses = dict((await session.execute(select(col(Member.status), func.count()).group_by(Member.status))).all())
        assert statuses.keys() == {*ACTIVE, MemberStatus.LEFT}
        left = (await session.scalars(select(Member).where(col(Member.status) == MemberStatus.LEFT))).all()
        for member in left:
            await check_primary(session, member.id, active=False)
        grants = select(func.count()).where(col(RoleGrant.member_id).in_([member.id for member in left]))
        assert await session.scalar(grants) == 0
        closed = (await session.scalars(select(Membership).where(col(Membership.ended_at).is_not(None)))).all()
        assert {membership.member_id for membership in closed} == {member.id for member in left}
        assert {membership.end_reason for membership in closed} == {EndReason.CLOSED}


async def test_dates_are_in_order(database: Database, loaded: Loaded) -> None:
    async with database.reading() as session:
        for membership in await session.scalars(select(Membership)):
            assert membership.started_at <= loaded.at
            assert membership.ended_at is None or membership.started_at < membership.ended_at < loaded.at
            assert (membership.until is not None) == (membership.kind is MembershipKind.TEMPORARY)
            assert membership.until is None or membership.until > loaded.at
        rows = await session.execute(
            select(col(RoleGrant.started_at), col(Membership.started_at))
            .join(Membership, col(Membership.member_id) == col(RoleGrant.member_id))
            .where(col(Membership.kind) == MembershipKind.PRIMARY)
        )
        assert all(joined < granted < loaded.at for granted, joined in rows)


async def test_officers_belong_below_what_they_lead(database: Database, loaded: Loaded) -> None:
    async with database.reading() as session:
        paths = dict((await session.execute(select(col(Branch.no), col(Branch.path)))).all())
        rows = (
            await session.execute(
                select(col(RoleGrant.branch_no), col(Membership.branch_no))
                .join(Membership, col(Membership.member_id) == col(RoleGrant.member_id))
                .where(col(Membership.kind) == MembershipKind.PRIMARY)
            )
        ).all()
        assert all(paths[belongs].startswith(paths[leads]) for leads, belongs in rows)
        led = select(func.count(col(RoleGrant.branch_no).distinct())).where(col(RoleGrant.role) == Role.SECRETARY)
        assert await session.scalar(led) == SIZE.branches


async def test_citizen_ids_are_sealed_to_their_members(
    database: Database, made_up: Organisation, loaded: Loaded
) -> None:
    ring = database.keyring
    async with database.reading() as session:
        for generated in made_up.members(0, SIZE.members):
            member = await session.get_one(Member, loaded.member_id(generated.index))
            assert member.national_id is not None
            assert generated.national_id not in member.national_id
            assert ring.open(SEALING, member.national_id, bound_to=member.id.hex) == generated.national_id
            assert member.national_id_digest == ring.digest(SEALING, generated.national_id)


async def test_the_log_says_once_that_there_is_an_organisation(database: Database, loaded: Loaded) -> None:
    async with database.reading() as session:
        recorded = (await session.scalars(select(Change))).all()
        assert [(change.channel, change.thing_id) for change in recorded] == [("1:0", loaded.branch_id(1))]
        events = (await session.scalars(select(AuditEvent))).all()
        assert [(event.action, event.actor_id) for event in events] == [("organisation.load", None)]
        assert events[0].after == {"branches": SIZE.branches, "members": SIZE.members}


async def test_progress_is_told_up_to_the_end(database: Database, made_up: Organisation) -> None:
    told: list[tuple[int, int]] = []
    await load_organisation(database, made_up, on_progress=lambda *done: told.append(done))
    assert told[-1] == (SIZE.members, SIZE.members)


async def test_large_loads_take_several_transactions(
    database: Database, made_up: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.demo.loading.ROWS_A_COMMIT", 50)
    monkeypatch.setattr("api.demo.rows.BATCH", 100)
    await load_organisation(database, made_up)
    async with database.reading() as session:
        assert await _count(session, Branch) == SIZE.branches
        assert await _count(session, Member) == SIZE.members
        assert await session.scalar(select(col(LogHead.seq))) == 1


async def test_a_second_load_is_refused_and_changes_nothing(database: Database, loaded: Loaded) -> None:
    with pytest.raises(NotEmpty):
        await load_organisation(database, Organisation(size=Size(24, 200), as_of=loaded.at.date()))
    async with database.reading() as session:
        assert await _count(session, Branch) == SIZE.branches
        assert await _count(session, Member) == SIZE.members


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_what_fails_half_way_leaves_nothing(database: Database, made_up: Organisation) -> None:
    def give_up(done: int, total: int) -> None:
        raise KeyError(done)

    with pytest.raises(KeyError):
        await load_organisation(database, made_up, on_progress=give_up)
    async with database.reading() as session:
        assert await _count(session, Branch) == 0
    await load_organisation(database, made_up)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_an_organisation_of_tomorrow_is_refused(database: Database, clock: StandingClock) -> None:
    made_up = Organisation(size=SIZE, as_of=clock().date())
    clock.advance(days=-1)
    with pytest.raises(ValueError, match="yet to come"):
        await load_organisation(database, made_up)


async def test_notices_are_what_their_branches_would_have_sent(
    database: Database, demonstration: Demonstration
) -> None:
    at = demonstration.loaded.at
    async with database.reading() as session:
        notices = (await session.scalars(select(Notice).order_by(col(Notice.id)))).all()
        assert len(notices) == demonstration.published.notices
        assert 90 <= len(notices) <= 150
        assert {text.title for text in notice_texts()} <= {notice.title for notice in notices}
        states = [notice.state for notice in notices]
        assert (states.count(NoticeState.DRAFT), states.count(NoticeState.WITHDRAWN)) == (2, 1)
        secretaries = set(
            (
                await session.execute(
                    select(col(RoleGrant.branch_no), col(RoleGrant.member_id)).where(
                        col(RoleGrant.role) == Role.SECRETARY
                    )
                )
            ).all()
        )
        for notice in notices:
            assert (notice.branch_no, notice.author_id) in secretaries
            assert notice.created_at < at
            assert "<p>" in notice.body_html
            assert 0 < len(notice.summary) <= 200
            assert (notice.withdrawn_at is None) == (notice.state is not NoticeState.WITHDRAWN)
            assert notice.withdrawn_at is None or notice.withdrawn_at < at
        assert [notice.created_at for notice in notices] == sorted(notice.created_at for notice in notices)


async def test_the_log_and_the_audit_know_every_published_notice(
    database: Database, demonstration: Demonstration
) -> None:
    async with database.reading() as session:
        notices = (await session.scalars(select(Notice).where(col(Notice.published_at).is_not(None)))).all()
        recorded = {
            change.thing_id: change
            for change in await session.scalars(select(Change).where(col(Change.kind) == "notice"))
        }
        assert recorded.keys() == {notice.id for notice in notices}
        assert all(recorded[n.id].channel == channel(n.branch_no, n.who) for n in notices)
        in_order = sorted(notices, key=lambda notice: notice.created_at)
        numbers = [recorded[notice.id].seq for notice in in_order]
        assert numbers == sorted(numbers)
        assert len(set(numbers)) > 3
        for version in await session.scalars(select(ChannelVersion).where(col(ChannelVersion.topic) == "notices")):
            newest = max(change.seq for change in recorded.values() if change.channel == version.channel)
            assert version.seq == newest
        head = await session.scalar(select(col(LogHead.seq)))
        assert head == max(numbers)
        publications = select(func.count()).where(col(AuditEvent.action) == "notice.publish")
        assert await session.scalar(publications) == len(notices)


async def test_receipts_come_from_those_who_were_told(database: Database, demonstration: Demonstration) -> None:
    at = demonstration.loaded.at
    async with database.reading() as session:
        assert await _count(session, Receipt) == demonstration.published.receipts > 1_000
        paths = dict((await session.execute(select(col(Branch.no), col(Branch.path)))).all())
        rows = await session.execute(
            select(Receipt, Notice, col(Membership.branch_no))
            .join(Notice, col(Notice.id) == col(Receipt.notice_id))
            .join(Membership, col(Membership.member_id) == col(Receipt.member_id))
            .where(col(Membership.kind) == MembershipKind.PRIMARY)
        )
        for receipt, notice, branch_no in rows.all():
            assert notice.published_at is not None
            assert notice.published_at < receipt.read_at < at
            assert paths[branch_no].startswith(paths[notice.branch_no])
            assert receipt.acknowledged_at is None or notice.requires_ack


async def test_receipts_are_numbered_for_each_member(database: Database, demonstration: Demonstration) -> None:
    async with database.reading() as session:
        numbers: dict[UUID, list[int]] = {}
        for receipt in await session.scalars(select(Receipt)):
            numbers.setdefault(receipt.member_id, []).append(receipt.seq)
        counted = {state.member_id: state.seq for state in await session.scalars(select(MemberState))}
    assert {member_id: sorted(given) for member_id, given in numbers.items()} == {
        member_id: list(range(1, seq + 1)) for member_id, seq in counted.items()
    }


async def test_three_visitors_see_what_concerns_them(database: Database, demonstration: Demonstration) -> None:
    async with database.writing() as session:
        member = await _sign_in(session, demonstration.accounts["member"])
        secretary = await _sign_in(session, demonstration.accounts["secretary"])
        admin = await _sign_in(session, demonstration.accounts["admin"])
        await changes.commit(session)
        feeds = [await _feed(session, viewer) for viewer in (member, secretary, admin)]
    shown = showcase(demonstration.loaded)
    assert not member.seats
    assert [place.no for place in member.branches] == [place.no for place in secretary.branches] == [shown.cell]
    assert [(seat.role, seat.place.no) for seat in secretary.seats] == [(Role.SECRETARY, shown.cell)]
    assert (Role.ADMIN, shown.province) in {(seat.role, seat.place.no) for seat in admin.seats}
    of_member, of_secretary, of_admin = ({notice.id for notice in feed} for feed in feeds)
    assert len(of_member) >= 20
    assert of_member < of_secretary
    assert len(of_admin) >= 8
    assert {notice.branch_no for notice in feeds[0]} == set(demonstration.loaded.path(shown.cell))


async def test_passwords_are_set_and_printable(database: Database, demonstration: Demonstration) -> None:
    async with database.reading() as session:
        accounts = demonstration.accounts
        for given in (accounts["member"], accounts["secretary"], accounts["admin"]):
            account = await find_account(session, given["login"])
            assert account is not None
            assert account.password_hash == given["password"][::-1]
            assert account.password_set_at == demonstration.loaded.at
            member = await session.get_one(Member, account.member_id)
            assert (member.full_name, member.status) == (given["name"], MemberStatus.FULL)
            assert given["branch"]
        opened = select(func.count()).where(col(Account.password_hash).is_not(None))
        assert await session.scalar(opened) == 3


def test_passwords_have_sixty_bits_and_differ() -> None:
    assert len(set(SYLLABLES)) == len(SYLLABLES)
    assert len(SYLLABLES) ** 4 * 10**6 >= 2**60
    passwords = {new_password() for _ in range(100)}
    assert len(passwords) == 100
    for password in passwords:
        prefix, *syllables, digits = password.split("-")
        assert prefix == "demo"
        assert len(syllables) == 4
        assert set(syllables) <= set(SYLLABLES)
        assert len(digits) == 6
        assert digits.isdecimal()


def test_the_accounts_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    account = DemoAccount(login="HL000001", password="than-an-binh-an-000001", name="Đỗ Thị Út", branch="Chi bộ")
    path = tmp_path / "var" / "accounts.json"
    for _ in range(2):
        write_accounts(path, DemoAccounts(member=account, secretary=account, admin=account))
        path.chmod(0o644)
    write_accounts(path, DemoAccounts(member=account, secretary=account, admin=account))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["accounts.json"]
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document.keys() == {"member", "secretary", "admin"}
    assert all(document[role] == dict(account) for role in document)


async def _count(session: AsyncSession, model: Any) -> int:
    return (await session.execute(select(func.count()).select_from(model))).scalar_one()


async def _sign_in(session: AsyncSession, given: DemoAccount) -> Viewer:
    account = await find_account(session, given["login"])
    assert account is not None
    device = await start_session(session, account.member_id, Device(), None)
    return await resolve_viewer(session, account.member_id, device.id)


async def _feed(session: AsyncSession, viewer: Viewer) -> Sequence[Notice]:
    heard = hears(viewer, col(Notice.branch_no), col(Notice.who))
    published = col(Notice.state) == NoticeState.PUBLISHED
    return (await session.scalars(select(Notice).where(heard, published))).all()
