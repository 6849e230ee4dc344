"""FCM, to devices and to topics, against its wire format."""

import asyncio
import logging
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from notifications.channels.fcm import ADDRESSES_MOST, Fcm
from notifications.channels.protocol import Alert, Outcome, Sent
from tests.notifications.conftest import NOTICE, push
from tests.notifications.simulator import (
    BATCHES,
    TOKENS,
    Behaviour,
    Simulator,
    drop,
    fail,
    gone,
    hang,
    invalid,
    mismatch,
    slow,
    throttle,
)


async def test_a_device_gets_an_alert_by_its_key_and_which_thing_it_is_about(simulator: Simulator, fcm: Fcm) -> None:
    device = simulator.device()
    assert await fcm.send(device, push(urgent=True, alert=Alert.NOTICE_URGENT)) == Sent(Outcome.SENT)
    [arrived] = simulator.received
    link = f"https://handbook.example.org/n/{NOTICE}"
    data = {"kind": "notice", "id": str(NOTICE), "channel": "12.all", "revision": "3", "link": link}
    assert (arrived.address, arrived.data, arrived.collapse_id) == (device.address, data, NOTICE.hex)
    android, apns, browser = (arrived.message[name] for name in ("android", "apns", "webpush"))
    assert (android["priority"], android["ttl"]) == ("HIGH", "86400s")
    assert android["notification"]["title_loc_key"] == "notice_urgent_title"
    assert android["notification"]["body_loc_key"] == "notice_urgent_body"
    assert apns["headers"]["apns-collapse-id"] == NOTICE.hex
    assert apns["headers"]["apns-priority"] == "10"
    assert abs(int(apns["headers"]["apns-expiration"]) - time.time() - 86_400) < 120
    assert apns["payload"]["aps"]["alert"] == {"title-loc-key": "notice_urgent_title", "loc-key": "notice_urgent_body"}
    assert browser["headers"] == {"TTL": "86400", "Urgency": "high", "Topic": NOTICE.hex}
    assert browser["data"] == {**data, "alert": "notice_urgent"}
    assert browser["fcm_options"] == {"link": link}


async def test_a_title_goes_along_only_where_the_push_has_one(simulator: Simulator, fcm: Fcm) -> None:
    title = 'Họp chi bộ "thường kỳ" tháng 11'
    await fcm.send(simulator.device(), push(title=title))
    await fcm.send(simulator.device(), push())
    with_title, without = (arrived.message for arrived in simulator.accepted)
    assert with_title["android"]["notification"]["body"] == title
    assert with_title["apns"]["payload"]["aps"]["alert"]["body"] == title
    assert title not in str(without)


async def test_one_token_serves_many_sends_at_once_over_one_connection(simulator: Simulator, fcm: Fcm) -> None:
    devices = [simulator.device() for _ in range(50)]
    sent = await asyncio.gather(*(fcm.send(device, push()) for device in devices))
    assert {one.outcome for one in sent} == {Outcome.SENT}
    assert {arrived.address for arrived in simulator.accepted} == {device.address for device in devices}
    assert simulator.tokens.asked == 1
    assert simulator.connected == 1


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (gone(), Sent(Outcome.GONE, detail="404 UNREGISTERED")),
        (invalid(), Sent(Outcome.GONE, detail="400 INVALID_ARGUMENT")),
        (invalid(names_field=True), Sent(Outcome.GONE, detail="400 INVALID_ARGUMENT")),
        (mismatch(), Sent(Outcome.REFUSED, detail="403 SENDER_ID_MISMATCH")),
        (fail(401, "THIRD_PARTY_AUTH_ERROR"), Sent(Outcome.RETRY, detail="401 THIRD_PARTY_AUTH_ERROR")),
        (throttle(7), Sent(Outcome.RETRY, 7.0, "429 QUOTA_EXCEEDED")),
        (throttle(None), Sent(Outcome.RETRY, None, "429 QUOTA_EXCEEDED")),
        (throttle("soon"), Sent(Outcome.RETRY, None, "429 QUOTA_EXCEEDED")),
        (fail(500), Sent(Outcome.RETRY, detail="500 INTERNAL")),
        (fail(503, retry_after=30), Sent(Outcome.RETRY, 30.0, "503 UNAVAILABLE")),
        (fail(502), Sent(Outcome.RETRY, detail="502 UNKNOWN")),
        (fail(404, "OTHER"), Sent(Outcome.RETRY, detail="404 UNKNOWN")),
        (drop(), Sent(Outcome.RETRY, detail="disconnected")),
    ],
)
async def test_each_answer_has_its_outcome(
    simulator: Simulator, fcm: Fcm, behaviour: Behaviour, expected: Sent
) -> None:
    device, other = simulator.device(), simulator.device()
    simulator.behave(device.address, behaviour)
    assert await fcm.send(device, push()) == expected
    assert (await fcm.send(other, push())).outcome is Outcome.SENT


async def test_retry_after_may_be_a_date(simulator: Simulator, fcm: Fcm) -> None:
    device = simulator.device()
    moment = datetime.now(UTC) + timedelta(seconds=90)
    simulator.behave(device.address, throttle(format_datetime(moment, usegmt=True)))
    sent = await fcm.send(device, push())
    assert sent.retry_after is not None
    assert 60 < sent.retry_after <= 90


async def test_a_message_that_fcm_finds_malformed_is_refused_and_the_device_kept(
    simulator: Simulator, fcm: Fcm
) -> None:
    sent = await fcm.send(simulator.device(), push(title="x" * 5_000))
    assert sent == Sent(Outcome.REFUSED, detail="400 INVALID_ARGUMENT")


async def test_the_longest_title_fits_a_topic(simulator: Simulator, fcm: Fcm) -> None:
    long = push(title="ộ" * 200, channel="1234567.all", collapse_id="c" * 64, revision=2**31)
    assert await fcm.send_to_topic("c-1", long) == Sent(Outcome.SENT)


async def test_what_hangs_is_given_up_and_holds_nobody_else_up(simulator: Simulator) -> None:
    fcm = Fcm(simulator.fcm_config(seconds=3))
    stuck = [simulator.device() for _ in range(120)]  # more than a connection has streams
    for device in stuck:
        simulator.behave(device.address, hang())
    hanging = asyncio.gather(*(fcm.send(device, push()) for device in stuck))
    await simulator.arrived(120)
    well = await asyncio.gather(*(fcm.send(simulator.device(), push()) for _ in range(20)))
    assert {sent.outcome for sent in well} == {Outcome.SENT}
    assert not hanging.done()
    assert set(await hanging) == {Sent(Outcome.RETRY, detail="timeout")}
    well = await asyncio.gather(*(fcm.send(simulator.device(), push()) for _ in range(150)))
    assert {sent.outcome for sent in well} == {Outcome.SENT}, "streams that were given up are free again"
    assert simulator.connected == 2
    await fcm.close()


async def test_a_slow_answer_is_waited_for(simulator: Simulator, fcm: Fcm) -> None:
    device = simulator.device()
    simulator.behave(device.address, slow(0.2))
    assert (await fcm.send(device, push())).outcome is Outcome.SENT


async def test_a_refused_token_is_renewed_once(simulator: Simulator, fcm: Fcm) -> None:
    await fcm.send(simulator.device(), push())
    simulator.expire_tokens()
    sent = await asyncio.gather(*(fcm.send(simulator.device(), push()) for _ in range(20)))
    assert {one.outcome for one in sent} == {Outcome.SENT}
    assert simulator.tokens.asked == 2


@pytest.mark.parametrize("behaviour", [hang(), Behaviour()])
async def test_a_token_that_is_about_to_end_serves_while_it_is_renewed(
    simulator: Simulator, behaviour: Behaviour
) -> None:
    now = time.time()
    fcm = Fcm(simulator.fcm_config(), clock=lambda: now)
    await fcm.send(simulator.device(), push())
    now += 3599 - 100
    simulator.behave(TOKENS, behaviour)
    assert (await fcm.send(simulator.device(), push())).outcome is Outcome.SENT
    if not behaviour.hangs:
        await simulator.until(lambda: simulator.tokens.asked == 2)
    await fcm.close()


@pytest.mark.parametrize("behaviour", [fail(500), hang(), drop(), throttle()])
async def test_without_a_token_everything_waits(simulator: Simulator, behaviour: Behaviour) -> None:
    fcm = Fcm(simulator.fcm_config(seconds=2))
    simulator.behave(TOKENS, behaviour)
    sent = await asyncio.gather(*(fcm.send(simulator.device(), push()) for _ in range(5)))
    assert {one.outcome for one in sent} == {Outcome.RETRY}
    simulator.behave(TOKENS, Behaviour())
    assert (await fcm.send(simulator.device(), push())).outcome is Outcome.SENT
    await fcm.close()


async def test_an_assertion_for_somebody_else_is_not_accepted(simulator: Simulator) -> None:
    account = replace(simulator.account, client_email="somebody@else.iam.gserviceaccount.com")
    fcm = Fcm(simulator.fcm_config(account=account))
    assert await fcm.send(simulator.device(), push()) == Sent(Outcome.RETRY, detail="token 400 invalid_grant")
    assert simulator.received == []
    await fcm.close()


async def test_giving_up_on_a_send_takes_the_token_from_nobody(simulator: Simulator, fcm: Fcm) -> None:
    simulator.behave(TOKENS, slow(0.2))
    first = asyncio.create_task(fcm.send(simulator.device(), push()))
    second = asyncio.create_task(fcm.send(simulator.device(), push()))
    await asyncio.sleep(0.05)
    first.cancel()
    assert (await second).outcome is Outcome.SENT
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_closing_tells_those_under_way_to_try_again(simulator: Simulator) -> None:
    fcm = Fcm(simulator.fcm_config())
    device = simulator.device()
    simulator.behave(device.address, hang())
    sending = asyncio.create_task(fcm.send(device, push()))
    await simulator.arrived(1)
    await fcm.close()
    assert (await sending).outcome is Outcome.RETRY
    assert await fcm.send(device, push()) == Sent(Outcome.RETRY, detail="closed")


async def test_closing_while_a_token_is_asked_for(simulator: Simulator) -> None:
    fcm = Fcm(simulator.fcm_config())
    simulator.behave(TOKENS, hang())
    sending = asyncio.create_task(fcm.send(simulator.device(), push()))
    await simulator.until(lambda: simulator.connected > 0)
    await fcm.close()
    assert (await sending) == Sent(Outcome.RETRY, detail="closed")


async def test_nobody_there_at_all(simulator: Simulator) -> None:
    fcm = Fcm(simulator.fcm_config(url="https://localhost:9"))
    assert await fcm.send(simulator.device(), push()) == Sent(Outcome.RETRY, detail="ConnectionRefusedError")
    await fcm.close()


async def test_a_certificate_of_an_unknown_authority_is_not_trusted(simulator: Simulator) -> None:
    fcm = Fcm(simulator.fcm_config(authorities=None))
    sent = await fcm.send(simulator.device(), push())
    assert (sent.outcome, sent.detail) == (Outcome.RETRY, "SSLCertVerificationError")
    assert simulator.tokens.asked == 0
    await fcm.close()


async def test_a_topic_is_one_send_for_all_who_subscribed(simulator: Simulator, fcm: Fcm) -> None:
    devices = [simulator.device().address for _ in range(ADDRESSES_MOST)]
    results = await fcm.subscribe("c-12.all", devices)
    assert len(results) == ADDRESSES_MOST
    assert {result.outcome for result in results} == {Outcome.SENT}
    assert simulator.topics["c-12.all"] == set(devices)
    await fcm.unsubscribe("c-12.all", devices[:2])
    assert simulator.topics["c-12.all"] == set(devices[2:])
    assert (await fcm.send_to_topic("c-12.all", push())).outcome is Outcome.SENT
    assert simulator.accepted[-1].address == "/topics/c-12.all"


async def test_each_address_of_a_batch_has_its_own_result(simulator: Simulator, fcm: Fcm) -> None:
    codes = ("UNREGISTERED", "INVALID_ARGUMENT", "INTERNAL", "QUOTA_EXCEEDED", "TOO_MANY_TOPICS")
    devices = [simulator.device().address for _ in range(6)]
    for device, code in zip(devices[1:], codes, strict=True):
        simulator.behave(device, Behaviour(code=code))
    results = await fcm.subscribe("news", devices)
    assert [result.outcome.value for result in results] == ["sent", "gone", "gone", "retry", "retry", "refused"]
    assert results[5].detail == "TOO_MANY_TOPICS"
    assert simulator.topics["news"] == {devices[0]}


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (throttle(5), Sent(Outcome.RETRY, 5.0, "429 QUOTA_EXCEEDED")),
        (fail(503), Sent(Outcome.RETRY, detail="503 UNAVAILABLE")),
        (fail(400), Sent(Outcome.REFUSED, detail="400")),
        (drop(), Sent(Outcome.RETRY, detail="disconnected")),
    ],
)
async def test_a_batch_that_fails_fails_for_all(
    simulator: Simulator, fcm: Fcm, behaviour: Behaviour, expected: Sent
) -> None:
    simulator.behave(BATCHES, behaviour)
    assert await fcm.subscribe("news", ["a", "b"]) == [expected, expected]


async def test_a_batch_renews_a_token_too(simulator: Simulator, fcm: Fcm) -> None:
    await fcm.send(simulator.device(), push())
    simulator.expire_tokens()
    assert await fcm.subscribe("news", ["a"]) == [Sent(Outcome.SENT)]


async def test_what_cannot_be_a_batch_is_not_asked(fcm: Fcm, simulator: Simulator) -> None:
    assert await fcm.subscribe("news", []) == []
    with pytest.raises(ValueError, match="most"):
        await fcm.subscribe("news", ["a"] * (ADDRESSES_MOST + 1))
    with pytest.raises(ValueError, match="topic"):
        await fcm.send_to_topic("tin tức", push())
    assert simulator.received == []


async def test_tokens_are_in_no_log_and_no_repr(
    simulator: Simulator, fcm: Fcm, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        device = simulator.device()
        simulator.behave(device.address, fail(500))
        sent = await fcm.send(device, push(title="Riêng tư"))
    secret = device.address.partition(":")[0]
    access = next(iter(simulator.tokens.ends))
    told = f"{caplog.text} {sent!r} {device!r} {push(title='Riêng tư')!r} {simulator.fcm_config()!r}"
    assert secret not in told
    assert access not in told
    assert "Riêng tư" not in told
    assert "PRIVATE KEY" not in told
