"""Processes that are really served, random writes against random reads, and a Redis that is broken meanwhile.

No answer is older than a second after the write was acknowledged, none shows another channel, and every 304 stands for
what it was given for.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

import httpx
import pytest
import redis.asyncio as redis
from redis.exceptions import RedisError

from api.security.keys import KeyringFile
from api.security.tokens import Tokens
from api.settings import Settings
from models.database import utc_now
from models.permissions import Role
from tests.faults.timelines import Timelines
from tests.organisation import Organisation
from tests.servers import Valkey
from tests.serving import FEED, listening

HEARERS = {
    "tinh": {"member", "grouped", "neighbour", "secretary"},
    "chibo": {"member", "secretary"},
    "chibo:here": {"member", "secretary"},
    "chibo2": {"neighbour"},
    "kh": {"stranger"},
}
"""Who hears a channel all the time; `grouped` moves with the group, `secretary` holds a role or not."""
READERS = ("member", "grouped", "neighbour", "secretary", "stranger")
PUBLISHED_MOST = 60

Said = tuple[str, tuple[tuple[str, str, str], ...]]


@dataclass
class World:
    """What was written, and what may be read."""

    organisation: Organisation
    urls: list[str]
    tokens: dict[str, str]
    facts: Timelines = field(default_factory=Timelines)
    channels: dict[str, str] = field(default_factory=dict)
    """Of each notice, by its title."""
    reads: int = 0
    not_modified: int = 0
    refused: int = 0
    writes: int = 0

    def hears(self, reader: str, channel: str, began: float, ended: float) -> set[bool]:
        if reader == "grouped" and channel in {"chibo", "chibo2"}:
            return {parent == channel for parent in self.facts.possible("parent", began, ended)}
        if reader == "secretary" and channel == "tinh:secretary":
            return self.facts.possible("role", began, ended)
        return {reader in HEARERS.get(channel, ())}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=64, keepalive_expiry=2)  # less than the server's: it hangs up after 5 s
    async with httpx.AsyncClient(timeout=30, limits=limits, headers={"Accept-Encoding": "gzip"}) as client:
        yield client


@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_no_answer_is_old_or_another_channels(
    settings: Settings, organisation: Organisation, client: httpx.AsyncClient, *, is_long: bool
) -> None:
    seconds, processes = (120, 4) if is_long else (9, 2)
    with Valkey() as valkey:
        using = settings.model_copy(update={"redis_url": valkey.url})
        with listening(using, processes) as urls:
            world = World(organisation, urls, await _sign_in(client, settings, organisation, urls[0]))
            world.facts.begin("parent", "chibo")
            world.facts.begin("role", value=True)
            world.facts.begin("name", organisation.branch("chibo").name)
            until = time.monotonic() + seconds
            work = [
                *(_write(world, client, random.Random(n), until) for n in range(2)),
                _move(world, client, random.Random(3), until),
                _appoint(world, client, random.Random(5), until),
                _rename(world, client, random.Random(6), until),
                *(_read(world, client, random.Random(10 + n), until) for n in range(6)),
                _break(valkey, random.Random(4), until),
            ]
            async with asyncio.TaskGroup() as group:
                for each in work:
                    group.create_task(each)
    logs = "".join(path.read_text() for path in settings.data_dir.glob("serve-*.log"))
    assert "Traceback" not in logs, logs[logs.index("Traceback") - 500 :][:5000]
    assert world.writes > 10
    assert world.reads > 100
    assert world.not_modified > 0
    assert world.refused <= world.reads / 10, "only a machine too busy to follow may refuse now and then"


async def _sign_in(
    client: httpx.AsyncClient, settings: Settings, organisation: Organisation, url: str
) -> dict[str, str]:
    """Real tokens with claims, long-lived compared with what happens."""
    keys = Tokens(KeyringFile(settings.keys), utc_now, utc_now() - utc_now())
    tokens = {}
    for name in (*READERS, "admin", "stranger_admin"):
        refresh = keys.refresh(organisation.person(name).session_id, 1)
        answer = await client.post(f"{url}/v1/auth/refresh", json={"refresh_token": refresh})
        assert answer.status_code == 200, answer.text
        tokens[name] = answer.json()["access_token"]
    return tokens


async def _ask(
    world: World,
    client: httpx.AsyncClient,
    chance: random.Random,
    who: str,
    method: str,
    path: str,
    body: object = None,
    **headers: str,
) -> httpx.Response:
    headers["Authorization"] = f"Bearer {world.tokens[who]}"
    # a process that writes sees the log at once: the last one only reads, and must hear of everything by itself
    urls = world.urls if method == "GET" else world.urls[:-1]
    answer = await client.request(method, chance.choice(urls) + path, json=body, headers=headers)
    assert answer.status_code < 500 or answer.status_code == 503, answer.text
    return answer


async def _write(world: World, client: httpx.AsyncClient, chance: random.Random, until: float) -> None:
    """Publish and withdraw."""
    published: list[tuple[str, UUID, str]] = []
    number = 0
    while time.monotonic() < until:
        await asyncio.sleep(chance.random() * 0.06)
        if published and (chance.random() < 0.4 or len(published) > PUBLISHED_MOST / 2):
            title, notice_id, who = published.pop(chance.randrange(len(published)))
            with world.facts.changing(title, value=False):
                path, tag = f"{FEED}/{notice_id}/withdraw", '"r1-"'
                answer = await _ask(world, client, chance, who, "POST", path, {}, **{"If-Match": tag})
                assert answer.status_code == 200, answer.text
        else:
            channel = chance.choice([*HEARERS, "tinh:secretary"])
            branch, _, reach = channel.partition(":")
            who = "stranger_admin" if channel == "kh" else "admin"
            title, number = f"{channel} {id(published)} {number}", number + 1
            audience = {"": {"reach": "all"}, "here": {"reach": "here"}}.get(
                reach, {"reach": "roles", "roles": [reach]}
            )
            body = {
                "branch_id": str(world.organisation.branch(branch).id),
                "title": title,
                "body": "x",
                "audience": audience,
                "publish": True,
            }
            world.channels[title] = channel
            world.facts.begin(title, value=False)
            with world.facts.changing(title, value=True):
                answer = await _ask(world, client, chance, who, "POST", FEED, body)
                assert answer.status_code == 201, answer.text
            published.append((title, UUID(answer.json()["id"]), who))
        world.writes += 1


async def _move(world: World, client: httpx.AsyncClient, chance: random.Random, until: float) -> None:
    """The group, between two branches."""
    path = f"/v1/branches/{world.organisation.branch('to').id}/move"
    here, there = "chibo", "chibo2"
    while time.monotonic() < until:
        await asyncio.sleep(_pause(chance))
        body = {"parent_id": str(world.organisation.branch(there).id)}
        with world.facts.changing("parent", there):
            answer = await _ask(world, client, chance, "admin", "POST", path, body)
            assert answer.status_code == 200, answer.text
        here, there = there, here


async def _appoint(world: World, client: httpx.AsyncClient, chance: random.Random, until: float) -> None:
    """End the secretary's role, and give it back."""
    path = f"/v1/branches/{world.organisation.branch('chibo').id}/role-grants"
    person = str(world.organisation.person("secretary").id)
    grants = (await _ask(world, client, chance, "admin", "GET", f"{path}?limit=100")).json()["items"]
    grant = next(g["id"] for g in grants if g["role"] == Role.SECRETARY and g["member"]["id"] == person)
    while time.monotonic() < until:
        await asyncio.sleep(_pause(chance))
        with world.facts.changing("role", value=False):
            answer = await _ask(world, client, chance, "admin", "POST", f"/v1/role-grants/{grant}/end")
            assert answer.status_code == 200, answer.text
        await asyncio.sleep(_pause(chance))
        with world.facts.changing("role", value=True):
            body = {"member_id": person, "role": Role.SECRETARY}
            answer = await _ask(world, client, chance, "admin", "POST", path, body)
            assert answer.status_code == 201, answer.text
        grant = answer.json()["id"]


async def _rename(world: World, client: httpx.AsyncClient, chance: random.Random, until: float) -> None:
    path = f"/v1/branches/{world.organisation.branch('chibo').id}"
    while time.monotonic() < until:
        await asyncio.sleep(_pause(chance))
        name = f"Chi hội {chance.randrange(1_000_000)}"
        with world.facts.changing("name", name):
            answer = await _ask(world, client, chance, "admin", "PATCH", path, {"name": name})
            assert answer.status_code == 200, answer.text


def _pause(chance: random.Random) -> float:
    """Often long enough that only the new state may be shown, before the next change blurs it."""
    return chance.choice([0.2, 1.5, 2.0])


async def _read(world: World, client: httpx.AsyncClient, chance: random.Random, until: float) -> None:
    """Feeds and single notices, often asking only for what is new."""
    known: dict[str, dict[str, str]] = {}
    tags: dict[str, str] = {}
    while time.monotonic() < until:
        reader = chance.choice(READERS)
        headers = {"If-None-Match": tags[reader]} if reader in tags and chance.random() < 0.5 else {}
        began = time.monotonic()
        answer = await _ask(world, client, chance, reader, "GET", f"{FEED}?limit=100", **headers)
        ended = time.monotonic()
        world.reads += 1
        if answer.status_code == 503:
            world.refused += 1
            continue
        if answer.status_code == 304:
            world.not_modified += 1
        else:
            assert answer.status_code == 200, answer.text
            assert "cache-status" not in answer.headers
            tags[reader] = answer.headers["etag"]
            known[tags[reader]] = {item["title"]: item["branch"]["name"] for item in answer.json()["items"]}
        _judge(world, reader, known[tags[reader]], began, ended)


def _judge(world: World, reader: str, shown: dict[str, str], began: float, ended: float) -> None:
    """Each notice on its own: shown where it must be, and nowhere that it may not be."""
    for title, channel in world.channels.items():
        published = world.facts.possible(title, began, ended)
        heard = world.hears(reader, channel, began, ended)
        may = True in published and True in heard
        must = published == {True} and heard == {True}
        assert title not in shown or may, f"{reader} was shown {title!r}"
        assert title in shown or not must, f"{reader} was not shown {title!r}"
    assert shown.keys() <= world.channels.keys()
    names = world.facts.possible("name", began, ended)
    for title, name in shown.items():
        if world.channels[title].startswith("chibo:") or world.channels[title] == "chibo":
            assert name in names


async def _break(valkey: Valkey, chance: random.Random, until: float) -> None:
    """Flushed, frozen, killed, filled with garbage."""
    while time.monotonic() < until - 1:
        await asyncio.sleep(0.3 + chance.random() * 0.5)
        match chance.randrange(4):
            case 0:
                valkey.freeze()
                await asyncio.sleep(chance.choice([0.2, 2.5]))
                valkey.thaw()
            case 1:
                await asyncio.to_thread(valkey.kill)
                await asyncio.sleep(chance.choice([0.2, 2.5]))
                await asyncio.to_thread(valkey.start)
            case what:
                async with redis.from_url(valkey.url) as store:
                    with suppress(RedisError):
                        if what == 2:
                            await store.flushall()
                        async for name in store.scan_iter("handbook:{*"):
                            await store.set(name, chance.randbytes(300))
