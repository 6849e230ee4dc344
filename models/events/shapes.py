"""What is said of events, coming in and going out."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, Protocol, TypeVar
from uuid import UUID

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Instant, Request
from models.errors import HandbookError
from models.events.state import OwnState
from models.histories import History

EVENTS_MOST = 500


class EventSent(Request):
    """What every event says. `id` is made by the app when the thing happens, `at` is what the phone's clock said."""

    id: UUID
    kind: str
    at: Instant


class EventsPost(Request):
    """Events are read one by one, each by its kind: what is wrong with one refuses that one alone."""

    sent_at: Instant | None = None
    events: Annotated[
        list[Any],
        Field(
            max_length=EVENTS_MOST,
            description="Each `{id, kind, at, …}`: see the guide to sync for the kinds and what they say.",
            examples=[
                [
                    {
                        "id": "01970f5e-7a3b-7c00-8000-4a5b6c7d8e9f",
                        "kind": "read",
                        "at": "2026-11-21T19:02:11Z",
                        "notice_id": "01970e11-2b3c-7d00-9000-1a2b3c4d5e6f",
                        "revision": 2,
                    }
                ]
            ],
        ),
    ]


class Result(StrEnum):
    APPLIED = "applied"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class Deed(Protocol):
    """What there is to be done, and whose own state it changes."""

    @property
    def member_id(self) -> UUID: ...


SentT = TypeVar("SentT", bound=EventSent)
DeedT = TypeVar("DeedT", bound=Deed)


@dataclass(frozen=True, slots=True)
class Told(Generic[SentT]):
    """An event that is sound in itself, and when it happened by our clock."""

    sent: SentT
    at: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """The numbers that the states of those whose own things changed have reached; and by its place among the deeds
    each that could not be done after all, because others were quicker.
    """

    reached: Mapping[UUID, int]
    refused: Mapping[int, HandbookError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule(Generic[SentT, DeedT]):
    """What events of some kinds do. All events of a batch are judged together and done together, so that the number
    of statements does not depend on theirs.

    `judge` gives for each event what there is to be done, or why it is refused; it writes nothing. `do` is given
    what `judge` gave of those events that are to be applied; it locks the states of their members first, in the order
    of members, and then what is shared.
    """

    judge: Callable[[AsyncSession, History, Sequence[Told[SentT]]], Awaitable[Sequence[DeedT | HandbookError]]]
    do: Callable[[AsyncSession, Sequence[DeedT]], Awaitable[Done]]


@dataclass(frozen=True, slots=True)
class Kind(Generic[SentT, DeedT]):
    shape: type[SentT]
    rule: Rule[SentT, DeedT]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event. `id` is None where none could be read; pointers of `refusal` are into the event."""

    id: UUID | None
    result: Result
    refusal: HandbookError | None = None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """In the order of the events, and what is the member's own since the state before them."""

    results: Sequence[Outcome]
    since: int
    own: OwnState
