"""Signing in, as tests of identity do it again and again."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
from fastapi import FastAPI
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select
from sqlmodel import col

from api.parts import Parts
from api.security.passwords import Passwords
from models import changes
from models.accounts import Account, set_password
from models.audit import AuditEvent

Client = httpx.AsyncClient
CHEAP = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
"""Argon2id all the same; its cost is not what these tests are about."""
PASSWORD = "bốn mùa hoa nở"


async def give_password(parts: Parts, member_id: UUID, password: str = PASSWORD) -> None:
    digest = await parts.passwords.hash(password)
    async with parts.database.writing() as session:
        await set_password(session, await session.get_one(Account, member_id), digest)
        await changes.commit(session)


async def log_in(client: Client, login: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/v1/auth/login", json={"login": login, "password": password})


async def refresh(client: Client, token: str) -> httpx.Response:
    return await client.post("/v1/auth/refresh", json={"refresh_token": token})


async def activate(client: Client, login: str, code: str, password: str = PASSWORD) -> httpx.Response:
    said = {"login": login, "activation_code": code, "password": password}
    return await client.post("/v1/auth/activate", json=said)


async def account_of(parts: Parts, member_id: UUID) -> Account:
    async with parts.database.reading() as session:
        return await session.get_one(Account, member_id)


async def events(parts: Parts, action: str) -> list[AuditEvent]:
    async with parts.database.reading() as session:
        found = await session.scalars(
            select(AuditEvent).where(col(AuditEvent.action) == action).order_by(col(AuditEvent.id))
        )
        return list(found)


def calling_from(app: FastAPI, address: str) -> Client:
    """Nobody signed in, at this address."""
    return Client(
        transport=httpx.ASGITransport(app, client=(address, 40_000)),
        base_url="http://testserver",
        headers={"Accept-Language": "en"},
    )


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def slug(answer: httpx.Response) -> str:
    """The last part of a problem's type; nothing for what went well."""
    if answer.is_success:
        return ""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return str(answer.json()["type"].removeprefix("/problems/"))


class WatchedPasswords(Passwords):
    """Counts what is verified and hashed, lets something happen just after the first of either, and keeps whoever
    verifies waiting at the gate.
    """

    def __init__(self, *, demo: bool = False) -> None:
        super().__init__(demo=demo, hasher=CHEAP)
        self.verified = 0
        self.hashed = 0
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self.gate: asyncio.Event | None = None

    async def verify(self, password: str, stored: str | None) -> bool:
        self.verified += 1
        if self.gate is not None:
            await self.gate.wait()
        matches = await super().verify(password, stored)
        await self._happen()
        return matches

    async def hash(self, password: str) -> str:
        self.hashed += 1
        digest = await super().hash(password)
        await self._happen()
        return digest

    async def _happen(self) -> None:
        happening, self.meanwhile = self.meanwhile, None
        if happening is not None:
            await happening()
