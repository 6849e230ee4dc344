"""From what is published to what phones get: those who should hear, and nobody else, whatever happened meanwhile."""

from collections.abc import Awaitable, Callable
from datetime import time, timedelta

import pytest

from api.transactions import transaction
from models.accounts import Account
from models.database import Database, now
from models.deliveries.table import DeliveryState
from models.devices.rules import put_device
from models.devices.shapes import DeviceProvider, DevicePut
from models.devices.table import PushCategory
from models.members.table import Member
from models.notices.life import amend_notice, remind_of_notice, withdraw_notice
from models.notices.receipts import put_receipt
from models.notices.shapes import NoticeAmend, NoticePublic, NoticeWithdraw, ReceiptPut
from models.permissions import OPERATOR
from models.sessions import end_sessions
from notifications.channels.protocol import Alert, Outcome, Provider, Push, Sent
from tests.api.happenings import transfer
from tests.clock import StandingClock
from tests.notifications.delivering.phones import Post, give_phone, number, prefer, publish
from tests.organisation import Organisation

Happening = Callable[[Database, Organisation, NoticePublic], Awaitable[None]]
PROVIDERS = (Provider.FCM, Provider.WEB_PUSH)


async def equip(database: Database, organisation: Organisation, *names: str) -> None:
    for name in names:
        await give_phone(database, organisation.person(name))


async def test_those_who_hear_are_told_once(database: Database, organisation: Organisation) -> None:
    await equip(database, organisation, "member", "fellow", "grouped", "neighbour", "disabled")
    await give_phone(database, organisation.person("fellow"), Provider.WEB_PUSH)
    await prefer(database, organisation.person("member"), email=True)
    post = Post(database)
    notice = await publish(database, organisation)
    expected = number(organisation, "member", "fellow", "grouped")
    assert await post.told() == sorted([*expected, *number(organisation, "fellow", provider=Provider.WEB_PUSH)])
    assert await post.told() == []
    (message,) = await post.messages()
    assert (message.revision, message.planned) == (notice.revision, 5)
    states = [(each.state, each.detail) for each in await post.deliveries()]
    assert states.count((DeliveryState.SENT, None)) == 4
    assert states.count((DeliveryState.SKIPPED, "signed_out")) == 1, "of whose account is closed"


async def test_what_is_sent_says_nothing_of_anybody(database: Database, organisation: Organisation) -> None:
    await equip(database, organisation, "member")
    post = Post(database)
    notice = await publish(database, organisation)
    await post.deliver()
    ((_, push),) = post.fcm.sent
    assert push == Push(
        alert=Alert.NOTICE_PUBLISHED,
        kind="notice",
        id=notice.id,
        channel=f"{organisation.branch('chibo').no}:0",
        revision=notice.revision,
        collapse_id=notice.id.hex,
        urgent=False,
        ttl=timedelta(days=7),
    )


async def moved(database: Database, organisation: Organisation, _: NoticePublic) -> None:
    await transfer(database, organisation.person("member"), organisation.branch("kh_chibo"))


async def signed_out(database: Database, organisation: Organisation, _: NoticePublic) -> None:
    async with transaction(database) as session:
        await end_sessions(session, organisation.person("member").id, "signed_out")


async def shut_out(database: Database, organisation: Organisation, _: NoticePublic) -> None:
    async with transaction(database) as session:
        account = await session.get_one(Account, organisation.person("member").id)
        account.disabled_at = now(session)


async def muted(database: Database, organisation: Organisation, _: NoticePublic) -> None:
    await prefer(database, organisation.person("member"), muted=[PushCategory.NOTICE])


async def read(database: Database, organisation: Organisation, notice: NoticePublic) -> None:
    async with transaction(database) as session:
        viewer = await organisation.viewer(session, "member")
        await put_receipt(session, viewer, notice.id, ReceiptPut())


@pytest.mark.parametrize("happening", [moved, signed_out, shut_out, muted, read])
@pytest.mark.parametrize("handed_out", [False, True])
async def test_whom_it_no_longer_concerns_gets_nothing(
    database: Database, organisation: Organisation, happening: Happening, handed_out: bool
) -> None:
    for provider in PROVIDERS:
        for name in ("member", "fellow"):
            await give_phone(database, organisation.person(name), provider)
    post = Post(database)
    notice = await publish(database, organisation, priority="urgent")
    if handed_out:
        while await post.deliverer.hand_out():
            pass
    await happening(database, organisation, notice)
    assert await post.told() == sorted(
        address for provider in PROVIDERS for address in number(organisation, "fellow", provider=provider)
    )


async def test_an_amendment_takes_the_place_of_what_was_not_sent(
    database: Database, organisation: Organisation
) -> None:
    await equip(database, organisation, "member")
    post = Post(database)
    notice = await publish(database, organisation)
    async with transaction(database) as session:
        await amend_notice(session, OPERATOR, notice.id, NoticeAmend(change="Đổi giờ.", title="Họp chiều"), 1)
    await post.deliver()
    assert [(push.alert, push.revision) for _, push in post.fcm.sent] == [(Alert.NOTICE_AMENDED, 2)]


async def test_only_who_has_heard_of_it_is_told_that_it_is_withdrawn(
    database: Database, organisation: Organisation
) -> None:
    await equip(database, organisation, "member", "fellow", "grouped")
    post = Post(database)
    (sleeper,) = number(organisation, "fellow")
    post.fcm.answers = lambda address, _: Sent(Outcome.RETRY if address == sleeper else Outcome.SENT)
    notice = await publish(database, organisation)
    await read(database, organisation, notice)
    await post.deliver()
    assert {address for address, _ in post.fcm.sent} == {sleeper, *number(organisation, "grouped")}
    post.fcm.sent.clear()
    async with transaction(database) as session:
        await withdraw_notice(session, OPERATOR, notice.id, NoticeWithdraw(), notice.revision)
    await post.deliver()
    assert {push.alert for _, push in post.fcm.sent} == {Alert.NOTICE_WITHDRAWN}
    assert {address for address, _ in post.fcm.sent} == set(number(organisation, "member", "grouped"))
    skipped = [each.detail for each in await post.deliveries() if each.state is DeliveryState.SKIPPED]
    assert skipped.count("unaware") == 1


async def test_who_has_acknowledged_is_not_reminded(database: Database, organisation: Organisation) -> None:
    await equip(database, organisation, "member", "fellow")
    post = Post(database)
    notice = await publish(database, organisation, requires_ack=True)
    await post.deliver()
    async with transaction(database) as session:
        for name, acknowledged in (("member", True), ("fellow", False)):
            viewer = await organisation.viewer(session, name)
            receipt = ReceiptPut(acknowledged=acknowledged)
            await put_receipt(session, viewer, notice.id, receipt)
    async with transaction(database) as session:
        await remind_of_notice(session, OPERATOR, notice.id)
    post.fcm.sent.clear()
    assert await post.told() == number(organisation, "fellow"), "who has read it only is"


async def test_who_sleeps_is_told_in_the_morning(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    await equip(database, organisation, "member", "fellow")
    await prefer(database, organisation.person("member"), quiet=(time(21), time(9)))  # it is 8 in the morning there
    post = Post(database)
    await publish(database, organisation)
    assert await post.told() == number(organisation, "fellow")
    assert await post.told() == []
    clock.advance(minutes=59)
    assert await post.told() == []
    clock.advance(minutes=1)
    assert await post.told() == number(organisation, "member")


async def test_what_is_urgent_wakes(database: Database, organisation: Organisation) -> None:
    await equip(database, organisation, "member")
    await prefer(database, organisation.person("member"), quiet=(time(21), time(9)))
    post = Post(database)
    await publish(database, organisation, priority="urgent")
    assert await post.told() == number(organisation, "member")


async def test_who_has_no_phone_and_wishes_it_gets_a_letter(database: Database, organisation: Organisation) -> None:
    for name in ("member", "fellow"):
        await prefer(database, organisation.person(name), email=True, language="en-GB")
        async with transaction(database) as session:
            member = await session.get_one(Member, organisation.person(name).id)
            member.email = f"{name}@example.org"
    await equip(database, organisation, "fellow")
    post = Post(database)
    await publish(database, organisation)
    await post.deliver()
    assert post.channels[Provider.EMAIL].languages == {"member@example.org": "en-GB"}
    assert await post.told() == sorted(["member@example.org", *number(organisation, "fellow")])


async def test_a_phone_may_have_the_id_of_somebody_who_gets_letters(
    database: Database, organisation: Organisation
) -> None:
    await prefer(database, organisation.person("fellow"), email=True)
    async with transaction(database) as session:
        (await session.get_one(Member, organisation.person("fellow").id)).email = "fellow@example.org"
        viewer = await organisation.viewer(session, "member")
        phone = DevicePut(provider=DeviceProvider.FCM, token="chosen")
        await put_device(session, viewer, organisation.person("fellow").id, phone, ())
    post = Post(database)
    await publish(database, organisation)
    assert await post.told() == ["chosen", "fellow@example.org"]


async def test_nobody_is_told_of_what_is_long_over(
    database: Database, organisation: Organisation, clock: StandingClock
) -> None:
    await equip(database, organisation, "member")
    post = Post(database)
    await publish(database, organisation)
    clock.advance(days=8)
    assert await post.told() == []
    (message,) = await post.messages()
    assert message.sent_at is not None


async def test_devices_that_are_gone_are_forgotten(database: Database, organisation: Organisation) -> None:
    await equip(database, organisation, "member", "fellow")
    post = Post(database)
    (gone,) = number(organisation, "member")
    post.fcm.answers = lambda address, _: Sent(Outcome.GONE if address == gone else Outcome.SENT)
    await publish(database, organisation)
    await post.deliver()
    await publish(database, organisation, title="Lần hai")
    post.fcm.sent.clear()
    assert await post.told() == number(organisation, "fellow")
