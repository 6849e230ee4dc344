"""What `GET /v1/sync` refuses, and what it shrugs off."""

import base64
import random
from urllib.parse import quote

import pytest
from fastapi import FastAPI

from api.parts import Parts
from models.permissions import Role
from tests.api.conftest import As, Client
from tests.api.identity import slug
from tests.api.sync.copies import copy, put_back
from tests.client.syncing import PATH
from tests.organisation import Organisation
from tests.serving import Desk, for_roles

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
async def desk(app: FastAPI, organisation: Organisation) -> Desk:
    desk = Desk(app, organisation)
    await desk.publish("tinh", "Cho cả tỉnh")
    await desk.publish("chibo", "Cho chi hội")
    await desk.publish("chibo2", "Cho chi hội bên")
    return desk


@pytest.fixture
async def cursor(desk: Desk, member: Client) -> str:
    return str((await member.get(PATH)).json()["cursor"])


async def _refused(client: Client, cursor: str) -> None:
    """By 400, as a problem, in few bytes."""
    answer = await client.get(PATH, params={"cursor": cursor})
    assert (answer.status_code, slug(answer)) == (400, "sync.cursor_invalid"), (cursor, answer.text)
    assert len(answer.content) < 1_000


async def test_a_forged_cursor_is_refused(cursor: str, member: Client) -> None:
    """Whichever character is another, and whatever is added."""
    chance = random.Random(1)
    for place in chance.sample(range(len(cursor)), 40):
        letter = chance.choice([c for c in "ABCabc019-_." if c != cursor[place]])
        forged = cursor[:place] + letter + cursor[place + 1 :]
        if _meaning(forged) != _meaning(cursor):
            await _refused(member, forged)
    for forged in (cursor + "A", cursor + "=", f" {cursor}", f"{cursor} ", cursor.swapcase(), cursor * 2):
        await _refused(member, forged)


def _meaning(cursor: str) -> tuple[str, bytes | None]:
    """The last bits of base64 may say nothing."""
    kid, _, rest = cursor.partition(".")
    try:
        return kid, base64.b64decode(rest + "=" * (-len(rest) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return kid, None


async def test_a_truncated_cursor_is_refused(cursor: str, member: Client) -> None:
    for length in range(1, len(cursor)):
        await _refused(member, cursor[:length])


@pytest.mark.parametrize("cursor_like", ["null", "0", ".", "..", "a.b", "k1.", "%00", "ệ", "💥", "k1." + "A" * 1_990])
async def test_what_never_was_a_cursor_is_refused(desk: Desk, member: Client, cursor_like: str) -> None:
    await _refused(member, cursor_like)


async def test_anothers_cursor_is_refused(cursor: str, acting_as: As) -> None:
    """Of a fellow member with the very same channels too: stores are not for passing on."""
    for name in ("fellow", "stranger"):
        await _refused(acting_as(name), cursor)


@pytest.mark.parametrize("length", [2_001, 5_000, 50_000])
async def test_an_oversized_cursor_is_refused(desk: Desk, member: Client, length: int) -> None:
    answer = await member.get(PATH, params={"cursor": "k" * length})
    assert answer.status_code in {400, 414, 422}
    assert slug(answer) in {"sync.cursor_invalid", "request.malformed", "request.invalid"}


async def test_a_cursor_said_twice_or_empty_is_refused(cursor: str, member: Client) -> None:
    assert (await member.get(f"{PATH}?cursor=")).status_code in {400, 422}
    twice = await member.get(f"{PATH}?cursor={quote(cursor)}&cursor={quote(cursor)}")
    assert twice.status_code in {200, 400, 422}


@pytest.mark.parametrize("say_so", [True, False])
async def test_a_cursor_of_a_lost_future_begins_again(
    desk: Desk, member: Client, parts: Parts, *, say_so: bool
) -> None:
    """It was ours, so it is not refused: but what it knows of never happened, whether the operator says so or not."""
    saved = await copy(parts.database)
    lost = await desk.publish("chibo", "Nay đã mất")
    cursor = (await member.get(PATH)).json()["cursor"]
    await put_back(parts.database, saved, say_so=say_so)
    answer = await member.get(PATH, params={"cursor": cursor})
    channels = {entry["channel"]: entry for entry in answer.json()["channels"]}
    no = desk.organisation.branch("chibo").no
    assert channels[f"{no}:0"]["reset"]
    assert channels[f"{no}:0"]["complete"]
    assert str(lost.id) not in answer.text
    assert "Cho chi hội" in answer.text


async def test_channels_that_are_not_mine_are_not_given_again(cursor: str, desk: Desk, member: Client) -> None:
    """As if they did not exist, like those that do not: nobody learns which do."""
    await desk.publish("chibo", "Cho bí thư", for_roles([Role.SECRETARY]))
    branches = desk.organisation.branches
    foreign = [f"{branches['chibo2'].no}:0", f"{branches['kh'].no}:0", f"{branches['chibo'].no}:2", "999999:0"]
    for channel in foreign:
        answer = await member.get(PATH, params={"cursor": cursor, "again": channel})
        assert answer.status_code == 200
        assert answer.json() == (await member.get(PATH, params={"cursor": cursor})).json()
    first = await member.get(PATH, params={"again": foreign})
    assert not {entry["channel"] for entry in first.json()["channels"]} & set(foreign)
    assert first.json()["dropped"] == []


async def test_a_channel_of_mine_comes_whole_again(cursor: str, desk: Desk, member: Client) -> None:
    channel = f"{desk.organisation.branch('chibo').no}:0"
    answer = (await member.get(PATH, params={"cursor": cursor, "again": channel})).json()
    (entry,) = answer["channels"]
    assert (entry["channel"], entry["reset"], entry["complete"], entry["count"]) == (channel, True, True, 2)
    assert answer["cursor"] is not None


@pytest.mark.parametrize(
    "channel", ["", "x", "1", "1:", ":0", "1:0:0", "1:-2", "-1:0", "1:0 ", "m:00", "9" * 40 + ":0", "%00"]
)
async def test_what_never_was_a_channel_is_refused(cursor: str, member: Client, channel: str) -> None:
    answer = await member.get(PATH, params={"cursor": cursor, "again": channel})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/again"


async def test_too_many_channels_at_once_are_refused(cursor: str, member: Client) -> None:
    answer = await member.get(PATH, params={"cursor": cursor, "again": [f"{no}:0" for no in range(200)]})
    assert answer.status_code == 422


async def test_nobody_syncs_without_a_token(cursor: str, anyone: Client) -> None:
    for query in ({}, {"cursor": cursor}):
        answer = await anyone.get(PATH, params=query)
        assert (answer.status_code, slug(answer)) == (401, "sign_in.required")
