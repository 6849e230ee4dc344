"""Quizzes that are set, and phones on which they are taken."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx

from api.parts import Parts
from content.quizzes import Question, draw
from models.base import new_id
from models.channels import Reach
from models.notices.shapes import Audience
from models.permissions import OPERATOR
from models.study.life import create_study, publish_study, supersede_study, update_study, withdraw_study
from models.study.quizzes import QuestionSaid, QuizCreate, QuizUpdate
from models.study.shapes import StudyPublish, StudySupersede, StudyWithdraw
from models.study.table import Study, StudyKind
from tests.api.conftest import As
from tests.api.happenings import written
from tests.content.quizzed import ALL, CAPITAL, EARTH, MEETING, PRIMES, all_right
from tests.organisation import Organisation

EVERYONE = Audience(reach=Reach.ALL)
SECRETS = (CAPITAL.explanation, MEETING.explanation, "is_right", "explanation")
"""What no answer may hold before it may: explanations, and the names of fields that would tell."""


@dataclass(frozen=True, slots=True)
class Set:
    """A quiz that is published."""

    id: UUID
    pool: tuple[Question, ...]
    most: int | None

    @property
    def url(self) -> str:
        return f"/v1/quizzes/{self.id}"

    @property
    def attempts(self) -> str:
        return f"{self.url}/attempts"

    def drawn(self, member_id: UUID, no: int = 1, version: int = 1) -> list[Question]:
        """As a phone does without a network."""
        return draw(self.pool, self.most, member_id, self.id, version, no)


@dataclass(frozen=True, slots=True)
class Room:
    """Sets quizzes as the operator does, each time in a transaction of its own."""

    parts: Parts
    organisation: Organisation
    acting_as: As

    async def set(
        self,
        branch: str = "chibo",
        *,
        pool: Iterable[Question] = ALL,
        audience: Audience = EVERYONE,
        publish: bool = True,
        **said: Any,
    ) -> Set:
        questions = tuple(pool)
        data = QuizCreate(
            branch_id=self.organisation.branch(branch).id,
            slug=f"bai-{new_id().hex}",
            title="Kiểm tra",
            questions=[QuestionSaid.model_validate(question) for question in questions],
            audience=audience,
            publish=publish,
            **said,
        )
        async with self.parts.transaction() as session:
            study, *_ = await create_study(session, OPERATOR, StudyKind.QUIZ, data)
            return Set(study.id, questions, said.get("draw"))

    async def revise(self, quiz: Set, **said: Any) -> None:
        """A version more."""
        async with self.parts.transaction() as session:
            revision = (await session.get_one(Study, quiz.id)).revision
            data = QuizUpdate(**(said or {"summary": "Lần nữa."}))
            study, *_ = await update_study(session, OPERATOR, StudyKind.QUIZ, quiz.id, data, revision)
            await publish_study(session, OPERATOR, StudyKind.QUIZ, study.id, StudyPublish(), study.revision)

    async def withdraw(self, quiz: Set) -> None:
        async with self.parts.transaction() as session:
            revision = (await session.get_one(Study, quiz.id)).revision
            await withdraw_study(session, OPERATOR, StudyKind.QUIZ, quiz.id, StudyWithdraw(), revision)

    async def supersede(self, quiz: Set, by: Set) -> None:
        async with self.parts.transaction() as session:
            revision = (await session.get_one(Study, quiz.id)).revision
            await supersede_study(session, OPERATOR, StudyKind.QUIZ, quiz.id, StudySupersede(by=by.id), revision)


async def begun(phone: httpx.AsyncClient, quiz: Set) -> dict[str, Any]:
    answer = await phone.post(quiz.attempts)
    assert answer.status_code == 201, answer.text
    attempt: dict[str, Any] = answer.json()
    return attempt


async def hand_in(phone: httpx.AsyncClient, attempt: dict[str, Any], answers: Mapping[str, Any]) -> httpx.Response:
    url = f"/v1/quizzes/{attempt['quiz_id']}/attempts/{attempt['id']}"
    return await phone.put(url, json={"answers": {one: list(chosen) for one, chosen in answers.items()}})


async def handed_in(phone: httpx.AsyncClient, attempt: dict[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    answer = await hand_in(phone, attempt, answers)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def right_to(quiz: Set, attempt: dict[str, Any]) -> dict[str, list[str]]:
    """All right answers to what an attempt asks."""
    asked = {question["id"] for question in attempt["questions"]}
    right = all_right([question for question in quiz.pool if question.id in asked])
    return {one: list(chosen) for one, chosen in right.items()}


def sat(
    quiz: Set, started_at: datetime, at: datetime, answers: Mapping[str, Any], no: int = 1, **said: Any
) -> dict[str, Any]:
    """What a phone tells of an attempt that it made without a network."""
    return {
        "id": str(new_id()),
        "kind": "attempt",
        "at": written(at),
        "attempt_id": str(new_id()),
        "quiz_id": str(quiz.id),
        "version": 1,
        "draw_no": no,
        "started_at": written(started_at),
        "answers": {one: list(chosen) for one, chosen in answers.items()},
        **said,
    }


WRONG = {CAPITAL.id: [CAPITAL.option_id(CAPITAL.options[0])]}
HALF = {one: list(chosen) for one, chosen in all_right([PRIMES, EARTH]).items()}
"""Three points of seven."""
