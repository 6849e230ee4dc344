"""What a phone holds of its member's handbook, as much of it as the load needs (api/guides/sync.md).

A phone's own store would keep texts on flash; here are many thousand phones in one process. What phones of one branch
hold alike they share.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple


class Thing(NamedTuple):
    """`has_text` is false of a notice that came without its body, to somebody who saves data."""

    id: str
    seq: int
    kind: str
    revision: int
    requires_ack: bool
    has_text: bool


Things = tuple[Thing, ...]
_shared: dict[tuple[str, Things], Things] = {}


@dataclass(slots=True)
class Holding:
    """`tag` is the entity tag of the answer that nothing is new: it is the same every time."""

    cursor: str | None = None
    tag: str | None = None
    channels: dict[str, Things] = field(default_factory=dict)

    @property
    def notices(self) -> list[Thing]:
        """The newest first."""
        held = [thing for things in self.channels.values() for thing in things if thing.kind == "notice"]
        return sorted(held, key=lambda thing: thing.seq, reverse=True)

    def apply(self, said: Mapping[str, Any]) -> list[str]:
        """Take an answer in; gives the channels of which we now hold something else than the server says.

        Raises KeyError, TypeError or ValueError for what is no answer.
        """
        for channel in said["dropped"]:
            self.channels.pop(channel, None)
        amiss = []
        for entry in said["channels"]:
            channel = entry["channel"]
            held = {} if entry["reset"] else {thing.id: thing for thing in self.channels.get(channel, ())}
            held |= {thing.id: thing for thing in map(_thing, entry["things"])}
            self._leave_elsewhere(channel, held)
            for thing_id in entry["removed"]:
                held.pop(thing_id, None)
            things = tuple(sorted(held.values()))
            self.channels[channel] = _shared.setdefault((channel, things), things)
        for entry in said["channels"]:
            things = self.channels[entry["channel"]]
            if entry["complete"] and (len(things), digest(things)) != (entry["count"], entry["digest"]):
                amiss.append(entry["channel"])
        if said["cursor"] is not None:
            self.cursor = said["cursor"]
        return amiss

    def _leave_elsewhere(self, channel: str, held: Mapping[str, Thing]) -> None:
        """A thing belongs to one channel at a time: the last that brought it."""
        for other, things in self.channels.items():
            if other != channel and any(thing.id in held for thing in things):
                self.channels[other] = tuple(_without(things, held))


def digest(things: Iterable[Thing]) -> str:
    """Of what a channel holds."""
    lines = sorted(f"{thing.id}:{thing.seq}" for thing in things)
    return sha256("\n".join(lines).encode()).hexdigest()[:32]


def _without(things: Things, gone: Mapping[str, Thing]) -> Iterator[Thing]:
    return (thing for thing in things if thing.id not in gone)


def _thing(said: Mapping[str, Any]) -> Thing:
    return Thing(
        id=said["id"],
        seq=said["seq"],
        kind=said["kind"],
        revision=said.get("revision", 1),
        requires_ack=said.get("requires_ack", False),
        has_text=said.get("body_html") is not None,
    )
