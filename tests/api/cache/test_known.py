"""Tokens' claims: believed without a query for as long as the log says nothing else, and not a moment longer."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from fastapi import FastAPI

from api.security.claims import Claims
from api.settings import Settings
from models import changes
from models.accounts import Account
from models.changes import Topic, record, restored
from models.channels import ALL, channel, member_channel
from models.members.profile import MemberUpdate
from models.members.rules import update_member
from models.members.table import Member, MemberStatus
from models.memberships import EndReason, MembershipKind, end_membership, open_membership, open_memberships
from models.permissions import OPERATOR, Role
from models.roles import open_grants
from models.sessions import end_sessions
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.queries import counting
from tests.serving import FEED, HERE, Desk, calling, for_roles, parts_in, phone_of, refreshed, served, titles

SECRETARIES = for_roles([Role.SECRETARY])
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])


async def test_a_member_never_seen_costs_no_query(app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    """From a real refresh, once the page of their channels is there."""
    await desk.publish("tinh", "Họp toàn tỉnh")
    async with phone_of(app, organisation.person("member")) as phone:
        assert await titles(phone) == ["Họp toàn tỉnh"]
    token = await refreshed(app, organisation.person("fellow"))
    with counting(parts_in(app).database) as statements:
        async with calling(app, token) as phone:
            assert await titles(phone) == ["Họp toàn tỉnh"]
    assert statements == []


async def test_another_process_believes_the_token_too(
    app: FastAPI, other: FastAPI, desk: Desk, organisation: Organisation
) -> None:
    await desk.publish("tinh", "Họp toàn tỉnh")
    token = await refreshed(app, organisation.person("fellow"))
    async with calling(other, await refreshed(other, organisation.person("member"))) as first:
        await parts_in(other).cache.follower.follow()
        await titles(first)
    with counting(parts_in(other).database) as statements:
        async with calling(other, token) as phone:
            assert await titles(phone) == ["Họp toàn tỉnh"]
    assert statements == []


async def _end_role(app: FastAPI, organisation: Organisation) -> None:
    for grant in await _grants(app, organisation.person("secretary").id):
        await Desk(app, organisation).end_grant(grant)


async def _end_role_and_correct(app: FastAPI, organisation: Organisation) -> None:
    """A correction of the same member right after: the log must still tell of the role."""
    await _end_role(app, organisation)
    await _correct(app, organisation, MemberUpdate(full_name="Vũ Thị Lân"))


async def _transfer(app: FastAPI, organisation: Organisation) -> None:
    await _end_role(app, organisation)
    person = organisation.person("secretary")
    async with parts_in(app).transaction() as session:
        for membership in await open_memberships(session, person.id):
            await end_membership(session, membership, EndReason.TRANSFERRED)
        await open_membership(session, OPERATOR, person.id, organisation.branch("kh_chibo"), MembershipKind.PRIMARY)


async def _leave(app: FastAPI, organisation: Organisation) -> None:
    await _correct(app, organisation, MemberUpdate(status=MemberStatus.LEFT))


async def _disable(app: FastAPI, organisation: Organisation) -> None:
    person = organisation.person("secretary")
    async with parts_in(app).transaction() as session:
        (await session.get_one(Account, person.id)).disabled_at = parts_in(app).database.clock()
        record(session, member_channel(person.id), Topic.ACCESS, "access", person.id)


async def _sign_out(app: FastAPI, organisation: Organisation) -> None:
    async with parts_in(app).transaction() as session:
        await end_sessions(session, organisation.person("secretary").id, "signed_out")


Ending = Callable[[FastAPI, Organisation], Awaitable[None]]
ENDINGS: dict[Ending, tuple[int, object]] = {
    _end_role: (200, ["Cho mọi người"]),
    _end_role_and_correct: (200, ["Cho mọi người"]),
    _transfer: (200, []),
    _leave: (401, "/problems/account.closed"),
    _disable: (401, "/problems/account.closed"),
    _sign_out: (401, "/problems/sign_in.required"),
}


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__.strip("_"))
async def test_an_ending_is_seen_at_once_here_and_by_following_there(
    app: FastAPI, other: FastAPI, desk: Desk, organisation: Organisation, end: Ending
) -> None:
    await desk.publish("tinh", "Cho mọi người")
    await desk.publish("tinh", "Cho bí thư", SECRETARIES)
    token = await refreshed(app, organisation.person("secretary"))
    status, said = ENDINGS[end]
    async with calling(app, token) as here, calling(other, token) as there:
        await parts_in(other).cache.follower.follow()
        for phone in (here, there, here, there):
            assert set(await titles(phone)) == {"Cho mọi người", "Cho bí thư"}
        await end(app, organisation)
        for phone in (here, there):
            answer = await phone.get(FEED)
            assert answer.status_code == status
            if status == 200:
                assert [notice["title"] for notice in answer.json()["items"]] == said
            else:
                assert answer.json()["type"] == said
                assert answer.headers["cache-control"] == "no-store"
            await parts_in(other).cache.follower.follow()


async def test_a_merge_is_seen_at_once_here_and_by_following_there(
    app: FastAPI, other: FastAPI, desk: Desk, organisation: Organisation
) -> None:
    """By its members, those below and its officers, with tokens from before it."""
    await desk.publish("chibo", "Của chi hội cũ")
    await desk.publish("chibo", "Nội bộ cũ", HERE)
    await desk.publish("chibo", "Cho bí thư", SECRETARIES)
    await desk.publish("chibo2", "Của chi hội mới")
    before = {
        "member": {"Của chi hội cũ", "Nội bộ cũ"},
        "grouped": {"Của chi hội cũ"},
        "neighbour": {"Của chi hội mới"},
        "secretary": {"Của chi hội cũ", "Nội bộ cũ", "Cho bí thư"},
    }
    tokens = {name: await refreshed(app, organisation.person(name)) for name in before}
    await parts_in(other).cache.follower.follow()
    for process in (app, other):
        for name, heard in before.items():
            async with calling(process, tokens[name]) as phone:
                assert set(await titles(phone)) == heard
    await desk.merge("chibo", "chibo2")
    for process in (app, other):
        for name in before:
            async with calling(process, tokens[name]) as phone:
                assert await titles(phone) == ["Của chi hội mới"], name
        await parts_in(other).cache.follower.follow()


async def test_a_process_that_starts_after_a_merge_does_not_believe_older_tokens(
    app: FastAPI, desk: Desk, organisation: Organisation, settings: Settings, clock: StandingClock
) -> None:
    await desk.publish("chibo", "Của chi hội cũ")
    await desk.publish("chibo2", "Của chi hội mới")
    token = await refreshed(app, organisation.person("member"))
    await desk.merge("chibo", "chibo2")
    async with served(settings, clock) as later, calling(later, token) as phone:
        assert await titles(phone) == ["Của chi hội mới"]


@SQLITE
async def test_a_new_role_is_heard_at_once(app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    await desk.publish("tinh", "Cho bí thư", SECRETARIES)
    async with phone_of(app, organisation.person("member")) as phone:
        assert await titles(phone) == []
        await desk.grant("member", Role.SECRETARY, "to")
        assert await titles(phone) == ["Cho bí thư"]


@SQLITE
async def test_a_grant_runs_out_by_itself(
    app: FastAPI, desk: Desk, organisation: Organisation, clock: StandingClock
) -> None:
    await desk.publish("tinh", "Cho bí thư", SECRETARIES)
    ends = clock.at.replace(hour=clock.at.hour + 2)
    await desk.grant("member", Role.SECRETARY, "chibo", until=ends)
    async with phone_of(app, organisation.person("member")) as phone:
        for _ in range(2):
            assert await titles(phone) == ["Cho bí thư"]
        clock.advance(hours=1, minutes=59)
        assert await titles(phone) == ["Cho bí thư"]
        clock.advance(minutes=1)
        with counting(parts_in(app).database) as statements:
            assert await titles(phone) == []
        assert statements == []


@SQLITE
async def test_an_expired_token_is_refused_also_where_it_is_known(
    app: FastAPI, desk: Desk, organisation: Organisation, clock: StandingClock
) -> None:
    await desk.publish("tinh", "Họp")
    async with phone_of(app, organisation.person("member")) as phone:
        for _ in range(2):
            assert await titles(phone) == ["Họp"]
        clock.advance(hours=12)
        answer = await phone.get(FEED)
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/token.invalid")


@SQLITE
async def test_a_token_from_before_a_move_hears_the_new_path(
    app: FastAPI, desk: Desk, organisation: Organisation
) -> None:
    """Also one that was never seen: no claim holds a path, so nothing is resolved again."""
    await desk.publish("kh", "Tin của Hội Khuyến học")
    await desk.publish("coso", "Tin của hội cơ sở")
    seen = await refreshed(app, organisation.person("grouped"))
    unseen = await refreshed(app, organisation.person("member"))
    async with calling(app, seen) as phone:
        assert await titles(phone) == ["Tin của hội cơ sở"]
        await desk.move("chibo", "kh")
        assert await titles(phone) == ["Tin của Hội Khuyến học"]
    with counting(parts_in(app).database) as statements:
        async with calling(app, unseen) as phone:
            assert await titles(phone) == ["Tin của Hội Khuyến học"]
    assert len(statements) <= 1, "the page of channels that nobody asked for yet"


@SQLITE
async def test_claims_from_beyond_the_head_or_from_a_hole_are_resolved(
    app: FastAPI, desk: Desk, organisation: Organisation
) -> None:
    """A database restored from a backup: claims that it never made are not believed."""
    await desk.publish("tinh", "Cho bí thư", SECRETARIES)
    parts, person = parts_in(app), organisation.person("member")
    view = parts.cache.follower.view
    chibo = organisation.branch("chibo").no

    def claiming(as_of: int) -> str:
        lost = ((Role.SECRETARY, chibo, 0),)
        return parts.tokens.access(Claims(person.id, person.session_id, ((chibo, 0),), lost, as_of))

    async with calling(app, claiming(view.head)) as phone:
        assert await titles(phone) == ["Cho bí thư"], "claims of ours are believed"
    beyond, last_kept = view.head + 1, view.head
    async with calling(app, claiming(beyond)) as phone:
        assert await titles(phone) == []
    async with parts.transaction() as session:
        await restored(session)
    await desk.publish("tinh", "Sau khi khôi phục")
    assert view.head > beyond
    for as_of in (beyond, last_kept):  # what is claimed as of the last number kept may be newer than that
        async with calling(app, claiming(as_of)) as phone:
            assert await titles(phone) == ["Sau khi khôi phục"]


@SQLITE
async def test_a_lost_history_is_forgotten(app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    """The database goes back to a backup under a running process; numbers of kept pages are higher than its own."""
    database = parts_in(app).database
    await desk.publish("tinh", "Trong bản sao lưu")
    async with phone_of(app, organisation.person("member")) as phone:
        lost = await desk.publish("tinh", "Đã mất")
        assert await titles(phone) == ["Đã mất", "Trong bản sao lưu"]
        tag = (await phone.get(FEED)).headers["etag"]
        assert (await phone.get(f"{FEED}/{lost.id}")).status_code == 200
        async with database.writing() as session:
            connection = await session.connection()
            await connection.exec_driver_sql("DELETE FROM outbox_message")
            await connection.exec_driver_sql("DELETE FROM notice WHERE title = 'Đã mất'")
            for table in ("change", "channel_version", "log_head"):
                await connection.exec_driver_sql(f"UPDATE {table} SET seq = seq - 1 WHERE seq = {_HEAD}")  # noqa: S608 - names above
            await changes.commit(session)
        await parts_in(app).cache.follower.follow()
        assert await titles(phone) == ["Trong bản sao lưu"]
        assert (await phone.get(FEED, headers={"If-None-Match": tag})).status_code == 200
        assert (await phone.get(f"{FEED}/{lost.id}")).status_code == 404


_HEAD = "(SELECT seq FROM log_head)"


@SQLITE
async def test_a_closed_branch_makes_its_people_resolve_again(
    app: FastAPI, desk: Desk, organisation: Organisation
) -> None:
    """One record for everybody in it; nobody else is troubled."""
    await desk.publish("chibo", "Tin riêng", HERE)
    tokens = {name: await refreshed(app, organisation.person(name)) for name in ("member", "neighbour")}
    async with calling(app, tokens["member"]) as concerned, calling(app, tokens["neighbour"]) as spared:
        await titles(concerned)
        await titles(spared)
        async with parts_in(app).transaction() as session:
            record(
                session,
                channel(organisation.branch("chibo").no, ALL),
                Topic.ACCESS,
                "access",
                organisation.branch("chibo").id,
            )
        for phone, least in ((concerned, 1), (spared, 0)):
            with counting(parts_in(app).database) as statements:
                await titles(phone)
            assert len([s for s in statements if "session.ended_at" in s]) == least


async def _grants(app: FastAPI, member_id: UUID) -> list[UUID]:
    async with parts_in(app).database.reading() as session:
        return [grant.id for grant, _ in await open_grants(session, member_id)]


async def _correct(app: FastAPI, organisation: Organisation, data: MemberUpdate) -> None:
    person = organisation.person("secretary")
    async with parts_in(app).transaction() as session:
        revision = (await session.get_one(Member, person.id)).revision
        await update_member(session, OPERATOR, person.id, data, revision)
