"""`handbook push`: what was given up, as an operator sees it and has it sent again."""

import asyncio

import pytest
from typer.testing import CliRunner

from api.commands.push import push
from api.settings import Settings
from models.database import Database
from notifications.channels.protocol import Outcome, Sent
from tests.notifications.delivering.phones import Post, give_phone, number, publish
from tests.organisation import Organisation


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDBOOK_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("HANDBOOK_DATABASE_URL", settings.database)


async def said(*words: str) -> str:
    result = await asyncio.to_thread(CliRunner().invoke, push, words, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.usefixtures("environment")
async def test_what_was_given_up_is_listed_and_sent_again(database: Database, organisation: Organisation) -> None:
    for name in ("member", "fellow"):
        await give_phone(database, organisation.person(name))
    assert "nothing was given up" in await said("dead")
    post = Post(database)
    post.fcm.answers = lambda *_: Sent(Outcome.REFUSED, detail="SENDER_ID_MISMATCH")
    await publish(database, organisation)
    await post.told()
    (message,) = await post.messages()
    listed = await said("dead")
    assert str(message.id) in listed
    assert "SENDER_ID_MISMATCH" in listed
    assert number(organisation, "member")[0] not in listed, "addresses are secrets"
    assert "2 are sent again" in await said("requeue", str(message.id))
    assert "0 are sent again" in await said("requeue")
    states = {each.state.value for each in await post.deliveries()}
    assert states == {"waiting"}
