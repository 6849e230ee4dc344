"""How often one may fail to sign in: by account and address, by account, by address. Shared through Redis where there
is one.
"""

import hashlib
import logging
import time
from ipaddress import ip_address, ip_network

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter

from models.errors import TooMany

_log = logging.getLogger("handbook")

_HERE = RateLimitItemPerMinute(5, 1, "sign-in-account-address")
"""One account from one address: whoever mistypes waits a minute at most."""
_ACCOUNT = RateLimitItemPerMinute(20, 1, "sign-in-account")
"""One account from anywhere: slows a guesser with many addresses. An address known to the account is exempt, so that
nobody can lock somebody out.
"""
_ADDRESS = RateLimitItemPerMinute(300, 10, "sign-in-address")
"""One address: generous, since a mobile carrier puts thousands behind one."""


class Attempts:
    """Only failures count. Without an answer from Redis this process counts alone: the limits still hold."""

    def __init__(self, redis_url: str | None) -> None:
        self._alone = MovingWindowRateLimiter(MemoryStorage())
        self._shared: MovingWindowRateLimiter | None = None
        if redis_url is not None:
            storage: Storage = RedisStorage(
                f"async+{redis_url}", implementation="redispy", socket_timeout=0.25, socket_connect_timeout=0.25
            )
            self._shared = MovingWindowRateLimiter(storage)

    async def require(self, login: str, address: str | None, *, known: bool) -> None:
        """Raises TooMany while any of the limits is reached."""
        for item, key in self._counters(login, address):
            if known and item is _ACCOUNT:
                continue
            wait = await self._wait(item, key)
            if wait > 0:
                raise TooMany("sign_in.too_many", wait)

    async def failed(self, login: str, address: str | None) -> None:
        for item, key in self._counters(login, address):
            await self._alone.hit(item, key)
            if self._shared is not None:
                try:
                    await self._shared.hit(item, key)
                except Exception as error:  # noqa: BLE001 - whatever Redis has, signing in goes on
                    _log.warning("log-in limits are not shared", exc_info=error)

    async def _wait(self, item: RateLimitItem, key: str) -> int:
        if self._shared is not None:
            try:
                return await _seconds_left(self._shared, item, key)
            except Exception as error:  # noqa: BLE001 - whatever Redis has, signing in goes on
                _log.warning("log-in limits are not shared", exc_info=error)
        return await _seconds_left(self._alone, item, key)

    def _counters(self, login: str, address: str | None) -> list[tuple[RateLimitItem, str]]:
        account = hashlib.sha256(login.strip().casefold().encode()).hexdigest()[:32]
        where = _network(address)
        return [(_HERE, f"{account}:{where}"), (_ACCOUNT, account), (_ADDRESS, where)]


async def _seconds_left(limiter: MovingWindowRateLimiter, item: RateLimitItem, key: str) -> int:
    if await limiter.test(item, key):
        return 0
    reset, _ = await limiter.get_window_stats(item, key)
    return max(1, round(reset - time.time()))


def _network(address: str | None) -> str:
    """An IPv4 address, or the /64 that one subscriber of IPv6 has."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "unknown"
    return str(ip_network(f"{parsed}/64", strict=False)) if parsed.version == 6 else str(parsed)
