"""Tokens for load tools: they work, some are late, and nobody real is signed in."""

import json
import stat
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlmodel import col

from api.commands.load_tokens import NotMadeUp, spread, write_load_tokens
from api.demo.loading import load_organisation
from api.demo.organisation import Organisation as MadeUp
from api.demo.organisation import Size
from api.demo.rows import Loaded
from api.parts import Parts
from api.security.keys import open_keyring
from models.branches import Branch
from models.database import Database
from models.members.table import Member
from models.memberships import Membership
from models.sessions import DeviceSession
from tests.organisation import Organisation

SIZE = Size(24, 200)
LIFE = timedelta(hours=12)


@pytest.fixture
async def loaded(app: FastAPI, database: Database) -> Loaded:
    return await load_organisation(database, MadeUp(size=SIZE, seed=7, as_of=database.clock().date()))


async def written(parts: Parts, path: Path, count: int) -> list[dict[str, Any]]:
    keys = open_keyring(parts.settings.keys, made_at="", demo=False)
    number = await write_load_tokens(parts.database, keys, LIFE, count, path)
    lines = read(path)
    assert len(lines) == number
    return lines


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def test_fresh_tokens_open_the_app_and_late_ones_refresh_first(
    app: FastAPI, parts: Parts, loaded: Loaded, tmp_path: Path
) -> None:
    lines = await written(parts, tmp_path / "tokens.jsonl", 40)
    now = parts.database.clock()
    late = [line for line in lines if datetime.fromisoformat(line["expires_at"]) <= now]
    assert len(lines) == 40
    assert 4 <= len(late) <= 20
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
        for line in lines:
            answer = await client.get("/v1/me", headers={"Authorization": f"Bearer {line['access_token']}"})
            if line in late:
                assert answer.status_code == 401
                assert answer.json()["type"] == "/problems/token.invalid"
            else:
                assert answer.json()["id"] == line["member_id"]
            renewed = await client.post("/v1/auth/refresh", json={"refresh_token": line["refresh_token"]})
            assert renewed.json()["member_id"] == line["member_id"]
            header = {"Authorization": f"Bearer {renewed.json()['access_token']}"}
            assert (await client.get("/v1/me", headers=header)).json()["member_no"] == line["login"]


async def test_the_first_may_publish_for_everyone(app: FastAPI, parts: Parts, loaded: Loaded, tmp_path: Path) -> None:
    first, *others = await written(parts, tmp_path / "tokens.jsonl", 10)
    assert first["publishes_at"] == str(loaded.branch_id(1))
    assert {line["publishes_at"] for line in others} == {None}
    assert len({line["member_id"] for line in (first, *others)}) == 10
    notice = {"branch_id": first["publishes_at"], "title": "Khẩn", "body": "Bão số 9", "publish": True}
    header = {"Authorization": f"Bearer {first['access_token']}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
        answer = await client.post("/v1/notices", json=notice, headers=header)
        assert answer.status_code == 201, answer.text


async def test_there_are_no_more_than_there_are_active_members(
    app: FastAPI, parts: Parts, loaded: Loaded, tmp_path: Path
) -> None:
    lines = await written(parts, tmp_path / "tokens.jsonl", 1_000)
    async with parts.database.reading() as session:
        left = {member.member_no for member in await session.scalars(select(Member)) if not member.is_active}
        sessions = await session.scalar(select(func.count()).select_from(DeviceSession))
    logins = {line["login"] for line in lines}
    assert len(logins) == len(lines) == sessions == SIZE.members - len(left)
    assert not logins & left


async def test_they_belong_to_many_branches_and_to_some_more_than_to_others(
    app: FastAPI, parts: Parts, loaded: Loaded, tmp_path: Path
) -> None:
    lines = await written(parts, tmp_path / "tokens.jsonl", 60)
    async with parts.database.reading() as session:
        rows = await session.execute(
            select(col(Membership.member_id), col(Branch.no)).join(Branch, col(Branch.no) == col(Membership.branch_no))
        )
        branches = {str(member_id): no for member_id, no in rows}
    counts = sorted(Counter(branches[line["member_id"]] for line in lines).values())
    assert len(counts) >= 6
    assert counts[-1] >= 3 * counts[0]


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_the_file_is_for_its_owner_alone(app: FastAPI, parts: Parts, loaded: Loaded, tmp_path: Path) -> None:
    path = tmp_path / "var" / "tokens.jsonl"
    await written(parts, path, 2)
    path.chmod(0o644)
    await written(parts, path, 2)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["tokens.jsonl"]


async def test_nobody_real_is_signed_in(parts: Parts, organisation: Organisation, tmp_path: Path) -> None:
    async with parts.database.reading() as session:
        before = await session.scalar(select(func.count()).select_from(DeviceSession))
    with pytest.raises(NotMadeUp):
        await written(parts, tmp_path / "tokens.jsonl", 3)
    assert not (tmp_path / "tokens.jsonl").exists()
    async with parts.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(DeviceSession)) == before


def test_spread_is_zipfs_within_what_there_is() -> None:
    assert spread([100] * 4, 20) == [10, 5, 3, 2]
    assert spread([3, 100, 100, 100], 20) == [3, 8, 6, 3]
    assert spread([1, 2, 3], 100) == [1, 2, 3]
    assert spread([5, 5], 0) == [0, 0]
    assert spread([], 10) == []
    many = spread([20] * 5_000, 10_000)
    assert sum(many) == 10_000
    assert max(many) == 20
