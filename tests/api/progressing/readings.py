"""What there is to read, and what phones say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import update
from sqlmodel import col

from api.parts import Parts
from models import changes
from models.base import new_id
from models.channels import Reach
from models.database import Database
from models.memberships import Membership
from models.notices.shapes import Audience
from models.permissions import OPERATOR
from models.quizzes.table import Attempt
from models.study.collections import CollectionCreate, ItemKind, ItemRef
from models.study.life import create_study, publish_study, supersede_study, update_study, withdraw_study
from models.study.materials import MaterialCreate, MaterialUpdate
from models.study.quizzes import QuestionSaid, QuizCreate
from models.study.shapes import StudyPublish, StudySupersede, StudyWithdraw
from models.study.table import Study, StudyKind
from tests.api.happenings import written
from tests.organisation import Organisation

EVERYONE = Audience(reach=Reach.ALL)
MARKS = "/v1/me/bookmarks"
QUESTION = {"kind": "single", "text": "Gọi số nào?", "options": [{"text": "115", "is_right": True}, {"text": "113"}]}
_MATERIAL = StudyKind.MATERIAL


@dataclass(frozen=True, slots=True)
class Reading:
    """A material, and where progress in it is told."""

    id: UUID

    @property
    def url(self) -> str:
        return f"/v1/materials/{self.id}/progress"


@dataclass(frozen=True, slots=True)
class Library:
    """Publishes as the operator does, each time in a transaction of its own."""

    parts: Parts
    organisation: Organisation

    async def publish(
        self, branch: str = "chibo", title: str = "Sơ cứu", *, audience: Audience = EVERYONE, publish: bool = True
    ) -> Reading:
        data = MaterialCreate(
            branch_id=self.organisation.branch(branch).id,
            slug=f"bai-{new_id().hex}",
            title=title,
            body=f"Bài học: {title}.",
            tags=[],
            audience=audience,
            publish=publish,
        )
        async with self.parts.transaction() as session:
            study, *_ = await create_study(session, OPERATOR, _MATERIAL, data)
            return Reading(study.id)

    async def revise(self, reading: Reading, body: str = "Bài học đã sửa.") -> None:
        """A second version, or a third."""
        async with self.parts.transaction() as session:
            revision = (await session.get_one(Study, reading.id)).revision
            data = MaterialUpdate(body=body)
            study, *_ = await update_study(session, OPERATOR, _MATERIAL, reading.id, data, revision)
            await publish_study(session, OPERATOR, _MATERIAL, study.id, StudyPublish(), study.revision)

    async def withdraw(self, reading: Reading) -> None:
        async with self.parts.transaction() as session:
            revision = (await session.get_one(Study, reading.id)).revision
            await withdraw_study(session, OPERATOR, _MATERIAL, reading.id, StudyWithdraw(), revision)

    async def supersede(self, reading: Reading, by: Reading) -> None:
        async with self.parts.transaction() as session:
            revision = (await session.get_one(Study, reading.id)).revision
            await supersede_study(session, OPERATOR, _MATERIAL, reading.id, StudySupersede(by=by.id), revision)

    async def ask(self) -> UUID:
        """A quiz."""
        data = QuizCreate(
            branch_id=self.organisation.branch("chibo").id,
            title="Hỏi nhanh",
            questions=[QuestionSaid.model_validate(QUESTION)],
            publish=True,
        )
        async with self.parts.transaction() as session:
            study, *_ = await create_study(session, OPERATOR, StudyKind.QUIZ, data)
            return study.id

    async def pass_quiz(self, quiz_id: UUID, *, is_passed: bool) -> None:
        """As the member does, or does not."""
        at = self.parts.database.clock()
        attempt = Attempt(
            member_id=self.organisation.person("member").id,
            id=new_id(),
            quiz_id=quiz_id,
            version=1,
            draw_no=1,
            started_at=at,
            submitted_at=at,
            points=int(is_passed),
            of=1,
            percent=100 * is_passed,
            is_passed=is_passed,
            seq=1,
        )
        async with self.parts.transaction() as session:
            session.add(attempt)

    async def collect(
        self,
        *readings: Reading,
        due_at: datetime | None,
        branch: str = "chibo",
        title: str = "Chuyên đề",
        optional: int = 0,
        quizzes: Sequence[UUID] = (),
    ) -> UUID:
        """A collection; the last `optional` of them need not be read."""
        required = len(readings) - optional
        items = [
            ItemRef(kind=ItemKind.MATERIAL, id=one.id, is_required=place < required)
            for place, one in enumerate(readings)
        ]
        items += (ItemRef(kind=ItemKind.QUIZ, id=quiz_id) for quiz_id in quizzes)
        data = CollectionCreate(
            branch_id=self.organisation.branch(branch).id,
            slug=f"chuyen-de-{new_id().hex}",
            title=title,
            items=items,
            due_at=due_at,
            publish=True,
        )
        async with self.parts.transaction() as session:
            study, *_ = await create_study(session, OPERATOR, StudyKind.COLLECTION, data)
            return study.id


async def belonged_since(database: Database, at: datetime) -> None:
    """Everybody, wherever they belong to now."""
    async with database.writing() as session:
        await session.execute(update(Membership).where(col(Membership.ended_at).is_(None)).values(started_at=at))
        await changes.commit(session)


async def reads(
    phone: httpx.AsyncClient, reading: Reading, position: str | None = "p2", share: int = 40, **said: Any
) -> httpx.Response:
    return await phone.put(reading.url, json={"version": 1, "position": position, "share": share, **said})


async def marks(
    phone: httpx.AsyncClient, reading: Reading, id_: UUID | None = None, locator: str = "p2", **said: Any
) -> httpx.Response:
    body = {"material_id": str(reading.id), "version": 1, "locator": locator, **said}
    return await phone.put(f"{MARKS}/{id_ or new_id()}", json=body)


async def marked(phone: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    answer = await phone.get(MARKS, params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def reached(phone: httpx.AsyncClient, reading: Reading) -> list[dict[str, Any]]:
    answer = await phone.get(reading.url)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["progress"]
    return items


def progressed(
    reading: Reading, at: datetime, position: str | None = "p2", share: int = 40, **said: Any
) -> dict[str, Any]:
    place = {"material_id": str(reading.id), "version": 1, "position": position, "share": share}
    return {"id": str(new_id()), "kind": "progress", "at": written(at), **place, **said}


def bookmarked(reading: Reading, at: datetime, id_: UUID, locator: str = "p2", **said: Any) -> dict[str, Any]:
    place = {"material_id": str(reading.id), "version": 1, "locator": locator}
    return {"id": str(new_id()), "kind": "bookmark", "at": written(at), "bookmark_id": str(id_), **place, **said}


def unmarked(at: datetime, id_: UUID) -> dict[str, Any]:
    return {
        "id": str(new_id()),
        "kind": "bookmark",
        "at": written(at),
        "bookmark_id": str(id_),
        "is_removed": True,
    }
