"""The app is killed at any point and started again from what it had stored: nothing is lost, nothing happens twice."""

import random
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.client.account import Account
from tests.client.activities import attendance, shown_rsvp
from tests.client.fake import Fuse, Killed, MortalStore, Server, play
from tests.client.patience import Patience
from tests.client.queue import instant, queued
from tests.client.receipts import shown_receipt
from tests.client.studies import shown_bookmarks, shown_progress
from tests.client.wire import Answer, Request
from tests.clock import StandingClock

CHANNELS = ("1:0", "2:0", "2:-1")
ANSWERS = ("yes", "no", "maybe")
NOTICES = tuple(f"n{number}" for number in range(6))


class Life:
    """A phone, its server, and what the member has seen of both."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.server = Server()
        self.folder = folder
        self.chance = chance
        self.lives = 0
        self.clock = StandingClock()
        self.done: set[str] = set()
        """Ids of events of which the app has said that they are done."""
        self.seen_read: set[str] = set()
        self.start()
        with self.store.transaction():
            self.store.keep("access_token", "first")
            self.store.keep("refresh_token", "r1")
        self.server.heard.update(CHANNELS)
        for number, notice_id in enumerate(NOTICES[:-2]):
            self.server.publish(CHANNELS[number % len(CHANNELS)], notice_id)
        self.synchronise(lossy=False)

    def start(self) -> None:
        self.fuse = Fuse()
        self.store = MortalStore(self.folder / f"{self.lives}.db", self.fuse)
        self.account = Account(self.store, Patience(self.chance.random), self.clock)
        pending = {event["id"] for event in queued(self.store)}
        assert self.done <= pending | set(self.server.applied)
        for notice_id in self.seen_read:
            assert shown_receipt(self.store, notice_id, 1) is not None, "read, and shown as unread afterwards"

    def die(self) -> None:
        """What is on the disk at this moment is all that the next life has."""
        self.lives += 1
        for path in self.folder.glob(f"{self.lives - 1}.db*"):
            shutil.copy(path, self.folder / path.name.replace(f"{self.lives - 1}.db", f"{self.lives}.db"))
        self.store.close()
        self.start()

    def read(self, notice_id: str, *, acknowledge: bool) -> None:
        if notice_id in self.store.things("notice"):
            event_id = self.account.read(notice_id, acknowledge=acknowledge)
            self.seen_read.add(notice_id)
            if event_id is not None:
                self.done.add(event_id)

    def synchronise(self, *, lossy: bool) -> None:
        play(self.account.bring_up_to_date(pulled=not lossy), self.lose if lossy else self.server.send)

    def lose(self, request: Request) -> Answer | None:
        """Requests and answers, some of them."""
        self.fuse.burn()
        if self.chance.random() < 0.2:
            return None
        answer = self.server.send(request)
        self.fuse.burn()
        return None if self.chance.random() < 0.2 else answer


@st.composite
def happenings(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    kinds = ["publish", "withdraw", "hear", "read", "acknowledge", "elsewhere", "expire", "sync", "sync", "sync"]
    kinds += ["answer", "answer elsewhere", "scan", "mark"]
    kinds += ["study", "study elsewhere", "place", "place elsewhere"]
    one = st.tuples(st.sampled_from(kinds), st.integers(0, 5), st.integers(0, 60))
    return draw(st.lists(one, min_size=3, max_size=40))


@given(happenings(), st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_nothing_is_lost_and_nothing_happens_twice(story: list[tuple[str, int, int]], chance: random.Random) -> None:
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Path(folder), chance)
        for kind, one, other in story:
            _happen(life, kind, one, other)
        life.fuse.left = None
        life.synchronise(lossy=False)
        server, store = life.server, life.store
        held = {id_: (thing["channel"], thing["seq"]) for id_, thing in store.things().items()}
        assert held == server.holds()
        assert queued(store) == []
        assert life.done <= set(server.applied)
        assert len(server.applied) == len(set(server.applied))
        for (notice_id, revision), (_, receipt) in server.receipts.items():
            assert shown_receipt(store, notice_id, revision) == receipt
        for key, (_, rsvp) in server.rsvps.items():
            assert shown_rsvp(store, *key) == rsvp
        for key, (_, attended) in server.attendance.items():
            assert attendance(store, *key) == attended
        for key, (_, progress) in server.progress.items():
            assert shown_progress(store, *key) == progress
        marked = {mark["id"]: mark for _, mark in server.bookmarks.values() if not mark["is_removed"]}
        assert shown_bookmarks(store) == marked
        store.close()


def _happen(life: Life, kind: str, one: int, other: int) -> None:
    server, channel = life.server, CHANNELS[other % len(CHANNELS)]
    match kind:
        case "publish":
            where = next((c for c in CHANNELS if NOTICES[one] in server.channels.get(c, {})), channel)
            server.publish(where, NOTICES[one], title=str(other))
        case "withdraw":
            for where in CHANNELS:
                if NOTICES[one] in server.channels.get(where, {}):
                    server.withdraw(where, NOTICES[one])
        case "hear":
            server.heard ^= {channel}
        case "read" | "acknowledge":
            life.read(NOTICES[one], acknowledge=kind == "acknowledge")
        case "elsewhere":
            server.note(NOTICES[one], 1, "2026-01-01T00:00:00Z")
        case "expire":
            server.expire()
        case "answer" | "answer elsewhere" | "scan" | "mark":
            _take_part(life, kind, NOTICES[one], other)
        case "study" | "study elsewhere" | "place" | "place elsewhere":
            _study(life, kind, one, other)
        case _:
            life.fuse.left = other
            try:
                life.synchronise(lossy=True)
            except Killed:
                life.die()
            life.fuse.left = None
    life.clock.advance(minutes=1)


def _study(life: Life, kind: str, one: int, other: int) -> None:
    """Of two materials and bookmarks; elsewhere at times before and after."""
    server, account, thing, ends = life.server, life.account, f"m{one % 2}", other % 3 == 0
    at = instant(life.clock.at - timedelta(minutes=other % 4))
    match kind:
        case "study":
            event_id = account.reach(thing, 1, f"p{other % 5}", other, completed=ends)
            life.done |= set() if event_id is None else {event_id}
        case "study elsewhere":
            said = {"material_id": thing, "version": 1, "position": f"q{other}", "share": other, "completed": ends}
            server.reach({"at": at, **said})
        case "place":
            life.done.add(account.unmark(thing) if ends else account.mark(thing, "m1", 1, f"p{other}", "Ghi chú"))
        case _:
            said = {"is_removed": True} if ends else {"material_id": "m1", "version": 1, "locator": f"q{other}"}
            server.mark_place({"at": at, "bookmark_id": thing, **said})


def _take_part(life: Life, kind: str, notice_id: str, other: int) -> None:
    server, no = life.server, 1 + other % 2
    match kind:
        case "answer":
            event_id = life.account.answer(notice_id, ANSWERS[other % 3], occurrence=no)
            life.done |= set() if event_id is None else {event_id}
        case "answer elsewhere":
            at = life.clock.at - timedelta(minutes=other % 4)
            server.hear(notice_id, no, ANSWERS[other % 3], instant(at))
        case "scan":
            life.done.add(life.account.check_in(f"{notice_id}/{no}"))
        case "mark":
            server.mark(notice_id, no, "absent")
