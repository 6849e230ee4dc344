"""Activities to come to, and what is asked about them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select
from sqlmodel import SQLModel, col

from api.parts import Parts
from models.activities.table import Attendance, Rsvp
from models.base import new_id
from models.channels import Reach
from models.members.profile import MemberCreate
from models.members.rules import create_member
from models.notices.activity import Activity
from models.notices.drafts import create_notice
from models.notices.occurrences import Occurrence
from models.notices.shapes import Audience, NoticeCreate, NoticePublic
from models.notices.table import Category
from models.permissions import OPERATOR
from models.sessions import Device, start_session
from tests.api.happenings import days, written
from tests.organisation import Organisation, Person
from tests.serving import Desk, parts_in

EVERYONE = Audience(reach=Reach.ALL)


@dataclass(frozen=True)
class Meeting:
    """An activity, the first time that it takes place, and where it is asked about."""

    notice: NoticePublic
    starts_at: datetime
    ends_at: datetime

    @property
    def id(self) -> UUID:
        return self.notice.id

    @property
    def url(self) -> str:
        return f"/v1/notices/{self.id}"


async def call_to(
    desk: Desk,
    now: datetime,
    branch: str = "chibo",
    audience: Audience = EVERYONE,
    *,
    in_days: float = 5,
    publish: bool = True,
    **said: Any,
) -> Meeting:
    """It begins so many days from now and takes two hours; answers are taken until a day before."""
    starts_at = now + days(in_days)
    ends_at = starts_at + timedelta(hours=2)
    activity = {"starts_at": starts_at, "ends_at": ends_at, "rsvp_by": starts_at - days(1), **said}
    sent = {name: written(value) if isinstance(value, datetime) else value for name, value in activity.items()}
    data = NoticeCreate(
        branch_id=desk.organisation.branch(branch).id,
        title="Sinh hoạt chi hội",
        body="Mời các đồng chí.",
        category=Category.ACTIVITY,
        audience=audience,
        activity=Activity.model_validate(sent),
        publish=publish,
    )
    async with parts_in(desk.app).transaction() as session:
        notice = await create_notice(session, OPERATOR, data)
    return Meeting(notice, starts_at, ends_at)


WEEKLY: dict[str, Any] = {"recurrence": {"frequency": "weekly", "count": 3}}


async def answers(phone: httpx.AsyncClient, meeting: Meeting, answer: str = "yes", **said: Any) -> httpx.Response:
    return await phone.put(f"{meeting.url}/rsvp", json={"answer": answer, **said})


async def marks(phone: httpx.AsyncClient, meeting: Meeting, *entries: tuple[UUID, str], **said: Any) -> httpx.Response:
    listed = [{"member_id": str(member_id), "status": status} for member_id, status in entries]
    return await phone.post(f"{meeting.url}/attendance", json={"entries": listed, **said})


async def scans(phone: httpx.AsyncClient, meeting: Meeting, code: str, **said: Any) -> httpx.Response:
    return await phone.post(f"{meeting.url}/attendance", json={"code": code, **said})


async def codes_of(phone: httpx.AsyncClient, meeting: Meeting, **params: Any) -> dict[datetime, str]:
    """By when each is shown."""
    answer = await phone.get(f"{meeting.url}/check-in-codes", params=params)
    assert answer.status_code == 200, answer.text
    return {datetime.fromisoformat(one["from"]): one["code"] for one in answer.json()["codes"]}


def event(kind: str, at: datetime, **said: Any) -> dict[str, Any]:
    return {"id": str(new_id()), "kind": kind, "at": written(at), **said}


def answered(meeting: Meeting, at: datetime, answer: str = "yes", occurrence: int = 1, **said: Any) -> dict[str, Any]:
    return event("rsvp", at, notice_id=str(meeting.id), occurrence=occurrence, answer=answer, **said)


def attended(meeting: Meeting, at: datetime, member_id: UUID, status: str = "present", **said: Any) -> dict[str, Any]:
    whose = {"notice_id": str(meeting.id), "occurrence": 1, "member_id": str(member_id)}
    return event("attended", at, **whose, status=status, **said)


async def stored(parts: Parts, model: type[SQLModel]) -> list[Any]:
    """Every row of a table, in the order of its key."""
    async with parts.database.reading() as session:
        return list(await session.scalars(select(model).order_by(*model.__table__.primary_key)))  # type: ignore[attr-defined]  # SQLModel does not type `__table__`


async def said(parts: Parts) -> list[tuple[int, str, str | None]]:
    """Every answer: occurrence, answer, note."""
    return [(row.occurrence, row.answer.value, row.note) for row in await stored(parts, Rsvp)]


async def present(parts: Parts) -> list[tuple[UUID, str, str]]:
    """Every attendance: who, status, method."""
    return [(row.member_id, row.status.value, row.method.value) for row in await stored(parts, Attendance)]


async def taken(parts: Parts, meeting: Meeting) -> list[int]:
    """Places that are taken each time."""
    async with parts.database.reading() as session:
        here = col(Occurrence.notice_id) == meeting.id
        return list(await session.scalars(select(col(Occurrence.taken)).where(here).order_by(col(Occurrence.no))))


def terms(meeting: Meeting) -> dict[str, Any]:
    """The activity as it would be sent again."""
    assert meeting.notice.activity is not None
    return meeting.notice.activity.model_dump(mode="json", exclude={"occurrences"})


async def enrol(parts: Parts, organisation: Organisation, number: int) -> list[str]:
    """So many more members of the cell; their names."""
    names = []
    async with parts.transaction() as session:
        for n in range(number):
            name = f"new{n}"
            data = MemberCreate(
                member_no=f"N{n:04}", full_name=f"Lê Văn {n}", branch_id=organisation.branch("chibo").id
            )
            created = await create_member(session, OPERATOR, data)
            device = await start_session(session, created.id, Device(), None)
            organisation.people[name] = Person(created.id, data.member_no, device.id)
            names.append(name)
    return names
