"""Pages from memory: what the router would have said, to whom it would have said it, for as long as it would."""

import gzip
import random
from collections.abc import AsyncIterator
from itertools import combinations
from uuid import uuid4

import brotli
import httpx
import pytest
import zstandard
from fastapi import FastAPI

from api.cache import shared as shared_pages
from api.settings import Settings
from models.channels import Reach
from models.notices import shared as shared_notices
from models.notices.shapes import Audience
from models.notices.table import Category
from models.permissions import Role
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.queries import counting
from tests.serving import FEED, HERE, ROUTED, Desk, calling, for_roles, parts_in, phone_of, served, titles

PLAIN = [category for category in Category if category is not Category.ACTIVITY]  # which says when and where
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
SHOWN = ("content-type", "cache-control", "content-language", "x-content-type-options", "content-security-policy")


def _l1(app: FastAPI) -> int:
    return len(parts_in(app).cache.shared._pages)


async def _fill(desk: Desk, chance: random.Random, count: int, clock: StandingClock) -> list[str]:
    """Random notices, some of one instant; some withdrawn, some drafts. Gives the ids of all."""
    ids = []
    branches = sorted(desk.organisation.branches)
    for n in range(count):
        reach = chance.choice(list(Reach))
        roles = chance.sample(list(Role), chance.randint(1, 3)) if reach is Reach.ROLES else None
        category = chance.choice(PLAIN)
        audience = Audience(reach=reach, roles=roles)
        draft = chance.random() < 0.1
        notice = await desk.publish(chance.choice(branches), f"Tin số {n}", audience, category, draft=draft)
        ids.append(str(notice.id))
        if not draft and chance.random() < 0.1:
            await desk.withdraw(notice.id)
        if chance.random() < 0.7:
            clock.advance(seconds=1)
    return ids


@pytest.mark.parametrize("seed", range(2))
async def test_memory_says_what_the_router_says(
    app: FastAPI, desk: Desk, organisation: Organisation, clock: StandingClock, seed: int
) -> None:
    """Random notices for random audiences, read by everybody: byte for byte, also each single one."""
    chance = random.Random(seed)
    ids = await _fill(desk, chance, 60, clock)
    await desk.grant("leader", Role.ADMIN, "kh")
    for name in ("member", "grouped", "secretary", "leader", "admin", "stranger_admin"):
        async with phone_of(app, organisation.person(name)) as phone:
            for query in ("", "?limit=10", "?category=general", "?limit=10&category=document", "?limit=100"):
                for _ in range(2):
                    await _compare(phone, query)
            for notice_id in chance.sample(ids, 12):
                await _compare(phone, f"/{notice_id}")


async def _compare(phone: httpx.AsyncClient, rest: str) -> None:
    cached, routed = await phone.get(FEED + rest), await phone.get(ROUTED + rest)
    assert cached.status_code == routed.status_code
    if cached.status_code == 200:
        if rest.startswith("?") or not rest:
            assert cached.headers["etag"] != routed.headers["etag"], "the two were made in different places"
        assert cached.content == routed.content
        for header in SHOWN:
            assert cached.headers.get(header) == routed.headers.get(header), header
    else:
        said, meant = cached.json(), routed.json()
        assert said["request_id"] != meant["request_id"]
        assert {**said, "request_id": ""} == {**meant, "request_id": ""}


@SQLITE
@pytest.mark.parametrize("seed", range(2))
async def test_walking_on_from_a_cached_page_gives_the_whole_feed(
    app: FastAPI,
    desk: Desk,
    organisation: Organisation,
    clock: StandingClock,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    """Also where channels hold more than fragments keep, and a filter reaches below what they hold."""
    for module in (shared_pages, shared_notices):
        monkeypatch.setattr(module, "KEPT", 10)
    chance = random.Random(seed)
    for n in range(90):
        # a channel whose newest are of one category hides its older ones of another
        branch = chance.choice(["tinh", "chibo"]) if n < 60 else "chibo"
        category = chance.choice(PLAIN) if n < 60 else Category.GENERAL
        await desk.publish(branch, f"Tin {n}", chance.choice([HERE, Audience(reach=Reach.ALL)]), category)
        if chance.random() < 0.6:
            clock.advance(seconds=1)
    async with phone_of(app, organisation.person("member")) as phone:
        for filters in ("", *(f"&category={category.value}" for category in Category)):
            whole = (await phone.get(f"{ROUTED}?limit=100{filters}")).json()["items"]
            page = (await phone.get(f"{FEED}?limit=10{filters}")).json()
            walked = page["items"]
            while page["next_cursor"] is not None:
                page = (await phone.get(f"{FEED}?limit=10{filters}&cursor={page['next_cursor']}")).json()
                walked += page["items"]
            assert walked == whole


@SQLITE
async def test_a_filter_does_not_pass_over_what_a_fragment_no_longer_holds(
    app: FastAPI, desk: Desk, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One channel's documents lie below its newest notices; the other's are older still, and all there."""
    for module in (shared_pages, shared_notices):
        monkeypatch.setattr(module, "KEPT", 10)
    for branch, category, count in (("chibo", "document", 11), ("tinh", "document", 12), ("tinh", "general", 11)):
        for n in range(count):
            await desk.publish(branch, f"{branch} {n}", category=Category(category))
            clock.advance(seconds=1)
    async with phone_of(app, organisation.person("member")) as phone:
        shown = await titles(phone, "?limit=10&category=document")
    assert shown == [f"tinh {n}" for n in range(11, 1, -1)]


@SQLITE
async def test_people_with_different_channels_share_no_page(
    app: FastAPI, desk: Desk, organisation: Organisation, clock: StandingClock
) -> None:
    await _fill(desk, random.Random(3), 40, clock)
    channels, tags = {}, {}
    for name, person in organisation.people.items():
        if name == "disabled":
            continue
        async with phone_of(app, person) as phone:
            answer = await phone.get(FEED)
            token = phone.headers["authorization"].encode()
        channels[name] = parts_in(app).cache.directory._known[token].channels
        tags[name] = answer.headers["etag"]
    for one, another in combinations(channels, 2):
        assert (channels[one] == channels[another]) == (tags[one] == tags[another])


@pytest.fixture(params=["alone", "poll", "redis"])
async def far(
    request: pytest.FixtureRequest, app: FastAPI, settings: Settings, clock: StandingClock, organisation: Organisation
) -> AsyncIterator[FastAPI]:
    """Who reads: the process that writes; another; another that shares fragments through Redis."""
    if request.param == "alone":
        yield app
        return
    if request.param == "redis":
        url = request.getfixturevalue("emptied_redis_url")
        settings = settings.model_copy(update={"redis_url": url})
    async with served(settings, clock) as second:
        yield second


async def test_the_next_read_is_right(far: FastAPI, app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    """After each kind of change; 304 for who has it already, 200 as soon as something changed."""
    follow = parts_in(far).cache.follower.follow
    await follow()
    async with phone_of(far, organisation.person("grouped")) as phone:
        first = await desk.publish("tinh", "Một")
        await follow()
        assert await titles(phone) == ["Một"]
        tags = await _unchanged(phone, None)
        second = await desk.publish("chibo", "Hai")
        await follow()
        tags = await _unchanged(phone, tags)
        assert set(await titles(phone)) == {"Một", "Hai"}
        one = f"/{second.id}"
        seen = await _unchanged(phone, None, one)
        await desk.rename("chibo", "Chi hội đổi tên")
        await follow()
        tags = await _unchanged(phone, tags)
        await _unchanged(phone, seen, one)
        assert (await phone.get(FEED + one)).json()["branch"]["name"] == "Chi hội đổi tên"
        assert "Chi hội đổi tên" in (await phone.get(FEED)).text
        await desk.withdraw(first.id)
        await follow()
        assert await titles(phone) == ["Hai"]
        assert (await phone.get(f"{FEED}/{first.id}")).status_code == 404
        tags = await _unchanged(phone, tags)
        await desk.publish("kh", "Ba")
        await desk.move("chibo", "kh")
        await follow()
        tags = await _unchanged(phone, tags)
        assert set(await titles(phone)) == {"Hai", "Ba"}
        await desk.move("to", "chibo2")
        await follow()
        assert await titles(phone) == []
        assert (await phone.get(FEED + one)).status_code == 404


async def _unchanged(phone: httpx.AsyncClient, old: str | None, rest: str = "") -> str:
    """The tag of now; who comes with it gets 304, who comes with the one before gets 200."""
    if old is not None:
        assert (await phone.get(FEED + rest, headers={"If-None-Match": old})).status_code == 200
    tag = (await phone.get(FEED + rest)).headers["etag"]
    assert tag != old
    for said in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = await phone.get(FEED + rest, headers={"If-None-Match": said})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        assert answer.headers["cache-control"] == "private, no-cache"
        assert "authorization" in answer.headers["vary"].lower()
    return tag


@SQLITE
async def test_each_encoding_has_its_own_tag(app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    for n in range(5):
        await desk.publish("tinh", f"Tin {n}")
    bodies, tags = set(), set()
    decode = {"zstd": zstandard.ZstdDecompressor().decompress, "br": brotli.decompress, "gzip": gzip.decompress}
    async with phone_of(app, organisation.person("member")) as phone:
        plain = await phone.get(FEED, headers={"Accept-Encoding": "identity"})
        tags.add(plain.headers["etag"])
        for encoding, read in decode.items():
            async with phone.stream("GET", FEED, headers={"Accept-Encoding": encoding}) as answer:
                raw = b"".join([piece async for piece in answer.aiter_raw()])
            assert answer.headers["content-encoding"] == encoding
            assert int(answer.headers["content-length"]) == len(raw)
            tags.add(answer.headers["etag"])
            bodies.add(read(raw))
            other = await phone.get(
                FEED, headers={"Accept-Encoding": "identity", "If-None-Match": answer.headers["etag"]}
            )
            assert other.status_code == 200
    assert bodies == {plain.content}
    assert len(tags) == 4


@SQLITE
async def test_a_notice_says_its_language(app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    notice = await desk.publish("tinh", "Họp")
    tags: dict[str, set[str]] = {}
    async with phone_of(app, organisation.person("member")) as phone:
        for spoken, said in (("vi", "vi"), ("en", "en"), ("fr, en;q=0.4", "en"), ("x" * 201 + ",en", "vi")):
            answer = await phone.get(f"{FEED}/{notice.id}", headers={"Accept-Language": spoken})
            assert answer.headers["content-language"] == said
            tags.setdefault(said, set()).add(answer.headers["etag"])
        assert all(len(of_language) == 1 for of_language in tags.values())
        assert tags["vi"] != tags["en"]
        assert tags["en"].pop().startswith('"r1-')


@SQLITE
async def test_nobody_mints_entries(app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    await desk.publish("tinh", "Họp")
    queries = [
        "?limit=1",
        "?limit=020",
        "?limit=21",
        "?limit=20&limit=20",
        "?category=general&category=document",
        "?category=nothing",
        "?category=",
        "?utm=1",
        "?limit=20&x=",
        "?unread=false",
        "?cursor=abc",
        "?" + "limit=20&" * 20,
        "?category=general%00",
        "?LIMIT=20",
        "?;limit=20",
    ]
    async with phone_of(app, organisation.person("member")) as phone:
        await phone.get(FEED)
        before = _l1(app)
        for query in queries:
            answer = await phone.get(FEED + query)
            assert answer.status_code < 500, query
        for _ in range(20):
            assert (await phone.get(f"{FEED}/{uuid4()}")).status_code == 404
        assert _l1(app) == before
        for n in range(30):
            language = f"vi, x-{n}" + "y" * 500
            await phone.get(FEED, headers={"Accept-Language": language, "Accept-Encoding": f"gzip, x{n}"})
        assert _l1(app) == before
        entries = parts_in(app).cache.directory._known[phone.headers["authorization"].encode()].pages
        assert len(entries) <= 8


@SQLITE
async def test_a_repeated_filter_walks_on(app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    """Its cursor is bound to all that was asked, as the router reads it."""
    for n in range(15):
        await desk.publish("tinh", f"Tin {n}", category=Category.DOCUMENT)
    async with phone_of(app, organisation.person("member")) as phone:
        asked = f"{FEED}?limit=10&category=general&category=document"
        page = (await phone.get(asked)).json()
        assert (await phone.get(f"{asked}&cursor={page['next_cursor']}")).status_code == 200


@SQLITE
@pytest.mark.parametrize(
    "path",
    [
        "/v1%2fnotices",
        "/v1/notices%2f",
        "/v1/notices;x",
        "/v1//notices",
        "//v1/notices",
        "/v1/notices/x.css",
        "/v1/notices/",
    ],
)
async def test_hostile_paths_are_not_found(app: FastAPI, desk: Desk, organisation: Organisation, path: str) -> None:
    await desk.publish("tinh", "Họp")
    async with phone_of(app, organisation.person("member")) as phone:
        await titles(phone)
        answer = await phone.get(f"http://testserver{path}")
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


@SQLITE
async def test_head_is_get_without_a_body(app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    notice = await desk.publish("tinh", "Họp")
    async with phone_of(app, organisation.person("member")) as phone:
        for path in (FEED, f"{FEED}/{notice.id}"):
            whole, head = await phone.get(path), await phone.head(path)
            assert head.content == b""
            for answer in (whole, head):
                del answer.headers["x-request-id"]
            assert head.headers == whole.headers
            assert (await phone.head(path, headers={"If-None-Match": head.headers["etag"]})).status_code == 304


@SQLITE
async def test_web_apps_elsewhere_may_read_what_is_cached(
    organisation: Organisation, settings: Settings, clock: StandingClock
) -> None:
    origin = "https://app.example.org"
    async with served(settings.model_copy(update={"cors_origins": (origin,)}), clock) as app:
        await Desk(app, organisation).publish("tinh", "Họp")
        async with phone_of(app, organisation.person("member")) as phone:
            for _ in range(2):
                answer = await phone.get(FEED, headers={"Origin": origin})
                assert answer.headers["access-control-allow-origin"] == origin
                assert "access-control-allow-origin" not in (await phone.get(FEED)).headers


async def test_what_is_not_for_everyone_is_the_routers(app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    draft = await desk.publish("chibo", "Nháp", draft=True)
    withdrawn = await desk.publish("chibo", "Rút lại")
    foreign = await desk.publish("chibo2", "Của chi hội khác", HERE)
    for_clerks = await desk.publish("chibo", "Cho thư ký", for_roles([Role.CLERK]))
    async with (
        phone_of(app, organisation.person("member")) as member,
        phone_of(app, organisation.person("secretary")) as s,
    ):
        assert (await member.get(f"{FEED}/{withdrawn.id}")).status_code == 200
        await desk.withdraw(withdrawn.id)
        for _ in range(2):
            for notice in (draft, withdrawn, foreign, for_clerks):
                assert (await member.get(f"{FEED}/{notice.id}")).status_code == 404
            for notice, state in ((draft, "draft"), (withdrawn, "withdrawn"), (for_clerks, "published")):
                answer = await s.get(f"{FEED}/{notice.id}")
                assert (answer.status_code, answer.json()["state"]) == (200, state)
            assert (await s.get(f"{FEED}/{foreign.id}")).status_code == 404


async def test_what_each_answer_asks_of_the_database(app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    database, counts = parts_in(app).database, parts_in(app).cache.counts
    notice = await desk.publish("tinh", "Họp")
    await desk.publish("chibo", "Họp chi hội")

    async def asked(phone: httpx.AsyncClient, path: str, status: int = 200, **headers: str) -> int:
        with counting(database) as statements:
            answer = await phone.get(path, headers=headers)
        assert answer.status_code == status
        return len(statements)

    async with (
        phone_of(app, organisation.person("member")) as one,
        phone_of(app, organisation.person("neighbour")) as two,
    ):
        assert await asked(one, FEED) == 2, "a miss: one statement a channel"
        assert await asked(one, FEED) == 0, "a hit"
        assert await asked(one, f"{FEED}?limit=50") == 0, "another page of the same fragments"
        assert await asked(two, FEED) == 0, "other channels of which all fragments are there"
        tag = (await one.get(FEED)).headers["etag"]
        assert await asked(one, FEED, 304, **{"If-None-Match": tag}) == 0
        assert await asked(one, f"{FEED}/{notice.id}") == 1
        assert await asked(two, f"{FEED}/{notice.id}") == 0
        assert await asked(one, f"{FEED}/{notice.id}", 304, **{"If-None-Match": "*"}) == 0
        renders = counts.render
        await desk.publish("tinh", "Họp lần nữa")
        assert await asked(one, FEED) == 1, "after a publication: its channel alone"
        assert await asked(two, FEED) == 0
        assert counts.render == renders + 1
        await desk.publish("kh", "Của người khác")
        assert await asked(one, FEED) == 0, "what one does not hear costs nothing"


async def test_calling_without_a_token_is_refused(app: FastAPI, desk: Desk) -> None:
    await desk.publish("tinh", "Họp")
    async with calling(app) as phone:
        answer = await phone.get(FEED)
    assert (answer.status_code, answer.headers["cache-control"]) == (401, "no-store")
