"""What this process knows of the log: when each channel last changed, the shape of the tree, whose access moved.

Only `Follower` moves a view, and all at once, without awaiting: whoever reads it between two awaits reads
one moment of the database.
"""

import time
from array import array
from collections.abc import Sequence
from operator import itemgetter
from uuid import UUID

from api.security.claims import Claims
from models.changes import JUMP, Topic
from models.channels import ALL, MEMBER, Hearing
from models.following import OWN, Moved, Snapshot
from models.permissions import Place, Role, Seat, Viewer

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_NONE = 0
_SAID = (Topic.NOTICES, Topic.MATERIALS)
"""What channels issue."""
_OWN_MASK = (1 << 20) - 1
_ACCESS_MOST = 100_000
"""Members whose change of access is remembered; claims from before the oldest are resolved again."""
_HEARD_MOST = 50_000
"""Sets of branches and roles whose channels are remembered: most members share theirs with all of their branch."""


def boot_clock() -> float:
    """Seconds that go on while the process is stopped or the machine sleeps."""
    return time.clock_gettime(_CLOCK)


Channel = tuple[int, int]
"""A branch's number, and who."""
Channels = tuple[Channel, ...]
Branches = tuple[int, ...]
Grants = tuple[tuple[Role, int], ...]


class View:
    """`head` is the number up to which everything is known, as of `confirmed_at` by the boot clock.

    Parents are an array over `branch.no`; channels are kept where they have ever issued anything, which few have.
    """

    __slots__ = (
        "_cards",
        "_closed",
        "_heard",
        "_issued",
        "_lost",
        "_own",
        "_parents",
        "_paths",
        "_whos",
        "access",
        "access_since",
        "confirmed_at",
        "era",
        "head",
        "own_since",
        "shape",
    )

    def __init__(self) -> None:
        self.head = -1
        self.confirmed_at = float("-inf")
        self.shape = 0
        """Moves when paths or the set of channels do: what was derived from them is derived again."""
        self.era = 0
        """Moves when the history that we knew is no longer the database's: what was read in it is forgotten."""
        self.access: dict[str, int] = {}
        """By member, when their access last changed: the newest last."""
        self.access_since = 0
        """What changed up to this number may be forgotten."""
        self._heard: dict[tuple[Branches, Grants], Channels] = {}
        self._parents = array("i")
        self._issued: dict[str, dict[Channel, int]] = {topic: {} for topic in _SAID}
        """By topic and channel, the number at which what was said there last changed."""
        self._whos: dict[int, tuple[int, ...]] = {}
        self._cards = array("q")
        """By branch, the number at which its card last changed."""
        self._paths: dict[int, str] = {}
        self._lost: tuple[tuple[int, int], ...] = ()
        self._own = array("q")
        """By the end of members' ids: the greatest number at which the file or access of one of them changed."""
        self.own_since = 0
        """Above this number `own_moved` knows all."""
        self._closed: dict[int, int] = {}
        """Branches that were merged or dissolved, with the access of everyone in them."""

    def load(self, snapshot: Snapshot, confirmed_at: float) -> None:
        """Start afresh from a snapshot."""
        if self.leads_elsewhere(snapshot.head):
            self.era += 1
        most = max((no for no, _ in snapshot.parents), default=0)
        parents = array("i", [_NONE]) * (most + 1)
        for no, parent in snapshot.parents:
            parents[no] = parent or _NONE
        issued: dict[str, dict[Channel, int]] = {topic: {} for topic in _SAID}
        cards = array("q", [_NONE]) * (most + 1)
        for channel, topic, seq in snapshot.versions:
            no, who = _parsed(channel)
            if topic in _SAID:
                issued[topic][no, who] = seq
            elif topic == Topic.BRANCH:
                cards[no] = seq
        self._parents, self._issued, self._cards, self._paths = parents, issued, cards, {}
        self._whos = {}
        for no, who in dict.fromkeys(channel for channels in issued.values() for channel in channels):
            self._whos[no] = (*self._whos.get(no, ()), who)
        self._lost = tuple(snapshot.lost)
        self.access, self.access_since, self._closed = {}, 0, {}
        for channel, seq in sorted(snapshot.access, key=itemgetter(1)):
            self._note_access(channel, seq)
        self._own = array("q", [_NONE]) * (_OWN_MASK + 1)
        for channel, seq in snapshot.own:
            self._note_own(channel, seq)
        self.own_since = snapshot.own_since
        self.head, self.confirmed_at = snapshot.head, confirmed_at
        self._reshape()

    def apply(self, head: int, moved: Sequence[Moved], confirmed_at: float) -> None:
        """Take in what lies above `head`, in order."""
        for change in moved:
            if change.channel.startswith(MEMBER) and change.topic in OWN:
                self._note_own(change.channel, change.seq)
            if change.topic == Topic.ACCESS:
                self._note_access(change.channel, change.seq)
            elif not change.channel.startswith(MEMBER):
                self._apply_to_branch(change)
        self.head, self.confirmed_at = head, confirmed_at

    def _note_own(self, channel: str, seq: int) -> None:
        slot = int(channel[-8:], 16) & _OWN_MASK
        self._own[slot] = max(self._own[slot], seq)

    def _note_access(self, channel: str, seq: int) -> None:
        if channel.startswith(MEMBER):
            self.access.pop(channel, None)
            self.access[channel] = seq
            if len(self.access) > _ACCESS_MOST:
                self.access_since = self.access.pop(next(iter(self.access)))
        else:
            no, _ = _parsed(channel)
            self._closed[no] = seq

    def _apply_to_branch(self, change: Moved) -> None:
        no, who = _parsed(change.channel)
        if change.topic in _SAID:
            if who not in self._whos.get(no, ()):
                self._whos[no] = (*self._whos.get(no, ()), who)
                self._reshape()
            self._issued[change.topic][no, who] = change.seq
        elif change.topic == Topic.BRANCH:
            self._make_room(no)
            self._cards[no] = change.seq
            if change.branch_no is not None:
                self._hang(change.branch_no, change.parent_no or _NONE)

    def _hang(self, no: int, parent: int) -> None:
        self._make_room(no)
        if self._parents[no] == parent:
            return
        self._parents[no] = parent
        self._paths.clear()
        self._reshape()

    def _reshape(self) -> None:
        self.shape += 1
        self._heard.clear()

    def _make_room(self, no: int) -> None:
        missing = [_NONE] * (no + 1 - len(self._parents))
        self._parents.extend(missing)
        self._cards.extend(missing)

    def _card(self, no: int) -> int:
        return self._cards[no] if no < len(self._cards) else _NONE

    def path(self, no: int) -> str:
        """The materialised path of a branch, such as `1/5/88/`."""
        found = self._paths.get(no)
        if found is None:
            above = self._parents[no] if no < len(self._parents) else _NONE
            found = f"{self.path(above) if above else ''}{no}/"
            self._paths[no] = found
        return found

    def issued(self, no: int, who: int, topic: Topic = Topic.NOTICES) -> int:
        """The number at which a channel's notices or materials, or the name over them, last changed; 0 if there are
        none.
        """
        seq = self._issued[topic].get((no, who), 0)
        return seq and max(seq, self._card(no))

    def _said(self, channel: Channel) -> int:
        return max(issued.get(channel, 0) for issued in self._issued.values())

    def synced_by(self, viewer: Viewer) -> dict[tuple[int, int], int]:
        """A viewer's channels with the numbers at which they last changed: all branches above for their cards, and what
        of the rest has ever issued anything.
        """
        hearing = Hearing.of(viewer)
        numbers: dict[tuple[int, int], int] = {}
        for no in sorted(hearing.above):
            numbers[no, ALL] = max(self._said((no, ALL)), self._card(no))
            for who in self._whos.get(no, ()):
                if who != ALL and hearing.hears(no, who):
                    numbers[no, who] = self._said((no, who))
        return numbers

    def heard(self, branches: Branches, grants: Grants) -> Channels:
        """Which channels of those who belong to these branches and hold these roles have ever issued anything: rule 1,
        as `channels.hears` says it in SQL.
        """
        found = self._heard.get((branches, grants))
        if found is None:
            if len(self._heard) >= _HEARD_MOST:
                self._heard.clear()
            found = self._heard[branches, grants] = self._hear(branches, grants)
        return found

    def _hear(self, branches: Branches, grants: Grants) -> Channels:
        hearing = Hearing.at(self.places(branches), self.seats(grants))
        return tuple(
            (no, who) for no in sorted(hearing.above) for who in self._whos.get(no, ()) if hearing.hears(no, who)
        )

    def places(self, branches: Branches) -> tuple[Place, ...]:
        return tuple([Place(no, self.path(no)) for no in branches])

    def seats(self, grants: Grants) -> tuple[Seat, ...]:
        return tuple([Seat(role, Place(no, self.path(no))) for role, no in grants])

    def leads_elsewhere(self, head: int) -> bool:
        """Was the database lost and an older copy put in its place? Then the head went back, or jumped over a hole."""
        return self.head >= 0 and (head < self.head or head // JUMP != self.head // JUMP)

    def access_moved(self, claims: Claims, channel: str) -> bool:
        """May the access of this member, or of a branch of theirs, have changed after their claims were resolved?"""
        if not self._still_holds(claims.as_of) or claims.as_of < self.access_since:
            return True
        if self.access.get(channel, 0) > claims.as_of:
            return True
        return bool(self._closed) and any(self._closed.get(no, 0) > claims.as_of for no, _ in claims.branches)

    def own_moved(self, member_id: UUID, number: int) -> bool | None:
        """Did this member's file or access change above `number`? None where only the database can tell."""
        if not self._still_holds(number):
            return True
        if number < self.own_since:
            return None
        # somebody else's change may lie in the same place: then again the database knows
        return None if self._own[int(member_id) & _OWN_MASK] > number else False

    def _still_holds(self, number: int) -> bool:
        """Can what was read as of this number be judged by what changed above it? Not where a database was restored
        since: what was read may have been newer than its number, and lost.
        """
        return self.knows(number) and number // JUMP == self.head // JUMP

    def knows(self, number: int) -> bool:
        """Is this one of our numbers: neither beyond the head nor given out by a database that was lost?"""
        return 0 <= number <= self.head and not any(first <= number <= last for first, last in self._lost)


def _parsed(channel: str) -> tuple[int, int]:
    no, _, who = channel.partition(":")
    return int(no), int(who)
