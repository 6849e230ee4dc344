"""What an app must live through, rehearsed on a desk: each happens, and the app sees what it is told it would."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.demo.accounts import DemoAccount
from api.demo.rehearsals import PEOPLE, SITUATIONS, NotSignedIn, people, rehearse
from api.parts import Parts
from api.security.passwords import Passwords
from models.channels import ALL, channel
from tests.api.happenings import event, told
from tests.api.identity import CHEAP, bearer, log_in, refresh, slug
from tests.clock import StandingClock
from tests.organisation import Organisation
from tests.serving import Desk, calling

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

OLD, NEW = "Của chi hội cũ", "Của chi hội mới"
LOST = "Thông báo sẽ mất cùng cơ sở dữ liệu"

Happen = Callable[[str], Awaitable[str]]


@pytest.fixture
async def cast(parts: Parts, organisation: Organisation, tmp_path: Path) -> dict[str, DemoAccount]:
    number = organisation.person("member").member_no
    return await people(parts.database, tmp_path, number, hash_password=parts.passwords.hash)


@pytest.fixture
async def desk(app: FastAPI, organisation: Organisation) -> Desk:
    return Desk(app, organisation)


@pytest.fixture
def happen(parts: Parts, tmp_path: Path) -> Happen:
    """As the command does it, beside the running server."""

    async def rehearse_here(name: str) -> str:
        said = await rehearse(parts.database, tmp_path, name)
        await parts.cache.follower.follow()
        return said

    return rehearse_here


class Phone:
    """An app, signed in."""

    def __init__(self, client: httpx.AsyncClient, tokens: dict[str, Any]) -> None:
        self.client = client
        self.tokens = tokens
        self.cursor = ""

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path, headers=bearer(self.tokens["access_token"]))

    async def titles(self) -> list[str]:
        answer = await self.get("/v1/notices?limit=100")
        assert answer.status_code == 200, answer.text
        return [notice["title"] for notice in answer.json()["items"]]

    async def sync(self) -> dict[str, Any]:
        """All pages since the last time, as one answer."""
        query = f"?cursor={self.cursor}" if self.cursor else ""
        answer = await self.get(f"/v1/sync{query}")
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        self.cursor = said["cursor"] or self.cursor
        if said["more"]:
            rest = await self.sync()
            said["channels"] += rest["channels"]
        return said

    async def branches(self) -> list[str]:
        return [m["branch"]["code"] for m in (await self.get("/v1/me")).json()["memberships"]]


@pytest.fixture
async def anybody(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Of the demonstration, whose passwords are refused elsewhere."""
    app.state.parts = replace(app.state.parts, passwords=Passwords(demo=True, hasher=CHEAP))
    async with calling(app) as client:
        yield client


def notices(said: dict[str, Any]) -> list[str]:
    """The titles that an answer of sync brings."""
    return sorted(thing["title"] for each in said["channels"] for thing in each["things"] if thing["kind"] == "notice")


async def pick_up(client: httpx.AsyncClient, account: DemoAccount) -> Phone:
    answer = await log_in(client, account["login"], account["password"])
    assert answer.status_code == 200, answer.text
    return Phone(client, answer.json())


async def test_everybody_of_the_cast_may_sign_in_again_and_again(
    parts: Parts, organisation: Organisation, cast: dict[str, DemoAccount], anybody: httpx.AsyncClient, tmp_path: Path
) -> None:
    assert cast.keys() == SITUATIONS.keys()
    number = organisation.person("member").member_no
    assert await people(parts.database, tmp_path, number, hash_password=parts.passwords.hash) == cast
    assert (tmp_path / PEOPLE).stat().st_mode & 0o777 == 0o600
    for account in cast.values():
        phone = await pick_up(anybody, account)
        assert await phone.branches() == ["CHIBO"]
        history = (await phone.get("/v1/me/memberships")).json()["items"]
        assert [membership["started_at"] for membership in history] == ["2025-06-01T01:00:00Z"]


async def test_nothing_happens_to_who_is_not_signed_in(happen: Happen, cast: dict[str, DemoAccount]) -> None:
    for name in SITUATIONS:
        with pytest.raises(NotSignedIn):
            await happen(name)


async def test_transferred(
    desk: Desk,
    happen: Happen,
    cast: dict[str, DemoAccount],
    anybody: httpx.AsyncClient,
    organisation: Organisation,
    clock: StandingClock,
) -> None:
    notice = await desk.publish("chibo", OLD)
    read = event(notice, clock.at)
    clock.advance(minutes=5)
    await desk.publish("chibo2", NEW)
    phone = await pick_up(anybody, cast["transferred"])
    said = await phone.sync()
    for here, there, before, after in (("chibo", "chibo2", OLD, NEW), ("chibo2", "chibo", NEW, OLD)):
        assert (await phone.branches(), await phone.titles()) == ([here.upper()], [before])
        assert "transferred from" in await happen("transferred")
        said = await phone.sync()
        assert channel(organisation.branch(here).no, ALL) in said["dropped"]
        assert said["me"]["memberships"][0]["branch_id"] == str(organisation.branch(there).id)
        assert notices(said) == [after]
        if there == "chibo2":
            phone.client.headers.update(bearer(phone.tokens["access_token"]))
            assert await told(phone.client, read) == ["applied"]
    assert (await phone.branches(), await phone.titles()) == (["CHIBO"], [OLD])


async def test_signed_out(happen: Happen, cast: dict[str, DemoAccount], anybody: httpx.AsyncClient) -> None:
    for _ in range(2):
        phone = await pick_up(anybody, cast["signed_out"])
        await happen("signed_out")
        for answer in (await phone.get("/v1/me"), await refresh(anybody, phone.tokens["refresh_token"])):
            assert (answer.status_code, slug(answer)) == (401, "sign_in.required")


async def test_account_closed(happen: Happen, cast: dict[str, DemoAccount], anybody: httpx.AsyncClient) -> None:
    for _ in range(2):
        phone = await pick_up(anybody, cast["account_closed"])
        assert "closed" in await happen("account_closed")
        for answer in (await phone.get("/v1/me"), await refresh(anybody, phone.tokens["refresh_token"])):
            assert (answer.status_code, slug(answer)) == (401, "account.closed")
        assert "open again" in await happen("account_closed")


async def test_away(
    desk: Desk, happen: Happen, cast: dict[str, DemoAccount], anybody: httpx.AsyncClient, clock: StandingClock
) -> None:
    old = [f"Cũ {number}" for number in range(7)]
    for title in old:
        await desk.publish("chibo", title)
        clock.advance(seconds=1)
    phone = await pick_up(anybody, cast["away"])
    assert notices(await phone.sync()) == old
    await happen("away")
    answer = await refresh(anybody, phone.tokens["refresh_token"])
    assert answer.status_code == 200, answer.text
    phone.tokens = answer.json()
    titles = await phone.titles()
    assert len(titles) == 32
    assert set(titles) & set(old) == set(old[5:])
    said = await phone.sync()
    assert len(notices(said)) == 30
    assert len([gone for each in said["channels"] for gone in each["removed"]]) == 5
    assert not any(each["reset"] for each in said["channels"])


async def test_amended(desk: Desk, happen: Happen, cast: dict[str, DemoAccount], anybody: httpx.AsyncClient) -> None:
    phone = await pick_up(anybody, cast["amended"])
    await phone.sync()
    assert "published" in await happen("amended")
    for revision in (1, 2, 3):
        if revision > 1:
            assert "amended" in await happen("amended")
        (thing,) = [
            thing for each in (await phone.sync())["channels"] for thing in each["things"] if thing["kind"] == "notice"
        ]
        assert (thing["revision"], thing["ack_revision"], thing["requires_ack"]) == (revision, revision, True)
        assert (thing["change"] is None) == (revision == 1)


async def test_restored(desk: Desk, happen: Happen, cast: dict[str, DemoAccount], anybody: httpx.AsyncClient) -> None:
    """Twice: the second backup is made anew."""
    await desk.publish("chibo", "Vẫn còn")
    phone = await pick_up(anybody, cast["restored"])
    assert notices(await phone.sync()) == ["Vẫn còn"]
    for _ in range(2):
        assert "backed up" in await happen("restored")
        assert notices(await phone.sync()) == [LOST]
        await happen("restored")
        assert await phone.titles() == ["Vẫn còn"]
        assert [(each["reset"], notices({"channels": [each]})) for each in (await phone.sync())["channels"]] == [
            (True, ["Vẫn còn"])
        ]
    await desk.publish("chibo", "Sau đó")
    assert notices(await phone.sync()) == ["Sau đó"]
    assert (await refresh(anybody, phone.tokens["refresh_token"])).status_code == 200
