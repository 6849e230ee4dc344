"""Following the log: a view that is never more than a second behind without anybody knowing."""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from api.cache.nudges import Nudges
from api.cache.view import View, boot_clock
from models.database import Database
from models.errors import Unavailable
from models.following import load_log, read_log

POLL = 0.5
"""Seconds between looks at the log when nothing nudges."""
FRESH = 1.0
"""Seconds after which a view is not trusted unasked."""
STALE_MOST = 60.0
"""Seconds for which pages of channels are served without a database, marked as stale."""
_PATIENCE = 0.3
"""Seconds that a request waits to see the log; the look itself goes on."""
_BEHIND_MOST = 50_000

_log = logging.getLogger("handbook")
FAULTS = (SQLAlchemyError, OSError, TimeoutError)
"""What a database that is gone, slow or starting answers with."""


class Follower:
    """Keeps `view` at the log's head: on a nudge, every `POLL` seconds, and when somebody asks for certainty."""

    def __init__(self, database: Database, nudges: Nudges, token_life: timedelta) -> None:
        self.view = View()
        self.lag = 0
        """Numbers that the view was behind at the last look."""
        self._database = database
        self._nudges = nudges
        self._token_life = token_life + timedelta(minutes=5)
        self._stopping = False
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None
        self._turns: set[asyncio.Task[None]] = set()
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load, then follow. Without a database it goes on trying; until it has loaded nothing is fresh."""
        try:
            await self._load()
        except FAULTS as error:
            _log.warning("the log cannot be loaded: %s", type(error).__name__)
        self._running = asyncio.create_task(self._run(), name="follow the log")

    async def stop(self) -> None:
        """Let a statement that is under way end: a connection that is cut off in the middle cannot be used again."""
        self._stopping = True
        self._nudges.wake()
        for task in (self._running, *self._turns):
            if task is not None:
                with suppress(asyncio.CancelledError, *FAULTS):
                    await task

    async def follow(self) -> None:
        """See everything that was committed before this call. Calls that come while one waits share its statement."""
        await asyncio.shield(self._begin())

    async def committed(self) -> None:
        """This process has committed a change: see it, and tell the others.

        Where it cannot be seen now, whoever asks next must follow first: nobody reads here what was before their write.
        """
        try:
            await self.follow()
        except FAULTS:
            self.view.confirmed_at = min(self.view.confirmed_at, boot_clock() - FRESH)
        await self._nudges.send()

    async def require_fresh(self, *, or_stale: bool = False) -> bool:
        """True where the view is no older than `FRESH`, following first if need be.

        With `or_stale`, False while it is no older than `STALE_MOST`. Raises Unavailable otherwise.
        """
        asked = boot_clock()
        if asked - self.view.confirmed_at <= FRESH:
            return True
        await asyncio.wait({self._begin()}, timeout=_PATIENCE)  # what is not done by then goes on without us
        age = boot_clock() - self.view.confirmed_at
        # what was looked up after we asked is fresh, however long a crowd takes to be told
        if age <= FRESH or self.view.confirmed_at >= asked:
            return True
        if or_stale and age <= STALE_MOST:
            return False
        raise Unavailable

    def _begin(self) -> "asyncio.Task[None]":
        if self._next is None:
            self._next = asyncio.create_task(self._take_turn(), name="look at the log")
            self._turns.add(self._next)
            self._next.add_done_callback(self._end_turn)
        return self._next

    async def _take_turn(self) -> None:
        async with self._turn:
            self._next = None  # whoever comes from now on may have committed after our statement began
            if self.view.head < 0 or not await self._read():
                await self._load()

    def _end_turn(self, turn: asyncio.Task[None]) -> None:
        self._turns.discard(turn)
        if not turn.cancelled():
            turn.exception()  # whoever waited may have left, and asyncio would complain that nobody looked

    async def _read(self) -> bool:
        """Take in what is new; False where it is easier to load afresh."""
        began = boot_clock()
        async with self._database.following() as session:
            head, moved = await read_log(session, self.view.head, _BEHIND_MOST)
        if len(moved) > _BEHIND_MOST or self.view.leads_elsewhere(head):
            return False
        self.lag = head - self.view.head
        self.view.apply(head, moved, began)
        return True

    async def _load(self) -> None:
        began = boot_clock()
        async with self._database.reading() as session:
            snapshot = await load_log(session, self._database.clock() - self._token_life)
        self.view.load(snapshot, began)

    async def _run(self) -> None:
        while not self._stopping:
            await self._nudges.wait(POLL)
            try:
                await self.follow()
            except FAULTS as error:
                _log.warning("the log cannot be followed: %s", type(error).__name__)
