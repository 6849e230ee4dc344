"""What a running process is made of, built once and handed to every request."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from api.cache.page_cache import PageCache
from api.cache.view import boot_clock
from api.metrics import publish
from api.security.attempts import Attempts
from api.security.passwords import Passwords
from api.security.tokens import Tokens
from api.settings import Settings
from api.transactions import transaction, write
from content.files import FileStore
from models.database import Database

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    database: Database
    tokens: Tokens
    passwords: Passwords
    attempts: Attempts
    files: FileStore
    cache: PageCache

    def publish_metrics(self) -> None:
        """How this process stands, to the registry."""
        follower = self.cache.follower
        publish(
            self.cache.counts,
            head=follower.view.head,
            lag=follower.lag,
            age=boot_clock() - follower.view.confirmed_at,
            breaker_open=self.cache.breaker.is_open,
            waiting=self.passwords.waiting,
        )

    def transaction(
        self, *, writes: bool = True, request_id: str | None = None
    ) -> AbstractAsyncContextManager[AsyncSession]:
        """A transaction whose commit this process sees at once, and others as soon as they are nudged."""
        return transaction(self.database, writes=writes, request_id=request_id, committed=self.cache.follower.committed)

    async def write(self, work: Callable[[AsyncSession], Awaitable[T]], *, request_id: str | None = None) -> T:
        """`work` in such a transaction, for what is small and frequent: see `Database.write`."""
        return await write(self.database, work, request_id=request_id, committed=self.cache.follower.committed)


def parts_of(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts
