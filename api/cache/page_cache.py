"""Everything that one process needs to answer shared pages."""

import redis.asyncio as redis

from api.cache.breaker import Breaker
from api.cache.follow import Follower
from api.cache.known import Directory
from api.cache.metrics import Counts
from api.cache.nudges import Nudges
from api.cache.shared import Shared
from api.cache.syncing import Syncing
from api.envelope import security


class PageCache:
    def __init__(
        self,
        *,
        follower: Follower,
        nudges: Nudges,
        directory: Directory,
        shared: Shared,
        syncing: Syncing,
        counts: Counts,
        breaker: Breaker,
        client: "redis.Redis | None",
        tls: bool,
        cross_origin: bool,
    ) -> None:
        self.follower = follower
        self.directory = directory
        self.shared = shared
        self.syncing = syncing
        self.counts = counts
        self.breaker = breaker
        self.security = [(name.lower().encode(), value.encode()) for name, value in security(tls=tls).items()]
        self.cross_origin = cross_origin
        """Are there web apps elsewhere? Their requests go on to the layer that answers them."""
        self._nudges = nudges
        self._client = client

    async def start(self) -> None:
        self._nudges.start()
        await self.follower.start()

    async def stop(self) -> None:
        await self.follower.stop()
        await self._nudges.stop()
        if self._client is not None:
            await self._client.aclose()
