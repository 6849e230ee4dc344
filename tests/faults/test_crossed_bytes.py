"""Many people through one slow line, who leave in the middle of answers: nobody gets a byte of another's."""

import asyncio
import gc
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import httpx
import pytest

from api.security.keys import KeyringFile
from api.security.tokens import Tokens
from api.settings import Settings
from models import changes
from models.branches import BranchKind, get_branch, plant
from models.database import Database, lock, utc_now
from models.members.profile import MemberCreate
from models.members.rules import create_member
from models.notices.drafts import create_notice
from models.notices.shapes import NoticeCreate
from models.permissions import OPERATOR
from models.sessions import Device, start_session
from tests.organisation import Organisation, Person
from tests.serving import FEED, HERE, listening

PIECE = 700
"""Bytes that the line carries at a time."""
LINES = 40


# httpx, when left while it connects
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning")
@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_nobody_gets_a_byte_of_anothers(
    settings: Settings, database: Database, organisation: Organisation, *, is_long: bool
) -> None:
    """Each branch speaks to its own members alone; each name and title says whose it is."""
    users, reads = (200, 500) if is_long else (40, 15)
    people = await _settle(database, organisation, users)
    with listening(settings) as (url,):
        async with (
            _slow_line(url) as slow,
            httpx.AsyncClient(
                base_url=slow,
                timeout=60,
                limits=httpx.Limits(max_connections=LINES, max_keepalive_connections=LINES, keepalive_expiry=2),
            ) as client,
        ):
            signing = Tokens(KeyringFile(settings.keys), utc_now, utc_now() - utc_now())
            async with asyncio.TaskGroup() as group:
                done = [
                    group.create_task(_use(client, signing, person, branch, random.Random(n), reads))
                    for n, (person, branch) in enumerate(people)
                ]
    gc.collect()  # while those warnings are still filtered
    whole, left = (sum(each) for each in zip(*(task.result() for task in done), strict=True))
    assert whole > users * reads / 3
    assert left > users * reads / 20


async def _settle(database: Database, organisation: Organisation, users: int) -> list[tuple[Person, str]]:
    """People in branches of ten, each branch with notices of its own."""
    people = []
    async with database.writing() as session:
        await lock(session, "tree")
        above = await get_branch(session, organisation.branch("coso").id)
        for n in range(users // 10):
            code = f"CB-{n:03}"
            branch = await plant(session, OPERATOR, above, code=code, name=f"Chi hội {code}", kind=BranchKind.CELL)
            for k in range(10):
                number = f"{code}-{k}"
                data = MemberCreate(member_no=number, full_name=f"Người {number}", branch_id=branch.id)
                member = await create_member(session, OPERATOR, data)
                device = await start_session(session, member.id, Device(), None)
                people.append((Person(member.id, number, device.id), code))
            for k in range(8):
                notice = NoticeCreate(
                    branch_id=branch.id, title=f"{code} tin {k}", body=f"{code} " * 60, audience=HERE, publish=True
                )
                await create_notice(session, OPERATOR, notice)
        await changes.commit(session)
    return people


async def _use(
    client: httpx.AsyncClient, signing: Tokens, person: Person, branch: str, chance: random.Random, reads: int
) -> tuple[int, int]:
    """How many answers came whole, and how many were left. Raises AssertionError on a byte of somebody else's."""
    refresh = signing.refresh(person.session_id, 1)
    answer = await client.post("/v1/auth/refresh", json={"refresh_token": refresh})
    assert answer.json()["member_id"] == str(person.id)
    client_headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    whole = left = 0
    for _ in range(reads):
        path = chance.choice([FEED, f"{FEED}?limit=10", "/v1/me", "/v1/sync"])
        encoding = chance.choice(["identity", "gzip", "br", "zstd"])
        reading = asyncio.create_task(client.get(path, headers={**client_headers, "Accept-Encoding": encoding}))
        if chance.random() < 0.25:
            await asyncio.sleep(chance.random() * 0.05)
            if reading.cancel():
                with suppress(asyncio.CancelledError, httpx.HTTPError):
                    await reading
                left += 1
                continue
        answer = await reading
        assert answer.status_code == 200, answer.text
        said = answer.json()
        if path == "/v1/me":
            assert (said["member_no"], said["full_name"]) == (person.member_no, f"Người {person.member_no}")
        elif path == "/v1/sync":
            assert said["me"]["member_no"] == person.member_no
            assert sum(thing["kind"] == "notice" for each in said["channels"] for thing in each["things"]) == 8
            assert answer.text.count("CB-") == answer.text.count(branch)
        else:
            assert len(said["items"]) == 8
            assert all(item["title"].startswith(branch) for item in said["items"])
            assert answer.text.count("CB-") == answer.text.count(branch)
        whole += 1
    return whole, left


@asynccontextmanager
async def _slow_line(url: str) -> AsyncIterator[str]:
    """A proxy that passes a few bytes at a time, and hangs up on one side when the other does."""
    target = urlsplit(url)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.002)
        writer.close()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(target.hostname, target.port)
        await asyncio.gather(relay(reader, back), relay(there, writer))
        for each in (writer, back):
            with suppress(OSError):
                await each.wait_closed()

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
