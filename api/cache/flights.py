"""Work that many ask for at once and that is done once, whoever of them leaves."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Flights(Generic[T]):
    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[T]] = {}

    async def join(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `work` gives, which is begun unless it is under way for this key."""
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(work())
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._land(key, task))
        return await asyncio.shield(task)

    def forget(self) -> None:
        """What is under way goes on for those who wait, and nobody joins it any more."""
        self._under_way = {}

    def _land(self, key: Hashable, task: "asyncio.Task[T]") -> None:
        if self._under_way.get(key) is task:
            del self._under_way[key]
