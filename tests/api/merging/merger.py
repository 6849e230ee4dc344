"""Merging as an admin asks for it, and what is there afterwards."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from api.parts import Parts
from models.branches import Branch
from models.database import Database
from models.memberships import Membership, MembershipKind, open_membership
from models.permissions import OPERATOR
from tests.api.conftest import Client
from tests.organisation import Organisation

PRIMARY, TEMPORARY = MembershipKind.PRIMARY, MembershipKind.TEMPORARY


def url(organisation: Organisation, branch: str) -> str:
    return f"/v1/branches/{organisation.branch(branch).id}"


async def merge(client: Client, organisation: Organisation, branch: str, into: str) -> Any:
    body = {"into_id": str(organisation.branch(into).id)}
    return await client.post(f"{url(organisation, branch)}/merge", json=body)


async def merged(client: Client, organisation: Organisation, branch: str = "chibo", into: str = "chibo2") -> Any:
    answer = await merge(client, organisation, branch, into)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def roster(client: Client, organisation: Organisation, branch: str) -> set[str]:
    answer = await client.get(f"{url(organisation, branch)}/members", params={"limit": 100})
    return {person["full_name"] for person in answer.json()["items"]}


async def memberships(database: Database, organisation: Organisation, name: str) -> list[tuple[Any, ...]]:
    """Branch, kind, why it ended and until when it goes, in the order in which they began and ended."""
    async with database.reading() as session:
        rows = await session.execute(
            select(col(Branch.code), col(Membership.kind), col(Membership.end_reason), col(Membership.until))
            .join(Branch, col(Branch.no) == col(Membership.branch_no))
            .where(col(Membership.member_id) == organisation.person(name).id)
            .order_by(col(Membership.started_at), col(Membership.ended_at).is_(None), col(Membership.kind))
        )
        return [tuple(row) for row in rows]


async def join(parts: Parts, organisation: Organisation, name: str, branch: str, *, hours: float | None = None) -> None:
    async with parts.transaction() as session:
        until = parts.database.clock() + timedelta(hours=hours) if hours else None
        person = organisation.person(name)
        await open_membership(session, OPERATOR, person.id, organisation.branch(branch), TEMPORARY, until=until)
