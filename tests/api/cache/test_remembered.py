"""What a process remembers of tokens and of access: bounded, and forgotten with the key that signed it."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from api.cache import known as known_entries
from api.cache import view as view_of_the_log
from api.security.claims import unresolved
from api.settings import Settings
from models.channels import member_channel
from models.keyring import load_keyring, save_keyring
from models.permissions import Role
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.queries import counting
from tests.serving import FEED, ROUTED, Desk, calling, for_roles, parts_in, phone_of, refreshed, titles

SECRETARIES = for_roles([Role.SECRETARY])
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])


@SQLITE
async def test_changes_of_access_are_remembered_up_to_a_bound(
    app: FastAPI, desk: Desk, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was forgotten costs older claims a query, and hides nothing; newer claims are spared it."""
    monkeypatch.setattr(view_of_the_log, "_ACCESS_MOST", 2)
    await desk.publish("chibo", "Cho bí thư", SECRETARIES)
    old = {name: await refreshed(app, organisation.person(name)) for name in ("member", "fellow")}
    view = parts_in(app).cache.follower.view
    view.access.clear()
    for name in ("member", "neighbour", "grouped", "stranger"):
        await desk.grant(name, Role.SECRETARY, "chibo")
    assert len(view.access) == 2
    assert member_channel(organisation.person("member").id) not in view.access
    new = await refreshed(app, organisation.person("fellow"), 2)
    for token, seen, least in ((old["member"], ["Cho bí thư"], 1), (old["fellow"], [], 1), (new, [], 0)):
        async with calling(app, token) as phone:
            with counting(parts_in(app).database) as statements:
                assert await titles(phone) == seen
            assert len([s for s in statements if "session.ended_at" in s]) == least


@SQLITE
async def test_claims_that_are_too_long_are_resolved(app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    for name in organisation.branches:
        for role in (Role.SECRETARY, Role.DEPUTY, Role.CLERK, Role.EDITOR, Role.AUDITOR):
            await desk.grant("member", role, name)
    await desk.publish("kh", "Cho bí thư", SECRETARIES)
    token = await refreshed(app, organisation.person("member"))
    assert len(token) <= 1024
    assert parts_in(app).tokens.verify(f"Bearer {token}").claims == unresolved(
        organisation.person("member").id, organisation.person("member").session_id
    )
    async with calling(app, token) as phone:
        assert await titles(phone) == ["Cho bí thư"]
        with counting(parts_in(app).database) as statements:
            assert await titles(phone) == ["Cho bí thư"]
        assert statements == []


@SQLITE
async def test_tokens_are_remembered_up_to_a_bound_and_failures_never(
    app: FastAPI, desk: Desk, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_entries, "_KNOWN_MOST", 3)
    directory = parts_in(app).cache.directory
    await desk.publish("tinh", "Họp")
    for name in ("member", "fellow", "grouped", "neighbour", "clerk"):
        async with phone_of(app, organisation.person(name)) as phone:
            assert await titles(phone) == ["Họp"]
    assert len(directory._known) == 3
    good = await refreshed(app, organisation.person("member"))
    for bad in ("x", good[:-2], good + "a", good.swapcase()):
        async with calling(app, bad) as phone:
            assert (await phone.get(FEED)).status_code == 401
    assert len(directory._known) == 3
    assert not any(bad.encode() in key for key in directory._known for bad in ("Bearer x",))


@SQLITE
async def test_one_token_of_a_session_is_remembered(
    app: FastAPI,
    desk: Desk,
    organisation: Organisation,
    clock: StandingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    directory = parts_in(app).cache.directory
    await desk.publish("tinh", "Họp")
    tokens = []
    for generation in (1, 2, 3):
        tokens.append(await refreshed(app, organisation.person("member"), generation))
        clock.advance(seconds=1)
    for token in (*tokens, tokens[0]):
        async with calling(app, token) as phone:
            assert await titles(phone) == ["Họp"], "an older one is good until it runs out"
        assert list(directory._known) == [f"Bearer {token}".encode()]
    monkeypatch.setattr(known_entries, "_KNOWN_MOST", 1)
    async with phone_of(app, organisation.person("fellow")) as phone:
        assert await titles(phone) == ["Họp"]
    assert len(directory._known) == len(directory._newest) == 1


@SQLITE
async def test_two_authorization_headers_are_refused(app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    """Also three, of which the last could pass for the only one; also of a token that is known."""
    await desk.publish("tinh", "Họp")
    tokens = [await refreshed(app, organisation.person(name)) for name in ("member", "stranger", "member")]
    async with calling(app, tokens[0]) as phone:
        await titles(phone)
        await titles(phone)
    for count in (2, 3):
        headers = httpx.Headers([("Authorization", f"Bearer {token}") for token in tokens[:count]])
        async with calling(app) as phone:
            for path in (FEED, ROUTED, "/v1/me"):
                answer = await phone.get(path, headers=headers)
                assert (answer.status_code, answer.headers["cache-control"]) == (401, "no-store")


@SQLITE
async def test_tokens_of_a_dropped_key_die_within_a_second(
    app: FastAPI, desk: Desk, organisation: Organisation, settings: Settings
) -> None:
    """`handbook keys rotate` leaves them alone; `prune` ends them, also where they were verified before."""
    await desk.publish("tinh", "Họp")
    for _ in range(21):
        await desk.publish("tinh", "Họp nữa")
    async with phone_of(app, organisation.person("member")) as phone:
        await titles(phone)
        ring = load_keyring(settings.keys).rotated("2026-02-02T00:00:00Z")
        save_keyring(settings.keys, ring)
        await parts_in(app).cache.follower.follow()
        assert len(await titles(phone)) == 20
        save_keyring(settings.keys, ring.pruned(1))
        await parts_in(app).cache.follower.follow()
        assert (await phone.get(FEED)).status_code == 401
    async with phone_of(app, organisation.person("fellow")) as phone:
        page = (await phone.get(FEED)).json()
        assert len(await titles(phone, f"?cursor={page['next_cursor']}")) == 2, "no page carries a cursor of that key"


@SQLITE
async def test_a_storm_of_one_member_resolves_once(app: FastAPI, desk: Desk, organisation: Organisation) -> None:
    await desk.publish("tinh", "Họp")
    token = await refreshed(app, organisation.person("member"))
    async with calling(app, token) as phone:
        await titles(phone)
        await desk.grant("member", Role.CLERK, "chibo")
        with counting(parts_in(app).database) as statements:
            answers = await asyncio.gather(*(phone.get(FEED) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len([s for s in statements if "session.ended_at" in s]) == 1
