"""How often one may fail to sign in: by account and address, by account, by address. Shared through Redis where there
is one.
"""

import asyncio
import hashlib
import logging
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import TypeVar

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from models.errors import TooMany

_log = logging.getLogger("handbook")
T = TypeVar("T")

_HERE = RateLimitItemPerMinute(5, 1, "sign-in-account-address")
"""One account from one address: whoever mistypes waits a minute at most."""
_ACCOUNT = RateLimitItemPerMinute(20, 1, "sign-in-account")
"""One account from anywhere: slows a guesser with many addresses. An address known to the account is exempt, so that
nobody can lock somebody out.
"""
_ADDRESS = RateLimitItemPerMinute(300, 10, "sign-in-address")
"""One address: generous, since a mobile carrier puts thousands behind one."""

_PATIENCE = 0.5
"""Seconds that Redis may take."""
_SILENCE = 5.0
"""Seconds for which a Redis that failed is not asked again: a frozen one must not slow every sign-in down."""


class Attempts:
    """Only failures count, and tries still running as if they would fail: else a burst would pass before the first of
    it has failed. This process always counts for itself too: without Redis, or with an emptied one, limits still hold.
    """

    def __init__(self, redis_url: str | None) -> None:
        self._alone = MovingWindowRateLimiter(MemoryStorage())
        self._running: Counter[tuple[RateLimitItem, str]] = Counter()
        self._pool: ConnectionPool | None = None
        self._silent_until = 0.0
        if redis_url is not None:
            self._pool = ConnectionPool.from_url(
                redis_url,
                socket_timeout=_PATIENCE,
                socket_connect_timeout=_PATIENCE,
                retry=Retry(NoBackoff(), 1),  # the default one sleeps for seconds
            )
            storage = RedisStorage(
                "async+redis://",  # the pool knows where; limits would take unix:// for another server
                implementation="redispy",
                connection_pool=self._pool,  # type: ignore[arg-type]  # documented, but not in its annotation
            )
            self._shared = MovingWindowRateLimiter(storage)

    @asynccontextmanager
    async def trying(
        self, login: str, network: str | None, *, known: bool
    ) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """One try at `login`, in one spelling for all ways of writing it, from `network_of` an address; what is
        given is to be awaited where the try failed. `known` exempts from the limit on the account as a whole.

        Raises TooMany while a limit is reached.
        """
        counters = _counters(login, network)
        judged = [counter for counter in counters if not (known and counter[0] is _ACCOUNT)]
        shared = [await self._ask_shared(MovingWindowRateLimiter.get_window_stats, *counter) for counter in judged]
        waits = [await self._wait(counter, stats) for counter, stats in zip(judged, shared, strict=True)]
        if any(waits):
            raise TooMany("sign_in.too_many", max(waits))
        self._running.update(counters)

        async def failed() -> None:
            for item, key in counters:
                await self._alone.hit(item, key)
                await self._ask_shared(MovingWindowRateLimiter.hit, item, key)

        try:
            yield failed
        finally:
            self._running.subtract(counters)
            for counter in counters:
                if self._running[counter] <= 0:
                    del self._running[counter]

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.aclose()

    async def _wait(self, counter: tuple[RateLimitItem, str], shared: tuple[float, int] | None) -> int:
        """Seconds until one more failure is allowed; 0 for now."""
        reset, remaining = await self._alone.get_window_stats(*counter)
        if shared is not None and shared[1] < remaining:
            reset, remaining = shared
        if remaining <= 0:
            return max(1, math.ceil(reset - time.time()))
        return 1 if remaining <= self._running[counter] else 0

    async def _ask_shared(
        self,
        question: Callable[[MovingWindowRateLimiter, RateLimitItem, str], Awaitable[T]],
        item: RateLimitItem,
        key: str,
    ) -> T | None:
        """Redis' answer, or None where there is none."""
        if self._pool is None or time.monotonic() < self._silent_until:
            return None
        try:
            async with asyncio.timeout(_PATIENCE):
                return await question(self._shared, item, key)
        except Exception as error:  # noqa: BLE001 - whatever Redis has, signing in goes on
            self._silent_until = time.monotonic() + _SILENCE
            _log.warning("log-in limits are not shared", exc_info=error)
            return None


def network_of(address: str | None) -> str | None:
    """Whom an address stands for: an IPv4 address, or the /64 that one subscriber of IPv6 has. None if unknown."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped  # as a socket that serves both says it
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((int(parsed), 64), strict=False))
    return str(parsed)


def _counters(login: str, network: str | None) -> list[tuple[RateLimitItem, str]]:
    account = hashlib.sha256(login.encode()).hexdigest()[:32]
    counters: list[tuple[RateLimitItem, str]] = [(_HERE, f"{account}:{network}"), (_ACCOUNT, account)]
    # who is behind no address at all, such as a socket of this machine, is no one subscriber to be slowed down
    return [*counters, (_ADDRESS, network)] if network is not None else counters
