"""Served applications, the phones that call them, and a desk that changes what they are told."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from api.app import create_app
from api.parts import Parts
from api.settings import Settings
from models.branches import Branch, BranchUpdate, get_branch, move_branch, update_branch
from models.channels import Reach
from models.database import Clock, utc_now
from models.merging import merge_branch
from models.notices.activity import Activity
from models.notices.drafts import create_notice
from models.notices.life import withdraw_notice
from models.notices.shapes import Audience, NoticeCreate, NoticePublic, NoticeWithdraw
from models.notices.table import Category, Notice
from models.permissions import OPERATOR, Role
from models.roles import RoleGrantCreate, end_grant, grant_role
from tests.clock import START
from tests.organisation import Organisation, Person

FEED = "/v1/notices"
ROUTED = "/v1/%6eotices"
"""The same address in a spelling that the page cache leaves to the router."""
EVERYONE = Audience(reach=Reach.ALL)
SOMETIME = Activity(starts_at=START + timedelta(days=30), ends_at=START + timedelta(days=30, hours=2))
HERE = Audience(reach=Reach.HERE)


@asynccontextmanager
async def served(settings: Settings, clock: Clock = utc_now) -> AsyncIterator[FastAPI]:
    """One process of the server, without its sockets."""
    app = create_app(settings, clock=clock)
    async with app.router.lifespan_context(app):
        yield app


def parts_in(app: FastAPI) -> Parts:
    parts: Parts = app.state.parts
    return parts


async def refreshed(app: FastAPI, person: Person, generation: int = 1) -> str:
    """An access token with claims, as a phone gets it."""
    async with calling(app) as phone:
        token = parts_in(app).tokens.refresh(person.session_id, generation)
        answer = await phone.post("/v1/auth/refresh", json={"refresh_token": token})
    assert answer.status_code == 200, answer.text
    given: str = answer.json()["access_token"]
    return given


@asynccontextmanager
async def calling(app: FastAPI, token: str | None = None, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://testserver", headers=headers
    ) as client:
        yield client


@asynccontextmanager
async def phone_of(app: FastAPI, person: Person, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(app, await refreshed(app, person), **headers) as client:
        yield client


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Raises TimeoutError where it does not come true in half a minute."""
    for _ in range(600):
        if await condition():
            return
        await asyncio.sleep(0.05)
    raise TimeoutError


async def titles(phone: httpx.AsyncClient, query: str = "") -> list[str]:
    answer = await phone.get(FEED + query)
    assert answer.status_code == 200, answer.text
    return [notice["title"] for notice in answer.json()["items"]]


@dataclass(frozen=True, slots=True)
class Desk:
    """Changes things as the operator does, but in the process of `app`: each commit is a request's."""

    app: FastAPI
    organisation: Organisation

    async def publish(
        self,
        branch: str,
        title: str,
        audience: Audience = EVERYONE,
        category: Category = Category.GENERAL,
        *,
        draft: bool = False,
    ) -> NoticePublic:
        data = NoticeCreate(
            branch_id=self.organisation.branch(branch).id,
            title=title,
            body=f"Kính mời các đồng chí: {title}.",
            category=category,
            activity=SOMETIME if category is Category.ACTIVITY else None,
            audience=audience,
            publish=not draft,
        )
        return await self._do(create_notice, data)  # type: ignore[no-any-return]  # what the rule gives

    async def withdraw(self, notice_id: UUID) -> None:
        async with parts_in(self.app).transaction() as session:
            revision = (await session.get_one(Notice, notice_id)).revision
            await withdraw_notice(session, OPERATOR, notice_id, NoticeWithdraw(), revision)

    async def rename(self, branch: str, name: str) -> None:
        async with parts_in(self.app).transaction() as session:
            found = await get_branch(session, self.organisation.branch(branch).id)
            await update_branch(session, OPERATOR, found, BranchUpdate(name=name))

    async def move(self, branch: str, parent: str) -> None:
        branches = self.organisation.branches
        await self._do(move_branch, branches[branch].id, branches[parent].id)

    async def merge(self, branch: str, into: str) -> None:
        branches = self.organisation.branches
        await self._do(merge_branch, branches[branch].id, branches[into].id)

    async def grant(self, person: str, role: Role, branch: str, **said: Any) -> UUID:
        async with parts_in(self.app).transaction() as session:
            found: Branch = await get_branch(session, self.organisation.branch(branch).id)
            data = RoleGrantCreate(member_id=self.organisation.person(person).id, role=role, **said)
            return (await grant_role(session, OPERATOR, found, data)).id

    async def end_grant(self, grant_id: UUID) -> None:
        await self._do(end_grant, grant_id)

    async def _do(self, rule: Any, *args: object) -> Any:
        async with parts_in(self.app).transaction() as session:
            return await rule(session, OPERATOR, *args)


def for_roles(roles: Sequence[Role]) -> Audience:
    return Audience(reach=Reach.ROLES, roles=list(roles))


@contextmanager
def listening(settings: Settings, count: int = 1) -> Iterator[list[str]]:
    """So many processes of `handbook serve`, and where they answer. They log to the data folder."""
    said = {
        name: str(value)
        for name, value in settings.model_dump(include={"data_dir", "database_url", "redis_url"}).items()
        if value is not None
    }
    with ExitStack() as undo:
        urls = []
        for _ in range(count):
            port = _free_port()
            log = undo.enter_context((settings.data_dir / f"serve-{port}.log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "api", "serve"],
                env={**os.environ, **{f"HANDBOOK_{name.upper()}": value for name, value in said.items()}}
                | {"HANDBOOK_PORT": str(port)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            undo.callback(process.wait)
            undo.callback(process.terminate)
            urls.append(f"http://127.0.0.1:{port}")
        for url in urls:
            _until_ready(url)
        yield urls


def _until_ready(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/health/ready").status_code == 200:
                return
        if time.monotonic() > deadline:
            raise TimeoutError(f"{url} does not answer")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
