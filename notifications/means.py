"""What deciding and delivering need: transactions, the database's clock, limits; and the figures they leave."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from models.database import database_now

Begin: TypeAlias = Callable[[], AbstractAsyncContextManager[AsyncSession]]
"""A transaction, committed if its block ends well."""


class Figures:
    """Plain numbers since they were last taken, for whoever publishes them."""

    def __init__(self) -> None:
        self.pushes: Counter[tuple[str, str]] = Counter()
        """By provider, and outcome or reason why it was not sent."""
        self.seconds: list[tuple[str, float]] = []
        """What sending took, by provider."""
        self.behind: dict[str, float] = {}
        """By provider, for how many seconds the oldest that was claimed last had been due."""
        self.open_breakers: dict[str, bool] = {}

    def count(self, provider: str, how: str) -> None:
        self.pushes[provider, how] += 1

    def time(self, provider: str, seconds: float) -> None:
        self.seconds.append((provider, seconds))

    def take(self) -> tuple[Counter[tuple[str, str]], list[tuple[str, float]]]:
        taken = self.pushes, self.seconds
        self.pushes, self.seconds = Counter(), []
        return taken


@dataclass(frozen=True, slots=True)
class Means:
    """`per_minute` is each provider's quota for this process, `spread` the rate at which what is not urgent becomes
    due. Channels with more devices than `topics_above` have topics. What is claimed is nobody else's for `lease`:
    what a process had claimed that died is sent after it.
    """

    begin: Begin
    read: Begin
    per_minute: Mapping[str, int] = field(default_factory=dict)
    spread: int = 300_000
    topics_above: int = 10_000
    lease: timedelta = timedelta(seconds=60)
    clock: Callable[[AsyncSession], Awaitable[datetime]] = database_now
    figures: Figures = field(default_factory=Figures)
