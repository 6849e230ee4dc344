"""Attempts as they were made, on a phone that may have been without a network."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Count, Instant
from models.errors import HandbookError, Invalid
from models.events.shapes import Done, EventSent, Rule, Told
from models.histories import History
from models.quizzes.papers import Papers, papers
from models.quizzes.shapes import AnswersSaid
from models.quizzes.submitting import DRAWS_MOST, Handed, attempts_of, handed, submit

_LASTED_MOST = timedelta(days=180)


class AttemptSent(EventSent):
    """`at` is when it was handed in. `attempt_id` is made by the app, or the server's where it was begun there;
    `draw_no` counts the member's attempts at the quiz from 1, and decides which questions it has. All times are by the
    phone's clock.
    """

    attempt_id: UUID
    quiz_id: UUID
    version: Annotated[Count, Field(ge=1, le=1_000_000)]
    draw_no: Annotated[Count, Field(ge=1, le=DRAWS_MOST)]
    started_at: Instant
    answers: AnswersSaid

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> Self:
        if self.started_at > self.at:
            raise PydanticCustomError("attempt.ends_before_start", "it must have begun before")
        return self


async def _judge(
    session: AsyncSession, history: History, events: Sequence[Told[AttemptSent]]
) -> Sequence[Handed | HandbookError]:
    """By what the member heard when they handed it in, by the version that they had before them."""
    found = await papers(session, [(one.sent.quiz_id, one.sent.version) for one in events])
    return [_verdict(history, one, found) for one in events]


def _verdict(history: History, event: Told[AttemptSent], found: Papers) -> Handed | HandbookError:
    said = event.sent
    try:
        paper, at = found.taken(history, event.at, (said.quiz_id, said.version))
        started_at = at - min(said.at - said.started_at, _LASTED_MOST)
        paper.require_open(started_at)
        if said.draw_no > attempts_of(paper):
            raise Invalid.at("/draw_no", "attempt.draw_unknown", limit=attempts_of(paper))
        return handed(paper, history.member_id, said.attempt_id, said.draw_no, started_at, at, said.answers)
    except HandbookError as refusal:
        return refusal


async def _do(session: AsyncSession, deeds: Sequence[Handed]) -> Done:
    standing = await submit(session, deeds[0].member_id, deeds)
    return Done(standing.reached, standing.refused)


ATTEMPTS: Rule[AttemptSent, Handed] = Rule(_judge, _do)
