"""How often one may guess: with Redis, without it, and while it fails."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from api.security.attempts import Attempts, network_of
from models.errors import TooMany
from tests.api.identity import PASSWORD, WatchedPasswords, calling_from, log_in, slug
from tests.servers import Valkey

ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
WITH_BOTH_LIMITS = pytest.mark.parametrize("limits", ["memory", "redis"], indirect=True)
HOME = "203.0.113.7"


@pytest.fixture
async def limits(request: pytest.FixtureRequest, app: FastAPI) -> AsyncIterator[str | None]:
    """The Redis URL that the application shares its limits through, if any."""
    url = request.getfixturevalue("emptied_redis_url") if request.param == "redis" else None
    attempts = Attempts(url)
    app.state.parts = replace(app.state.parts, attempts=attempts)
    yield url
    await attempts.close()


@WITH_BOTH_LIMITS
@ON_SQLITE
async def test_whoever_mistypes_waits_and_only_there(app: FastAPI, login: str, limits: str | None) -> None:
    here, there = calling_from(app, HOME), calling_from(app, "198.51.100.1")
    for _ in range(5):
        assert (await log_in(here, login, "sai rồi bạn ơi")).status_code == 401
    for password in ("sai rồi bạn ơi", PASSWORD):
        answer = await log_in(here, login, password)
        assert (answer.status_code, slug(answer)) == (429, "sign_in.too_many")
        wait = int(answer.headers["retry-after"])
        assert 1 <= wait <= 60
        assert answer.headers["ratelimit"] == f'"sign-in";r=0;t={wait}'
        assert str(wait) in answer.json()["detail"]
    assert (await log_in(there, login)).status_code == 200
    assert (await log_in(here, "T0001")).status_code == 401, "another account"


@WITH_BOTH_LIMITS
@ON_SQLITE
async def test_a_limit_does_not_tell_who_exists(app: FastAPI, login: str, limits: str | None) -> None:
    here = calling_from(app, HOME)
    for said in (login, "T9999"):
        met = [(await log_in(here, said, "sai rồi bạn ơi")).status_code for _ in range(7)]
        assert met == [401] * 5 + [429] * 2


@WITH_BOTH_LIMITS
@ON_SQLITE
async def test_only_failures_count(app: FastAPI, login: str, limits: str | None) -> None:
    here = calling_from(app, HOME)
    for _ in range(4):
        assert (await log_in(here, login, "sai rồi bạn ơi")).status_code == 401
    for _ in range(30):
        assert (await log_in(here, login)).status_code == 200
    assert (await log_in(here, login, "sai rồi bạn ơi")).status_code == 401
    assert (await log_in(here, login)).status_code == 429


@WITH_BOTH_LIMITS
@ON_SQLITE
async def test_other_spellings_of_a_login_are_no_further_tries(app: FastAPI, login: str, limits: str | None) -> None:
    here = calling_from(app, HOME)
    for said in ("0912000000", "0912 000 000", "+84912000000", "84.912.000.000", "(0912) 000-000"):
        assert (await log_in(here, said, "sai rồi bạn ơi")).status_code == 401
    assert (await log_in(here, "0912-000-000")).status_code == 429


@WITH_BOTH_LIMITS
@ON_SQLITE
async def test_nobody_can_lock_somebody_out(app: FastAPI, login: str, limits: str | None) -> None:
    home = calling_from(app, HOME)
    assert (await log_in(home, login)).status_code == 200
    for last in range(5):
        for _ in range(4):
            assert (await log_in(calling_from(app, f"198.51.100.{last}"), login, "sai rồi bạn ơi")).status_code == 401
    assert (await log_in(calling_from(app, "198.51.100.9"), login)).status_code == 429, "a new address waits"
    assert (await log_in(home, login)).status_code == 200, "a known one does not"
    assert (await log_in(home, login, "sai rồi bạn ơi")).status_code == 401


@WITH_BOTH_LIMITS
@ON_SQLITE
async def test_a_new_address_of_a_known_network_is_known(app: FastAPI, login: str, limits: str | None) -> None:
    """Phones change the lower half of their IPv6 address every day."""
    assert (await log_in(calling_from(app, "2001:db8:1:2::a"), login)).status_code == 200
    for last in range(5):
        for _ in range(4):
            await log_in(calling_from(app, f"198.51.100.{last}"), login, "sai rồi bạn ơi")
    assert (await log_in(calling_from(app, "2001:db8:1:2:3:4:5:6"), login)).status_code == 200
    assert (await log_in(calling_from(app, "2001:db8:1:3::a"), login)).status_code == 429


@WITH_BOTH_LIMITS
@ON_SQLITE
async def test_a_burst_of_guesses_is_no_way_around(
    app: FastAPI, login: str, limits: str | None, watched: WatchedPasswords
) -> None:
    here = calling_from(app, HOME)
    watched.gate = asyncio.Event()
    burst = asyncio.gather(*(log_in(here, login, f"thử lần thứ {number}") for number in range(40)))
    await asyncio.sleep(0.3)  # for all to be under way before the first has failed
    watched.gate.set()
    answers = await burst
    statuses = [answer.status_code for answer in answers]
    assert watched.verified <= 5
    assert statuses.count(401) == watched.verified
    assert statuses.count(429) == 40 - watched.verified
    assert watched.verified > 0


async def fail(attempts: Attempts, login: str, network: str | None, *, known: bool = False) -> bool:
    """One failed try; False where none was allowed."""
    try:
        async with attempts.trying(login, network, known=known) as failed:
            await failed()
    except TooMany:
        return False
    return True


@pytest.fixture(params=["memory", "redis"])
async def attempts(request: pytest.FixtureRequest) -> AsyncIterator[Attempts]:
    attempts = Attempts(request.getfixturevalue("emptied_redis_url") if request.param == "redis" else None)
    yield attempts
    await attempts.close()


async def test_an_address_may_fail_often_but_not_without_end(attempts: Attempts) -> None:
    """Thousands share a carrier's address."""
    assert all([await fail(attempts, f"T{number}", HOME) for number in range(300)])
    assert not await fail(attempts, "T300", HOME)
    with pytest.raises(TooMany) as refused:
        async with attempts.trying("T300", HOME, known=True):
            pass
    assert 1 <= refused.value.retry_after <= 600
    assert await fail(attempts, "T300", "198.51.100.1")


async def test_an_unknown_address_is_no_address_to_be_slowed_down(attempts: Attempts) -> None:
    assert all([await fail(attempts, f"T{number}", None) for number in range(301)])
    assert [await fail(attempts, "T1000", None) for _ in range(6)] == [True] * 5 + [False]


async def test_nothing_is_left_of_tries_that_ended(attempts: Attempts) -> None:
    async def broken() -> None:
        async with attempts.trying("T1", HOME, known=False):
            raise ConnectionResetError

    for _ in range(20):
        with pytest.raises(ConnectionResetError):
            await broken()
    assert await fail(attempts, "T1", HOME)
    assert not attempts._running


async def test_processes_share_limits_through_redis(emptied_redis_url: str) -> None:
    one, other = Attempts(emptied_redis_url), Attempts(emptied_redis_url)
    assert [await fail(one, "T1", HOME) for _ in range(5)] == [True] * 5
    assert not await fail(other, "T1", HOME)
    assert await fail(other, "T1", "198.51.100.1")
    await one.close()
    await other.close()


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


@pytest.mark.parametrize("fault", ["killed", "frozen"])
async def test_limits_hold_and_tries_go_on_without_redis(valkey: Valkey, fault: str) -> None:
    attempts, other = Attempts(valkey.url), Attempts(valkey.url)
    assert [await fail(attempts, "T1", HOME) for _ in range(3)] == [True] * 3
    if fault == "killed":
        valkey.kill()
    else:
        valkey.freeze()
    # against a hang: each of these 300 asks Redis six times, were it asked
    async with asyncio.timeout(60):
        assert [await fail(attempts, "T1", HOME) for _ in range(4)] == [True, True, False, False]
        assert all([await fail(attempts, f"U{number}", HOME) for number in range(290)])
        assert [await fail(other, "T1", HOME) for _ in range(6)] == [True] * 5 + [False], "each process for itself"
    if fault == "frozen":
        valkey.thaw()
    await attempts.close()
    await other.close()


async def test_limits_are_shared_again_once_redis_is_back(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.security.attempts._SILENCE", 0.0)
    one, other = Attempts(valkey.url), Attempts(valkey.url)
    valkey.restart()
    assert [await fail(one, "T1", HOME) for _ in range(5)] == [True] * 5
    assert not await fail(other, "T1", HOME)
    await one.close()
    await other.close()


@pytest.mark.parametrize("fault", ["flushed", "garbage", "scripts gone"])
async def test_limits_hold_whatever_redis_holds(emptied_redis_url: str, fault: str) -> None:
    attempts = Attempts(emptied_redis_url)
    assert [await fail(attempts, "T1", HOME) for _ in range(3)] == [True] * 3
    async with Redis.from_url(emptied_redis_url) as redis:
        if fault == "scripts gone":
            await redis.script_flush()
        for key in await redis.keys("*"):
            await redis.delete(key)
            if fault == "garbage":
                await redis.set(key, b"\xff\x00garbage")
    assert [await fail(attempts, "T1", HOME) for _ in range(4)] == [True, True, False, False]
    await attempts.close()


@ON_SQLITE
async def test_signing_in_works_without_redis(app: FastAPI, login: str, valkey: Valkey) -> None:
    attempts = Attempts(valkey.url)
    app.state.parts = replace(app.state.parts, attempts=attempts)
    here = calling_from(app, HOME)
    assert (await log_in(here, login)).status_code == 200
    valkey.freeze()
    for _ in range(5):
        assert (await log_in(here, login, "sai rồi bạn ơi")).status_code == 401
    assert (await log_in(here, login)).status_code == 429
    assert (await log_in(calling_from(app, "198.51.100.1"), login)).status_code == 200
    valkey.thaw()
    await attempts.close()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0", "unix:///nowhere/redis.sock"])
async def test_every_form_of_redis_url_is_taken(url: str) -> None:
    attempts = Attempts(url)
    assert [await fail(attempts, "T1", HOME) for _ in range(6)] == [True] * 5 + [False]
    await attempts.close()


def test_an_address_stands_for_one_subscriber() -> None:
    assert network_of("203.0.113.7") == "203.0.113.7"
    assert network_of("::ffff:203.0.113.7") == "203.0.113.7"
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::") == "2001:db8:1:2::/64"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("::1") == "::/64"
    assert [network_of(said) for said in (None, "", "testclient", "203.0.113.7:80")] == [None] * 4
