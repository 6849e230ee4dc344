"""What is told to devices that were registered, and under which keys their addresses are kept."""

from collections.abc import Sequence

import pytest
from pydantic import SecretStr

from api.commands import doctor
from api.parts import Parts
from api.settings import Settings
from models import changes
from models.base import new_id
from models.database import Database, now
from models.deliveries.topics import FOLLOW_TOPICS
from models.devices.rules import put_device
from models.devices.shapes import DeviceProvider, DevicePut
from models.devices.table import Device, unsealed
from models.keyring import Keyring, new_keyring
from models.notices.life import withdraw_notice
from models.notices.shapes import NoticeWithdraw
from models.permissions import OPERATOR
from models.sealing import reseal
from notifications.channels.protocol import Endpoint, Outcome, Push, Sent
from tests.api.conftest import As
from tests.api.devices.phones import browser, kept, phone, register
from tests.api.problem_details import assert_problem, codes
from tests.clock import StandingClock
from tests.notifications.delivering.phones import Post, do_due, publish
from tests.organisation import Organisation


async def test_titles_are_sent_where_their_branch_lets_them(
    acting_as: As, parts: Parts, organisation: Organisation
) -> None:
    admin, database = acting_as("admin"), parts.database
    await register(acting_as("member"), phone("m"))
    post = Post(database)
    path = f"/v1/branches/{organisation.branch('chibo').id}"
    assert (await admin.get(path)).json()["push_titles"] is False
    await publish(database, organisation, title="Viết trước đó")
    assert_problem(await acting_as("secretary").patch(path, json={"push_titles": True}), 403)
    refused = await admin.patch(path, json={"push_titles": None})
    assert codes(refused) == {"/push_titles": "missing"}
    assert (await admin.patch(path, json={"push_titles": True})).json()["push_titles"] is True
    allowed = await publish(database, organisation, title="Họp chi hội")
    await publish(database, organisation, "coso", title="Của cấp trên")
    await post.deliver()
    async with database.writing() as session:
        await withdraw_notice(session, OPERATOR, allowed.id, NoticeWithdraw(reason="Sai ngày."), allowed.revision)
        await changes.commit(session)
    await post.deliver()
    titles = [(push.alert, push.title) for _, push in post.fcm.sent]
    assert sorted(titles, key=str) == [
        ("notice_published", "Họp chi hội"),
        ("notice_published", "Viết trước đó"),
        ("notice_published", None),
        ("notice_withdrawn", None),
    ]


async def test_a_token_that_changes_is_subscribed_anew(
    acting_as: As, parts: Parts, organisation: Organisation, database: Database
) -> None:
    id_ = new_id()
    await register(acting_as("member"), phone("old"), id_)
    await register(acting_as("fellow"), phone("other"))
    post = Post(database, topics_above=1)
    await publish(database, organisation)
    await post.deliver()
    await do_due(database)
    await post.deliver()
    (subscribed,) = post.fcm.topics.values()
    assert subscribed == {"old", "other"}
    await register(acting_as("member"), phone("new"), id_)
    await post.deliver()
    assert subscribed == {"other", "new"}, "the old one may be a phone that was given away"
    await register(acting_as("member"), browser(), id_)
    await post.deliver()
    assert subscribed == {"other"}, "Firebase is told of no browser's address"
    # a phone that comes to somebody else stays subscribed, since they hear the channel too
    await register(acting_as("grouped"), phone("other"))
    await do_due(database, [FOLLOW_TOPICS])
    await post.deliver()
    assert "other" in subscribed


async def test_addresses_are_sealed_anew_under_the_newest_key(database: Database, organisation: Organisation) -> None:
    id_ = new_id()
    async with database.writing() as session:
        viewer = await organisation.viewer(session, "member")
        await put_device(session, viewer, id_, DevicePut(provider=DeviceProvider.FCM, token="address"), ())
        await changes.commit(session)
    old = database.keyring
    fresh = new_keyring("2026-06-01T00:00:00Z")
    both = Keyring([*fresh.keys, *old.keys], old.lookup)
    async with database.writing() as session:
        assert await reseal(session, both) == 1
        assert await reseal(session, both) == 0
        row = await session.get_one(Device, id_)
        assert unsealed(Keyring(fresh.keys, old.lookup), id_, row.destination).address == "address"
        assert row.seen_at == now(session)
        await changes.commit(session)


async def test_a_token_that_changes_while_the_old_one_is_told_keeps_its_device(
    acting_as: As, parts: Parts, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = new_id()
    await register(acting_as("member"), phone("old"), id_)
    post = Post(parts.database)

    async def send(_to: Endpoint, _push: Push) -> Sent:
        assert (await register(acting_as("member"), phone("new"), id_)).status_code == 200
        return Sent(Outcome.GONE)

    monkeypatch.setattr(post.fcm, "send", send)
    await publish(parts.database, organisation)
    await post.deliver()
    assert await kept(parts) == {str(id_): ("new", None)}, "nobody is at the old address; this is another"


async def test_a_token_that_changes_while_it_is_subscribed_is_subscribed_too(
    acting_as: As, parts: Parts, organisation: Organisation, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = new_id()
    await register(acting_as("member"), phone("old"), id_)
    await register(acting_as("fellow"), phone("other"))
    post = Post(parts.database, topics_above=1)
    subscribe = post.fcm.subscribe

    async def slowly(topic: str, addresses: Sequence[str]) -> Sequence[Sent]:
        if "old" in addresses:
            assert (await register(acting_as("member"), phone("new"), id_)).status_code == 200
        return await subscribe(topic, addresses)

    monkeypatch.setattr(post.fcm, "subscribe", slowly)
    await publish(parts.database, organisation)
    await post.deliver()
    await do_due(parts.database)
    await post.deliver()
    (subscribed,) = post.fcm.topics.values()
    assert "new" in subscribed
    clock.advance(minutes=1)
    await post.deliver()
    assert subscribed == {"other", "new"}


async def test_the_doctor_says_by_what_pushes_go_and_how_many_were_given_up(
    acting_as: As, parts: Parts, settings: Settings, organisation: Organisation, database: Database
) -> None:
    async def examined(using: Settings) -> list[tuple[str, str]]:
        return [(finding.verdict, finding.said) for finding in await doctor._pushes(database, using)]

    unset = "no provider is set: they are written to"
    assert await examined(settings) == [("ok", f"{unset} the log")]
    assert await examined(settings.model_copy(update={"push_file": "pushes"})) == [("ok", f"{unset} pushes")]
    await register(acting_as("member"), phone("m"))
    post = Post(database)
    post.fcm.answers = lambda *_: Sent(Outcome.REFUSED)
    await publish(database, organisation)
    await post.deliver()
    mailing = settings.model_copy(update={"smtp_url": SecretStr("smtps://mail.example.org")})
    assert await examined(mailing) == [("warning", "by e-mail; 1 were given up: `handbook push dead`")]
