"""Sync as the server answers it: what comes, what it asks of the database, and what is shared."""

import hashlib
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from redis import Redis
from sqlalchemy import select
from sqlmodel import col

from api.cache import syncing
from api.cache.follow import Follower
from api.cache.view import boot_clock
from api.encoding import THOROUGH
from api.settings import Settings
from models import changes, sync
from models.changes import Topic
from models.channels import ALL, channel
from models.channels import HERE as ONLY_HERE
from models.memberships import EndReason, MembershipKind, end_membership, open_membership, open_memberships
from models.permissions import OPERATOR, Role
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.queries import counting
from tests.serving import HERE, Desk, for_roles, parts_in, phone_of, served

SYNC = "/v1/sync"
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
Answer = dict[str, Any]


async def _ask(phone: httpx.AsyncClient, cursor: str | None = None, **said: Any) -> Answer:
    answer = await phone.get(SYNC, params={"cursor": cursor, **said} if cursor else said)
    assert answer.status_code == 200, answer.text
    found: Answer = answer.json()
    return found


def _names(answer: Answer) -> set[str]:
    """Titles of notices and names of branches."""
    return {thing.get("title") or thing["name"] for each in answer["channels"] for thing in each["things"]}


def _channels(answer: Answer) -> set[str]:
    return {each["channel"] for each in answer["channels"]}


@pytest.fixture
def named(organisation: Organisation) -> Any:
    return lambda name, who=ALL: channel(organisation.branch(name).no, who)


async def test_everything_then_nothing_then_what_is_new(
    app: FastAPI, desk: Desk, organisation: Organisation, named: Any
) -> None:
    await desk.publish("tinh", "Họp tỉnh")
    await desk.publish("chibo", "Họp chi hội", HERE)
    await desk.publish("chibo2", "Việc của chi hội bên")
    await desk.publish("coso", "Gửi các bí thư", for_roles([Role.SECRETARY]))
    async with phone_of(app, organisation.person("member")) as phone:
        first = await _ask(phone)
        above = {named(name) for name in ("tw", "tinh", "xa", "coso", "chibo")}
        assert _channels(first) == {*above, named("chibo", ONLY_HERE)}
        cards = {organisation.branch(name).name for name in ("tw", "tinh", "xa", "coso", "chibo")}
        assert _names(first) == {*cards, "Họp tỉnh", "Họp chi hội"}
        assert (first["more"], first["dropped"], first["me"]["full_name"]) == (False, [], "Nguyễn Thị Bình")
        assert first["me"]["memberships"][0]["branch_id"] == str(organisation.branch("chibo").id)
        for each in first["channels"]:
            lines = sorted(f"{thing['id']}:{thing['seq']}" for thing in each["things"])
            assert (each["reset"], each["complete"], each["removed"], each["count"]) == (True, True, [], len(lines))
            assert each["digest"] == hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]
        with counting(parts_in(app).database) as statements:
            nothing = await phone.get(SYNC, params={"cursor": first["cursor"]})
            assert nothing.json() == {"cursor": None, "more": False, "me": None, "dropped": [], "channels": []}
            held = {"If-None-Match": nothing.headers["etag"]}
            assert (await phone.get(SYNC, params={"cursor": first["cursor"]}, headers=held)).status_code == 304
        assert statements == []

        news = await desk.publish("tw", "Gửi toàn Hội")
        with counting(parts_in(app).database) as statements:
            second = await phone.get(SYNC, params={"cursor": first["cursor"]}, headers=held)
            assert second.status_code == 200
        assert len(statements) == 1
        assert (_channels(second.json()), _names(second.json())) == ({named("tw")}, {"Gửi toàn Hội"})
        assert (second.json()["me"], second.json()["channels"][0]["reset"]) == (None, False)

        await desk.withdraw(news.id)
        third = await _ask(phone, second.json()["cursor"])
        assert [each["removed"] for each in third["channels"]] == [[str(news.id)]]
        assert third["channels"][0]["count"] == 1, "the branch's card is left"
        again = await _ask(phone, second.json()["cursor"])
        assert again == third, "a lost answer is given again"


@SQLITE
async def test_what_others_do_costs_a_query_only_where_it_is_heard(
    app: FastAPI, desk: Desk, organisation: Organisation
) -> None:
    await desk.publish("tinh", "Họp tỉnh")
    async with phone_of(app, organisation.person("member")) as one, phone_of(app, organisation.person("fellow")) as two:
        first = await _ask(one)
        with counting(parts_in(app).database) as statements:
            await _ask(two)
        assert not any("FROM change" in statement for statement in statements), "the deltas are those of the first"
        await desk.publish("kh", "Việc của Hội khác")
        await desk.grant("stranger", Role.CLERK, "kh")
        with counting(parts_in(app).database) as statements:
            assert (await _ask(one, first["cursor"]))["cursor"] is None
        assert statements == []


async def test_the_own_file_comes_when_it_changed(app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    async with phone_of(app, organisation.person("member")) as one, phone_of(app, organisation.person("fellow")) as two:
        cursors = [(await _ask(phone))["cursor"] for phone in (one, two)]
        await desk.grant("member", Role.CLERK, "chibo")
        mine, theirs = await _ask(one, cursors[0]), await _ask(two, cursors[1])
        assert [grant["role"] for grant in mine["me"]["grants"]] == ["clerk"]
        assert theirs["me"] is None
        assert (await _ask(one, mine["cursor"]))["cursor"] is None


async def test_what_the_view_has_not_seen_the_database_knows(
    app: FastAPI, other: FastAPI, desk: Desk, organisation: Organisation
) -> None:
    """A process that began after many changes asks once, and says so in the cursor."""
    async with phone_of(app, organisation.person("member")) as phone:
        cursor = (await _ask(phone))["cursor"]
    await desk.publish("kh", "Việc của Hội khác")
    parts = parts_in(other)
    await parts.cache.follower.follow()
    parts.cache.follower.view.own_since = parts.cache.follower.view.head
    async with phone_of(other, organisation.person("member")) as phone:
        with counting(parts.database) as statements:
            moved_on = await _ask(phone, cursor)
        assert (moved_on["me"], moved_on["channels"], len(statements)) == (None, [], 1)
        assert moved_on["cursor"] not in {None, cursor}
        with counting(parts.database) as statements:
            assert (await _ask(phone, moved_on["cursor"]))["cursor"] is None
        assert statements == []


async def test_a_transfer_drops_one_branch_and_brings_the_other(
    app: FastAPI, desk: Desk, organisation: Organisation, named: Any
) -> None:
    await desk.publish("coso", "Của cơ sở")
    await desk.publish("chibo", "Của chi hội cũ", HERE)
    await desk.publish("chibo2", "Của chi hội mới", HERE)
    person = organisation.person("member")
    async with phone_of(app, person) as phone:
        first = await _ask(phone)
        async with parts_in(app).transaction() as session:
            for membership in await open_memberships(session, person.id):
                await end_membership(session, membership, EndReason.TRANSFERRED)
            new = organisation.branch("chibo2")
            await open_membership(session, OPERATOR, person.id, new, MembershipKind.PRIMARY)
        after = await _ask(phone, first["cursor"])
        assert set(after["dropped"]) == {named("chibo"), named("chibo", ONLY_HERE)}
        assert _channels(after) == {named("chibo2"), named("chibo2", ONLY_HERE)}
        assert _names(after) == {organisation.branch("chibo2").name, "Của chi hội mới"}
        assert [m["branch_id"] for m in after["me"]["memberships"]] == [str(new.id)]


async def test_a_moved_branch_brings_what_is_above_it_now(
    app: FastAPI, desk: Desk, organisation: Organisation, named: Any
) -> None:
    await desk.publish("kh", "Của Hội khác")
    async with phone_of(app, organisation.person("grouped")) as phone:
        first = await _ask(phone)
        await desk.move("chibo", "kh")
        after = await _ask(phone, first["cursor"])
    assert set(after["dropped"]) == {named(name) for name in ("tw", "tinh", "xa", "coso")}
    assert _names(after) == {"Hội Khuyến học", "Của Hội khác", "Chi hội thôn Đoài"}


async def test_a_membership_that_runs_out_takes_its_channels_along(
    app: FastAPI, desk: Desk, organisation: Organisation, clock: StandingClock, named: Any
) -> None:
    async with parts_in(app).transaction() as session:
        until = clock() + timedelta(hours=1)
        guest = organisation.person("member").id
        branch = organisation.branch("kh_chibo")
        await open_membership(session, OPERATOR, guest, branch, MembershipKind.TEMPORARY, until=until)
    async with phone_of(app, organisation.person("member")) as phone:
        first = await _ask(phone)
        assert {named("kh"), named("kh_chibo")} <= _channels(first)
        clock.advance(seconds=3601)
        after = await _ask(phone, first["cursor"])
    assert set(after["dropped"]) == {named("kh"), named("kh_chibo")}


@pytest.mark.parametrize(("things", "size"), [(3, 10**6), (100, 1500)])
async def test_pages_end_between_numbers_and_what_changes_meanwhile_comes_later(
    app: FastAPI,
    desk: Desk,
    organisation: Organisation,
    clock: StandingClock,
    monkeypatch: pytest.MonkeyPatch,
    things: int,
    size: int,
) -> None:
    monkeypatch.setattr(sync, "THINGS_MOST", things)
    monkeypatch.setattr(sync, "BYTES_MOST", size)
    monkeypatch.setattr(syncing, "BYTES_MOST", size)
    notices = []
    for n in range(12):
        notices.append(await desk.publish(("tinh", "chibo")[n % 2], f"Tin {n}"))
        clock.advance(seconds=1)
    store: dict[str, dict[str, str]] = {}
    sizes: dict[str, tuple[int, str]] = {}
    async with phone_of(app, organisation.person("member")) as phone:
        answer = await _ask(phone)
        pages = 1
        _apply(store, sizes, answer)
        assert answer["more"]
        await desk.withdraw(notices[0].id)
        await desk.withdraw(notices[11].id)
        await desk.publish("tw", "Tin mới")
        while answer["more"]:
            answer = await _ask(phone, answer["cursor"])
            pages += 1
            assert answer["me"] is None, "once is enough"
            assert not any(each["reset"] and each["channel"] in sizes for each in answer["channels"])
            _apply(store, sizes, answer)
        assert pages >= 3
        assert (await _ask(phone, answer["cursor"]))["cursor"] is None
    kept = {name for held in store.values() for name in held.values()}
    cards = {organisation.branch(name).name for name in ("tw", "tinh", "xa", "coso", "chibo")}
    assert kept == {*cards, *(f"Tin {n}" for n in range(1, 11)), "Tin mới"}
    for name, (count, _) in sizes.items():
        assert len(store[name]) == count


def _apply(store: dict[str, dict[str, str]], sizes: dict[str, tuple[int, str]], answer: Answer) -> None:
    for each in answer["channels"]:
        held = store.setdefault(each["channel"], {})
        if each["reset"]:
            held.clear()
        held |= {thing["id"]: thing.get("title") or thing["name"] for thing in each["things"]}
        for gone in each["removed"]:
            held.pop(gone, None)
        if each["complete"]:
            sizes[each["channel"]] = (each["count"], each["digest"])


async def test_saving_data_leaves_bodies_out_and_nothing_else(
    app: FastAPI, desk: Desk, organisation: Organisation
) -> None:
    await desk.publish("tinh", "Họp tỉnh")
    async with phone_of(app, organisation.person("member")) as phone:
        whole = await phone.get(SYNC)
        phone.headers["Save-Data"] = "on"
        lean = await phone.get(SYNC)
    assert "Save-Data" in whole.headers["vary"]
    assert whole.headers["etag"] != lean.headers["etag"]
    said, spared = whole.json(), lean.json()
    for each, spare in zip(said["channels"], spared["channels"], strict=True):
        assert each["digest"] == spare["digest"]
        for thing, short in zip(each["things"], spare["things"], strict=True):
            if thing["kind"] == "notice":
                assert (short.pop("body_html"), thing.pop("body_html")) == (
                    None,
                    "<p>Kính mời các đồng chí: Họp tỉnh.</p>\n",
                )
            assert thing == short


async def test_the_router_says_the_same(app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    await desk.publish("tinh", "Họp tỉnh")
    async with phone_of(app, organisation.person("member")) as phone:
        cached, routed = await phone.get(SYNC), await phone.get("/v1/s%79nc")
        cursor = cached.json()["cursor"]
        nothing, none = [await phone.get(path, params={"cursor": cursor}) for path in (SYNC, "/v1/s%79nc")]
    for ours, theirs in ((cached, routed), (nothing, none)):
        assert ours.content == theirs.content
        for name in ("etag", "vary", "cache-control", "content-language", "content-type"):
            assert ours.headers[name] == theirs.headers[name], name


async def test_one_channel_comes_again_whole(app: FastAPI, desk: Desk, organisation: Organisation, named: Any) -> None:
    await desk.publish("tinh", "Họp tỉnh")
    async with phone_of(app, organisation.person("member")) as phone:
        first = await _ask(phone)
        again = await _ask(phone, first["cursor"], again=[named("tinh"), named("kh")])
    assert [(each["channel"], each["reset"]) for each in again["channels"]] == [(named("tinh"), True)]
    assert _names(again) == {"Tỉnh hội Hạ Lan", "Họp tỉnh"}


async def test_after_a_restore_what_was_lost_is_reset_and_nothing_else(
    app: FastAPI, desk: Desk, organisation: Organisation, named: Any
) -> None:
    """The phone's cursor is of a number that the copy never saw."""
    await desk.publish("tinh", "Họp tỉnh")
    async with phone_of(app, organisation.person("member")) as phone:
        ahead = await _ask(phone)
        parts = parts_in(app)
        async with parts.database.writing() as session:
            # what the copy knows of the channel lies before what the phone was told
            head = await session.get_one(changes.LogHead, 1)
            version = await session.get_one(changes.ChannelVersion, (named("tinh"), "notices"))
            lost = version.seq
            await session.delete(version)
            for row in await session.scalars(select(changes.Change).where(col(changes.Change.seq) == lost)):
                await session.delete(row)
            head.seq = lost - 1
            await session.flush()
            await changes.restored(session)
            await changes.commit(session)
        await parts.cache.follower.follow()
        after = await _ask(phone, ahead["cursor"])
    assert [(each["channel"], each["reset"], each["complete"]) for each in after["channels"]] == [
        (named("tinh"), True, True)
    ]
    assert _names(after) == {"Tỉnh hội Hạ Lan"}


@SQLITE
async def test_processes_share_deltas_through_redis(
    organisation: Organisation, settings: Settings, clock: StandingClock, emptied_redis_url: str
) -> None:
    using = settings.model_copy(update={"redis_url": emptied_redis_url})
    async with served(using, clock) as one, served(using, clock) as two:
        desk = Desk(one, organisation)
        await desk.publish("tinh", "Họp tỉnh")
        async with phone_of(one, organisation.person("member")) as phone:
            first = await _ask(phone)
        for task in list(parts_in(one).cache.shared._l2._writing):
            await task
        await parts_in(two).cache.follower.follow()
        async with phone_of(two, organisation.person("fellow")) as phone:
            with counting(parts_in(two).database) as statements:
                second = await _ask(phone)
            assert not any("FROM change" in statement for statement in statements)
        assert first["channels"] == second["channels"]
        with Redis.from_url(emptied_redis_url) as redis:
            for key in redis.keys("handbook:*:sync:*"):
                value = redis.get(key)
                redis.set(key, value[:-2] + b"xx")
        parts_in(two).cache.syncing._deltas.forget()
        async with phone_of(two, organisation.person("grouped")) as phone:
            third = await _ask(phone)
        assert third["channels"][0] == first["channels"][0], "what was tampered with is a miss"


@SQLITE
async def test_a_database_that_went_back_unseen_gives_no_delta(
    app: FastAPI, desk: Desk, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it says belongs to another history than the numbers that we know."""

    async def see_nothing_new(follower: Follower) -> None:
        follower._next = None
        follower.view.confirmed_at = boot_clock()

    await desk.publish("tinh", "Họp tỉnh")
    async with phone_of(app, organisation.person("member")) as phone:
        first = await _ask(phone)
        monkeypatch.setattr(Follower, "_take_turn", see_nothing_new)
        view = parts_in(app).cache.follower.view
        view._issued[Topic.NOTICES][organisation.branch("tinh").no, ALL] = view.head = view.head + 5
        answer = await phone.get(SYNC, params={"cursor": first["cursor"]})
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


@SQLITE
async def test_large_answers_are_compressed_thoroughly_and_say_the_same(
    app: FastAPI, desk: Desk, organisation: Organisation
) -> None:
    for n in range(200):
        await desk.publish("tinh", f"Tin số {n} của tỉnh gửi các chi hội")
    async with phone_of(app, organisation.person("member")) as phone:
        said = {}
        for encoding in ("identity", "gzip", "br", "zstd"):
            answer = await phone.get(SYNC, headers={"Accept-Encoding": encoding})
            assert answer.headers.get("content-encoding", "identity") == encoding
            assert len(answer.content) > THOROUGH
            assert encoding == "identity" or len(answer.content) > 4 * int(answer.headers["content-length"])
            said[encoding] = answer.json()["channels"]
    assert all(channels == said["identity"] for channels in said.values())
