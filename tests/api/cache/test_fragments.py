"""Fragments in Redis: shared by processes, and believed only where we made them ourselves, for this key and version."""

import hashlib
import json
from collections.abc import AsyncIterator

import pytest
import redis.asyncio as redis
from fastapi import FastAPI

from api.cache.store import Fragment, fragment_name
from api.settings import Settings
from models.keyring import new_keyring
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.serving import Desk, parts_in, phone_of, served, titles

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
async def store(emptied_redis_url: str) -> AsyncIterator["redis.Redis"]:
    client = redis.from_url(emptied_redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def sharing(
    organisation: Organisation, settings: Settings, clock: StandingClock, emptied_redis_url: str
) -> AsyncIterator[tuple[FastAPI, FastAPI]]:
    """Two processes with one Redis."""
    using = settings.model_copy(update={"redis_url": emptied_redis_url})
    async with served(using, clock) as one, served(using, clock) as two:
        yield one, two


async def test_a_second_process_takes_what_the_first_has_made(
    sharing: tuple[FastAPI, FastAPI], organisation: Organisation, store: "redis.Redis"
) -> None:
    one, two = sharing
    await Desk(one, organisation).publish("tinh", "Họp")
    async with phone_of(one, organisation.person("member")) as phone:
        assert await titles(phone) == ["Họp"]
    await _written(store, 1)
    await parts_in(two).cache.follower.follow()
    async with phone_of(two, organisation.person("member")) as phone:
        assert await titles(phone) == ["Họp"]
    counts = parts_in(two).cache.counts
    assert (counts.render, counts.fragment) == (0, 1)
    (name,) = [key async for key in store.scan_iter("handbook:{*")]
    assert 0 < await store.ttl(name) <= 24 * 3600


async def test_what_we_did_not_write_is_a_miss(
    sharing: tuple[FastAPI, FastAPI], organisation: Organisation, store: "redis.Redis"
) -> None:
    """Everything that somebody with access to Redis, or another release, may leave there."""
    one, two = sharing
    desk = Desk(one, organisation)
    await desk.publish("chibo", "Nơi khác")
    await desk.publish("tinh", "Thật")
    async with phone_of(one, organisation.person("member")) as phone:
        await titles(phone)
    await _written(store, 2)
    view = parts_in(one).cache.follower.view
    tinh, chibo = (organisation.branch(name).no for name in ("tinh", "chibo"))
    name, other = (fragment_name("notices", (no, 0), view.issued(no, 0)) for no in (tinh, chibo))
    real, foreign = await store.get(name), await store.get(other)
    assert isinstance(real, bytes)
    assert isinstance(foreign, bytes)
    older = Fragment(view.issued(tinh, 0) - 1, []).write()
    ring = parts_in(one).database.keyring
    forged = json.dumps([view.issued(tinh, 0), [["2026-01-01T00:00:00+00:00", "0" * 32, "general", '{"title":"Giả"}']]])
    body = forged.encode()
    values = {
        "empty": b"",
        "garbage": b"\x00\xff" * 500,
        "a MAC alone": real[:32],
        "truncated": real[:-1],
        "extended": real + b" ",
        "one bit": real[:-9] + bytes([real[-9] ^ 1]) + real[-8:],
        "of another channel": foreign,
        "without a key": hashlib.blake2b(name.encode() + b"\n" + body, digest_size=32).digest() + body,
        "of another key": _sealed(new_keyring("2026").newest.derive("cache.fragment"), name, body),
        "for another purpose": _sealed(ring.newest.derive("cursor"), name, body),
        "of an older version": _sealed(ring.newest.derive("cache.fragment"), name, older),
    }
    for what, value in values.items():
        await store.set(name, value)
        parts_in(two).cache.shared.forget()
        await parts_in(two).cache.follower.follow()
        renders = parts_in(two).cache.counts.render
        async with phone_of(two, organisation.person("neighbour")) as phone:
            parts_in(two).cache.directory._known.clear()
            assert await titles(phone) == ["Thật"], what
        assert parts_in(two).cache.counts.render == renders + 1, what
    async with phone_of(two, organisation.person("member")) as phone:
        await store.delete(name)
        await store.lpush(name, "a list, not a string")
        parts_in(two).cache.shared.forget()
        parts_in(two).cache.directory._known.clear()
        assert set(await titles(phone)) == {"Thật", "Nơi khác"}


async def test_another_release_has_other_names(
    sharing: tuple[FastAPI, FastAPI], organisation: Organisation, store: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = sharing
    await Desk(one, organisation).publish("tinh", "Họp")
    async with phone_of(one, organisation.person("member")) as phone:
        await titles(phone)
    await _written(store, 1)
    monkeypatch.setattr("api.cache.store.BUILD", "otherone")
    await parts_in(two).cache.follower.follow()
    async with phone_of(two, organisation.person("member")) as phone:
        assert await titles(phone) == ["Họp"]
    assert parts_in(two).cache.counts.render == 1


async def test_a_fragment_survives_the_way_to_redis(app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    for n in range(3):
        await desk.publish("tinh", f'Họp “{n}” \\ "𝄞"')
    async with phone_of(app, organisation.person("member")) as phone:
        await titles(phone)
    made = parts_in(app).cache.shared._fragments.get(("notices", (organisation.branch("tinh").no, 0)))
    assert made is not None
    read = Fragment.read(made.write())
    assert (read.version, read.lines) == (made.version, made.lines)


def _sealed(key: bytes, name: str, body: bytes) -> bytes:
    return hashlib.blake2b(name.encode() + b"\n" + body, digest_size=32, key=key).digest() + body


async def _written(store: "redis.Redis", count: int) -> None:
    """Fragments are written in the background."""
    while len([key async for key in store.scan_iter("handbook:{*")]) < count:
        pass
